// The least that a prober written in Go can cost per attempt: net.Dialer with a deadline, the result counted, the connection closed. One
// goroutine and timer for each address, as cloudprober has them, and nothing else: no metrics but two numbers, no labels, no page.
//
//	go-dial PORT INTERVAL_MS TIMEOUT_MS ADDRESS...
package main

import (
	"fmt"
	"math/rand"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	interval, timeout := milliseconds(os.Args[2]), milliseconds(os.Args[3])
	var connected, failed atomic.Int64
	for _, address := range os.Args[4:] {
		target := net.JoinHostPort(address, os.Args[1])
		go func() {
			dialer := net.Dialer{Timeout: timeout}
			for slot := time.Now(); ; slot = slot.Add(interval) {
				time.Sleep(time.Until(slot.Add(time.Duration(rand.Float64() * float64(interval)))))
				// A silent address must not hold up its next slot.
				go func() {
					connection, err := dialer.Dial("tcp", target)
					if err != nil {
						failed.Add(1)
						return
					}
					connected.Add(1)
					connection.Close()
				}()
			}
		}()
	}
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGTERM)
	<-over
	fmt.Printf("{\"started\":%d,\"connected\":%d,\"failed\":%d}\n", connected.Load()+failed.Load(), connected.Load(), failed.Load())
}

func milliseconds(text string) time.Duration {
	number, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return time.Duration(number) * time.Millisecond
}
