"""What advertising money brings: units that would not have been sold without it, with an interval.

Spend works on for some days and wears off when there is much of it. How long and how soon is not known, so every pair
of a small grid is tried, and they are averaged by how well each explains demand::

    carry-over   stock_t = spend_t + carry x stock_(t-1)            carry 0, .2, .4, .6, .8
    saturation   effect_t = stock_t / (stock_t + half)              half of the stock's mean x .5, 1, 2, 4, or a line
    demand_t     = slot's level + trend + beta x effect_t + noise   least squares, beta >= 0
    weight       ~ exp(-BIC / 4): half the usual rate, for no pair is quite true

The interval is that of the mixture: the noise of each pair's beta, and the doubt which pair it is. Noise that lingers
from day to day widens it (the residuals' own autocorrelation).

The one rule: it is worked out on request from what was recorded, and says None where spend never moved.

References
----------
Jin, Wang, Sun, Chan and Koehler (2017), *Bayesian methods for media mix modeling with carryover and shape effects*.
Raftery (1995), *Bayesian model selection in social research*, for weights by BIC. Grünwald and van Ommen (2017),
*Inconsistency of Bayesian inference for misspecified linear models, and a proposal for repairing it*, for the rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from online_models.least_squares import Vector

CARRY: Final = (0.0, 0.2, 0.4, 0.6, 0.8)
#: Half-saturation over the mean stock; infinite: a straight line.
HALF: Final = (0.5, 1.0, 2.0, 4.0, math.inf)
_LEAST_PERIODS: Final = 28
_LONGEST_MEMORY: Final = 0.9
#: Of learning from the fit: half of the usual, for no pair of the grid is quite true.
_RATE: Final = 0.25


class SpendEffect(NamedTuple):
    """What spend has brought.

    Parameters
    ----------
    incremental_units
        Units over all periods that would not have been sold without it.
    low_units, high_units
        Ends of the central 90 % interval.
    carry, half
        Of the likeliest pair: the share that works on into the next period; the stock at which half of the largest
        effect is reached (infinite: no saturation).
    units_each
        Units for one more unit of money, at the end, by the likeliest pair.
    """

    incremental_units: float
    low_units: float
    high_units: float
    carry: float
    half: float
    units_each: float


class _Fit(NamedTuple):
    mean: float
    deviation: float
    score: float
    carry: float
    half: float
    slope: float


def measure_spend(demand: Sequence[float], spend: Sequence[float], season: int = 7) -> SpendEffect | None:
    """Return what spend has brought over a run of periods; None where too little was seen or spend never moved.

    Parameters
    ----------
    demand
        Units of each period.
    spend
        Money spent in each.
    season
        Slots with a level of their own.

    Examples
    --------
    >>> spend = [10.0 if day % 9 < 3 else 0.0 for day in range(90)]
    >>> found = measure_spend([50.0 + 2.0 * money + day % 2 for day, money in enumerate(spend)], spend, season=1)
    >>> round(found.incremental_units), found.carry    # 2 units for each of 300
    (600, 0.0)
    """
    y, money = np.asarray(demand, np.float64), np.asarray(spend, np.float64)
    if len(y) < max(_LEAST_PERIODS, 3 * season) or np.ptp(money) <= 0.0:
        return None
    base = _base(len(y), season)
    fits = [fit for carry in CARRY for half in HALF if (fit := _fit(y, money, base, carry, half)) is not None]
    if not fits:
        return None
    best = min(fits, key=lambda fit: fit.score)
    weights = np.exp(-_RATE * (np.array([fit.score for fit in fits]) - best.score))
    weights /= weights.sum()
    mean = float(sum(weight * fit.mean for weight, fit in zip(weights, fits, strict=True)))
    low, high = (_quantile(level, fits, weights) for level in (0.05, 0.95))
    return SpendEffect(mean, low, high, best.carry, best.half, best.slope)


def _base(periods: int, season: int) -> Vector:
    """Columns of what is there without spend: a level for each slot, and a straight trend."""
    rows = np.zeros((periods, season + 1))
    at = np.arange(periods)
    rows[at, at % season] = 1.0
    rows[:, season] = at / periods - 0.5
    return rows


def _stock(money: Vector, carry: float) -> Vector:
    stock = np.empty_like(money)
    held = 0.0
    for at, spent in enumerate(money.tolist()):
        held = spent + carry * held
        stock[at] = held
    return stock


def _fit(y: Vector, money: Vector, base: Vector, carry: float, half: float) -> _Fit | None:
    """Fit one pair; None where it says that spend keeps people away."""
    stock = _stock(money, carry)
    middle = float(stock.mean()) * half
    effect = stock / stock.mean() if math.isinf(half) else stock / (stock + middle)
    rows = np.column_stack([base, effect])
    solution, _, rank, _ = np.linalg.lstsq(rows, y, rcond=None)
    freedom = len(y) - rows.shape[1]
    if rank < rows.shape[1] or freedom < 1:
        return None
    left = y - rows @ solution
    squares = max(float(left @ left), 1e-9 * float(y @ y) + 1e-12)
    inverse = np.linalg.inv(rows.T @ rows)
    variance = squares / freedom * float(inverse[-1, -1]) * _lingering(left)
    total = float(effect.sum())
    score = len(y) * math.log(squares / len(y)) + rows.shape[1] * math.log(len(y))
    if solution[-1] <= 0.0:
        return None
    now = float(stock[-1])
    slope = 1.0 / float(stock.mean()) if math.isinf(half) else middle / (now + middle) ** 2
    units_each = float(solution[-1]) * slope / (1.0 - carry)
    return _Fit(float(solution[-1]) * total, math.sqrt(variance) * total, score, carry, half, units_each)


def _lingering(left: Vector) -> float:
    """How much wider an interval is where errors linger: (1 + r) / (1 - r) of their autocorrelation r."""
    square = float(left @ left)
    if square <= 0.0:
        return 1.0
    r = min(max(float(left[1:] @ left[:-1]) / square, 0.0), _LONGEST_MEMORY)
    return (1.0 + r) / (1.0 - r)


def _quantile(level: float, fits: Sequence[_Fit], weights: Vector) -> float:
    """Quantile of the mixture of the fits' normal errors, by halving."""
    normal = NormalDist()
    reach = max(fit.deviation for fit in fits)
    low = min(fit.mean for fit in fits) - 6.0 * reach
    high = max(fit.mean for fit in fits) + 6.0 * reach
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = sum(
            weight * (normal.cdf((middle - fit.mean) / fit.deviation) if fit.deviation > 0.0 else fit.mean <= middle)
            for weight, fit in zip(weights.tolist(), fits, strict=True)
        )
        low, high = (middle, high) if below < level else (low, middle)
    return 0.5 * (low + high)
