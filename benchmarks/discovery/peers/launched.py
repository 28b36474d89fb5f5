"""Starts and ends a program that announces, and says when it was started: `… [avahi] COMMAND…`.

`prepare`: with `avahi`, its daemon is up. `start`: `{"at": monotonic seconds}`. `stop`: all of it has ended.
"""

import subprocess
import sys
import time

from benchmarks.discovery.peers.asking import say
from benchmarks.discovery.peers.avahi import Daemon

END_LIMIT_S = 10


def main(command: list[str]) -> None:
    """Do what the lines of standard input say until it ends."""
    daemon = Daemon("gateway") if command[0] == "avahi" else None
    words = command[1:] if daemon else command
    process: subprocess.Popen[bytes] | None = None
    say({})
    for line in sys.stdin:
        document: dict[str, object] = {}
        if line == "prepare\n" and daemon:
            daemon.start()
            daemon.settle()
        elif line == "start\n":
            document["at"] = time.monotonic()
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet)
        elif line == "stop\n" and process:
            process.terminate()
            process.wait(END_LIMIT_S)
            if daemon:
                daemon.stop()
        say(document)


if __name__ == "__main__":
    main(sys.argv[1:])
