"""A frame, and the port it goes out by."""

from typing import NamedTuple


class Outgoing(NamedTuple):
    """A frame to send by `port`: to the machine there, or, from a machine in the network, into it."""

    port: str
    data: bytes
