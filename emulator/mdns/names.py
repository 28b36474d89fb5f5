"""The two names in use, the same on every link, and what they become when somebody else has them."""

from collections import deque
from typing import Final

CONFLICTS: Final = 15
CONFLICT_WINDOW_S: Final = 10.0
CONFLICT_PAUSE_S: Final = 5.0


class Names:
    """An instance name (`AiSEG MKN702 (6789ab)`, without the type) and a host name (`aiseg-….local.`)."""

    def __init__(self, instance: str, host: str) -> None:
        self._instance, self._host = instance, host
        self._instance_number = self._host_number = 1
        self._conflicts: deque[float] = deque(maxlen=CONFLICTS)
        self._many = False

    @property
    def instance(self) -> str:
        """The instance name, with ` (2)` and so on after a conflict (RFC 6763 appendix D)."""
        return f"{self._instance} ({number})" if (number := self._instance_number) > 1 else self._instance

    @property
    def host(self) -> str:
        """The host name with the final dot, with `-2` and so on in its first label after a conflict (RFC 6762 §9)."""
        label, _, domain = self._host.partition(".")
        return f"{label}-{number}.{domain}" if (number := self._host_number) > 1 else self._host

    def next_instance(self) -> None:
        """Give up the instance name for the next one."""
        self._instance_number += 1

    def next_host(self) -> None:
        """Give up the host name for the next one."""
        self._host_number += 1

    def pause(self, now: float) -> float:
        """Note a conflict; return how long (s) to wait before probing again (RFC 6762 §8.1)."""
        if self._conflicts and now - self._conflicts[-1] >= CONFLICT_WINDOW_S:
            self._many = False  # a name was held for a while
        self._conflicts.append(now)
        self._many |= len(self._conflicts) == CONFLICTS and now - self._conflicts[0] < CONFLICT_WINDOW_S
        return CONFLICT_PAUSE_S if self._many else 0.0
