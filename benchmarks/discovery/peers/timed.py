"""A whole process that searches once, timed from its start to the line that names the gateway: `… COMMAND…`.

The word `{new}` of the command becomes a folder that is not there yet, another one each time.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Final

from benchmarks.discovery.peers.asking import Known, Stopwatch, serve

NEW: Final = "{new}"


def run(command: list[str], limit_s: float, gateway_id: str) -> Known | None:
    """Run the command; its end is waited for, but not part of the figure."""
    with TemporaryDirectory() as folder:
        words = [str(Path(folder, "new")) if word == NEW else word for word in command]
        return _run(words, limit_s, gateway_id)


def _run(command: list[str], limit_s: float, gateway_id: str) -> Known | None:
    watch = Stopwatch()
    named: float | None = None
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        limit = Timer(limit_s, process.kill)
        limit.start()
        assert process.stdout
        for line in process.stdout:
            if named is None and gateway_id[-6:] in line:  # what a person recognises it by
                named = watch.ms
        limit.cancel()
    if named is None:
        return None
    return Known("", [], 0, {"id": gateway_id}, named, ended_ms=watch.ms)


if __name__ == "__main__":
    serve(lambda limit_s, gateway_id: run(sys.argv[1:], limit_s, gateway_id))
