"""Which events were seen: exact 128-bit ids, by hour of event time, for as long as the horizon.

::

    field d:<hour>:<chunk>   4,096 ids of 16 bytes in the order of their arrival

The one rule: an event whose hour has been forgotten cannot be checked, so it is refused, never counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.ids import DIGEST_BYTES
from streams.sealing import seal, unseal

CHUNK_IDS = 4096


class DedupeIndex:
    """Ids by hour of event time.

    >>> index = DedupeIndex()
    >>> index.add(7, b"0" * 16), index.add(7, b"0" * 16)
    (True, False)
    """

    def __init__(self) -> None:
        self._seen: dict[int, set[bytes]] = {}
        self._order: dict[int, list[bytes]] = {}
        self._written: dict[int, int] = {}
        self._dirty: set[int] = set()
        self._dropped: list[str] = []

    def open(self, hour: int) -> tuple[set[bytes], list[bytes]]:
        """Return the ids of an hour, and their order, for one who adds to both."""
        seen = self._seen.get(hour)
        if seen is None:
            seen = self._seen[hour] = set()
            self._order[hour] = []
        self._dirty.add(hour)
        return seen, self._order[hour]

    def add(self, hour: int, key: bytes) -> bool:
        """Remember an id; False when it is known."""
        seen, order = self.open(hour)
        if key in seen:
            return False
        seen.add(key)
        order.append(key)
        return True

    def take_back(self, hour: int) -> None:
        """Undo the newest :meth:`add` of an hour, in the step that made it."""
        self._seen[hour].discard(self._order[hour].pop())

    def forget(self, before_hour: int) -> None:
        """Drop every hour before this one."""
        for hour in [hour for hour in self._seen if hour < before_hour]:
            chunks = -(-self._written.pop(hour, 0) // CHUNK_IDS)
            self._dropped += [f"d:{hour}:{chunk}" for chunk in range(chunks)]
            del self._seen[hour], self._order[hour]
            self._dirty.discard(hour)

    def dirty_bytes(self) -> int:
        """Return an estimate of what :meth:`writes` would give."""
        return sum((len(self._order[hour]) - self._written.get(hour, 0)) * DIGEST_BYTES for hour in self._dirty)

    def writes(self) -> dict[str, bytes | None]:
        """Return the chunks that changed and those to delete, and count them as clean."""
        fields: dict[str, bytes | None] = dict.fromkeys(self._dropped)
        for hour in sorted(hour for hour in self._dirty if len(self._order[hour]) > self._written.get(hour, 0)):
            order = self._order[hour]
            for chunk in range(self._written.get(hour, 0) // CHUNK_IDS, -(-len(order) // CHUNK_IDS)):
                fields[f"d:{hour}:{chunk}"] = seal(b"".join(order[chunk * CHUNK_IDS : (chunk + 1) * CHUNK_IDS]))
            self._written[hour] = len(order)
        self._dirty.clear()
        self._dropped.clear()
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> DedupeIndex:
        """Return the index in a snapshot."""
        index = cls()
        places = sorted(tuple(map(int, name.split(":")[1:])) for name in state if name.startswith("d:"))
        for hour, chunk in places:
            ids = unseal(state[f"d:{hour}:{chunk}"], f"d:{hour}:{chunk}")
            order = index._order.setdefault(hour, [])
            order += [ids[at : at + DIGEST_BYTES] for at in range(0, len(ids), DIGEST_BYTES)]
            index._written[hour] = len(order)
        index._seen = {hour: set(order) for hour, order in index._order.items()}
        return index
