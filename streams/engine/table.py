"""The table of a task's series: their names in the order in which they appeared, their rows in segments.

::

    field n:<page>      names of 64 series, JSON, written when the page grows
    field h:<segment>   rows that changed, segments.py

The one rule: a series is stored under its index, and keeps it for good.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from streams.engine.segments import SegmentLog
from streams.engine.series import Series
from streams.sealing import seal, unseal

PAGE_NAMES = 64
#: What a dirty row is taken to weigh when the host asks how much a commit would carry.
_ROW_BYTES_ESTIMATE = 250


class SeriesTable:
    """All series of a task, by name `store|sku`."""

    def __init__(self) -> None:
        self.by_name: dict[str, Series] = {}
        self._series: list[Series] = []
        self._dirty: list[Series] = []
        self._grown: set[int] = set()
        self._log = SegmentLog()

    def __len__(self) -> int:
        return len(self._series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series)

    def add(self, series: Series) -> Series:
        """Add a series; it keeps its place for good."""
        series.index = len(self._series)
        self._series.append(series)
        self.by_name[series.name] = series
        self._grown.add(series.index // PAGE_NAMES)
        self.touch(series)
        return series

    def touch(self, series: Series) -> None:
        """Remember that a series changed."""
        if not series.dirty:
            series.dirty = True
            self._dirty.append(series)

    def dirty_bytes(self) -> int:
        """Return an estimate of what :meth:`writes` would give."""
        return len(self._dirty) * _ROW_BYTES_ESTIMATE

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields that changed, and count them as clean."""
        fields: dict[str, bytes | None] = {}
        for page in sorted(self._grown):
            names = [[series.store_id, series.sku] for series in self._series[page * PAGE_NAMES :][:PAGE_NAMES]]
            fields[f"n:{page}"] = seal(json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode())
        fields |= self._log.append(self._dirty, len(self._series))
        for series in self._dirty:
            series.dirty = False
        self._grown.clear()
        self._dirty.clear()
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> SeriesTable:
        """Return the table in a snapshot."""
        table = cls()
        page = 0
        while (names := state.get(f"n:{page}")) is not None:
            for store_id, sku in json.loads(unseal(names, f"n:{page}")):
                table.add(Series(store_id, sku, 0))
            page += 1
        table._log = SegmentLog.load(state, table._series)
        for series in table._dirty:
            series.dirty = False
        table._grown.clear()
        table._dirty.clear()
        return table


def canonical_state(state: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a task's fields with every row under its series' name: equal exactly when the states are.

    How rows lie in segments depends on when commits fell; this does not.
    """
    others = {name: value for name, value in state.items() if not name.startswith("h:")}
    return others | {f"row:{series.name}": series.pack() for series in SeriesTable.load(state)}
