"""Forecasts added up: category in a store, category, store, all; days to weeks and months.

::

    series   mean m, variance v ─┐
    series   mean m, variance v ─┼─► node: mean = sum m, variance = sum v + c (sum m)^2
    series   mean m, variance v ─┘            c: the error that the node's series share, learnt from its past sums

What all series of a category get wrong together (a hot day, a rival's leaflet) does not average out: added up as if
independent, 90 % of a category's sums stay below a bound that promises it in far fewer cases. The one rule: a period's
sum is forecast before it is learnt, and `c` is never taken from the period that it is used for.

References
----------
Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., 11.1 (bottom-up).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from online_models.base import gain
from online_models.distribution import SMALLEST_MEAN, DemandDistribution

Node = tuple[str, str]
Calendar = Literal["week", "month"]
CATEGORY_STORE, CATEGORY, STORE, ALL = "category_store", "category", "store", "all"
LEVELS: Final = (CATEGORY_STORE, CATEGORY, STORE, ALL)
_KEEP: Final = 1.0 - gain(28.0)
#: Squared relative error that is taken to be shared before anything is learnt, and the periods it weighs.
_PRIOR_SHARED, _PRIOR_PERIODS = 0.0025, 5.0
_CAP: Final = 25.0


def nodes_of(store_id: str, category: str) -> tuple[Node, ...]:
    """Return the nodes that a series is added to; one without a category has none of its own.

    >>> nodes_of("lima-01", "dairy")
    (('category_store', 'dairy|lima-01'), ('category', 'dairy'), ('store', 'lima-01'), ('all', ''))
    """
    whole = ((STORE, store_id), (ALL, ""))
    return ((CATEGORY_STORE, f"{category}|{store_id}"), (CATEGORY, category), *whole) if category else whole


class SharedError:
    """What the series of one node get wrong together, learnt from its sums.

    Examples
    --------
    Sums of 100 whose parts scatter by 10 in all, and which are off by 30 each time: 30^2 = 10^2 + c 100^2, so c = 0.08,
    a tenth less for the prior.

    >>> shared = SharedError()
    >>> for day in range(200): shared.learn(130.0 if day % 2 else 70.0, 100.0, 100.0)
    >>> round(shared.share, 2)
    0.07
    """

    __slots__ = ("_excess", "_square")

    def __init__(self, excess: float = 0.0, square: float = 0.0) -> None:
        self._excess, self._square = excess, square

    @property
    def share(self) -> float:
        """The squared relative error shared."""
        prior = _PRIOR_PERIODS
        return max(0.0, self._excess + prior * _PRIOR_SHARED) / (self._square + prior)

    def distribution(self, mean_units: float, variance: float) -> DemandDistribution:
        """Return the distribution of a sum.

        Parameters
        ----------
        mean_units
            Sum of the means.
        variance
            Sum of the variances, as if independent.
        """
        mean = max(mean_units, SMALLEST_MEAN)
        whole = variance + self.share * mean * mean
        return spread_distribution(mean, whole)

    def learn(self, units: float, mean_units: float, variance: float) -> None:
        """Learn from a sum that is over.

        Parameters
        ----------
        units
            What it was.
        mean_units, variance
            As for :meth:`distribution`.
        """
        if mean_units <= 0.0:
            return
        square = mean_units * mean_units
        whole = variance + self.share * square
        error = min((units - mean_units) ** 2, _CAP * max(whole, 1.0))
        # In squared means, so that a large December does not outweigh a year.
        self._excess = _KEEP * self._excess + (error - variance) / square
        self._square = _KEEP * self._square + 1.0


def spread_distribution(mean_units: float, variance: float) -> DemandDistribution:
    """Return a distribution of this mean and variance; one that scatters less than counts is sold in smaller steps.

    >>> round(spread_distribution(10.0, 4.0).variance, 6)
    4.0
    """
    grain = min(1.0, max(variance / mean_units, 1e-3))
    return DemandDistribution(mean_units, max(0.0, (variance - grain * mean_units)) / mean_units**2, grain)


class Total(NamedTuple):
    """A node's period.

    Parameters
    ----------
    mean_units, variance
        Sums over its series, as if independent.
    naive_units
        Sum of the seasonal naive.
    units
        What came true.
    series
        How many were added.
    """

    mean_units: float = 0.0
    variance: float = 0.0
    naive_units: float = 0.0
    units: float = 0.0
    series: int = 0

    def plus(self, mean_units: float, variance: float, naive_units: float, units: float) -> Total:
        """Return the total with one more series, or one more period."""
        return Total(
            self.mean_units + mean_units, self.variance + variance, self.naive_units + naive_units,
            self.units + units, self.series + 1,
        )  # fmt: skip


def add_by_calendar(days: Iterable[tuple[date, Total]], calendar: Calendar) -> dict[date, Total]:
    """Add days up to weeks (from Monday) or months; their series are counted by the largest day.

    Parameters
    ----------
    days
        Day and total.
    calendar
        What to add up to.

    >>> days = [(date(2024, 1, day), Total(2.0, 2.0, 0.0, 3.0, 5)) for day in (6, 7, 8)]
    >>> [(day.isoformat(), week.mean_units, week.series) for day, week in add_by_calendar(days, "week").items()]
    [('2024-01-01', 4.0, 5), ('2024-01-08', 2.0, 5)]
    """
    found: dict[date, Total] = {}
    for day, total in days:
        first = day.replace(day=1) if calendar == "month" else day - timedelta(days=day.weekday())
        held = found.get(first, Total())
        more = held.plus(total.mean_units, total.variance, total.naive_units, total.units)
        found[first] = more._replace(series=max(held.series, total.series))
    return found


def product_mix(means: Sequence[float]) -> list[float]:
    """Return each product's share of its category.

    >>> product_mix([6.0, 3.0, 1.0]), product_mix([0.0, 0.0])
    ([0.6, 0.3, 0.1], [0.0, 0.0])
    """
    total = sum(means)
    return [mean / total if total > 0.0 else 0.0 for mean in means]
