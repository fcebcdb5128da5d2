"""What a wrong forecast costs: stock that stays over, and demand that finds none.

Why: an error of ten units of bread is not one of ten units of caviar. A shop that stocks the quantile at the critical
ratio loses least; what it loses then is the pinball loss of that quantile, in money. The one rule: money of different
currencies is never added.

::

    under   margin of a unit that was wanted and not there         short  x margin
    over    holding it for a period, and the part that is wasted    over  x (holding + waste)
    critical ratio = margin / (margin + holding + waste)           the level at which both risks weigh the same

References
----------
Arrow, Harris and Marschak (1951), *Optimal inventory policy*: the newsvendor. Gneiting (2011), *Quantiles as optimal
point forecasts*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: A critical ratio is held within these: no shop stocks for one day in a thousand.
LOWEST_RATIO, HIGHEST_RATIO = 0.05, 0.995


class UnitCosts(NamedTuple):
    """What one unit too few, and one too many, costs for one period.

    Parameters
    ----------
    under
        Money lost on a unit that was wanted and not there.
    over
        Money lost on a unit that stays over.

    Examples
    --------
    >>> costs = UnitCosts(under=3.0, over=1.0)
    >>> costs.critical_ratio, costs.lost(stock=10.0, demand=12.0), costs.lost(stock=10.0, demand=7.0)
    (0.75, 6.0, 3.0)
    """

    under: float
    over: float

    @property
    def critical_ratio(self) -> float:
        """The probability of enough stock at which one unit more costs as much as it brings."""
        whole = self.under + self.over
        ratio = self.under / whole if whole > 0.0 else LOWEST_RATIO
        return min(max(ratio, LOWEST_RATIO), HIGHEST_RATIO)

    def lost(self, stock: float, demand: float) -> float:
        """Money lost in a period that began with `stock` units and wanted `demand`."""
        left = stock - demand
        return self.over * left if left > 0.0 else -self.under * left


class MoneySums:
    """Money lost over many periods, in one currency; sums that can be merged.

    Examples
    --------
    >>> sums = MoneySums()
    >>> sums.add(UnitCosts(3.0, 1.0), demand=12.0, stock=10.0, naive_stock=15.0)
    >>> sums.add(UnitCosts(3.0, 1.0), demand=7.0, stock=10.0, naive_stock=7.0)
    >>> sums.over, sums.under, sums.naive_over, sums.naive_under
    (3.0, 6.0, 3.0, 0.0)
    """

    __slots__ = ("n", "naive_over", "naive_under", "over", "ratios", "under")

    def __init__(self) -> None:
        self.n = 0
        self.over = self.under = self.naive_over = self.naive_under = self.ratios = 0.0

    def add(self, costs: UnitCosts, demand: float, stock: float, naive_stock: float) -> None:
        """Add a period.

        Parameters
        ----------
        costs
            Of one unit.
        demand
            Units wanted.
        stock
            Units that the forecast would have stocked: its quantile at the critical ratio.
        naive_stock
            Units that the yardstick would have stocked.
        """
        lost, naive = costs.lost(stock, demand), costs.lost(naive_stock, demand)
        self.n += 1
        if stock > demand:
            self.over += lost
        else:
            self.under += lost
        if naive_stock > demand:
            self.naive_over += naive
        else:
            self.naive_under += naive
        self.ratios += costs.critical_ratio

    def merge(self, other: MoneySums) -> None:
        """Take in the sums of `other`, which is left as it is."""
        self.n += other.n
        self.over += other.over
        self.under += other.under
        self.naive_over += other.naive_over
        self.naive_under += other.naive_under
        self.ratios += other.ratios

    def state(self) -> tuple[float, ...]:
        """Every sum, flat, for a codec."""
        return self.n, self.over, self.under, self.naive_over, self.naive_under, self.ratios

    @classmethod
    def from_state(cls, state: Sequence[float]) -> MoneySums:
        """The sums whose `state` this was."""
        sums = cls()
        sums.n = int(state[0])
        sums.over, sums.under, sums.naive_over, sums.naive_under, sums.ratios = state[1:]
        return sums
