"""Which peers are on this machine. Those from npm and the one in Go are made ready at the first run, outside of the project."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Need = Literal["nothing", "avahi", "npm", "go"]

PEERS: Final = Path(__file__).parent / "peers"
INSTALL: Final[Mapping[Need, str]] = {
    "avahi": "sudo apt-get install avahi-daemon avahi-utils dbus-daemon",
    "npm": "sudo apt-get install nodejs npm",
    "go": "sudo apt-get install golang-go golang-github-hashicorp-mdns-dev",
}
_GO_PACKAGES: Final = Path("/usr/share/gocode")  # where Debian's packages put them
_MAKING_LIMIT_S: Final = 180
_NOT_MADE: Final = "not made ready yet: a run without --quick does it"


@dataclass(frozen=True)
class Here:
    """What can be run, and why the rest cannot."""

    cache: Path
    absent: Mapping[Need, str]

    @property
    def node_modules(self) -> Path:
        """Where the packages from npm are."""
        return self.cache / f"npm-{_digest(PEERS / 'package-lock.json')}" / "node_modules"

    @property
    def hashicorp(self) -> Path:
        """The search in Go, compiled."""
        return self.cache / f"hashicorp-{_digest(PEERS / 'hashicorp.go')}"


def look(tell: Callable[[str], None], *, make: bool = True) -> Here:
    """Return what is here; `make` ready what can be, and `tell` of what takes a while."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    here = Here(base / "aiseg-benchmarks", {})
    reasons: dict[Need, str | None] = {
        "avahi": _missing("avahi-daemon", "avahi-browse", "avahi-publish", "dbus-daemon"),
        "npm": _missing("node", "npm") or _modules_missing(here.node_modules, tell, make=make),
        "go": _missing("go") or _hashicorp_missing(here, tell, make=make),
    }
    return Here(here.cache, {need: reason for need, reason in reasons.items() if reason})


def _missing(*programs: str) -> str | None:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    missing = [each for each in programs if not shutil.which(each, path=path)]
    return f"no {', '.join(missing)}" if missing else None


def _modules_missing(modules: Path, tell: Callable[[str], None], *, make: bool) -> str | None:
    if (modules / ".package-lock.json").exists():
        return None
    if not make:
        return _NOT_MADE
    tell("getting the peers from npm …")
    modules.parent.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PEERS / name, modules.parent)
    return _failure(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], modules.parent)


def _hashicorp_missing(here: Here, tell: Callable[[str], None], *, make: bool) -> str | None:
    if here.hashicorp.exists():
        return None
    if not make:
        return _NOT_MADE
    if not (_GO_PACKAGES / "src/github.com/hashicorp/mdns").exists():
        return "no hashicorp/mdns"
    tell("compiling the peer in Go …")
    here.cache.mkdir(parents=True, exist_ok=True)
    surroundings = {
        "GO111MODULE": "off",
        "GOPATH": str(_GO_PACKAGES),
        "GOCACHE": str(here.cache / "go-build"),
    }
    return _failure(
        ["go", "build", "-o", str(here.hashicorp), str(PEERS / "hashicorp.go")], PEERS, surroundings
    )


def _failure(
    command: Sequence[str], folder: Path, surroundings: Mapping[str, str] | None = None
) -> str | None:
    """Run a command; return why it failed, in its own last words."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(surroundings or {})},
        capture_output=True,
        text=True,
        timeout=_MAKING_LIMIT_S,
        check=False,
    )
    if done.returncode == 0:
        return None
    words = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
    return f"{' '.join(command[:2])} failed: {words[-1]}"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
