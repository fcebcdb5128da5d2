"""The table of a task's series, and how it is written: hot rows in pages, in the order in which series appeared.

Popular series appear early, so under a skewed demand few pages are dirty at a commit.

::

    field n:<page>   names of the page's series, JSON, written when the page grows
    field p:<page>   rows, each with its length before it, written when any of them changed

The one rule: a page's bytes depend on its rows alone, never on which of them changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from streams.engine.series import Series
from streams.sealing import seal, unseal

PAGE_ROWS = 64
#: What a dirty row is taken to weigh when the host asks how much a commit would carry.
_PAGE_BYTES_ESTIMATE = PAGE_ROWS * 200


class SeriesTable:
    """All series of a task, by name `store|sku`."""

    def __init__(self) -> None:
        self.by_name: dict[str, Series] = {}
        self._pages: list[list[Series]] = []
        self._dirty: set[int] = set()
        self._grown: set[int] = set()

    def __len__(self) -> int:
        return len(self.by_name)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.by_name.values())

    def add(self, series: Series) -> Series:
        """Add a series; it keeps its place for good."""
        if not self._pages or len(self._pages[-1]) == PAGE_ROWS:
            self._pages.append([])
        series.page = len(self._pages) - 1
        self._pages[-1].append(series)
        self.by_name[series.name] = series
        self._grown.add(series.page)
        self._dirty.add(series.page)
        return series

    def touch(self, series: Series) -> None:
        """Remember that a series changed."""
        series.packed = None
        self._dirty.add(series.page)

    def dirty_bytes(self) -> int:
        """Return an estimate of what :meth:`writes` would give."""
        return len(self._dirty) * _PAGE_BYTES_ESTIMATE

    def writes(self) -> dict[str, bytes | None]:
        """Return the dirty fields, and count them as clean."""
        fields: dict[str, bytes | None] = {}
        for page in sorted(self._grown):
            names = [[series.store_id, series.sku] for series in self._pages[page]]
            fields[f"n:{page}"] = seal(json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode())
        for page in sorted(self._dirty):
            fields[f"p:{page}"] = seal(b"".join(map(_framed, self._pages[page])))
        self._grown.clear()
        self._dirty.clear()
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> SeriesTable:
        """Return the table in a snapshot."""
        table = cls()
        page = 0
        while (names := state.get(f"n:{page}")) is not None:
            rows = unseal(state[f"p:{page}"], f"p:{page}")
            at = 0
            for store_id, sku in json.loads(unseal(names, f"n:{page}")):
                size = int.from_bytes(rows[at : at + 4], "little")
                series = table.add(Series(store_id, sku, 0))
                series.unpack(rows[at + 4 : at + 4 + size])
                at += 4 + size
            page += 1
        table._grown.clear()
        table._dirty.clear()
        return table


def _framed(series: Series) -> bytes:
    if series.packed is None:
        row = series.pack()
        series.packed = len(row).to_bytes(4, "little") + row
    return series.packed
