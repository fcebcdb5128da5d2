"""The writer to, and the administrator of, the broker in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.memory_broker import MemoryBroker
from schemas.quarantine import Headers
from streams.ports import Place


class MemoryOutlet:
    """A writer (:class:`streams.ports.Outlet`).

    Parameters
    ----------
    broker
        Where it writes.
    hold
        True keeps records back until :meth:`flush`, so that a test sees what a crash before it loses; else they are
        delivered at once. A real producer may do either.
    """

    def __init__(self, broker: MemoryBroker, hold: bool = False) -> None:
        self._broker = broker
        self._hold = hold
        self._queue: list[tuple[Place, bytes | None, bytes | None, Headers]] = []
        self._ends: dict[Place, int] = {}

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> None:
        place = self._broker.place_for(topic, key) if partition is None else Place(topic, partition)
        self._broker.partition(place)
        self._queue.append((place, key, value, headers))
        if not self._hold:
            self.flush()

    def flush(self) -> None:
        for place, key, value, headers in self._queue:
            self._ends[place] = self._broker.append(place, key, value, headers) + 1
        self._queue.clear()

    def ends(self) -> Mapping[Place, int]:
        return dict(self._ends)

    def close(self) -> None:
        self.flush()


class MemoryAdmin:
    """Topics and offsets (:class:`streams.ports.TopicAdmin`)."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self.configs: dict[str, Mapping[str, str]] = {}

    def create(self, name: str, partitions: int, config: Mapping[str, str]) -> bool:
        created = self._broker.create(name, partitions)
        if created:
            self.configs[name] = dict(config)
        return created

    def partitions(self) -> Mapping[str, int]:
        return self._broker.topics()

    def ends(self, places: Sequence[Place]) -> Mapping[Place, int]:
        return {place: self._broker.partition(place).end for place in places}

    def starts(self, places: Sequence[Place]) -> Mapping[Place, int]:
        return {place: self._broker.partition(place).start for place in places}

    def committed(self, group: str, places: Sequence[Place]) -> Mapping[Place, int]:
        committed = self._broker.group(group).committed
        return {place: committed[place] for place in places if place in committed}
