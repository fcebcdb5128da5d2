"""Do stated probabilities come true? Randomised probability integral transform, by volume class.

::

    u = P(D < y) + v P(D = y),   v uniform from a seed        a forecast is calibrated when u is uniform
    upper-90 coverage = share of u <= 0.9

Why randomised: a zero cannot be split, so counts overcover by nature however well they are forecast. Where a forecast
is given by its quantiles alone, its distribution function is taken as linear between them, with a jump at a quantile
that is hit, half-way to the levels beside it. The one rule: classes come from demand before the scored tail.

References
----------
Czado, Gneiting and Held (2009), *Predictive model assessment for count data*, Biometrics 65(4).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.evaluation.forecaster import LEVELS
from streams.evaluation.forecasts import Forecasts
from streams.evaluation.panel import Bools, Floats, Indices, Panel

CLASSES: Final = ("low", "mid", "high")
_BINS: Final = 10


def volume_classes(panel: Panel, tail: int) -> Indices:
    """Third of the series by mean demand before the tail: 0 low, 1 mid, 2 high.

    Parameters
    ----------
    panel
        The data.
    tail
        Length of its scored end.
    """
    past = panel.demand[:, : panel.n_periods - tail]
    count = np.maximum(np.isfinite(past).sum(axis=1), 1)
    order = np.argsort(np.nansum(past, axis=1) / count, kind="stable")
    found = np.empty(len(order), np.int64)
    found[order] = np.arange(len(order)) * len(CLASSES) // len(order)
    return found


def draw_pit(forecasts: Forecasts, actual: Floats, seed: int) -> Floats:
    """Randomised PIT of every cell; NaN where unknown.

    Parameters
    ----------
    forecasts
        With quantiles.
    actual
        What came true.
    seed
        Of the randomisation.
    """
    below, upto = forecasts.pit_below, forecasts.pit_upto
    if below is None or upto is None or not np.isfinite(below).any():
        below, upto = _pit_of_quantiles(forecasts, actual)
    u = np.random.default_rng(seed).random(actual.shape)
    return below + u * (upto - below)


def _pit_of_quantiles(forecasts: Forecasts, actual: Floats) -> tuple[Floats, Floats]:
    quantiles = forecasts.quantiles
    if quantiles is None:
        return np.full(actual.shape, np.nan), np.full(actual.shape, np.nan)
    levels = np.array(LEVELS)
    below, upto = np.full(actual.shape, np.nan), np.full(actual.shape, np.nan)
    for cell in np.argwhere(np.isfinite(actual) & np.isfinite(quantiles).all(axis=3)):
        place = tuple(cell)
        below[place], upto[place] = _probabilities(actual[place], quantiles[place], levels)
    return below, upto


def _probabilities(y: float, quantiles: Floats, levels: Floats) -> tuple[float, float]:
    tied = np.flatnonzero(quantiles == y)
    if len(tied):
        # The jump begins between the last level below and the first tied one, and ends likewise; nobody says where.
        edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2.0, [1.0]])
        return float(edges[tied[0]]), float(edges[tied[-1] + 1])
    if y < quantiles[0]:
        return 0.0, float(levels[0])
    if y > quantiles[-1]:
        return float(levels[-1]), 1.0
    at = float(np.interp(y, quantiles, levels))
    return at, at


def upper_coverage(pit: Floats, level: float, cells: Bools) -> float | None:
    """Share of cells whose PIT is at most `level`; None of none."""
    known = pit[cells & np.isfinite(pit)]
    return float((known <= level).mean()) if len(known) else None


def pit_histogram(pit: Floats, cells: Bools) -> list[float]:
    """Share of PIT values in each tenth; a calibrated forecast has 0.1 in all."""
    known = pit[cells & np.isfinite(pit)]
    counts, _ = np.histogram(known, bins=_BINS, range=(0.0, 1.0))
    return [float(count) / max(len(known), 1) for count in counts]


def coverage_by_class(pit: Floats, cells: Bools, classes: Indices, level: float = 0.9) -> dict[str, float | None]:
    """Upper coverage of all, and of each volume class."""
    found = {"all": upper_coverage(pit, level, cells)}
    for place, name in enumerate(CLASSES):
        found[name] = upper_coverage(pit, level, cells & (classes == place)[:, None, None])
    return found


def sum_coverage(forecasts: Forecasts, panel: Panel, periods: int, level: float = 0.9) -> tuple[float | None, int]:
    """Share of sums over trading periods that stay at or under their upper quantile, and their number.

    Parameters
    ----------
    forecasts
        With `sums`.
    panel
        What came true.
    periods, level
        Which sum, and which quantile of `LEVELS`.
    """
    if not forecasts.sums or periods not in forecasts.sums:
        return None, 0
    total = forecasts.sum_actuals(panel, periods)
    upper = forecasts.sums[periods][..., LEVELS.index(level)]
    known = np.isfinite(total) & np.isfinite(upper)
    return (float((total[known] <= upper[known]).mean()), int(known.sum())) if known.any() else (None, 0)
