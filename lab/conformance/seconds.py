"""How moments are written in evidence."""

from collections.abc import Iterable


def in_ms(seconds: Iterable[float]) -> str:
    """Return durations in milliseconds: `20, 119 ms`."""
    return f"{', '.join(f'{1000 * each:.0f}' for each in seconds) or 'no'} ms"
