"""Refuse connections outside loopback in every Python process that has this folder on its path.

Python imports a module of this name at start-up, in the kernels and in their child processes.
"""

import ipaddress
import socket


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in ("localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_unless_loopback(host: object) -> None:
    if not _is_loopback(host):
        raise ConnectionRefusedError(f"the course runs offline: no connection to {host}")


class _LoopbackSocket(socket.socket):
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_loopback(address[0])
        return super().connect(address)

    def connect_ex(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_loopback(address[0])
        return super().connect_ex(address)

    def sendto(self, data, *flags_and_address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_loopback(flags_and_address[-1][0])
        return super().sendto(data, *flags_and_address)

    def sendmsg(self, buffers, ancillary=(), flags=0, address=None):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address is not None:
            _refuse_unless_loopback(address[0])
        return super().sendmsg(buffers, ancillary, flags, *filter(None, [address]))


def _only_for_loopback(look_up):
    def look_up_loopback(host, *arguments, **keywords):
        _refuse_unless_loopback(host)
        return look_up(host, *arguments, **keywords)

    return look_up_loopback


socket.socket = _LoopbackSocket
for _name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
    setattr(socket, _name, _only_for_loopback(getattr(socket, _name)))
