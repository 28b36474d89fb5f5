"""What several pages ask for alike: the device code, ご家族の情報."""

from typing import Final

from emulator.panel.flows import BUILDING_TYPES, ENERGIES_USED, HOUSEHOLD_SIZES
from emulator.panel.taps import Tap
from protocol.problems import ANSWER_MISSING, DEVICE_CODE_WRONG, TOO_MANY_DEVICE_CODES, Problem

DEVICE_CODE: Final = "device_code"
DEVICE_CODE_REFUSALS: Final = (DEVICE_CODE_WRONG, TOO_MANY_DEVICE_CODES)

CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "household_size": HOUSEHOLD_SIZES,
    "building_type": BUILDING_TYPES,
    "energy_used": ENERGIES_USED,
}
"""What the lists of ご家族の情報 offer."""


def answer_missing(tap: Tap, fields: list[str]) -> Problem:
    """Return the problem that names the fields without an answer, by their labels."""
    japanese, english = (tap.view.words[language] for language in ("ja", "en"))
    return Problem(
        ANSWER_MISSING,
        what=", ".join(english[name] for name in fields),
        what_ja="、".join(japanese[name] for name in fields),
    )
