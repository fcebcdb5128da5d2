"""What demand may be, not only what it is expected to be.

Why: stock is ordered against a quantile. The one rule: a distribution is two numbers, a mean and a dispersion; every
other answer follows from the negative binomial in `counts.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from online_models import counts

LEVEL_SHARE = 1.0 / 30.0
"""What the level's error is taken to be before anything is learnt of it: that of a mean over 30 periods."""
_ROUNDING = 1e-6
SMALLEST_MEAN = 1e-9
"""Units below which nothing is expected: a faded mean's square would underflow."""


@dataclass(frozen=True, slots=True)
class DemandDistribution:
    """Demand of one period, or of several together.

    Parameters
    ----------
    mean_units
        Expected units.
    dispersion
        Excess over Poisson: `var = grain * mean + dispersion * mean^2`.
    grain
        The step in which it is sold, units: 1 for pieces, 0.001 for what is weighed. Demand over its grain is a count.
    level_share
        Variance of the error that all periods forecast from one origin share, over the variance of one period.

    Examples
    --------
    >>> day = DemandDistribution(mean_units=3.0, dispersion=0.0)
    >>> day.quantile(0.9), round(day.cdf(5), 3)
    (5.0, 0.916)
    >>> week = day.sum_over([3.0] * 7)
    >>> week.mean_units, week.quantile(0.9)
    (21.0, 28.0)
    """

    mean_units: float
    dispersion: float
    grain: float = 1.0
    level_share: float = LEVEL_SHARE

    @property
    def variance(self) -> float:
        """Variance in squared units."""
        return self.grain * self.mean_units + self.dispersion * self.mean_units * self.mean_units

    def quantile(self, p: float) -> float:
        """Least units whose probability of not being exceeded reaches `p` (strictly between 0 and 1)."""
        return self.quantiles((p,))[0]

    def quantiles(self, levels: Sequence[float]) -> tuple[float, ...]:
        """Quantiles of ascending `levels`, in one pass."""
        found = counts.quantiles(levels, self.mean_units / self.grain, self.dispersion)
        return found if self.grain == 1.0 else tuple([self.grain * steps for steps in found])

    def cdf(self, units: float) -> float:
        """Probability of demand at most `units`."""
        return counts.cdf(self.steps(units), self.mean_units / self.grain, self.dispersion)

    def steps(self, units: float) -> float:
        """Number of whole grains in some units."""
        return math.floor(units / self.grain + _ROUNDING)

    def sum_over(self, means: Sequence[float]) -> DemandDistribution:
        """Demand of several periods together, each with this dispersion.

        Parameters
        ----------
        means
            Expected units of each period.

        Returns
        -------
        DemandDistribution
            Matched by its mean and variance.

        Notes
        -----
        The periods' noise is independent, but they share one error of the level, and that does not average out:
        `var = sum(m + a m^2) + c ((sum m)^2 - sum m^2)`, where `c = level_share (1/mean + a)`. A level learnt from n
        periods is off by a share of 1/n; how demand wanders comes on top of it (`stack_run.py` learns the share). One
        period alone keeps its own distribution.
        """
        total = sum(means)
        if total <= SMALLEST_MEAN:
            return DemandDistribution(max(total, 0.0), self.dispersion, self.grain, self.level_share)
        squares = sum(m * m for m in means)
        dispersion = summed_dispersion(total, squares, len(means) * self.grain, self.dispersion, self.level_share)
        return DemandDistribution(total, dispersion, self.grain, self.level_share)


def summed_dispersion(
    total: float, squares: float, periods: float, dispersion: float, level_share: float = LEVEL_SHARE
) -> float:
    """Dispersion of a sum of periods with one common level error.

    Parameters
    ----------
    total, squares
        Sum of the periods' means (above `SMALLEST_MEAN`), and of the squares of the means.
    periods
        Their number (times the grain).
    dispersion
        Of one period.
    level_share
        Variance of the level error over that of one period.

    Examples
    --------
    One period has no other to share an error with. Two Poisson periods of 5 that share half of their variance: 10 and
    twice a covariance of 2.5 make 15, which is 10 + 0.05 x 10^2.

    >>> summed_dispersion(5.0, 25.0, 1, 0.3)
    0.3
    >>> summed_dispersion(10.0, 50.0, 2, 0.0, level_share=0.5)
    0.05
    """
    square = total * total
    level_error = (periods / total + dispersion) * level_share
    return (dispersion * squares + level_error * max(square - squares, 0.0)) / square
