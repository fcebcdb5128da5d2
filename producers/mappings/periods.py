"""When a row happened: from its text to the first and the last moment of its period, in the shop's zone.

========  ====================  =========================  ==============================
grain     start                 end (the event time)       until (where the next begins)
========  ====================  =========================  ==============================
line      the row's own time    the row's own time         the row's own time
hour      hh:00:00              hh:59:59                   hh+1:00:00
day       00:00:00              23:59:59                   00:00:00 of the next day
week      Monday 00:00:00       Sunday 23:59:59            the next Monday
month     the first, 00:00:00   the last day, 23:59:59     the next first
========  ====================  =========================  ==============================

The one rule: local times become UTC here and nowhere else. A time that the clocks skip in spring moves forward, one
that they repeat in autumn is the first of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from producers.mappings.columns import Codes, Column, Value
from producers.mappings.mapping import Grain, TimeRule

_FLOOR = {"hour": "h", "day": "D"}
_ONE = {
    "hour": pd.DateOffset(hours=1),
    "day": pd.DateOffset(days=1),
    "week": pd.DateOffset(days=7),
    "month": pd.DateOffset(months=1),
}
_SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Periods:
    """By row: its period, in milliseconds since 1970.

    Parameters
    ----------
    start_ms, end_ms, until_ms
        See the table above.
    day_until_ms
        Where the day after the day of `start_ms` begins.
    unreadable
        Rows whose time is no time; the others' numbers mean nothing there.
    """

    start_ms: Codes
    end_ms: Codes
    until_ms: Codes
    day_until_ms: Codes
    unreadable: npt.NDArray[np.bool_]

    def take(self, index: Codes) -> Periods:
        """Return the rows at `index`."""
        times = (self.start_ms[index], self.end_ms[index], self.until_ms[index], self.day_until_ms[index])
        return Periods(*times, self.unreadable[index])


def read_periods(column: Column, rule: TimeRule, grain: Grain, zone: str) -> Periods:
    """Return each row's period.

    Parameters
    ----------
    column
        What `rule.of` gives.
    rule, grain, zone
        The mapping's.

    >>> days = read_periods(Column.of(["2011-07-01"]), TimeRule(of="{d}", format="%Y-%m-%d"), "day", "Europe/London")
    >>> int(days.start_ms[0]) == 1_309_474_800_000, int(days.until_ms[0] - days.end_ms[0])
    (True, 1000)
    """
    local = _read_local(column.values, rule)
    unreadable = np.asarray(local.isna())
    filled = pd.DatetimeIndex(local.fillna(pd.Timestamp(0)))
    start = _floor(filled, grain)
    until = start if grain == "line" else pd.DatetimeIndex(start + _ONE[grain])
    start_ms, until_ms = _to_utc_ms(start, zone), _to_utc_ms(until, zone)
    end_ms = until_ms if grain == "line" else until_ms - _SECOND_MS
    day_until_ms = _to_utc_ms(pd.DatetimeIndex(start.normalize() + _ONE["day"]), zone)
    codes = column.codes
    return Periods(start_ms[codes], end_ms[codes], until_ms[codes], day_until_ms[codes], unreadable[codes])


def _read_local(values: Sequence[Value], rule: TimeRule) -> pd.DatetimeIndex:
    if rule.format is not None:
        texts = pd.Series([None if value is None else str(value) for value in values], dtype=object)
        return pd.DatetimeIndex(pd.to_datetime(texts, format=rule.format, errors="coerce"))
    numbers = pd.to_numeric(pd.Series(list(values), dtype=object), errors="coerce")
    days = pd.to_timedelta((numbers - rule.first) * rule.days, unit="D")
    return pd.DatetimeIndex(pd.Timestamp(str(rule.epoch)) + days)


def _floor(local: pd.DatetimeIndex, grain: Grain) -> pd.DatetimeIndex:
    if grain == "line":
        return local
    if grain in _FLOOR:
        return local.floor(_FLOOR[grain])
    day = local.normalize()
    back = day.dayofweek if grain == "week" else day.day - 1
    return day - pd.to_timedelta(np.asarray(back), unit="D")


def _to_utc_ms(local: pd.DatetimeIndex, zone: str) -> Codes:
    first = np.ones(len(local), np.bool_)
    aware = local.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return np.asarray(aware.tz_convert(None).to_numpy(), "datetime64[ms]").astype(np.int64)
