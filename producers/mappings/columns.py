"""A column in dictionary form: a few different values, and for each row the number of its value.

Every step of a mapping works on the different values alone, so half a million rows cost a few thousand calls. The one
rule: a value is text, number, truth, a tuple, or None for unknown; nothing else gets in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Value = str | int | float | bool | tuple[int, ...] | None
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """Values and, by row, the number of the row's value.

    Parameters
    ----------
    codes
        By row, a place in `values`.
    values
        The different values; None is unknown.
    """

    codes: Codes
    values: Sequence[Value]

    @classmethod
    def constant(cls, value: Value, rows: int) -> Column:
        """Return a column that has the same value in every row.

        >>> Column.constant("uk", 2).to_list()
        ['uk', 'uk']
        """
        return cls(np.zeros(rows, np.int64), [value])

    @classmethod
    def of(cls, values: Sequence[Value]) -> Column:
        """Return the column of a value per row.

        >>> Column.of(["a", "b", "a"]).values
        ['a', 'b']
        """
        places: dict[Value, int] = {}
        codes = np.fromiter((places.setdefault(value, len(places)) for value in values), np.int64, len(values))
        return cls(codes, list(places))

    def take(self, index: Codes) -> Column:
        """Return the rows at `index`, with no value that none of them has."""
        if len(self.values) == 1:
            return Column(np.zeros(len(index), np.int64), self.values)
        codes, kept = pd.factorize(self.codes[index])
        return Column(codes.astype(np.int64, copy=False), [self.values[place] for place in kept.tolist()])

    def map(self, function: Callable[[Value], Value]) -> Column:
        """Return the column of the function's answers, called once a value."""
        return Column(self.codes, [function(value) for value in self.values])

    def mask(self, test: Callable[[Value], bool]) -> npt.NDArray[np.bool_]:
        """Return, by row, whether its value passes the test."""
        return np.array([test(value) for value in self.values], np.bool_)[self.codes]

    def to_list(self) -> list[Value]:
        """Return a value per row."""
        values = self.values
        return [values[code] for code in self.codes.tolist()]


def combine(columns: Sequence[Column], function: Callable[..., Value]) -> Column:
    """Return the column of a function of several columns, called once for each combination that occurs.

    Parameters
    ----------
    columns
        At least one, all of the same rows.
    function
        Takes one value of each column.

    >>> left, right = Column.of([1, 2, 1]), Column.of([10, 20, 10])
    >>> combine([left, right], lambda a, b: a + b).values
    [11, 22]
    """
    codes = columns[0].codes
    size = len(columns[0].values)
    for column in columns[1:]:
        if len(column.values) > 1:
            found, kept = pd.factorize(codes * len(column.values) + column.codes)
            codes, size = found.astype(np.int64, copy=False), len(kept)
    first = np.zeros(size, np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    if len(codes) == 0:
        return Column(codes, [None])
    picked = [[column.values[code] for code in column.codes[first].tolist()] for column in columns]
    return Column(codes, [function(*row) for row in zip(*picked, strict=True)])
