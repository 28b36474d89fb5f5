"""The doorway is put together from many parts: none may stand in the way of another."""

from collections import Counter

import pytest

from cloud.registry import Registry
from cloud.registry.desk import Desk

pytestmark = pytest.mark.rules


def test_no_two_parts_of_the_registry_have_a_verb_of_the_same_name() -> None:
    parts = [part for part in Registry.__mro__ if issubclass(part, Desk) and part is not Desk]
    assert len(parts) > 10
    names = Counter(name for part in parts for name in vars(part) if not name.startswith("__"))
    assert [name for name, times in names.items() if times > 1] == []
