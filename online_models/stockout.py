"""Will the shelf be empty before the next delivery? Demand over a random lead time against what is there and coming.

Why: a sale must be judged in microseconds, so all the risk's arithmetic is done once per close and turned into one
number, the on-hand at which the risk reaches its target. The one rule: risk never rises with the on-hand.

::

    risk(on_hand) = sum over lead times d of P(lead time = d) * P(shelf empties within d days)

    day  1   2   3   4   5   6          shelf empties within 6 days ~ the largest of
    in           +10                       P(D2 > on_hand)        just before the delivery
    D1..Dt = demand of days 1..t           P(D6 > on_hand + 10)   at the end

Approximations, all on purpose:

- demand of days 1..t is a negative binomial with the exact mean and variance of the sum (one level error is shared by
  all days, see `DemandDistribution.sum_over`); up to a mean of 12 units its probabilities are exact, above it is a
  shifted gamma with half a unit for continuity, through Wilson and Hilferty's cube root (within 0.005 of the
  exact risk);
- where deliveries fall inside the lead time, the chance of emptying at any moment is taken as the largest of the
  chances just before each delivery and at the end: a lower bound, close because these events mostly imply each other;
- expected deliveries arrive at the start of their day, for certain; days are independent of the lead time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from online_models.counts import ShiftedGamma, cube_root_cdf
from online_models.distribution import LEVEL_SHARE, SMALLEST_MEAN, DemandDistribution, summed_dispersion

NEVER_AT_RISK = -1.0
_MOMENT_DAYS = 1e-3
_LARGEST_EXACT_MEAN = 12.0
_PRECISION = 1e-3
_SQRT_HALF = math.sqrt(0.5)


class StockoutTime(NamedTuple):
    """When the shelf empties if nothing but the expected deliveries comes, in days from now; None: not in sight."""

    p10_days: float | None
    p50_days: float | None
    p90_days: float | None


class LeadTimeDemand:
    """Demand until the next order could arrive, and every question about it.

    Parameters
    ----------
    means
        Expected units of each coming day, the first is the day that has begun or begins next.
    dispersion
        Of one day's demand: `var = mean + dispersion * mean^2`.
    lead_time_pmf
        `lead_time_pmf[i]` is the probability that an order placed now arrives after i + 1 days. Must not be longer than
        `means`; need not be normalised.
    arrivals
        Units expected on each coming day from orders already placed; missing days expect none.
    level_share
        Variance of the error that all days share, over the variance of one day.

    Raises
    ------
    ValueError
        A lead time beyond the last mean, or no probability at all.

    Examples
    --------
    Two a day, Poisson, a lead time of three days for certain: the risk is P(D > on hand), D of mean 6.

    >>> ahead = LeadTimeDemand([2.0] * 7, dispersion=0.0, lead_time_pmf=[0.0, 0.0, 1.0])
    >>> ahead.stockout_risk(20) < 0.001 < 0.35 < ahead.stockout_risk(6)
    True
    >>> ahead.risk_threshold_units(0.3)
    6.0
    >>> ahead.stockout_risk(6) >= 0.3 > ahead.stockout_risk(7)
    True
    """

    __slots__ = ("_arrived", "_days", "_leads", "_means", "_tails", "dispersion", "level_share")

    def __init__(
        self,
        means: Sequence[float],
        dispersion: float,
        lead_time_pmf: Sequence[float],
        arrivals: Sequence[float] = (),
        level_share: float = LEVEL_SHARE,
    ) -> None:
        total = sum(lead_time_pmf)
        last = max((d for d, p in enumerate(lead_time_pmf, 1) if p > 0.0), default=0)
        if total <= 0.0:
            raise ValueError("a lead time needs some probability")
        if last > len(means):
            raise ValueError(f"a lead time of {last} days needs as many means, not {len(means)}")
        self.dispersion = dispersion
        self.level_share = level_share
        self._means = tuple(means)
        self._leads = tuple((d, p / total) for d, p in enumerate(lead_time_pmf[:last], 1) if p > 0.0)
        come = list(arrivals[: len(means)]) + [0.0] * (len(means) - len(arrivals))
        self._arrived = tuple(accumulate(come))
        ends = {d for d, _ in self._leads}
        self._days = (
            tuple(t for t in range(1, last + 1) if t in ends or come[t] > 0.0)
            if any(come)
            else tuple(d for d, _ in self._leads)
        )
        self._tails = _tails(self._means, dispersion, level_share, self._days)

    @property
    def means(self) -> tuple[float, ...]:
        """Expected units of each coming day."""
        return self._means

    @property
    def arrivals(self) -> tuple[float, ...]:
        """Expected deliveries of each coming day."""
        return tuple(now - before for before, now in pairwise((0.0, *self._arrived)))

    def stockout_risk(self, on_hand_units: float) -> float:
        """Probability that the shelf empties before an order placed now could arrive.

        Parameters
        ----------
        on_hand_units
            Units there now.
        """
        worst, day, risk = 0.0, 0, 0.0
        days, tails, arrived = self._days, self._tails, self._arrived
        for lead, probability in self._leads:
            while day < len(days) and days[day] <= lead:
                chance = tails[day].above(on_hand_units + arrived[days[day] - 1])
                if chance > worst:
                    worst = chance
                day += 1
            risk += probability * worst
        return min(risk, 1.0)

    def risk_threshold_units(self, target_risk: float) -> float:
        """Largest whole on-hand at which the risk still reaches the target: at or below it, alert.

        Parameters
        ----------
        target_risk
            Between 0 and 1, both excluded.

        Returns
        -------
        float
            Whole units, above a thousand units within 0.1 %; -1 where even an empty shelf does not reach the target
            (then no on-hand does).
        """
        if self.stockout_risk(0.0) < target_risk:
            return NEVER_AT_RISK
        low, high = 0.0, self._guess()
        while self.stockout_risk(high) >= target_risk:
            low, high = high, 2.0 * high + 1.0
        while high - low > max(1.0, _PRECISION * high):
            middle = math.floor(0.5 * (low + high))
            if self.stockout_risk(middle) >= target_risk:
                low = middle
            else:
                high = middle
        return float(low)

    def order_up_to_units(self, service_level: float) -> float:
        """Least whole position (on hand and on order) that lasts the lead time with this probability.

        Parameters
        ----------
        service_level
            Probability of no stock-out in a cycle, between 0 and 1, both excluded. For a periodic review give lead
            times that include the review period.
        """
        without = (
            self
            if not self._arrived[-1]
            else LeadTimeDemand(self._means, self.dispersion, self._pmf(), level_share=self.level_share)
        )
        return without.risk_threshold_units(1.0 - service_level) + 1.0

    def stockout_time_quantiles(self, on_hand_units: float) -> StockoutTime:
        """When the shelf empties, over all the days that have a mean, deliveries on order included.

        Parameters
        ----------
        on_hand_units
            Units there now.

        Returns
        -------
        StockoutTime
            10, 50 and 90 % points in days, to a minute and a half; None where that chance is not reached in sight.
        """
        days = tuple(range(1, len(self._means) + 1))
        found: list[float | None] = []
        targets = [0.1, 0.5, 0.9]
        before = 0.0
        for day, tail in zip(days, _tails(self._means, self.dispersion, self.level_share, days), strict=True):
            chance = max(before, tail.above(on_hand_units + self._arrived[day - 1]))
            while targets and chance >= targets[0]:
                found.append(self._reached(targets.pop(0), on_hand_units, day))
            before = chance
        found += [None] * len(targets)
        return StockoutTime(*found)

    def _reached(self, target: float, on_hand_units: float, day: int) -> float:
        """The moment of a day at which a chance is reached, its demand spread evenly over it."""
        low, high = 0.0, 1.0
        stock, means = on_hand_units + self._arrived[day - 1], self._means[: day - 1]
        while high - low > _MOMENT_DAYS:
            middle = 0.5 * (low + high)
            (tail,) = _tails((*means, middle * self._means[day - 1]), self.dispersion, self.level_share, (day,))
            low, high = (low, middle) if tail.above(stock) >= target else (middle, high)
        return day - 1 + high

    def expected_lost_units(self, on_hand_units: float) -> float:
        """Expected demand that finds no stock before an order placed now could arrive.

        Deliveries on order count if they come within the lead time; what a late one costs before it comes is left out.

        Parameters
        ----------
        on_hand_units
            Units there now.
        """
        lost = 0.0
        for lead, probability in self._leads:
            demand = self._sum_over(lead)
            lost += probability * _expected_excess(demand, on_hand_units + self._arrived[lead - 1])
        return lost

    def _guess(self) -> float:
        last = self._leads[-1][0]
        demand = self._sum_over(last)
        return math.ceil(demand.mean_units + math.sqrt(demand.variance)) + 1.0

    def _sum_over(self, days: int) -> DemandDistribution:
        day = DemandDistribution(0.0, self.dispersion, level_share=self.level_share)
        return day.sum_over(self._means[:days])

    def _pmf(self) -> list[float]:
        pmf = [0.0] * self._leads[-1][0]
        for day, probability in self._leads:
            pmf[day - 1] = probability
        return pmf


class _ExactTail:
    """P(D > x) of a small mean, from a table of the exact distribution function."""

    __slots__ = ("_table",)

    def __init__(self, mean: float, dispersion: float) -> None:
        odds = mean / (1.0 + dispersion * mean)
        growth = dispersion * odds
        p = math.exp(-mean) if dispersion < 1e-9 else math.exp(-math.log1p(dispersion * mean) / dispersion)
        total, k = p, 0
        table = [1.0 - total]
        while total < 0.99999 and k < 400:
            p *= (odds + growth * k) / (k + 1)
            k += 1
            total += p
            table.append(1.0 - total)
        self._table = table

    def above(self, units: float) -> float:
        """Probability of a demand above `units`."""
        if units < 0.0:
            return 1.0
        k = int(units)
        return self._table[k] if k < len(self._table) else 0.0


class _GammaTail:
    """P(D > x) of a larger mean, by the cube root of a shifted gamma."""

    __slots__ = ("_centre", "_shift", "_slope", "_span")

    def __init__(self, mean: float, dispersion: float) -> None:
        shape, self._span, offset = ShiftedGamma.of(mean, dispersion)
        ninth = 1.0 / (9.0 * shape)
        self._centre = 1.0 - ninth
        self._slope = _SQRT_HALF / math.sqrt(ninth)
        self._shift = offset + 0.5

    def above(self, units: float) -> float:
        """Probability of a demand above `units`."""
        if units < 0.0:
            return 1.0
        x = (math.floor(units) + self._shift) / self._span
        return 0.5 * math.erfc((math.cbrt(x) - self._centre) * self._slope)


def _tails(
    means: Sequence[float], dispersion: float, level_share: float, days: Sequence[int]
) -> tuple[_ExactTail | _GammaTail, ...]:
    """Tails of the demand of days 1..t for each t of ascending `days`."""
    found: list[_ExactTail | _GammaTail] = []
    total = squares = 0.0
    done = 0
    for day in days:
        for mean in means[done:day]:
            total += mean
            squares += mean * mean
        done = day
        spread = summed_dispersion(total, squares, day, dispersion, level_share) if total > SMALLEST_MEAN else 0.0
        found.append(_GammaTail(total, spread) if total > _LARGEST_EXACT_MEAN else _ExactTail(total, spread))
    return tuple(found)


def _expected_excess(demand: DemandDistribution, stock: float) -> float:
    """E[max(D - stock, 0)]: exact for small means, else by the gamma's partial expectation."""
    mean = demand.mean_units
    if mean <= 0.0:
        return 0.0
    if stock <= 0.0:
        return mean - stock
    if mean <= _LARGEST_EXACT_MEAN:
        tail = _ExactTail(mean, demand.dispersion)
        whole = math.floor(stock)
        within = math.fsum(1.0 - tail.above(k) for k in range(whole))
        return max(0.0, mean - whole + within - (stock - whole) * tail.above(whole))
    shape, span, offset = ShiftedGamma.of(mean, demand.dispersion)
    moved = stock + offset
    own = cube_root_cdf(shape, moved / span)
    raised = cube_root_cdf(shape + 1.0, moved / span * shape / (shape + 1.0))
    return max(0.0, span * (1.0 - raised) - moved * (1.0 - own))
