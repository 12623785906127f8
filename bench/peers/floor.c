/*
 * The least that an attempt can cost: a non-blocking connect, an epoll, a FIN once it stands; for HTTP a request that is always the same,
 * and the end of the connection after its answer. One connection per address and interval, at a random instant of it, as the agent does.
 * Ends on SIGTERM, with one line of JSON on standard output.
 *
 *   floor tcp|http PORT INTERVAL_MS TIMEOUT_MS ADDRESS...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TARGETS = 1024, MAX_IN_FLIGHT = 8192, MAX_EVENTS = 64 };

struct target {
    struct sockaddr_in address;
    double slot_ms;
    double due_ms;
};

struct attempt {
    double deadline_ms;
    int is_open;
    int is_connected;
};

static struct target targets[MAX_TARGETS];
static struct attempt attempts[MAX_IN_FLIGHT]; /* by file descriptor */
static int highest_fd = -1;
static const char request[] = "GET / HTTP/1.1\r\nHost: floor\r\nConnection: close\r\n\r\n";
static int is_http;
static long started, connected, timed_out, failed;
static volatile sig_atomic_t is_over;

static void on_term(int signal) {
    (void)signal;
    is_over = 1;
}

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void end(int fd) {
    attempts[fd].is_open = 0;
    close(fd); /* epoll forgets it by itself */
}

static void begin(int epoll, const struct target *target, double timeout_ms) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || fd >= MAX_IN_FLIGHT) {
        perror("floor: socket");
        exit(1);
    }
    started++;
    if (connect(fd, (const struct sockaddr *)&target->address, sizeof target->address) < 0 && errno != EINPROGRESS) {
        failed++;
        close(fd);
        return;
    }
    attempts[fd] = (struct attempt){.deadline_ms = now_ms() + timeout_ms, .is_open = 1};
    if (fd > highest_fd) highest_fd = fd;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void go_on(int epoll, int fd) {
    char nothing[4096];
    int error = 0;
    socklen_t size = sizeof error;
    if (!attempts[fd].is_open) return;
    if (!attempts[fd].is_connected) {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            failed++;
            end(fd);
            return;
        }
        connected++;
        attempts[fd].is_connected = 1;
        if (is_http) send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
        else shutdown(fd, SHUT_WR);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
        return;
    }
    /* The peer's own FIN: until then there may be something to read, and to close before it would be a reset. */
    ssize_t bytes = read(fd, nothing, sizeof nothing);
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) end(fd);
}

int main(int argc, char **argv) {
    int count = argc - 5;
    if (count < 1 || count > MAX_TARGETS) {
        fprintf(stderr, "usage: floor tcp|http PORT INTERVAL_MS TIMEOUT_MS ADDRESS... (1 to %d of them)\n", MAX_TARGETS);
        return 2;
    }
    is_http = strcmp(argv[1], "http") == 0;
    double interval_ms = atof(argv[3]), timeout_ms = atof(argv[4]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    signal(SIGTERM, on_term);
    srand48(getpid());
    for (int i = 0; i < count; i++) {
        struct target *target = &targets[i];
        target->address.sin_family = AF_INET;
        target->address.sin_port = htons(atoi(argv[2]));
        inet_pton(AF_INET, argv[5 + i], &target->address.sin_addr);
        target->slot_ms = now_ms();
        target->due_ms = target->slot_ms + drand48() * interval_ms;
    }
    while (!is_over) {
        double next_ms = 1e300, at_ms = now_ms();
        for (int i = 0; i < count; i++) {
            struct target *target = &targets[i];
            if (target->due_ms <= at_ms) {
                begin(epoll, target, timeout_ms);
                target->slot_ms += interval_ms;
                target->due_ms = target->slot_ms + drand48() * interval_ms;
            }
            if (target->due_ms < next_ms) next_ms = target->due_ms;
        }
        for (int fd = 0; fd <= highest_fd; fd++) {
            if (!attempts[fd].is_open) continue;
            if (attempts[fd].deadline_ms <= at_ms) {
                if (!attempts[fd].is_connected) timed_out++;
                end(fd);
            } else if (attempts[fd].deadline_ms < next_ms) next_ms = attempts[fd].deadline_ms;
        }
        struct epoll_event events[MAX_EVENTS];
        double wait_ms = next_ms - now_ms();
        int ready = epoll_wait(epoll, events, MAX_EVENTS, wait_ms < 0 ? 0 : (int)wait_ms + 1);
        for (int i = 0; i < ready; i++) go_on(epoll, events[i].data.fd);
    }
    printf("{\"started\":%ld,\"connected\":%ld,\"timedOut\":%ld,\"failed\":%ld}\n", started, connected, timed_out, failed);
    return 0;
}
