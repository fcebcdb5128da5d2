"""The public data sets of `demand-monitor evaluate`, and the protocol of each.

The one rule: a protocol is a row of this table; no set has code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from streams.settings import Grain, Period


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set.

    Parameters
    ----------
    name
        As the command knows it.
    inputs
        Pairs of a file below the data folder and its mapping.
    period, grain
        Of the panel, and of its source.
    tail, block
        Periods scored, and of a block.
    least_nonzero
        Series that sold in fewer periods before the tail are left out.
    quantum
        Smallest step of demand, units.
    lumpy
        Whether most of its series sell irregularly.
    hourly
        Pairs of a file and its mapping that say by hour what was sold and whether there was stock; maybe of a part of
        the set only.
    """

    name: str
    inputs: tuple[tuple[str, str], ...]
    period: Period
    grain: Grain
    tail: int
    block: int
    least_nonzero: int
    quantum: float = 1.0
    lumpy: bool = False
    hourly: tuple[tuple[str, str], ...] = ()


SETS: Final[dict[str, DataSet]] = {
    each.name: each
    for each in (
        DataSet("rossmann", (("rossmann/train.csv.gz", "rossmann"),), "day", "day", 182, 7, 56),
        DataSet(
            "freshretail", (("freshretailnet/daily_with_hours.parquet", "freshretailnet-daily"),), "day", "day",
            42, 7, 14, 0.1, hourly=(("freshretailnet/hourly_city9.csv.gz", "freshretailnet-hourly"),),
        ),
        DataSet("walmart", (("walmart_weekly/train.csv.gz", "walmart-weekly"),), "week", "week", 52, 4, 26),
        DataSet(
            "uci", (("uci_online_retail/online_retail.csv.gz", "uci-online-retail"),), "day", "line", 126, 7, 100,
            lumpy=True,
        ),
        DataSet(
            "carparts", (("carparts/carparts_monthly.csv.gz", "carparts-monthly"),), "month", "month", 15, 3, 10,
            lumpy=True,
        ),
    )
}  # fmt: skip

#: Protocol of own data, by period: tail, block, least sold periods.
_OWN: Final[dict[Period, tuple[int, int, int]]] = {"day": (56, 7, 14), "week": (26, 4, 12), "month": (12, 3, 10)}


def own_set(name: str, period: Period, grain: Grain, tail: int | None, block: int | None) -> DataSet:
    """A row of the table for data that is not in it.

    Parameters
    ----------
    name
        Of the data.
    period, grain
        As its mappings have them.
    tail, block
        None takes what suits the period.

    >>> own_set("shop.csv", "day", "line", None, 14).tail
    56
    """
    usual_tail, usual_block, least = _OWN[period]
    return DataSet(name, (), period, grain, tail or usual_tail, block or usual_block, least)
