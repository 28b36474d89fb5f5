"""A network of our own for the process that runs tests."""

import ctypes
import fcntl
import socket
import struct
from typing import Final

_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS
_UP: Final = 1  # IFF_UP
_libc = ctypes.CDLL(None, use_errno=True)


def enter_own_network() -> None:
    """Put this thread, and all that it starts from now on, into a network with nothing but loopback."""
    if _libc.unshare(_NETWORK):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
