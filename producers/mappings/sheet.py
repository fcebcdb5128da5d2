"""The rows of a chunk as a rule sees them: named values, columns, and the moments of the row's period.

The one rule: a name is looked up in this order: run_*, named values, columns, moments; it is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping as Table

import numpy as np
import pandas as pd

from producers.mappings.columns import Codes, Column, Value
from producers.mappings.files import Chunk
from producers.mappings.formulas import evaluate
from producers.mappings.mapping import Mapping
from producers.mappings.periods import Periods, read_periods
from schemas.errors import UnknownMapping
from schemas.quantities import to_iso

#: The moments that a rule may name.
MOMENTS = ("start", "end", "until", "day_until")


class Sheet:
    """A chunk's rows, or some of them.

    Parameters
    ----------
    mapping
        Whose values are asked for.
    chunk
        The rows.
    """

    def __init__(self, mapping: Mapping, chunk: Chunk) -> None:
        self.mapping = mapping
        self.rows = chunk.rows
        self._known: dict[str, Column] = {}
        self._open: set[str] = set()
        self._columns: Table[str, Column] = chunk.columns
        self._parent: Sheet | None = None
        self._index: Codes = chunk.rows
        self.periods: Periods = read_periods(evaluate(mapping.time.of, self), mapping.time, mapping.grain, mapping.zone)

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, place: int) -> dict[str, Value]:
        """Return one row of the file as it came, the columns that the mapping names alone."""
        sheet, row = self, place
        while sheet._parent is not None:
            sheet, row = sheet._parent, int(sheet._index[row])
        return {name: column.values[int(column.codes[row])] for name, column in sheet._columns.items()}

    def column(self, name: str) -> Column:
        """Return the column of a name.

        Raises
        ------
        UnknownMapping
            When nothing has this name.
        """
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def take(self, index: Codes, extras: Table[str, Column] | None = None) -> Sheet:
        """Return the rows at `index` as a sheet of their own, with extra columns of that length."""
        child = object.__new__(Sheet)
        child.mapping, child.rows, child.periods = self.mapping, self.rows[index], self.periods.take(index)
        child._known, child._columns = dict(extras or {}), self._columns
        child._parent, child._index = self, index
        return child

    def _find(self, name: str) -> Column:
        if self._parent is not None:
            return self._parent.column(name).take(self._index)
        if name in self.mapping.values and name not in self._open:
            # Inside its own expression a name means the column.
            self._open.add(name)
            column = evaluate(self.mapping.values[name], self)
            self._open.discard(name)
            return column
        if name in self._columns:
            return self._columns[name]
        if name in MOMENTS:
            return iso_column(getattr(self.periods, f"{name}_ms"))
        raise UnknownMapping(f"The mapping {self.mapping.name} names {{{name}}}, which is no value and no column.")


def iso_column(times_ms: Codes) -> Column:
    """Return times as the text that events hold.

    >>> iso_column(np.array([0, 1000])).values
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:01Z']
    """
    codes, kept = pd.factorize(times_ms)
    return Column(codes.astype(np.int64, copy=False), [to_iso(int(ms)) for ms in kept.tolist()])
