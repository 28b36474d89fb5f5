"""Numbered slots: 4 accounts a gateway, 2 phones an account (S-GEN-17, S-GEN-18)."""

from collections.abc import Collection


def lowest_free(taken: Collection[int], slots: int) -> int | None:
    """Return the lowest number of 1…`slots` that is not in `taken`, or None when all are."""
    return next((slot for slot in range(1, slots + 1) if slot not in taken), None)
