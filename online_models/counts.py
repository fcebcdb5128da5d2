"""Negative binomial counts: how likely each number of units is, given a mean and a dispersion.

Why: shelf demand is a count, more scattered than Poisson. The one rule: `var = mean + dispersion * mean^2`; dispersion
0 is Poisson. Plain recurrences, no SciPy: these run at every close.

=================  ==============================================================================
mean <= 100        exact: the recurrence of the probabilities from 0 upwards
mean > 100         shifted gamma of the same mean, variance and skewness, half a unit for
                   continuity; its cube root is taken as normal (Wilson and Hilferty) where its
                   shape is at least 4, else the incomplete gamma's series
=================  ==============================================================================

References
----------
Johnson, Kemp and Kotz, *Univariate Discrete Distributions*, 3rd ed., chapter 5. Wilson and Hilferty (1931), *The
distribution of chi-square*, PNAS 17(12).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

LARGEST_EXACT_MEAN = 100.0
_WILSON_HILFERTY_SHAPE = 4.0
_NO_MORE = 1e-18
_POISSON = 1e-9
_SQRT_HALF = math.sqrt(0.5)


def pmf(units: int, mean: float, dispersion: float) -> float:
    """Probability of exactly `units`.

    Parameters
    ----------
    units
        A whole number of units.
    mean, dispersion
        Of the negative binomial; `var = mean + dispersion * mean^2`.

    Examples
    --------
    >>> round(pmf(0, 2.0, 0.0), 6)    # Poisson: exp(-2)
    0.135335
    >>> round(pmf(1, 1.0, 1.0), 6)    # geometric: 1/2 * 1/2
    0.25
    """
    if units < 0:
        return 0.0
    if mean <= 0.0:
        return 1.0 if units == 0 else 0.0
    if dispersion < _POISSON:
        return math.exp(units * math.log(mean) - mean - math.lgamma(units + 1))
    shape = 1.0 / dispersion
    # A sum of logs, not a difference of lgamma(units + shape) and lgamma(shape): that cancels for large shapes.
    rising = sum(math.log1p(i * dispersion) for i in range(units))
    log_p = rising - math.lgamma(units + 1) + units * math.log(mean)
    return math.exp(log_p - (shape + units) * math.log1p(dispersion * mean))


def cdf(units: float, mean: float, dispersion: float) -> float:
    """Probability of at most `units`.

    Parameters
    ----------
    units
        Number of units; the part after the point is cut off.
    mean, dispersion
        Of the negative binomial.

    Examples
    --------
    >>> round(cdf(1, 1.0, 1.0), 6)    # geometric: 1/2 + 1/4
    0.75
    """
    if units < 0.0:
        return 0.0
    if mean <= 0.0:
        return 1.0
    if mean > LARGEST_EXACT_MEAN:
        return ShiftedGamma.of(mean, dispersion).cdf(math.floor(units) + 0.5)
    p = _at_zero(mean, dispersion)
    total, k, last = p, 0, math.floor(units)
    odds, growth = _recurrence(mean, dispersion)
    while k < last:
        p *= (odds + growth * k) / (k + 1)
        k += 1
        total += p
        if p < _NO_MORE and k > mean:
            break
    return min(total, 1.0)


def cdf_around(units: float, mean: float, dispersion: float) -> tuple[float, float]:
    """Probabilities of less than `units` and of at most that, in one pass.

    Parameters
    ----------
    units
        A whole number of units.
    mean, dispersion
        Of the negative binomial.

    Examples
    --------
    >>> below, at_most = cdf_around(1, 1.0, 1.0)    # geometric: 1/2, and 1/4 more
    >>> round(below, 6), round(at_most, 6)
    (0.5, 0.75)
    """
    if mean <= 0.0 or mean > LARGEST_EXACT_MEAN or units < 1.0:
        return cdf(units - 1.0, mean, dispersion), cdf(units, mean, dispersion)
    below = 0.0
    p = total = _at_zero(mean, dispersion)
    odds, growth = _recurrence(mean, dispersion)
    for k in range(math.floor(units)):
        p *= (odds + growth * k) / (k + 1)
        below, total = total, total + p
        if p < _NO_MORE and k > mean:
            break
    return min(below, 1.0), min(total, 1.0)


def quantile(p: float, mean: float, dispersion: float) -> float:
    """Least number of units whose probability of not being exceeded reaches `p`.

    Parameters
    ----------
    p
        Level, strictly between 0 and 1.
    mean, dispersion
        Of the negative binomial.

    Examples
    --------
    >>> quantile(0.75, 1.0, 1.0), quantile(0.76, 1.0, 1.0)
    (1.0, 2.0)
    """
    return quantiles((p,), mean, dispersion)[0]


def quantiles(levels: Sequence[float], mean: float, dispersion: float) -> tuple[float, ...]:
    """Quantiles of several levels in one pass.

    Parameters
    ----------
    levels
        Strictly between 0 and 1, ascending.
    mean, dispersion
        Of the negative binomial.

    Returns
    -------
    tuple
        Units, ascending.

    Examples
    --------
    >>> quantiles((0.5, 0.9, 0.95), 3.0, 0.0)
    (3.0, 5.0, 6.0)
    """
    if not levels:
        return ()
    if not (levels[0] > 0.0 and levels[-1] < 1.0):
        raise ValueError(f"levels lie strictly between 0 and 1, not {levels}")
    if mean <= 0.0:
        return (0.0,) * len(levels)
    if mean > LARGEST_EXACT_MEAN:
        law = ShiftedGamma.of(mean, dispersion)
        return tuple([float(max(0, math.ceil(law.quantile(p) - 0.5))) for p in levels])
    found: list[float] = []
    p = total = _at_zero(mean, dispersion)
    odds, growth = _recurrence(mean, dispersion)
    k = 0
    for level in levels:
        # The second half ends a walk that rounding keeps a hair below a level close to 1.
        while total < level and (p >= _NO_MORE or k <= mean):
            p *= (odds + growth * k) / (k + 1)
            k += 1
            total += p
        found.append(float(k))
    return tuple(found)


def _at_zero(mean: float, dispersion: float) -> float:
    if dispersion < _POISSON:
        return math.exp(-mean)
    return math.exp(-math.log1p(dispersion * mean) / dispersion)


def _recurrence(mean: float, dispersion: float) -> tuple[float, float]:
    """The ratio of neighbours is p(k+1) / p(k) = (odds + growth * k) / (k + 1)."""
    if dispersion < _POISSON:
        return mean, 0.0
    odds = mean / (1.0 + dispersion * mean)
    return odds, dispersion * odds


def normal_cdf(z: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-z * _SQRT_HALF)


@lru_cache(maxsize=256)
def normal_quantile(p: float) -> float:
    """Standard normal quantile; the few levels asked for are remembered."""
    return NormalDist().inv_cdf(p)


class ShiftedGamma(NamedTuple):
    """A gamma moved to the left: the negative binomial's mean, variance and skewness in a continuous law.

    Parameters
    ----------
    shape
        Of the gamma.
    span
        Its mean, units.
    offset
        How far it is moved to the left, units.

    Notes
    -----
    With skewness g and standard deviation s: shape 4 / g^2, span 2 s / g, and the mean is span - offset. A gamma that
    matches two moments only is twice as skewed as Poisson.
    """

    shape: float
    span: float
    offset: float

    @classmethod
    def of(cls, mean: float, dispersion: float) -> ShiftedGamma:
        """The one for a negative binomial of this mean (above 0) and dispersion."""
        skew = 1.0 + 2.0 * dispersion * mean
        span = 2.0 * mean * (1.0 + dispersion * mean) / skew
        return cls(2.0 * span / skew, span, mean / skew)

    def cdf(self, x: float) -> float:
        """Probability of at most `x` units."""
        shape, span, offset = self
        x = (x + offset) / span
        if x <= 0.0:
            return 0.0
        return cube_root_cdf(shape, x) if shape >= _WILSON_HILFERTY_SHAPE else lower_gamma(shape, x * shape)

    def quantile(self, p: float) -> float:
        """Units not exceeded with probability `p`."""
        shape, span, offset = self
        ninth = 1.0 / (9.0 * shape)
        if shape >= _WILSON_HILFERTY_SHAPE:
            root = 1.0 - ninth + normal_quantile(p) * math.sqrt(ninth)
            return float(span * max(root, 0.0) ** 3 - offset)
        low, high = -offset, 2.0 * span
        while self.cdf(high) < p:
            low, high = high, 2.0 * high
        # Halving ends far below the unit that the caller rounds to.
        while high - low > 0.01 and low < 0.5 * (low + high) < high:
            middle = 0.5 * (low + high)
            if self.cdf(middle) < p:
                low = middle
            else:
                high = middle
        return high


def cube_root_cdf(shape: float, x: float) -> float:
    """Distribution function of a gamma of mean 1 at `x`, after Wilson and Hilferty."""
    ninth = 1.0 / (9.0 * shape)
    return normal_cdf((math.cbrt(x) - 1.0 + ninth) / math.sqrt(ninth))


def lower_gamma(shape: float, x: float) -> float:
    """Regularised lower incomplete gamma function P(shape, x), by its power series.

    Meant for small shapes (below some tens); the series then ends after tens of terms.

    References
    ----------
    NIST Digital Library of Mathematical Functions, 8.7.1.

    Examples
    --------
    >>> round(lower_gamma(1.0, 2.0), 9) == round(1 - math.exp(-2.0), 9)
    True
    """
    if x <= 0.0:
        return 0.0
    if x > shape + 40.0 + 12.0 * math.sqrt(shape):
        return 1.0
    term = total = 1.0 / shape
    n = shape
    while term > total * 1e-15:
        n += 1.0
        term *= x / n
        total += term
    return min(1.0, total * math.exp(shape * math.log(x) - x - math.lgamma(shape)))
