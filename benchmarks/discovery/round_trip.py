"""How long a packet takes from the phone to the gateway and back: the home's own share in every figure."""

import socket
import time
from statistics import median
from typing import Final

from lab.node import Node

_ECHOES: Final = 30
_PORT: Final = 7
_LIMIT_S: Final = 1.0


def round_trip_ms(phone: Node, gateway: Node) -> float:
    """Return the median of some echoes by UDP; the first ones teach the machines their hardware addresses."""
    near = phone.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    far = gateway.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    with near, far:
        far.bind((gateway.address, _PORT))
        for each in (near, far):
            each.settimeout(_LIMIT_S)
        return median(_echo(near, far, gateway.address) for _ in range(_ECHOES))


def _echo(near: socket.socket, far: socket.socket, address: str) -> float:
    started = time.perf_counter()
    near.sendto(b"echo", (address, _PORT))
    data, sender = far.recvfrom(64)
    far.sendto(data, sender)
    near.recvfrom(64)
    return (time.perf_counter() - started) * 1000
