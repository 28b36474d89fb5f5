"""The time that the programs of a node see: libfaketime, told by a file how far it is ahead."""

from pathlib import Path
from typing import Final

from lab.keeper.namespaces import Place
from protocol.problems import CANNOT_RUN_HERE, Problem

_WHERE: Final = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
_AHEAD: Final = Path("/run/ahead")
"""In the node's own /run."""
_ENVIRONMENT: Final = {
    "FAKETIME_TIMESTAMP_FILE": str(_AHEAD),
    "FAKETIME_CACHE_DURATION": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
}


class Clock:
    """Programs see it move if they were started after `make_movable`; the others have the right time for ever."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def make_movable(self) -> None:
        """Let all that starts from now on look at the file.

        Raises:
            Problem: CANNOT_RUN_HERE.
        """
        if "LD_PRELOAD" in self._place.environment:
            return
        library = _library()
        if library is None:
            raise Problem(CANNOT_RUN_HERE, what="libfaketime")
        self._place.do(_AHEAD.write_text, "+0")
        self._place.environment |= {**_ENVIRONMENT, "LD_PRELOAD": str(library)}

    def move(self, ahead_s: float) -> None:
        """Set it so far ahead of the right time, within a second.

        Raises:
            Problem: CANNOT_RUN_HERE.
        """
        self.make_movable()
        self._place.do(_AHEAD.write_text, f"{ahead_s:+f}")


def _library() -> Path | None:
    patterns = ("faketime/libfaketimeMT.so.1", "*/faketime/libfaketimeMT.so.1")
    found = (each for where in _WHERE for pattern in patterns for each in Path(where).glob(pattern))
    return next(found, None)
