"""What the regression reads of a period, in one fixed order.

Why: a mapping per observation costs more than the learning itself, so a period travels as a *slot* and a *row* of
floats. The one rule: the order below is part of every stored state; a column is only ever appended, and the state's
signature changes with it. They are the rows of `online_models/catalogue.py`, which says in words what each of them is;
`streams/features.py` builds rows in this order.

====================  =====================================================================
column                how the regression uses it
====================  =====================================================================
in units              as the distance from the current level, over the series' scale
others                as the distance from their own running mean (their neutral value at first)
====================  =====================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from online_models.catalogue import ROWS


class Column(NamedTuple):
    """One number that is known about a period before it begins.

    Parameters
    ----------
    name
        Its name in the feature catalogue.
    in_units
        True for past demand in units per period, which is divided by the series' scale.
    neutral
        The value that says "nothing special"; used where the column is missing. Ignored for columns in units, whose
        neutral value is the series' own level.
    """

    name: str
    in_units: bool = False
    neutral: float = 0.0


class Features(NamedTuple):
    """A period as the models see it.

    Parameters
    ----------
    slot
        Place within the season, 0 .. season-1 (the weekday of a daily series).
    row
        One float per column, in the order of the columns; empty where nothing but the slot is known.
    """

    slot: int
    row: tuple[float, ...] = ()


COLUMNS: tuple[Column, ...] = tuple(Column(each.name, each.in_units, each.neutral) for each in ROWS)


def read_features(x: Mapping[str, float], columns: tuple[Column, ...], slot: int) -> Features:
    """Turn River's mapping form of a period into the fast one.

    Parameters
    ----------
    x
        Feature name to value; `slot` names the place in the season, anything unknown to `columns` is ignored.
    columns
        The order wanted.
    slot
        Used where `x` names no slot.

    Returns
    -------
    Features
        A missing column holds its neutral value; a missing column in units holds NaN, which means "the level".

    Examples
    --------
    >>> read_features({"slot": 3, "promotion": 1.0}, (Column("promotion"), Column("holiday")), slot=0)
    Features(slot=3, row=(1.0, 0.0))
    """
    row = tuple(float(x.get(c.name, math.nan if c.in_units else c.neutral)) for c in columns)
    return Features(int(x.get("slot", slot)), row)
