"""Which quantile to ask for so that it is kept as often as it says: adaptive conformal levels of one series.

Why: a negative binomial is the wrong law for somebody's demand in its own way. The one rule: a level rises a little
whenever its quantile was exceeded more than it should be, and falls a little otherwise.

::

    level += gamma * (nominal - kept)     kept = share of the observed count's probability that lies below the level

A count has no density: with three units sold, "below the 90 % point" is true of a part of the probability of three. The
share keeps the levels calibrated for small counts too, where the plain indicator over-covers by nature.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from online_models import counts
from online_models.distribution import DemandDistribution

NOMINAL = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""The levels that are tracked; those between are interpolated."""
GAMMA = 0.02
LOWEST, HIGHEST = 0.002, 0.998


def kept_shares(levels: Sequence[float], below: float, at_most: float) -> list[float]:
    """How far each level's quantile was kept, 0 .. 1.

    Parameters
    ----------
    levels
        The levels whose quantiles were issued.
    below, at_most
        Probability of less than the observed count, and of at most that, under the forecast.

    Examples
    --------
    >>> kept_shares((0.1, 0.5, 0.9), below=0.25, at_most=0.75)
    [0.0, 0.5, 1.0]
    """
    width = at_most - below
    if width <= 0.0:
        return [1.0 if level > below else 0.0 for level in levels]
    return [0.0 if level <= below else 1.0 if level >= at_most else (level - below) / width for level in levels]


@dataclass(frozen=True, slots=True)
class CalibratedDistribution(DemandDistribution):
    """A distribution whose quantiles are asked for at levels learnt from the past.

    Parameters
    ----------
    levels
        For each of `NOMINAL`, the level to ask for; ascending.

    Examples
    --------
    >>> plain = DemandDistribution(10.0, 0.1)
    >>> wider = CalibratedDistribution(10.0, 0.1, levels=(0.01, 0.02, 0.05, 0.2, 0.5, 0.8, 0.95, 0.98, 0.99))
    >>> plain.quantile(0.9), wider.quantile(0.9) == plain.quantile(0.95)
    (16.0, True)
    """

    levels: tuple[float, ...] = NOMINAL

    def quantiles(self, levels: Sequence[float]) -> tuple[float, ...]:
        """Quantiles of ascending `levels`, in one pass."""
        found = counts.quantiles([self.level(p) for p in levels], self.mean_units / self.grain, self.dispersion)
        return found if self.grain == 1.0 else tuple([self.grain * steps for steps in found])

    def level(self, p: float) -> float:
        """The level to ask the plain distribution for."""
        at = bisect_left(NOMINAL, p)
        if at < len(NOMINAL) and NOMINAL[at] == p:
            return self.levels[at]
        low, low_level = (NOMINAL[at - 1], self.levels[at - 1]) if at else (0.0, 0.0)
        high, high_level = (NOMINAL[at], self.levels[at]) if at < len(NOMINAL) else (1.0, 1.0)
        return low_level + (p - low) / (high - low) * (high_level - low_level)
