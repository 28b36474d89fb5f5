"""A scenario as its file has it, version 1: data only, every word of it checked.

```yaml
scenario: guest-wifi-then-code      # the file's name
version: 1
title: {en: "…", ja: "…"}
rows: [S-DISC-06, S-FAR-02]         # of the manual, or threats
seed: 7
given: {phone: {account: logged_in}, network: [guest_wifi]}
steps:
  - phone: search
  - expect: {phone_shows: not_found, reason: client_isolation}
    within: 12s
  - panel: show_link_code
  - phone: type_code
  - expect: {phone_shows: timeline, linked: true, telemetry: flowing}
    within: 10s
  - fault: broker_down
    for: 20s
  - expect: {lost_samples: 0, doubled_samples: 0}
    after: 25s
```
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

PhoneAct: TypeAlias = Literal[
    "open",
    "search",
    "search_again",
    "look_harder",
    "choose_code",
    "choose_other",
    "register_found",
    "type_code",
    "check_code",
    "finish",
    "type_wrong_code",
    "go_back",
]
"""What a person taps or types on the phone. `search`: AISEGをお持ちの方 (manual p19); `search_again` and `choose_code`: the two
ways on of the error screen (p21); `register_found`: the code read from the panel by the app; `type_code`: typed by hand.
`choose_other`: of several found, the one that is not this home's; `check_code`: as `type_code`, but only to 登録内容の確認, and
`finish` from there; `type_wrong_code`: a link code that nobody issued."""

PanelAct: TypeAlias = Literal["open", "show_link_code", "register", "update_firmware", "look_at_status"]
"""What a person taps on the AiSEG's panel, with all pages in between (manual p3 to p15)."""

PhoneScreen: TypeAlias = Literal[
    "start",
    "searching",
    "found",
    "not_found",
    "type_code",
    "confirm",
    "registered",
    "timeline",
    "no_connection",
    "unreachable",
]
PanelScreen: TypeAlias = Literal["home", "link_code", "status", "updating", "cloud_offline", "unreachable"]

Condition: TypeAlias = str
"""`NAME` or `NAME:P=V,…`, as `aiseg lab search --with` takes it."""

SPAN_PATTERN: Final = r"^(\d+(?:\.\d+)?) ?(ms|s|min)$"
LONGEST_S: Final = 600.0
"""Of any one time in a story: more is a mistake, not a story."""
_UNITS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0}


def _seconds(written: object, info: ValidationInfo) -> object:
    """Return `12s`, `300ms` or `2min` as seconds. A number is seconds already, but not in a file: people have to say what of."""
    match = re.fullmatch(SPAN_PATTERN, written) if isinstance(written, str) else None
    if match:
        return float(match[1]) * _UNITS[match[2]]
    if isinstance(written, float | int) and not isinstance(written, bool) and info.mode != "json":
        return written
    raise PydanticCustomError("span", "a time is written with its unit: 500ms, 12s or 1min")


def _written(seconds: float) -> str:
    return f"{seconds:g}s" if seconds >= 1 or not seconds else f"{seconds * 1000:g}ms"


Span = Annotated[
    float,
    BeforeValidator(_seconds),
    PlainSerializer(_written, when_used="json"),
    Field(ge=0, le=LONGEST_S, allow_inf_nan=False),
    WithJsonSchema({"type": "string", "pattern": SPAN_PATTERN, "examples": ["500ms", "12s", "1min"]}),
]
"""Seconds, written with their unit."""

Count = Annotated[int, Field(ge=0)]
Said = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Words(_Strict):
    """The same in English and in Japanese."""

    en: Said
    """In English."""
    ja: Said
    """In Japanese."""


class GivenGateway(_Strict):
    """The AiSEG before the story begins."""

    model: Literal["MKN700", "MKN702"] = "MKN702"
    """Which AiSEG it is."""
    firmware: Literal["current", "old"] = "current"
    """`old`: the cloud has a newer one (ファームウェア)."""
    registered: bool = True
    """Whether 新規登録 for the server service is done."""
    battery_backed: bool = False
    """Whether it goes on running in a power cut (停電)."""
    running: bool = True
    """Whether its program runs."""
    unhelpful: bool = False
    """Whether it announces itself in every way that is allowed and that nobody expects."""


class GivenPhone(_Strict):
    """The phone before the story begins: whether it has met this AiSEG, and how far its owner has come in the app."""

    knows_gateway: bool = True
    """Whether it has found this AiSEG before, in the home as it should be."""
    account: Literal["none", "logged_in", "linked"] = "logged_in"
    """`none`: no CLUB Panasonic ID yet; `logged_in`: the search is next; `linked`: registered with this AiSEG (連携)."""
    language: Literal["ja", "en"] = "ja"
    """The app's; `phone_says` is in this."""
    may_search: bool = True
    """Whether its system lets the app use the local network."""


class Given(_Strict):
    """What is true when the story begins; `network` are the conditions that go on already."""

    gateway: GivenGateway = GivenGateway()
    """The AiSEG."""
    phone: GivenPhone = GivenPhone()
    """The phone, and its owner."""
    network: tuple[Condition, ...] = ()
    """Conditions that have begun before the first step: NAME or NAME:P=V,… of `aiseg lab conditions`."""
    neighbour_gateway: bool = False
    """Whether a second AiSEG, of somebody else, is on the same network."""


class Expected(_Strict):
    """What a person sees, and what has become of the data. At least one; all at the same time."""

    phone_shows: PhoneScreen | None = None
    """The phone's screen."""
    phone_says: Said | None = None
    """A part of the words on the phone's screen, in the phone's language."""
    reason: str | None = None
    """The diagnosis of the newest search: why it failed, or what is odd about its success."""
    could_also_be: str | None = None
    """A diagnosis that the newest search names as not to be told from `reason`."""
    found: Count | None = None
    """How many AiSEG the newest search found."""
    ways_on: Count | None = None
    """How many buttons and links the main part of the phone's screen has."""
    no_dead_end: Literal[True] | None = None
    """Every phone screen so far had a way on."""
    taps_at_most: Count | None = None
    """Taps on the phone since the story began; typing is none."""
    panel_shows: PanelScreen | None = None
    """The AiSEG's screen (AiSEG画面)."""
    panel_says: Said | None = None
    """A part of the words on it, in Japanese."""
    linked: bool | None = None
    """Whether the cloud has the account linked with this AiSEG (連携)."""
    telemetry: Literal["flowing", "stopped"] | None = None
    """Whether the cloud stores samples just now."""
    lost_samples: Count | None = None
    """Samples the AiSEG took that are neither at the cloud nor in its outbox."""
    doubled_samples: Count | None = None
    """Samples the cloud has twice."""
    secrets_in_mdns: Count | None = None
    """mDNS packets so far that hold a code, a nickname or a mail address."""


class PhoneStep(_Strict):
    """Somebody does something with the phone."""

    phone: PhoneAct
    """What is tapped or typed, with all pages in between."""


class PanelStep(_Strict):
    """Somebody does something at the AiSEG's panel."""

    panel: PanelAct
    """What is tapped, with all pages in between."""


class FaultStep(_Strict):
    """A condition begins; after `for` it ends by itself, without one at `mend` or with the story."""

    fault: Condition
    """NAME or NAME:P=V,… of `aiseg lab conditions`."""
    for_s: Span | None = Field(None, alias="for")
    """How long it goes on."""


class MendStep(_Strict):
    """A condition ends, or `all` of them."""

    mend: str
    """The name of a condition that this story began, or `all`."""


class ExpectStep(_Strict):
    """`within`: it comes true so soon. `for`: once true, it stays true so long. `after`: looked at so long after the last step."""

    expect: Expected
    """What is true, all at the same time."""
    within_s: Span = Field(10.0, alias="within")
    """It comes true so soon (10s, if neither this nor `after` is there)."""
    for_s: Span | None = Field(None, alias="for")
    """Once true, it stays true so long."""
    after_s: Span | None = Field(None, alias="after")
    """It is looked at so long after the step before, and not earlier."""


Step: TypeAlias = PhoneStep | PanelStep | FaultStep | MendStep | ExpectStep

STEPS: Final[Mapping[str, type[_Strict]]] = {
    "phone": PhoneStep,
    "panel": PanelStep,
    "fault": FaultStep,
    "mend": MendStep,
    "expect": ExpectStep,
}
"""The key that says what kind of step one is."""


def kind_of_step(step: object) -> str | None:
    """Return which of STEPS it is, by its only such key; None for none or several."""
    if isinstance(step, BaseModel):
        return next((kind for kind, model in STEPS.items() if type(step) is model), None)
    kinds = [kind for kind in STEPS if isinstance(step, Mapping) and kind in step]
    return kinds[0] if len(kinds) == 1 else None


_TaggedStep = Annotated[
    Annotated[PhoneStep, Tag("phone")]
    | Annotated[PanelStep, Tag("panel")]
    | Annotated[FaultStep, Tag("fault")]
    | Annotated[MendStep, Tag("mend")]
    | Annotated[ExpectStep, Tag("expect")],
    Discriminator(kind_of_step),
]


class Script(_Strict):
    """One scenario: what is given, what people do, what goes wrong, what they then see."""

    scenario: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    """The name: that of the file, without `.yaml`."""
    version: Literal[1]
    """The version of this format."""
    title: Words
    """The story in one line."""
    rows: tuple[str, ...] = ()
    """Rows of docs/requirements.csv (S-DISC-06) or threats (T-12) that this shows."""
    seed: Count = 1
    """The same seed loses the same packets."""
    given: Given = Given()
    """What is true when it begins."""
    steps: tuple[_TaggedStep, ...] = Field(min_length=1)
    """What happens, in this order."""


Document: TypeAlias = Mapping[str, Any]
"""A scenario as YAML or JSON have it, before it is checked."""
