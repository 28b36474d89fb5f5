"""Started by lab.home as the first process of a home: `python -m lab.keeper CONTROL RUNNER`, two file descriptors."""

import os
import socket
import sys

from lab.keeper.control import Control


def main() -> None:
    """Keep a home until its runner is gone; all that is in it goes with this process."""
    control, runner = (int(each) for each in sys.argv[1:])
    for each in (control, runner):
        os.set_inheritable(each, False)
    try:
        Control(socket.socket(fileno=control), runner).keep()
    except SystemExit:
        os._exit(0)  # threads and programs end with it


if __name__ == "__main__":
    main()
