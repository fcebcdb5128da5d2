"""How far demand goes beyond a stock: the chance to exceed it, and by how much on average.

Why: every question about an empty shelf is one about the upper tail of a count. The one rule: the probabilities are
exact; only the search for a stock starts from an approximation (Wilson and Hilferty's cube root).

References
----------
Johnson, Kemp and Kotz, *Univariate Discrete Distributions*, 3rd ed., 5.6: the negative binomial's distribution function
is an incomplete beta function, Poisson's an incomplete gamma function. The partial expectation of a negative binomial
of shape r is its mean times the tail of one of shape r + 1.
"""

from __future__ import annotations

import math

# The scalar functions: five times as fast as the array ones on a single number.
from scipy.special.cython_special import betainc, gammainc

from online_models.distribution import SMALLEST_MEAN

_ROUNDING = 1e-6
#: Below this dispersion a count is Poisson.
_POISSON = 1e-9


class DemandTail:
    """Negative binomial demand of some days together, counted in grains.

    Parameters
    ----------
    mean, dispersion
        `var = mean + dispersion * mean^2`.

    Examples
    --------
    Geometric of mean 1: P(D > 1) = 1/4, and E[max(D - 1, 0)] = 1/4 + 1/8 + ... = 1/2.

    >>> tail = DemandTail(1.0, 1.0)
    >>> round(tail.above(1), 6), round(tail.excess(1.0), 6)
    (0.25, 0.5)
    """

    __slots__ = ("_dispersion", "_mean", "_odds", "_shape")

    def __init__(self, mean: float, dispersion: float) -> None:
        self._mean, self._dispersion = mean, dispersion
        if dispersion >= _POISSON:
            self._shape = 1.0 / dispersion
            self._odds = dispersion * mean / (1.0 + dispersion * mean)
        else:
            self._shape = self._odds = 0.0

    def above(self, stock: float) -> float:
        """Probability of a demand above `stock`."""
        k = math.floor(stock + _ROUNDING) + 1.0
        if k <= 0.0:
            return 1.0
        if self._shape:
            chance: float = betainc(k, self._shape, self._odds)
        else:
            chance = gammainc(k, self._mean) if self._mean > 0.0 else 0.0
        return chance

    def excess(self, stock: float) -> float:
        """E[max(D - stock, 0)]: the demand above it, less the stock as often as it is exceeded."""
        if stock <= 0.0:
            return self._mean - stock
        k = float(math.floor(stock + _ROUNDING))
        if not k:
            beyond = self._mean
        elif self._shape:
            beyond = self._mean * betainc(k, self._shape + 1.0, self._odds)
        else:
            beyond = self._mean * gammainc(k, self._mean) if self._mean > 0.0 else 0.0
        return max(0.0, float(beyond) - stock * self.above(stock))

    def root(self, score: float) -> float:
        """The stock about this many normal scores above the middle, after Wilson and Hilferty."""
        return self.moved(None, score)

    def moved(self, stock: float | None, scores: float) -> float:
        """The stock about so many normal scores above another one (None: above the middle)."""
        mean = max(self._mean, SMALLEST_MEAN)
        skew = 1.0 + 2.0 * self._dispersion * mean
        span = 2.0 * mean * (1.0 + self._dispersion * mean) / skew
        ninth = skew / (18.0 * span)
        offset = mean / skew + 0.5
        start = 1.0 - ninth if stock is None else math.cbrt((stock + offset) / span)
        root = max(start + scores * math.sqrt(ninth), 0.0)
        return span * root * root * root - offset
