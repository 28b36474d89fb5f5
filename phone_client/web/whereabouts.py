"""Where a person stands, as an address: each screen is for some whereabouts, elsewhere it leads to where one is. No I/O."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from phone_client.standing import Place, Standing

Whereabouts = Literal["unsupported", "tablet", Place]

HOME_OF: Final[Mapping[Whereabouts, str]] = {
    "unsupported": "/unsupported",
    "tablet": "/tablet",
    "introduction": "/introduction",
    "login": "/login",
    "search": "/start",
    "phone": "/phone",
    "firmware": "/firmware",
    "timeline": "/timeline",
}

UNLINKED: Final[frozenset[Whereabouts]] = frozenset({"search"})
UNREGISTERED: Final[frozenset[Whereabouts]] = frozenset({"phone"})
REGISTERED: Final[frozenset[Whereabouts]] = frozenset({"firmware", "timeline"})
LINKED: Final[frozenset[Whereabouts]] = UNREGISTERED | REGISTERED
LOGGED_IN: Final[frozenset[Whereabouts]] = UNLINKED | LINKED
ANYWHERE: Final[frozenset[Whereabouts]] = frozenset({"unsupported", "tablet", *get_args(Place)})


def whereabouts_of(standing: Standing) -> Whereabouts:
    """Return where a person stands; what the device is comes before everything else (S-GEN-05, S-GEN-10)."""
    if standing.os == "refused":
        return "unsupported"
    if standing.app.form_factor == "tablet" and not standing.tablet_noticed:
        return "tablet"
    return standing.place
