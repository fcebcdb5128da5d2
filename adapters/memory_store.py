"""The state store without a server: the same answers as `redis_store`, for tests, replay and what-if.

The one rule: it copies on the way in and on the way out, so that nobody holds a piece of what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.state_keys import state_without_marks
from streams.ports import Snapshot, Verdict, Writes


@dataclass(slots=True)
class _Held:
    owner: str | None = None
    marks: bytes | None = None
    state: dict[str, bytes] = field(default_factory=dict)


class MemoryStore:
    """State of tasks in this process (:class:`streams.ports.StateStore` and :class:`streams.ports.SeriesReader`).

    >>> store = MemoryStore()
    >>> store.take("engine:3", "a:1")
    Snapshot(marks=None, state={})
    >>> store.commit("engine:3", "a:1", None, b"m1", {"page": b"x"})
    <Verdict.OK: 'OK'>
    >>> store.commit("engine:3", "a:1", None, b"m1", {"page": b"x"})
    <Verdict.DONE: 'DONE'>
    >>> store.commit("engine:3", "b:1", b"m1", b"m2", {})
    <Verdict.FENCED: 'FENCED'>
    """

    def __init__(self) -> None:
        self._tasks: dict[str, _Held] = {}

    def take(self, task: str, owner: str) -> Snapshot:
        held = self._tasks.setdefault(task, _Held())
        held.owner = owner
        if held.marks is None and held.state:
            raise state_without_marks(task)
        return Snapshot(held.marks, dict(held.state))

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        held = self._tasks.get(task)
        if held is None or held.owner != owner:
            return Verdict.FENCED
        if held.marks != expected:
            return Verdict.DONE if held.marks == marks else Verdict.GAP
        for name, value in writes.items():
            if value is None:
                held.state.pop(name, None)
            else:
                held.state[name] = bytes(value)
        held.marks = marks
        return Verdict.OK

    def marks(self, task: str) -> bytes | None:
        held = self._tasks.get(task)
        return None if held is None else held.marks

    def wipe(self, task: str) -> None:
        self._tasks.pop(task, None)

    def fields(self, task: str, names: Sequence[str]) -> Sequence[bytes | None]:
        state = self.all_fields(task)
        return [state.get(name) for name in names]

    def all_fields(self, task: str) -> Mapping[str, bytes]:
        held = self._tasks.get(task)
        return {} if held is None else dict(held.state)

    def snapshot(self, task: str) -> Snapshot:
        """Return marks and state without taking the task."""
        return Snapshot(self.marks(task), self.all_fields(task))

    def restore(self, task: str, snapshot: Snapshot) -> None:
        """Put an older commit back; the owner stays, as it does when a Redis comes back from an older copy."""
        held = self._tasks.setdefault(task, _Held())
        held.marks, held.state = snapshot.marks, dict(snapshot.state)
