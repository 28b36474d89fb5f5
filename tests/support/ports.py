"""Free ports on loopback for real services."""

import socket


def free_port() -> int:
    """Return a TCP port that nobody listens on at 127.0.0.1 right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
