"""What is said of the conditions and their parameters, in both languages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lab.conditions.words import air, elsewhere, link_layer, machines, neighbours, router
from lab.conditions.words.parameters import PARAMETERS
from lab.conditions.words.text import Text

__all__ = ["PARAMETERS", "TEXTS"]

TEXTS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        **air.TEXTS,
        **link_layer.TEXTS,
        **router.TEXTS,
        **elsewhere.TEXTS,
        **machines.TEXTS,
        **neighbours.TEXTS,
    }
)
