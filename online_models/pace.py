"""Is today's demand out of the ordinary? A count test that may look at every hour close.

Why: a test that is repeated through the day finds something on every ordinary day sooner or later. The one rule: each
look spends its hour's share of the day's `ALPHA`, so that all looks of a day together raise a false alarm with
probability at most `ALPHA`, whichever of them are taken (Bonferroni's inequality; alpha is spent in proportion to
information after Lan and DeMets). A look is two tests, and each has half of what it spends:

::

    the day so far     P(at least, or at most, as much as sold so far), by the forecast
    its newest hour    P(at least, or at most, as much as sold in it), by the forecast and the pace of the hours before

The second finds at once what begins at 11:00: a forecast may be off by a fifth, but then it is off since eight.

Real demand has heavier tails than any count distribution: one customer takes a pallet. Two guards against that:

- No hour counts for more than the next largest one, or twice what was expected of it. A doubled demand is seen in its
  first hour, if the product sells enough to tell; elsewhere a single bulk order, however large, is not a surge until
  a second hour confirms it.
- What was sold beyond expectation exceeds what the best day of the last eight weeks sold beyond the median day.

References
----------
Lan, K. K. G., DeMets, D. L. (1983): Discrete sequential boundaries for clinical trials. Biometrika 70(3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from online_models.nowcast import DayAhead, chance_at_least, chance_at_most

#: Probability of a false alarm a series-day and side.
ALPHA = 1e-4
#: A forecast below this is taken as this: from a run of zeros nobody knows that nothing can sell.
LEAST_MEAN_UNITS = 0.5
_TESTS_A_LOOK = 2
_HOUR_FACTOR = 2.0
#: What lies within so many standard deviations is never as unlikely as a share of alpha: nothing is worked out then.
#: (The left tail of a negative binomial is the short one: with some, 3 would do.)
_USUAL_SQUARED = 2.5**2


def is_usual(day: DayAhead, units: float, expected_units: float) -> bool:
    """Return whether so many units cannot be a finding; cheap, for it is asked at every hour close.

    Examples
    --------
    The standard deviation is 5: 37.5 is two and a half of them above 25.

    >>> day = DayAhead(mean_units=50.0, pace_variance=0.0)
    >>> is_usual(day, 37.0, 25.0), is_usual(day, 38.0, 25.0)
    (True, False)
    """
    excess = units - expected_units
    variance = max(day.clump, 1.0) * expected_units + day.pace_variance * expected_units * expected_units
    return excess * excess < _USUAL_SQUARED * variance


def first_unusual(day: DayAhead, units: float, elapsed: Iterable[float]) -> int | None:
    """Return at which of several later moments no further unit would be unusual; None if at none.

    Parameters
    ----------
    day
        As forecast.
    units
        Sold so far.
    elapsed
        Share of the day before each of the moments.

    Examples
    --------
    Two sold; by half of the day 12 are expected: 10 fewer is more than 2.5 times the root of 12.

    >>> first_unusual(DayAhead(mean_units=24.0, pace_variance=0.0), 2.0, [0.25, 0.5, 0.75, 1.0])
    1
    """
    mean, variance, clump = day.mean_units, day.pace_variance, max(day.clump, 1.0)
    for place, share in enumerate(elapsed):
        expected = mean * share
        missing = expected - units
        if missing > 0.0 and missing * missing >= _USUAL_SQUARED * (clump * expected + variance * expected * expected):
            return place
    return None


class Look(NamedTuple):
    """A day at the close of one of its hours.

    Parameters
    ----------
    day
        As forecast.
    before, expected_before
        Units sold, and expected, before the hour.
    units, expected
        In the hour.
    hour_share
        The hour's share of a day's demand: what the look may spend of alpha.

    Examples
    --------
    >>> day = DayAhead(mean_units=800.0, pace_variance=0.04)
    >>> usual, doubled, none = (Look(day, 300.0, 300.0, n, 100.0, 0.125) for n in (110.0, 200.0, 0.0))
    >>> usual.surge() is None, doubled.surge() < 1e-5, doubled.slump() is None, none.slump() < 1e-5
    (True, True, True, True)
    """

    day: DayAhead
    before: float
    expected_before: float
    units: float
    expected: float
    hour_share: float

    def is_usual(self) -> bool:
        """Return whether neither test can find anything."""
        if not is_usual(self.day, self.before + self.units, self.expected_before + self.expected):
            return False
        return is_usual(*self._hour())

    def _hour(self) -> tuple[DayAhead, float, float]:
        """The hour by itself: what was expected of it, the hours before it known."""
        known = self.day.given(self.before, self.expected_before)
        pace = known.mean_units / self.day.mean_units if self.day.mean_units > 0.0 else 1.0
        return known, self.units, self.expected * pace

    def _tests(self) -> tuple[tuple[DayAhead, float, float], ...]:
        return (self.day, self.before + self.units, self.expected_before + self.expected), self._hour()

    def surge(self) -> float | None:
        """Probability of at least as much, if that is a finding."""
        return self._found([chance_at_least(*test) for test in self._tests() if test[1] > test[2]])

    def slump(self) -> float | None:
        """Probability of at most as much, if that is a finding."""
        return self._found([chance_at_most(*test) for test in self._tests() if test[1] < test[2]])

    def _found(self, chances: Sequence[float]) -> float | None:
        least = min(chances, default=1.0)
        return least if least < ALPHA * self.hour_share / _TESTS_A_LOOK else None


def without_bulk(sold: Sequence[float], expected: Sequence[float]) -> list[float]:
    """Units by hour with the largest hour cut to the second largest, or twice what was expected of it.

    Parameters
    ----------
    sold, expected
        Units sold and expected in each closed hour.

    Examples
    --------
    >>> without_bulk([2.0, 100.0, 1.0], [2.0, 2.0, 2.0]), without_bulk([9.0, 2.0, 8.0], [2.0, 2.0, 2.0])
    ([2.0, 4.0, 1.0], [8.0, 2.0, 8.0])
    """
    cut = list(sold)
    if cut:
        top = max(range(len(cut)), key=cut.__getitem__)
        second = max((part for at, part in enumerate(cut) if at != top), default=0.0)
        cut[top] = min(cut[top], max(second, _HOUR_FACTOR * expected[top]))
    return cut


def beats_the_best_day(excess_units: float, past: Sequence[float]) -> bool:
    """Return whether more was sold beyond expectation than the best past day sold beyond the median one.

    Examples
    --------
    >>> beats_the_best_day(7.0, [10.0, 12.0, 18.0]), beats_the_best_day(6.0, [10.0, 12.0, 18.0])
    (True, False)
    """
    return excess_units > (max(past) - median(past) if past else 0.0)
