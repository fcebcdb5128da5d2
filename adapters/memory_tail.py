"""The newest records of the broker in this process, with the time at which it took them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.memory_broker import MemoryBroker
from streams.ports import Place, Stamped


class MemoryTail:
    """A reader of tails (:class:`streams.ports.LogTail`)."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def read(self, spans: Mapping[Place, tuple[int, int]]) -> Mapping[Place, Sequence[Stamped]]:
        found: dict[Place, Sequence[Stamped]] = {}
        for place, (start, end) in spans.items():
            partition = self._broker.partition(place)
            found[place] = [
                Stamped(record, partition.log_ms.get(record.offset))
                for record in partition.records
                if start <= record.offset < end
            ]
        return found
