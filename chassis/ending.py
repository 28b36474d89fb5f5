"""How a command ends: a sentence on standard error and the exit code of protocol/README.md."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import click

from protocol.problems import EXIT_REFUSED, AisegError, exit_code

EXIT_INTERRUPTED = 130


def language() -> str:
    """Return `ja` when the person's locale is Japanese, else `en`."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "ja" if locale.startswith("ja") else "en"


def run(command: click.Command, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `command` (with the arguments of this process) and exit: a sentence instead of a traceback."""
    try:
        with _by_itself():
            code = command.main(arguments, standalone_mode=False)
    except AisegError as error:
        click.echo(error.sentence(language()), err=True)
        code = exit_code(error)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except OSError as error:  # standard output is full or nobody reads it
        click.echo(error.strerror or str(error), err=True)
        code = EXIT_REFUSED
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        code = EXIT_INTERRUPTED
    sys.exit(code or 0)


@contextmanager
def _by_itself() -> Iterator[None]:
    """Raise what a task of a group raised as itself, however deep; several are a bug, and stay a group."""
    try:
        yield
    except BaseExceptionGroup as group:
        raised: BaseException = group
        while isinstance(raised, BaseExceptionGroup) and len(raised.exceptions) == 1:
            raised = raised.exceptions[0]
        raise raised from None


def end_asked_for() -> asyncio.Event:
    """Return an event that Ctrl-C, SIGTERM or a closed terminal will set, so that the program ends in order."""
    asked = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(each, asked.set)
    return asked
