"""The services that a neighbour announces."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from emulator.mdns.records import Service
from protocol.discovery import SERVICE_TYPE, Advertisement

_KINDS: Final[Sequence[tuple[str, str, Mapping[str, str]]]] = (
    ("_ipp._tcp.local.", "Printer", {"txtvers": "1", "rp": "ipp/print", "ty": "Home Printer"}),
    ("_airplay._tcp.local.", "Living Room TV", {"model": "TV1,1", "features": "0x0"}),
    ("_googlecast._tcp.local.", "Speaker", {"md": "Speaker", "ve": "05"}),
    ("_hap._tcp.local.", "Bridge", {"md": "Bridge", "pv": "1.1", "sf": "1", "ci": "2"}),
    ("_smb._tcp.local.", "NAS", {}),
    ("_http._tcp.local.", "Camera", {"path": "/"}),
    ("_echonet._udp.local.", "Air Conditioner", {"ver": "1.14"}),
)
_FOREIGN: Final = {"txtvers": "1", "vendor": "ACME", "id": "acme-0001", "model": "HEMS-9", "api": "/hems"}


def busy(many: int, ours: int, whose: str = "device") -> Iterator[Service]:
    """Yield `many` services of other kinds, and `ours` of the gateway's type, by another maker; `whose` is in all names."""
    for number in range(1, many + 1):
        kind, name, txt = _KINDS[number % len(_KINDS)]
        yield Service(kind, f"{name} {number} ({whose})", f"{whose}-{number}.local.", 8000 + number, txt)
    for number in range(1, ours + 1):
        name = f"ACME HEMS {number} ({whose})"
        yield Service(SERVICE_TYPE, name, f"{whose}-acme-{number}.local.", 9000 + number, _FOREIGN)


def rogue(gateway_id: str) -> Service:
    """Return what a real gateway of this id would announce."""
    claim = Advertisement(
        gateway_id=gateway_id, model="MKN702", firmware="2.10", registered=False, busy=False
    )
    return Service(SERVICE_TYPE, claim.instance_name, claim.host_name, 8080, claim.to_txt())


def taken(name: str) -> Service:
    """Return a service of the gateway's type under an instance name that is another's."""
    return Service(SERVICE_TYPE, name, "taker.local.", 9, {"txtvers": "1", "vendor": "ACME"})
