"""A place of its own for a machine: a network and a mount namespace, lived in by one thread of the keeper.

What the thread opens or starts is there; nothing else is needed to enter, and nothing is left when the keeper ends.
"""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

_NEW_MOUNTS: Final = 0x00020000  # CLONE_NEWNS
_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_BIND: Final = 4096  # MS_BIND
_RESOLVER: Final = Path("/etc/resolv.conf")
_IPV6: Final = Path("/proc/sys/net/ipv6/conf")
_libc = ctypes.CDLL(None, use_errno=True)

P = ParamSpec("P")
R = TypeVar("R")


class Place:
    """`do` whatever has to happen in it; programs that start there have `environment` besides their own."""

    def __init__(self, name: str) -> None:
        self.environment: dict[str, str] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._ready = self._thread.submit(_settle)

    def do(self, act: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `act` in this place and return what it returns."""
        self._ready.result()
        return self._thread.submit(act, *args, **kwargs).result()

    @property
    def network(self) -> int:
        """A file descriptor of its network namespace."""
        return self._ready.result()


def _settle() -> int:
    _checked(_libc.unshare(_NEW_NETWORK | _NEW_MOUNTS), "unshare")
    _mount(b"none", b"/run", b"tmpfs", 0)
    own = _RESOLVER.resolve() if _RESOLVER.resolve().is_relative_to("/run") else Path("/run/resolv.conf")
    own.parent.mkdir(parents=True, exist_ok=True)
    own.touch()
    if _RESOLVER.exists() and own != _RESOLVER.resolve():
        _mount(bytes(own), bytes(_RESOLVER.resolve()), None, _BIND)
    for name in ("accept_dad", "accept_ra"):
        set_ipv6("default", name, 0)
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int) -> None:
    _checked(_libc.mount(source, target, kind, flags, None), f"mount {target.decode()}")


def _checked(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def use_resolver(address: str | None) -> None:
    """Let the programs of this place ask the DNS server at `address`, or none.

    Where this system has no such file there is nothing to put ours upon, and what was written would be the system's.
    """
    if _RESOLVER.exists():
        _RESOLVER.write_text(f"nameserver {address}\n" if address else "", "ascii")


def set_ipv6(interface: str, name: str, value: int) -> None:
    """Set something of IPv6 in this thread's network, if this system has IPv6."""
    if _IPV6.exists():
        (_IPV6 / interface / name).write_text(str(value), "ascii")


def has_ipv6(interface: str) -> bool:
    """Say whether IPv6 is there, and on, for an interface of this thread's network."""
    return _IPV6.exists() and (_IPV6 / interface / "disable_ipv6").read_text("ascii").strip() == "0"
