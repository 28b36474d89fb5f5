"""Hashing for tests that hash a thousand times: the same function with the least parameters."""

from typing import Final

from argon2 import PasswordHasher

CHEAP: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
