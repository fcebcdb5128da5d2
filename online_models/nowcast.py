"""What the rest of the day will bring, given what was sold so far.

Why: the forecast of a day is made the evening before; by noon half of the answer is on the receipts. The one rule: a
day's pace (demand over forecast) is uncertain by a gamma, what is sold given the pace is a count, and hours in which
the shelf could not sell are no evidence.

::

    forecast of the day (mean, dispersion) ─┐             same pace all day       weight 1 - CHANGE_SHARE
    share-of-day curve ─► expected by hour ─┼─► pace of   the pace changed        weight CHANGE_SHARE x share of
    sold by hour ───────────────────────────┘   the rest  with hour t             the elapsed day, for each hour t

With a pace of mean 1 and variance v, counts n against e expected give the posterior mean `(1/v + n) / (1/v + e)`
(gamma-Poisson). That alone is slow to believe in a change at 11:00, for the morning speaks against it. So each hour is
also tried as the moment from which the pace is a new one, and the answers are averaged by how well each explains the
day.

Units are seldom bought one at a time: `clump` is the units that come together, learnt from how unevenly a day's units
lie over its hours, and counts are units / clump. A product weighed in tenths of a kilo has a clump below 1.

References
----------
Gelman et al., *Bayesian Data Analysis*, 3rd ed., 2.6 (gamma-Poisson). Adams, R. P., MacKay, D. J. C. (2007): Bayesian
online changepoint detection. arXiv:0710.3742.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from online_models import counts
from online_models.day_curve import DayCurve
from online_models.distribution import SMALLEST_MEAN, DemandDistribution

#: Share of days on which the pace is taken to change during the day.
CHANGE_SHARE = 0.5
#: Variance of a new pace around 1, and the least variance of the day's.
CHANGED_VARIANCE = 0.5
_LEAST_VARIANCE = 0.05
#: Units after which what a series says of its own clump weighs as much as "one at a time".
_PRIOR_UNITS = 5.0
_CLUMP_KEEP = 0.96
_SMALLEST_CLUMP, _LARGEST_CLUMP = 0.01, 10_000.0


class Clump(NamedTuple):
    """Units that are bought together: the scatter of a day's units over its hours, over that of single units.

    Parameters
    ----------
    scatter, units
        Discounted sums of `(u_h - y s_h)^2` and of `y (1 - sum s_h^2)` over hours h of past days, with y units a day
        and s_h the curve's share: for units bought one at a time the two have the same expectation.

    Examples
    --------
    >>> Clump().value
    1.0
    >>> even = DayCurve.of([0.0] * 8 + [1.0] * 8 + [0.0] * 8)
    >>> dozens = Clump()
    >>> for day in range(30): dozens = dozens.learn({8 + day % 8: 12.0}, even)
    >>> 10 < dozens.value < 12
    True
    """

    scatter: float = 0.0
    units: float = 0.0

    @property
    def value(self) -> float:
        """Units a purchase."""
        found = (self.scatter + _PRIOR_UNITS) / (self.units + _PRIOR_UNITS)
        return min(max(found, _SMALLEST_CLUMP), _LARGEST_CLUMP)

    def learn(self, units: Mapping[int, float], curve: DayCurve) -> Clump:
        """The clump after one more day: its units by local hour, and the curve that was expected."""
        total = sum(units.values())
        if total <= 0.0:
            return self
        # The sum of (u - y s)^2 over all hours, of which most have no units.
        scatter = total * total * curve.squares
        for hour, sold in units.items():
            scatter += sold * (sold - 2.0 * total * curve.share(hour))
        single = total * max(1.0 - curve.squares, 0.0)
        return Clump(_CLUMP_KEEP * self.scatter + max(scatter, 0.0), _CLUMP_KEEP * self.units + single)


class DayAhead(NamedTuple):
    """What was expected of the day before it began.

    Parameters
    ----------
    mean_units
        Of the day's demand.
    pace_variance
        Of demand over forecast, for the day as a whole.
    clump
        Units bought together, as learnt from the hours.
    """

    mean_units: float
    pace_variance: float
    clump: float = 1.0

    @classmethod
    def of(cls, mean_units: float, dispersion: float, clump: float) -> DayAhead:
        """Read a forecast with `var = mean + dispersion * mean^2`: what clumps do not explain of it is the pace's.

        Examples
        --------
        var = 40 + 0.5 * 40^2 = 840 a day, of which dozens explain 12 * 40 = 480: (840 - 480) / 40^2 is left.

        >>> round(DayAhead.of(40.0, 0.5, 12.0).pace_variance, 6)
        0.225
        """
        excess = max(clump - 1.0, 0.0) / max(mean_units, SMALLEST_MEAN)
        return cls(mean_units, max(dispersion - excess, 0.0), clump)

    def given(self, units: float, expected_units: float) -> DayAhead:
        """What is expected of the day's other hours, once so many units were sold where so many were expected.

        Returns
        -------
        DayAhead
            Its mean is that of a day at the pace now expected.

        Examples
        --------
        A pace of mean 1 and variance 0.01 (a gamma of shape 100), and 200 sold for 100 expected: shape 300, rate 200.

        >>> brisk = DayAhead(mean_units=400.0, pace_variance=0.01).given(200.0, 100.0)
        >>> brisk.mean_units, round(1 / brisk.pace_variance)
        (600.0, 300)
        """
        if self.pace_variance <= 0.0:
            return self
        clump, shape = max(self.clump, 1.0), 1.0 / self.pace_variance
        known = shape + max(units, 0.0) / clump
        return DayAhead(self.mean_units * known / (shape + expected_units / clump), 1.0 / known, self.clump)


class Nowcast(NamedTuple):
    """What is expected of the rest of a day.

    Parameters
    ----------
    pace
        Posterior mean of demand over forecast, for the hours to come.
    rest
        Distribution of the demand of these hours.
    """

    pace: float
    rest: DemandDistribution


def nowcast(day: DayAhead, expected: Sequence[float], sold: Sequence[float], rest_share: float) -> Nowcast:
    """Update a day's forecast by its closed hours.

    Parameters
    ----------
    day
        As forecast the evening before.
    expected
        Of each closed hour, its share of the day's demand, times the share of the hour in which the shelf could sell.
    sold
        Units sold in each of them.
    rest_share
        Share of the day's demand that is still to come.

    Examples
    --------
    Forty were expected by noon and forty were sold: nothing has changed. Sixty sold: the afternoon will be brisk.

    >>> day = DayAhead(mean_units=80.0, pace_variance=0.1)
    >>> as_usual, brisk = (nowcast(day, [0.125] * 4, [n] * 4, 0.5) for n in (10.0, 15.0))
    >>> round(as_usual.rest.mean_units), 50 < brisk.rest.mean_units < 60
    (40, True)
    """
    counted = 1.0 / day.clump
    wanted = [max(share, 0.0) * day.mean_units * counted for share in expected]
    came = [max(units, 0.0) * counted for units in sold]
    usual, changed = 1.0 / max(day.pace_variance, _LEAST_VARIANCE), 1.0 / CHANGED_VARIANCE
    e, n, elapsed = sum(wanted), sum(came), sum(expected)
    logs = [math.log1p(-CHANGE_SHARE) + _evidence(n, e, usual)]
    paces = [_Pace.of(n, e, usual)]
    e_before = n_before = 0.0
    for share, e_hour, n_hour in zip(expected, wanted, came, strict=True):
        if share > 0.0:
            e_after, n_after = max(e - e_before, 0.0), max(n - n_before, 0.0)
            prior = math.log(CHANGE_SHARE * share / elapsed)
            logs.append(prior + _evidence(n_before, e_before, usual) + _evidence(n_after, e_after, changed))
            paces.append(_Pace.of(n_after, e_after, changed))
        e_before += e_hour
        n_before += n_hour
    return _average(day, logs, paces, rest_share)


def _average(day: DayAhead, logs: Sequence[float], paces: Sequence[_Pace], rest_share: float) -> Nowcast:
    best = max(logs)
    weights = [math.exp(log - best) for log in logs]
    total = sum(weights)
    pace = sum(w * one.mean for w, one in zip(weights, paces, strict=True)) / total
    square = sum(w * (one.variance + one.mean * one.mean) for w, one in zip(weights, paces, strict=True)) / total
    to_come = rest_share * day.mean_units
    mean = to_come * pace
    if mean <= SMALLEST_MEAN:
        return Nowcast(pace, DemandDistribution(0.0, day.pace_variance))
    variance = day.clump * mean + to_come * to_come * max(square - pace * pace, 0.0)
    return Nowcast(pace, DemandDistribution(mean, max(variance - mean, 0.0) / (mean * mean)))


class _Pace(NamedTuple):
    mean: float
    variance: float

    @classmethod
    def of(cls, n: float, e: float, shape: float) -> _Pace:
        """Posterior of a gamma pace of mean 1."""
        mean = (shape + n) / (shape + e)
        return cls(mean, mean / (shape + e))


def _evidence(n: float, e: float, shape: float) -> float:
    """Log probability of n counts where e were expected, but for what does not depend on the pace."""
    gain = math.lgamma(shape + n) - math.lgamma(shape)
    return gain + shape * math.log(shape) - (shape + n) * math.log(shape + e)


def chance_at_least(day: DayAhead, units: float, expected_units: float) -> float:
    """Probability of at least so many units where `expected_units` of the day's were expected.

    Examples
    --------
    >>> poisson = DayAhead(mean_units=24.0, pace_variance=0.0)
    >>> round(chance_at_least(poisson, 5.0, 2.0), 6)    # 1 - exp(-2) (1 + 2 + 2 + 4/3 + 2/3)
    0.052653
    """
    clump = max(day.clump, 1.0)
    return 1.0 - counts.cdf(math.ceil(units / clump - 1e-9) - 1, expected_units / clump, day.pace_variance)


def chance_at_most(day: DayAhead, units: float, expected_units: float) -> float:
    """Probability of at most so many units where `expected_units` of the day's were expected.

    Examples
    --------
    >>> poisson = DayAhead(mean_units=24.0, pace_variance=0.0)
    >>> round(chance_at_most(poisson, 0.0, 3.0), 6)    # exp(-3)
    0.049787
    """
    clump = max(day.clump, 1.0)
    return counts.cdf(math.floor(max(units, 0.0) / clump + 1e-9), expected_units / clump, day.pace_variance)
