"""The shape that every processor's task has, so that one worker hosts them all.

::

    feed(records) ──► [pending] ──► handle(budget) ──► outputs to send
                                        │
                                        └──► writes() + marks() to commit, at any moment between two steps

The one rule: a task is sans-I/O. `handle` may be called with any budget, after any `feed`; the sum of its outcomes is
the same. Memory is only a cache of the snapshot: after a doubt the host drops the task and builds it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from streams.outcome import Output
from streams.ports import Record, Writes


class Task(Protocol):
    """One task of a processor."""

    @property
    def marks(self) -> bytes:
        """The marks of all inputs after the last step handled, in their canonical encoding."""

    def starts(self) -> Mapping[str, int]:
        """Return, by input name, the offset at which each input is to be read; -1 for "from the oldest record"."""

    def feed(self, name: str, records: Sequence[Record], position: int) -> None:
        """Take consecutive records of one input; `position` is the next offset of that input."""

    def hungry(self) -> Mapping[str, bool]:
        """Return, by input name, whether more records of it are wanted now (else the host pauses it)."""

    def handle(self, budget: int) -> Sequence[Output]:
        """Do at most `budget` steps (records or close items) and return what they produced."""

    def idle(self) -> bool:
        """Return whether nothing can be done before more is fed."""

    def dirty_bytes(self) -> int:
        """Return an estimate of the bytes that :meth:`writes` would give now."""

    def writes(self) -> Writes:
        """Return every field that changed since the last call; absolute values. The host commits them with `marks`."""
