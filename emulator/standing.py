"""How it stands with the world outside: with the broker, and with mDNS."""

from dataclasses import dataclass

from protocol.problems import AisegError


@dataclass(frozen=True)
class UplinkState:
    """How it stands with the broker: connected, or why not; how often it denied a message."""

    connected: bool = False
    trouble: AisegError | None = None
    denied: int = 0


@dataclass(frozen=True)
class Announcement:
    """How it stands with mDNS: the instance name in use (empty: none yet), and a sentence for people."""

    name: str = ""
    en: str = ""
    ja: str = ""

    def sentence(self, language: str = "en") -> str:
        """Return the sentence in `en` or `ja`."""
        return self.ja if language == "ja" else self.en
