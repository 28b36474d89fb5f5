"""Where gateways were found: the part of the memory that a search needs.

It is read and written here without the rest (`session`), whose models take longer to load than a search takes.
"""

import json
import secrets
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from phone_client.memory_file import WholeFile
from protocol.faults import reason
from protocol.identity import Frozen, GatewayId

FILE_NAME: Final = "phone.json"
VERSION: Final = 2
MAX_REMEMBERED: Final = 8
_TRIES: Final = 25  # half a second: the search has ended, and somebody waits for its answer


def _read_address(text: str) -> str:
    return str(ip_address(text))


class Remembered(Frozen):
    """Where a gateway was found last, its other addresses, and the MAC addresses by which it and its router are known again."""

    gateway_id: GatewayId
    name: str
    address: Annotated[str, AfterValidator(_read_address)]
    port: Annotated[int, Field(ge=1, le=65535)]
    mac: str | None = None
    router_mac: str | None = None
    more: tuple[Annotated[str, AfterValidator(_read_address)], ...] = ()


def new_memory() -> dict[str, Any]:
    """Return what an app just installed remembers: its own name."""
    return {"v": VERSION, "installation_id": secrets.token_urlsafe(24)}


class _Linked(BaseModel):
    gateway_id: GatewayId


class Places(BaseModel):
    """What a search reads of the memory; `gateways` newest first."""

    v: Literal[1, 2] = VERSION
    gateways: tuple[Remembered, ...] = ()
    link: _Linked | None = None

    @property
    def expected(self) -> Remembered | None:
        """The gateway a search looks for first: the linked one, else the one found last."""
        linked = (each for each in self.gateways if self.link and each.gateway_id == self.link.gateway_id)
        return next(linked, None if self.link else next(iter(self.gateways), None))


class PlacesFile:
    """The places in the memory's file in `folder`. Blocks."""

    def __init__(self, folder: Path) -> None:
        self._file = WholeFile(folder / FILE_NAME)

    def read(self) -> Places:
        """Return where gateways were found.

        Raises:
            Problem: `state_damaged`.
        """
        return self._places(self._file.read())

    def add(self, found: Sequence[Remembered]) -> None:
        """Keep where gateways were `found`, as the newest; nothing is written when that is known.

        Raises:
            Problem: `state_damaged` or `state_unwritable`.
        """
        known = self.read().gateways
        if _newest_first(found, known) == known:
            return
        with self._file.alone(_TRIES):
            content = self._file.read()
            gateways = _newest_first(found, self._places(content).gateways)
            memory = json.loads(content) if content else new_memory()
            memory["gateways"] = [each.model_dump(mode="json") for each in gateways]
            self._file.replace(json.dumps(memory, indent=1, ensure_ascii=False).encode())

    def _places(self, content: bytes | None) -> Places:
        try:
            return Places() if content is None else Places.model_validate_json(content)
        except ValidationError as error:
            raise self._file.damaged(reason(error)) from None


def _newest_first(found: Sequence[Remembered], known: Sequence[Remembered]) -> tuple[Remembered, ...]:
    """Return one entry for each gateway."""
    seen = {each.gateway_id for each in found}
    others = (each for each in known if each.gateway_id not in seen)
    return (*found, *others)[:MAX_REMEMBERED]
