"""How many wrong tries are too many (security budgets of `protocol.rules`): comparisons over counted rows."""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import timedelta

from cloud.instants import in_ms
from protocol.rules import LOGIN_FREE_FAILURES, LOGIN_WAIT_MAX, LOGIN_WAIT_MIN


def retry_after_s(moments_ms: Iterable[int], limit: int, window: timedelta, now_ms: int) -> int | None:
    """Return after how many seconds one more is allowed, or None when it is allowed now.

    `moments_ms` are the instants of what counts; one counts while it is less than `window` old.
    """
    window_ms = in_ms(window)
    counted = sorted((at for at in moments_ms if at > now_ms - window_ms), reverse=True)
    if len(counted) < limit:
        return None
    free_at_ms = counted[limit - 1] + window_ms
    return max(1, -(-(free_at_ms - now_ms) // 1000))


def growing_wait_s(failures_ms: Sequence[int], now_ms: int) -> int | None:
    """Return after how many seconds one more password may be tried, or None when it may be tried now (security T-19).

    `failures_ms` are the instants of all that were wrong in a row, the oldest first. The first few are free; then each
    further one doubles the wait.
    """
    beyond = len(failures_ms) - LOGIN_FREE_FAILURES
    if beyond <= 0:
        return None
    wait_ms = in_ms(LOGIN_WAIT_MIN) << (beyond - 1)
    free_at_ms = failures_ms[-1] + min(wait_ms, in_ms(LOGIN_WAIT_MAX))
    return None if free_at_ms <= now_ms else -(-(free_at_ms - now_ms) // 1000)


def peer_scope(address: str) -> str:
    """Return what counts as one peer: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        peer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(peer, ipaddress.IPv4Address):
        return str(peer)
    if peer.ipv4_mapped:
        return str(peer.ipv4_mapped)
    return str(ipaddress.ip_network((peer, 64), strict=False))
