"""Switch on the loopback interface, which a new network namespace has switched off.

Kernels talk to their notebook over loopback, also where there is no other network
(`unshare -rn make test`).
"""

import contextlib
import socket
import struct
import sys

# Request numbers and the flag of linux/sockios.h and linux/if.h.
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1
REQUEST = "16sH14x"


def switch_on_loopback() -> None:
    """Switch on `lo` on Linux, if it is off and this process may do so."""
    if not sys.platform.startswith("linux"):
        return
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, GET_FLAGS, struct.pack(REQUEST, b"lo", 0))
        _, flags = struct.unpack(REQUEST, answer)
        if not flags & UP:
            with contextlib.suppress(PermissionError):
                fcntl.ioctl(control, SET_FLAGS, struct.pack(REQUEST, b"lo", flags | UP))
