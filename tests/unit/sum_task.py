"""The smallest task with everything a host must mind: two keyed inputs, one broadcast, one order on the record.

Each value is "sequence,amount,context": the place in the order of the task, an amount, and how many records of the
broadcast must have been read before (the amount is multiplied by the newest of them).
"""

import json
from collections import deque
from collections.abc import Mapping, Sequence

from schemas.topics import SIGNALS
from streams.marks import decode_marks, encode_marks
from streams.outcome import Output
from streams.ports import Record, Snapshot, Writes

KEYED = ("sales", "stock")


class SumTask:
    """Sums amounts by key; one output a record, with its `at`."""

    def __init__(self, partition: int, snapshot: Snapshot, room: int = 1_000) -> None:
        self._partition = partition
        self._room = room
        self._positions, self._step = (dict.fromkeys(KEYED, -1), 0)
        if snapshot.marks is not None:
            self._positions, self._step = decode_marks(snapshot.marks)
        self._sums = {name: int(value) for name, value in snapshot.state.items()}
        self._dirty: set[str] = set()
        self._pending: dict[str, deque[Record]] = {name: deque() for name in KEYED}
        self._context: list[int] = []

    @property
    def marks(self) -> bytes:
        return encode_marks(self._positions, self._step)

    def starts(self) -> Mapping[str, int]:
        return dict(self._positions)

    def feed(self, name: str, records: Sequence[Record], position: int) -> None:
        if name == "context":
            self._context.extend(int(record.value or b"") for record in records)
            assert position == len(self._context), "a broadcast was fed twice or with a hole"
            return
        self._pending[name].extend(records)

    def hungry(self) -> Mapping[str, bool]:
        return {name: len(records) < self._room for name, records in self._pending.items()}

    def idle(self) -> bool:
        return self._next() is None

    def handle(self, budget: int) -> Sequence[Output]:
        outputs = []
        while budget and (found := self._next()) is not None:
            name, amount = found
            outputs.append(self._book(name, self._pending[name].popleft(), amount))
            budget -= 1
        return outputs

    def dirty_bytes(self) -> int:
        return 16 * len(self._dirty)

    def writes(self) -> Writes:
        writes = {key: str(self._sums[key]).encode() for key in sorted(self._dirty)}
        self._dirty.clear()
        return writes

    def _next(self) -> tuple[str, int] | None:
        for name, records in self._pending.items():
            if not records:
                continue
            sequence, amount, context = map(int, (records[0].value or b"").split(b","))
            assert sequence >= self._step, "a record was handled twice"
            if sequence == self._step and context <= len(self._context):
                return name, amount * self._context[context - 1]
        return None

    def _book(self, name: str, record: Record, amount: int) -> Output:
        key = (record.key or b"").decode()
        self._sums[key] = self._sums.get(key, 0) + amount
        self._dirty.add(key)
        at = json.dumps([self._partition, self._step]).encode()
        self._step += 1
        self._positions[name] = record.offset + 1
        return Output(SIGNALS, record.key, b"%d" % self._sums[key], (("at", at),))
