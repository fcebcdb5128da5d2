"""A state store whose calls are timed, for `demand_redis_operation_seconds`.

The one rule: it hands on what the store says, errors too, and a call that fails took its time all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from streams.durations import DurationCounts
from streams.metrics import REDIS, Sample
from streams.ports import SeriesReader, Snapshot, StateStore, Verdict, Writes


class Store(StateStore, SeriesReader, Protocol):
    """State that is written by hosts and read by commands."""


class TimedStore:
    """A store behind a stopwatch (:class:`streams.ports.StateStore` and :class:`streams.ports.SeriesReader`).

    Parameters
    ----------
    store
        Does the work.
    monotonic_seconds
        A clock that never goes back.
    """

    def __init__(self, store: Store, monotonic_seconds: Callable[[], float]) -> None:
        self._store = store
        self._monotonic_seconds = monotonic_seconds
        self._durations: dict[str, DurationCounts] = {}

    def samples(self) -> Sequence[Sample]:
        """Return how long calls took so far, by operation; safe from any thread."""
        return [Sample(REDIS, (name,), counts.copy()) for name, counts in list(self._durations.items())]

    def take(self, task: str, owner: str) -> Snapshot:
        with self._timed("take"):
            return self._store.take(task, owner)

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        with self._timed("commit"):
            return self._store.commit(task, owner, expected, marks, writes)

    def marks(self, task: str) -> bytes | None:
        with self._timed("marks"):
            return self._store.marks(task)

    def wipe(self, task: str) -> None:
        with self._timed("wipe"):
            self._store.wipe(task)

    def fields(self, task: str, names: Sequence[str]) -> Sequence[bytes | None]:
        with self._timed("fields"):
            return self._store.fields(task, names)

    def all_fields(self, task: str) -> Mapping[str, bytes]:
        with self._timed("all_fields"):
            return self._store.all_fields(task)

    @contextmanager
    def _timed(self, operation: str) -> Iterator[None]:
        began = self._monotonic_seconds()
        try:
            yield
        finally:
            self._durations.setdefault(operation, DurationCounts()).add(self._monotonic_seconds() - began)
