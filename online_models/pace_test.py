"""Is today's demand out of the ordinary? A count test that may look at every hour close.

Why: a test that is repeated through the day finds something on every ordinary day sooner or later. The one rule: each
look spends its hour's share of the day's `alpha`, so that all looks of a day together raise a false alarm with
probability at most alpha, whichever of them are taken (Bonferroni's inequality; alpha spending in proportion to
information after Lan and DeMets).

::

    look at hour h    surge   P(at least as much as sold so far)  <  alpha * share of hour h
                      slump   P(at most  as much as sold so far)  <  alpha * share of hour h

Real demand has heavier tails than any count distribution: one customer takes a pallet. Two guards against that:

- No hour counts for more than the next largest one, or twice what was expected of it. A doubled demand is seen in its
  first hour; a single bulk order, however large, is not a surge until a second hour confirms it.
- What was sold beyond expectation exceeds what the best day of the last eight weeks sold beyond the median day.

References
----------
Lan, K. K. G., DeMets, D. L. (1983): Discrete sequential boundaries for clinical trials. Biometrika 70(3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from online_models.nowcast import DayAhead, chance_at_least, chance_at_most

#: Probability of a false alarm a series-day and side.
ALPHA = 1e-4
#: A forecast below this is taken as this: from a run of zeros nobody knows that nothing can sell.
LEAST_MEAN_UNITS = 0.5
_HOUR_FACTOR = 2.0
#: What lies within so many standard deviations is never as unlikely as a share of alpha: nothing is worked out then.
_USUAL_DEVIATIONS = 3.0


def deviation(day: DayAhead, units: float, expected_units: float) -> float:
    """What was sold beyond expectation, in standard deviations.

    Examples
    --------
    >>> deviation(DayAhead(mean_units=50.0, dispersion=0.0), 35.0, 25.0)
    2.0
    """
    variance = max(day.clump, 1.0) * expected_units + day.pace_variance * expected_units * expected_units
    return (units - expected_units) / math.sqrt(variance) if variance > 0.0 else 0.0


def is_usual(day: DayAhead, units: float, expected_units: float) -> bool:
    """Return whether no look at so many units can find anything; cheap, for it is asked at every hour close."""
    return abs(deviation(day, units, expected_units)) < _USUAL_DEVIATIONS


def without_bulk(units: float, sold: Sequence[float], expected: Sequence[float]) -> float:
    """Units so far with the largest hour cut to the second largest, or twice what was expected of it.

    Parameters
    ----------
    units
        Sold so far.
    sold, expected
        Units sold and expected in each closed hour.

    Examples
    --------
    >>> without_bulk(103.0, [2.0, 1.0, 100.0], [2.0, 2.0, 2.0]), without_bulk(7.0, [2.0, 1.0, 4.0], [2.0, 2.0, 2.0])
    (7.0, 7.0)
    """
    if not sold:
        return units
    top = max(range(len(sold)), key=sold.__getitem__)
    second = max((part for at, part in enumerate(sold) if at != top), default=0.0)
    return units - max(0.0, sold[top] - max(second, _HOUR_FACTOR * expected[top]))


def surge_chance(day: DayAhead, units: float, expected_units: float, hour_share: float) -> float | None:
    """Probability of at least so many units, if a look at this hour finds a surge; else None.

    Parameters
    ----------
    day
        As forecast.
    units, expected_units
        Sold so far (without bulk) and expected by now.
    hour_share
        The hour's share of the day: what this look may spend of alpha.

    Examples
    --------
    >>> day = DayAhead(mean_units=80.0, dispersion=0.0)
    >>> surge_chance(day, 40.0, 30.0, 0.1) is None, surge_chance(day, 60.0, 30.0, 0.1) < 1e-5
    (True, True)
    """
    chance = chance_at_least(day, units, expected_units)
    return chance if units > expected_units and chance < ALPHA * hour_share else None


def slump_chance(day: DayAhead, units: float, expected_units: float, hour_share: float) -> float | None:
    """Probability of at most so many units, if a look at this hour finds a slump; else None.

    Parameters as for :func:`surge_chance`.

    Examples
    --------
    >>> day = DayAhead(mean_units=80.0, dispersion=0.0)
    >>> slump_chance(day, 20.0, 30.0, 0.1) is None, slump_chance(day, 5.0, 30.0, 0.1) < 1e-5
    (True, True)
    """
    chance = chance_at_most(day, units, expected_units)
    return chance if units < expected_units and chance < ALPHA * hour_share else None


def beats_the_best_day(excess_units: float, past: Sequence[float]) -> bool:
    """Return whether more was sold beyond expectation than the best past day sold beyond the median one.

    Examples
    --------
    >>> beats_the_best_day(7.0, [10.0, 12.0, 18.0]), beats_the_best_day(6.0, [10.0, 12.0, 18.0])
    (True, False)
    """
    return excess_units > (max(past) - median(past) if past else 0.0)
