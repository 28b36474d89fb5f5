"""The responders that can be put to the test, and how each is made to announce a service."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from signal import SIGHUP, SIGUSR2
from typing import Final, Protocol
from xml.sax.saxutils import escape

from lab.conformance.service import OTHER_MODEL, Service
from lab.program import Program
from protocol.discovery import SERVICE_TYPE, SUBTYPE


class Responder(Protocol):
    """One kind of responder: a program that is started, asked to change its name, and ended by SIGTERM."""

    def command(self, service: Service, interfaces: Sequence[str], folder: Path) -> Sequence[str]:
        """Return the command that announces `service`, with what it reads in `folder`."""

    def rename(self, program: Program, service: Service, folder: Path) -> Service:
        """Let the program go on under another name; return what it announces from then on."""

    def missing(self) -> str | None:
        """Return what has to be installed before, if anything."""


class _Python:
    """A responder that is a Python program of our own around a library; SIGUSR2 renames it."""

    def __init__(self, module: str) -> None:
        self._module = module

    def command(self, service: Service, interfaces: Sequence[str], folder: Path) -> Sequence[str]:  # noqa: ARG002
        words = (service.gateway_id, service.model, str(service.port), *interfaces)
        return (sys.executable, "-m", self._module, *words)

    def rename(self, program: Program, service: Service, folder: Path) -> Service:  # noqa: ARG002
        program.send_signal(SIGUSR2)
        return replace(service, model=OTHER_MODEL)

    def missing(self) -> str | None:
        return None


class _Avahi:
    """Debian's avahi-daemon as it comes, with the service in a file and no message bus."""

    def command(self, service: Service, interfaces: Sequence[str], folder: Path) -> Sequence[str]:
        configuration, services = folder / "avahi.conf", folder / "services"
        services.mkdir(exist_ok=True)
        label = service.host.removesuffix(".local.")
        configuration.write_text(_AVAHI_CONF.format(host=label, interfaces=",".join(interfaces)), "utf-8")
        self._write(service, folder)
        # It stays root so that it dies with the test: a process that changes its user loses that tie.
        daemon = ("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", str(configuration))
        own = {str(services): "/etc/avahi/services", **let_be_avahi(folder)}
        mounts = [f"mount --bind {shlex.quote(ours)} {theirs}" for ours, theirs in own.items()]
        return ("sh", "-ec", "\n".join([*mounts, f"exec {shlex.join(daemon)}"]))

    def rename(self, program: Program, service: Service, folder: Path) -> Service:
        renamed = replace(service, model=OTHER_MODEL)
        (folder / "services" / f"{service.model}.service").unlink()
        self._write(renamed, folder)
        program.send_signal(SIGHUP)
        return renamed

    def missing(self) -> str | None:
        found = shutil.which("avahi-daemon") or shutil.which("avahi-daemon", path="/usr/sbin")
        return None if found else "avahi-daemon"

    def _write(self, service: Service, folder: Path) -> None:
        records = [f"{key}={value}" for key, value in service.advertisement.to_txt().items()]
        text = "".join(f"<txt-record>{escape(each)}</txt-record>" for each in records)
        type_ = SERVICE_TYPE.removesuffix(".local.")
        (folder / "services" / f"{service.model}.service").write_text(
            _AVAHI_SERVICE.format(
                name=escape(service.label),
                type=type_,
                subtype=f"{SUBTYPE}._sub.{type_}",
                port=service.port,
                text=text,
            ),
            "utf-8",
        )


def let_be_avahi(folder: Path) -> Mapping[str, str]:
    """Return files to be seen in the place of others, where the user `avahi` is ours: without root no other can be had."""
    seen = {}
    ids = f"{os.geteuid()}", f"{os.getegid()}"
    for place, ours in (
        ("/etc/passwd", f"avahi:x:{':'.join(ids)}::/:"),
        ("/etc/group", f"avahi:x:{ids[1]}:"),
    ):
        lines = Path(place).read_text("utf-8").splitlines()
        others = [line for line in lines if not line.startswith("avahi:")]
        file = folder / Path(place).name
        file.write_text("\n".join([*others, ours, ""]), "utf-8")
        seen[str(file)] = place
    return seen


_AVAHI_CONF: Final = """[server]
host-name={host}
allow-interfaces={interfaces}
use-ipv4=yes
use-ipv6=yes
enable-dbus=no
[publish]
publish-hinfo=no
publish-workstation=no
"""
_AVAHI_SERVICE: Final = """<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
<name>{name}</name>
<service><type>{type}</type><subtype>{subtype}</subtype><port>{port}</port>{text}</service>
</service-group>
"""

RESPONDERS: Final[Mapping[str, Responder]] = {
    "ours": _Python("lab.conformance.ours"),
    "avahi": _Avahi(),
    "zeroconf": _Python("lab.conformance.zeroconf_as_it_comes"),
}
