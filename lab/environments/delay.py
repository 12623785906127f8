"""A hop that holds packets up: python3 lab/environments/delay.py DEVICE MILLISECONDS.

Makes a tun device; what is routed into it comes out of it again so much later, in the same order. One line on standard output says that it is
there. Ends on SIGTERM, and the device with it. Python, as Node.js makes no tun devices, and kernels without netem have nothing that delays.
"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

# linux/if_tun.h
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

name, milliseconds = sys.argv[1], float(sys.argv[2])
device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
print(f"delays by {milliseconds} ms", flush=True)

held = collections.deque()
while True:
    wait = None if not held else max(0.0, held[0][0] - time.monotonic())
    ready, _, _ = select.select([device], [], [], wait)
    if ready:
        held.append((time.monotonic() + milliseconds / 1000, os.read(device, 65536)))
    while held and held[0][0] <= time.monotonic():
        os.write(device, held.popleft()[1])
