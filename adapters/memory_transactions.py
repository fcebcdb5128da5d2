"""Transactions on the broker in this process: the twin of `kafka_transactions`, for tests."""

from __future__ import annotations

from adapters.memory_broker import MemoryBroker
from schemas.errors import Fenced
from schemas.quarantine import Headers
from streams.ports import Place


class MemoryTransactions:
    """A transactional writer (:class:`producers.redrive.Transactions`) of a `MemoryBroker`.

    Parameters
    ----------
    broker
        Where it writes.
    epochs
        Epochs by name, shared by the writers that fence each other.
    name
        Who it is.
    """

    def __init__(self, broker: MemoryBroker, epochs: dict[str, int], name: str = "redrive") -> None:
        self._broker, self._epochs, self._name = broker, epochs, name
        self._epoch = 0
        self._queue: list[tuple[Place, bytes | None, bytes | None, Headers]] = []

    def open(self) -> None:
        self._epoch = self._epochs[self._name] = self._epochs.get(self._name, 0) + 1

    def begin(self) -> None:
        self._queue = []

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None) -> None:
        place = self._broker.place_for(topic, key) if partition is None else Place(topic, partition)
        self._broker.partition(place)
        self._queue.append((place, key, value, headers))

    def commit(self) -> None:
        if self._epochs.get(self._name) != self._epoch:
            raise Fenced(f"Another process writes as {self._name} now; this one has stopped.")
        touched = {record[0]: None for record in self._queue}
        for record in self._queue:
            self._broker.append(*record)
        for place in touched:
            self._broker.skip(place, 1)  # the marker that ends a transaction has an offset of its own
