"""Inputs that every task reads whole: read once by the worker, kept, and fed to every task from the start.

The one rule: a task that is built later is fed the same records as one that was there from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.errors import Outage
from streams.ports import Chunk, Inlet, Place, Record
from streams.task import Task


@dataclass(slots=True)
class _Log:
    name: str
    records: list[Record] = field(default_factory=list)
    position: int = 0


class Broadcast:
    """The broadcast inputs of one worker.

    Parameters
    ----------
    inlet
        A reader of its own, without a group.
    topics
        Name → full topic name; each has one partition.
    """

    def __init__(self, inlet: Inlet, topics: Mapping[str, str]) -> None:
        self._inlet = inlet
        self._logs = {Place(topic, 0): _Log(name) for name, topic in topics.items()}

    def start(self) -> None:
        """Begin reading where the kept logs end."""
        if self._logs:
            self._inlet.assign({place: log.position for place, log in self._logs.items()})

    def poll(self, max_records: int) -> list[tuple[str, Chunk]]:
        """Return what is new, by name, and keep it."""
        if not self._logs:
            return []
        try:
            chunks = self._inlet.poll(max_records, 0.0)
        except Outage:
            self.start()  # Whatever the failed call had in hand is read again.
            raise
        news = []
        for chunk in chunks:
            log = self._logs[chunk.place]
            log.records.extend(chunk.records)
            log.position = chunk.position
            news.append((log.name, chunk))
        return news

    def feed_all(self, task: Task) -> None:
        """Feed a new task everything kept."""
        for log in self._logs.values():
            if log.position:
                task.feed(log.name, tuple(log.records), log.position)

    def close(self) -> None:
        """Let go of the reader."""
        self._inlet.close()
