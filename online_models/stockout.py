"""Will the shelf be empty before the next delivery? Demand over a random lead time against what is there and coming.

Why: a sale must be judged in microseconds, so all the risk's arithmetic is done once per close and turned into one
number, the on-hand at which the risk reaches its target. The one rule: risk never rises with the on-hand.

::

    risk(on_hand) = sum over lead times d of P(lead time = d) * P(shelf empties within d days)

    day  1   2   3   4   5   6          shelf empties within 6 days ~ the largest of
    in           +10                       P(D2 > on_hand)        just before the delivery
    D1..Dt = demand of days 1..t           P(D6 > on_hand + 10)   at the end

    an order that comes on day k with probability w(k): each k by itself, and "not in sight", weighed by w

Approximations, all on purpose:

- demand of days 1..t is a negative binomial with the exact mean and variance of the sum (one level error is shared by
  all days, see `DemandDistribution.sum_over`); its probabilities are exact (incomplete beta function);
- where deliveries fall inside the lead time, the chance of emptying at any moment is taken as the largest of the
  chances just before each delivery and at the end: a lower bound, close because these events mostly imply each other;
- one order, the next one, comes at a random time; those behind it come at the start of their day, for certain; days
  are independent of the lead time.

Goods that are sold in steps below one unit (tenths of a kilo) are counted in those steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from online_models.counts import normal_quantile
from online_models.demand_tail import DemandTail
from online_models.distribution import LEVEL_SHARE, SMALLEST_MEAN, summed_dispersion
from online_models.risk_calibration import DemandClass, demand_class

NEVER_AT_RISK = -1.0
#: Who does not act on an alert looks again after so many days.
LOOK_DAYS: Final = 2
_MOMENT_DAYS = 1e-3
_PRECISION = 1e-3
_ROUNDING = 1e-6
#: No search needs so many probes; a bracket is halved after them.
_NEWTON_PROBES: Final = 6
_LEAST_CHANCE = 1e-9


class StockoutTime(NamedTuple):
    """When the shelf empties if nothing but the expected deliveries comes, in days from now; None: not in sight."""

    p10_days: float | None
    p50_days: float | None
    p90_days: float | None


class RandomArrival(NamedTuple):
    """An order of which only the odds of its arrival are known.

    Parameters
    ----------
    units
        How many come.
    shares
        Pairs of a day (0: at once, before the first day's demand) and the probability of arriving at its start; what is
        missing to 1 does not come in sight.
    """

    units: float
    shares: tuple[tuple[int, float], ...]


class LeadTimeDemand:
    """Demand until the next order could arrive, and every question about it.

    Parameters
    ----------
    means
        Expected units of each coming day, the first is the day that has begun or begins next.
    dispersion
        Of one day's demand: `var = grain * mean + dispersion * mean^2`.
    lead_time_pmf
        `lead_time_pmf[i]` is the probability that an order placed now arrives after i + 1 days. Must not be longer than
        `means`; need not be normalised.
    arrivals
        Units that come for certain on each coming day from orders already placed; missing days expect none.
    first
        The next order, whose day is not certain.
    grain
        The step in which it is sold, units.
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

    Ten units that come tomorrow for certain help more than ten that come tomorrow or never.

    >>> def risk(*shares):
    ...     return LeadTimeDemand([2.0] * 7, 0.0, [0, 0, 1], first=RandomArrival(10, shares)).stockout_risk(4)
    >>> risk((1, 1.0)) < risk((1, 0.5)) < risk()
    True
    """

    __slots__ = (
        "_after", "_arrived", "_before", "_first", "_grain", "_leads", "_means", "_shares", "_squares", "_tails",
        "_totals", "dispersion", "level_share",
    )  # fmt: skip

    def __init__(
        self,
        means: Sequence[float],
        dispersion: float,
        lead_time_pmf: Sequence[float],
        arrivals: Sequence[float] = (),
        *,
        first: RandomArrival | None = None,
        grain: float = 1.0,
        level_share: float = LEVEL_SHARE,
    ) -> None:
        total = sum(lead_time_pmf)
        leads = [(d, p / total) for d, p in enumerate(lead_time_pmf, 1) if p > 0.0] if total > 0.0 else []
        if not leads:
            raise ValueError("a lead time needs some probability")
        last = leads[-1][0]
        if last > len(means):
            raise ValueError(f"a lead time of {last} days needs as many means, not {len(means)}")
        self.dispersion, self.level_share = dispersion, level_share
        self._grain, self._means = grain, tuple(means)
        steps = self._means if grain == 1.0 else tuple([mean / grain for mean in means])
        self._totals = (0.0, *accumulate(steps))
        self._squares = (0.0, *accumulate([mean * mean for mean in steps]))
        self._leads = tuple(leads)
        self._tails: dict[int, DemandTail] = {}
        ends = {day for day, _ in leads}
        self._first = 0.0
        self._shares: tuple[tuple[int, float], ...] = ()
        if first is not None and first.units > 0.0 and first.shares:
            self._first, self._shares = first.units / grain, first.shares
        self._arrived = (0.0,) * len(means)
        if any(arrivals):
            come = list(arrivals[: len(means)]) + [0.0] * (len(means) - len(arrivals))
            self._arrived = tuple(accumulate([units / grain for units in come]))
            # The moment before a delivery is the worst one before it.
            ends |= {day for day in range(1, last) if come[day] > 0.0}
        self._after = tuple(sorted(ends)) if self._shares else ()
        self._before = tuple(sorted(ends | {day for day, _ in self._shares if 0 < day <= last}))

    @property
    def means(self) -> tuple[float, ...]:
        """Expected units of each coming day."""
        return self._means

    @property
    def arrivals(self) -> tuple[float, ...]:
        """Expected deliveries of each coming day, units, the uncertain one by its odds."""
        come = [self._grain * (now - before) for before, now in pairwise((0.0, *self._arrived))]
        for day, share in self._shares:
            if day < len(come):
                come[day] += share * self._first * self._grain
        return tuple(come)

    @property
    def grain(self) -> float:
        """The step in which it is sold, units."""
        return self._grain

    @property
    def lead_days(self) -> float:
        """Expected days until an order placed now arrives."""
        return sum([share * day for day, share in self._leads])

    def demand_a_day(self) -> float:
        """Expected units a day until an order placed now arrives at the latest."""
        last = self._leads[-1][0]
        return self._grain * self._totals[last] / last

    def demand_class(self) -> DemandClass:
        """How the demand of these days lies: smooth, erratic, intermittent or lumpy."""
        last = self._leads[-1][0]
        return demand_class(self._totals[last] / last, self.dispersion)

    # --- the risk ---------------------------------------------------------------------------------------------

    def stockout_risk(self, on_hand_units: float) -> float:
        """Probability that the shelf empties before an order placed now could arrive.

        Parameters
        ----------
        on_hand_units
            Units there now.
        """
        return self._risk(self._steps(on_hand_units))

    def _steps(self, units: float) -> int:
        return math.floor(units / self._grain + _ROUNDING)

    def _risk(self, stock: int) -> float:
        if stock < 0:
            return 1.0
        arrived, worst = self._arrived, 0.0
        before = {0: 0.0}
        for day in self._before:
            chance = self._tail(day).above(stock + arrived[day - 1])
            if chance > worst:
                worst = chance
            before[day] = worst
        if not self._shares:
            return min(sum([share * before[lead] for lead, share in self._leads]), 1.0)
        more = stock + self._first
        after = [(day, self._tail(day).above(more + arrived[day - 1])) for day in self._after]
        return min(sum([share * self._mixed(lead, before, after) for lead, share in self._leads]), 1.0)

    def _mixed(self, lead: int, before: dict[int, float], after: Iterable[tuple[int, float]]) -> float:
        """Chance of emptying within `lead` days, over the days on which the uncertain order may come."""
        chance, left = 0.0, 1.0
        for come, share in self._shares:
            if come >= lead:
                break
            worst = before[come]
            for day, later in after:
                if come < day <= lead and later > worst:
                    worst = later
            chance += share * worst
            left -= share
        return chance + max(left, 0.0) * before[lead]

    def _tail(self, days: int) -> DemandTail:
        found = self._tails.get(days)
        if found is None:
            found = self._tails[days] = self._tail_of(self._totals[days], self._squares[days], days)
        return found

    def _tail_of(self, total: float, squares: float, days: int) -> DemandTail:
        if total <= SMALLEST_MEAN:
            return DemandTail(0.0, 0.0)
        return DemandTail(total, summed_dispersion(total, squares, days, self.dispersion, self.level_share))

    # --- thresholds -------------------------------------------------------------------------------------------

    def risk_threshold_units(self, target_risk: float) -> float:
        """Largest whole number of grains on hand at which the risk still reaches the target: at or below it, alert.

        Parameters
        ----------
        target_risk
            Between 0 and 1, both excluded.

        Returns
        -------
        float
            Units, above a thousand grains within 0.1 %; -1 where even an empty shelf does not reach the target (then no
            on-hand does).
        """
        steps = self._largest(target_risk)
        return NEVER_AT_RISK if steps < 0 else steps * self._grain

    def _largest(self, target: float) -> int:
        """Newton's steps in the law's own coordinates (cube root against normal score), between closing bounds."""
        if self._risk(0) < target:
            return -1
        low, high, probes = 0, -1, 0
        tail = self._tail(self._leads[0][0])
        wanted = normal_quantile(1.0 - target)
        probe = max(1, math.floor(tail.root(wanted)))
        while high < 0 or high - low > max(1.0, _PRECISION * high):
            risk = self._risk(probe)
            if risk >= target:
                low = probe
            else:
                high = probe
            probes += 1
            if probes <= _NEWTON_PROBES:
                score = normal_quantile(1.0 - min(max(risk, _LEAST_CHANCE), 1.0 - _LEAST_CHANCE))
                probe = math.floor(tail.moved(probe, wanted - score))
            elif high >= 0:
                probe = (low + high) // 2
            else:
                probe = 2 * low + 1
            probe = max(probe, low + 1)
            if high >= 0:
                probe = min(probe, high - 1)
        return low

    def order_up_to_units(self, service_level: float) -> float:
        """Least whole position (on hand and on order) that lasts the lead time with this probability.

        Parameters
        ----------
        service_level
            Probability of no stock-out in a cycle, between 0 and 1, both excluded. For a periodic review give lead
            times that include the review period.
        """
        bare = self if not self._arrived[-1] and not self._shares else self._without_orders()
        steps = bare._largest(1.0 - service_level)
        return (steps + 1) * self._grain

    def _without_orders(self) -> LeadTimeDemand:
        return LeadTimeDemand(
            self._means, self.dispersion, self._pmf(), grain=self._grain, level_share=self.level_share
        )

    def lead_demand_units(self) -> float:
        """Expected demand until an order placed now arrives."""
        return self._grain * sum([share * self._totals[day] for day, share in self._leads])

    def _pmf(self) -> list[float]:
        pmf = [0.0] * self._leads[-1][0]
        for day, probability in self._leads:
            pmf[day - 1] = probability
        return pmf

    # --- when, and how much -----------------------------------------------------------------------------------

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
        stock = self._steps(on_hand_units)
        found: list[float | None] = []
        targets = [0.1, 0.5, 0.9]
        before, after = {0: 0.0 if stock >= 0 else 1.0}, list[tuple[int, float]]()
        for day in range(1, len(self._means) + 1):
            tail = self._tail(day)
            before[day] = max(before[day - 1], tail.above(stock + self._arrived[day - 1]))
            after.append((day, tail.above(stock + self._first + self._arrived[day - 1])))
            chance = self._mixed(day, before, after)
            while targets and chance >= targets[0]:
                found.append(self._reached(targets.pop(0), stock, day, before, after[:-1]))
            if not targets:
                break
        found += [None] * len(targets)
        return StockoutTime(*found)

    def _reached(
        self, target: float, stock: int, day: int, before: dict[int, float], after: list[tuple[int, float]]
    ) -> float:
        """The moment of a day at which a chance is reached, its demand spread evenly over it."""
        low, high = 0.0, 1.0
        total, squares = self._totals[day - 1], self._squares[day - 1]
        mean, arrived = self._totals[day] - total, self._arrived[day - 1]
        while high - low > _MOMENT_DAYS:
            middle = 0.5 * (low + high)
            part = middle * mean
            tail = self._tail_of(total + part, squares + part * part, day)
            now = {**before, day: max(before[day - 1], tail.above(stock + arrived))}
            chance = self._mixed(day, now, [*after, (day, tail.above(stock + self._first + arrived))])
            low, high = (low, middle) if chance >= target else (middle, high)
        return day - 1 + high

    def expected_lost_units(self, on_hand_units: float) -> float:
        """Expected demand that finds no stock before an order placed now could arrive.

        Deliveries on order count if they come within the lead time; the larger is taken of what is lost before the
        uncertain one comes and of what is lost after it.

        Parameters
        ----------
        on_hand_units
            Units there now.
        """
        stock = max(on_hand_units, 0.0) / self._grain
        lost = sum([share * self._lost_by(lead, stock) for lead, share in self._leads])
        return self._grain * lost + max(0.0, -on_hand_units)

    def waiting_loss_days(self, on_hand_units: float, act_days: int) -> float:
        """What is lost, in days of demand, by acting the day after tomorrow instead of now.

        That is what is expected to be lost on the two days that only an action of today or tomorrow still saves.

        Parameters
        ----------
        on_hand_units
            Units there now.
        act_days
            Days until an action takes effect.

        Examples
        --------
        >>> ahead = LeadTimeDemand([10.0] * 7, 0.0, [0.0] * 6 + [1.0])
        >>> round(ahead.waiting_loss_days(0.0, 2), 6), ahead.waiting_loss_days(60.0, 2) < 0.01
        (2.0, True)
        """
        demand = self.demand_a_day() / self._grain
        if demand <= SMALLEST_MEAN:
            return 0.0
        stock = max(on_hand_units, 0.0) / self._grain
        last = self._leads[-1][0]
        until = min(act_days + LOOK_DAYS, last)
        return (self._lost_by(until, stock) - self._lost_by(min(act_days, last), stock)) / demand

    def _lost_by(self, lead: int, stock: float) -> float:
        lost, left = 0.0, 1.0
        if not lead:
            return lost
        for come, share in self._shares:
            if come >= lead:
                break
            earlier = self._tail(come).excess(stock + self._arrived[come - 1]) if come else 0.0
            later = self._tail(lead).excess(stock + self._first + self._arrived[lead - 1])
            lost += share * max(earlier, later)
            left -= share
        return lost + max(left, 0.0) * self._tail(lead).excess(stock + self._arrived[lead - 1])
