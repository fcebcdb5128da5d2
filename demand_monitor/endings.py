"""How a command ends: the error tree as exit codes and sentences, and the signals that ask for an end.

====================  ====  ==============================================================
what ended it         exit  what is said
====================  ====  ==============================================================
nothing                  0
a finding                1  what a command was asked to look for (`doctor`), found
BadSetup                 2  the sentence, and the next command
Outage                   3  the sentence: a supervisor may start it again
Fenced, Gap              4  the sentence: another process owns the task, or its state moved
Interrupted            130  what was not finished, and that running it again goes on
a wrong option           2  Typer says it, with the usage
anything else            1  a traceback: it is a bug
====================  ====  ==============================================================

The one rule: no traceback for what a user can mend, and nothing but a traceback for a bug.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from schemas.errors import BadSetup, DemandError, Outage

FOUND = 1
SETUP = 2
OUTAGE = 3
OWNED = 4
INTERRUPTED = 130


class Interrupted(DemandError):
    """A person, or a supervisor, has ended a command before it was done."""


def exit_code(error: DemandError) -> int:
    """Return the exit code of an error of ours.

    >>> exit_code(BadSetup("There is no topic sales.v1.", "demand-monitor topics create"))
    2
    """
    if isinstance(error, BadSetup):
        return SETUP
    if isinstance(error, Outage):
        return OUTAGE
    return INTERRUPTED if isinstance(error, Interrupted) else OWNED


def explain(error: DemandError) -> str:
    """Return the sentence, and on a line of its own the next command.

    >>> print(explain(BadSetup("There is no topic sales.v1.", "demand-monitor topics create")))
    There is no topic sales.v1.
    Next: demand-monitor topics create
    """
    if isinstance(error, BadSetup) and error.next_command is not None:
        return f"{error.problem}\nNext: {error.next_command}"
    if isinstance(error, BadSetup):
        return error.problem
    if isinstance(error, Outage):
        return f"{error}\nNext: demand-monitor doctor"
    return str(error)


def end(error: DemandError) -> NoReturn:
    """Say what has happened on standard error and exit."""
    print(explain(error), file=sys.stderr)
    sys.exit(exit_code(error))


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT while the body runs; a second signal of the kind ends it at once."""

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Flag:
    """Whether somebody has asked for an end.

    >>> flag = Flag()
    >>> flag.is_raised(), flag.set(), flag.is_raised()
    (False, None, True)
    """

    def __init__(self) -> None:
        self._raised = False

    def set(self) -> None:
        """Ask for an end; safe in a signal handler."""
        self._raised = True

    def is_raised(self) -> bool:
        """Return whether an end was asked for."""
        return self._raised


@contextmanager
def resumable(what: str) -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C into :class:`Interrupted`, for a command that is finished by running it again.

    Parameters
    ----------
    what
        Who goes on when run again: "The load".
    """

    def handle(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"{what} was interrupted; run it again, and it goes on where it stopped.") from None
    finally:
        signal.signal(signal.SIGTERM, before)
