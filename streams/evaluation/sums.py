"""Sums of errors by series, from which every score and its interval over series follows.

Definitions are those of `online_models.scores`, which adds up one forecast at a time; here whole arrays are added, and
a score of any weighting of series (a bootstrap's draw, a class) costs one product.

==========  ================================================================================================
score       meaning
==========  ================================================================================================
wape        sum |forecast - actual| / sum actual
bias        sum (forecast - actual) / sum actual
mae, rmse   mean |error|, root of the mean squared error; units, so large series count most
mape        mean |error| / actual, over periods that sold; None where none did
mase        mean |error| / (the series' mean |seasonal difference| before the tail)
rmsse       root of the mean squared error / (mean squared seasonal difference before the tail)
pinball     mean quantile loss over `LEVELS`, over mean actual; pinball_90 that of the upper 90 %
money       what stocking the critical quantile (the mean, where there are no quantiles) would have lost, over the
            turnover, each unit sold for 1; its parts: money_over (stock left over), money_under (demand unmet)
==========  ================================================================================================

The one rule: two forecasts are compared on the cells that both have, and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.costs import relative_costs
from streams.evaluation.forecaster import LEVELS
from streams.evaluation.forecasts import Forecasts
from streams.evaluation.panel import PERIODS_A_YEAR, Bools, Floats, Panel

FIELDS: Final = (
    "n", "absolute", "error", "actual", "square", "n_scaled", "scaled", "n_squared", "squared", "n_percent", "percent",
    "n_quantiles", "quantile_actual", "pinball", "pinball_50", "pinball_90", "pinball_95", "covered_90",
    "money_actual", "money_over", "money_under",
)  # fmt: skip
_UPPER: Final = {"pinball_50": 0.5, "pinball_90": 0.9, "pinball_95": 0.95}

Score = float | None
ScoreTable = dict[str, Score]


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """Scales of MASE and RMSSE by series, from before the scored tail; NaN where there is none.

    `costs`, series x (under, over): what a unit too few, and one too many, costs; None: nothing is said of money.
    """

    absolute: Floats
    square: Floats
    costs: Floats | None = None


def measure_yardsticks(panel: Panel, tail: int) -> Yardsticks:
    """Mean absolute and mean squared seasonal difference before the tail.

    Parameters
    ----------
    panel
        The data.
    tail
        Length of its scored end.
    """
    past = panel.demand[:, : panel.n_periods - tail]
    difference = past[:, panel.season :] - past[:, : -panel.season]
    count = np.isfinite(difference).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        absolute = np.nansum(np.abs(difference), axis=1) / count
        square = np.nansum(difference**2, axis=1) / count
    days = 365.25 / PERIODS_A_YEAR[panel.period]
    costs = np.array(relative_costs(panel.categories, days), np.float64).reshape(-1, 2)
    return Yardsticks(np.where(absolute > 0.0, absolute, np.nan), np.where(square > 0.0, square, np.nan), costs)


@dataclass(frozen=True, slots=True)
class Sums:
    """By series: the sums of `FIELDS`."""

    table: Floats

    def of(self, name: str) -> Floats:
        """One sum by series."""
        return self.table[:, FIELDS.index(name)]

    def score(self, weights: Floats | None = None) -> ScoreTable:
        """All scores of these series together.

        Parameters
        ----------
        weights
            How often each series counts; None: once.
        """
        totals = self.table.sum(axis=0) if weights is None else weights @ self.table
        return {
            name: float(values[0]) if np.isfinite(values[0]) else None for name, values in scores(totals[None]).items()
        }


def scores(totals: Floats) -> dict[str, Floats]:
    """Scores of rows of totals (draw x field); NaN where nothing stands behind one.

    Parameters
    ----------
    totals
        Sums of `FIELDS`, a row for each draw of series.
    """
    t = {name: totals[:, place] for place, name in enumerate(FIELDS)}
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "n": t["n"],
            "wape": t["absolute"] / t["actual"],
            "bias": t["error"] / t["actual"],
            "mae": t["absolute"] / t["n"],
            "rmse": np.sqrt(t["square"] / t["n"]),
            "mape": t["percent"] / t["n_percent"],
            "mase": t["scaled"] / t["n_scaled"],
            "rmsse": np.sqrt(t["squared"] / t["n_squared"]),
            "coverage_90": t["covered_90"] / t["n_quantiles"],
        }
        for name in ("money_over", "money_under"):
            found[name] = t[name] / t["money_actual"]
        found["money"] = found["money_over"] + found["money_under"]
        for name in ("pinball", *_UPPER):
            found[name] = t[name] / t["quantile_actual"]
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}


def add_up(forecasts: Forecasts, actual: Floats, yardsticks: Yardsticks, cells: Bools) -> Sums:
    """Add up errors by series.

    Parameters
    ----------
    forecasts
        What was said.
    actual
        What came true, series x origin x lead.
    yardsticks
        Of the same series.
    cells
        Which cells count; those without a forecast or an actual must be false.
    """
    error = np.where(cells, forecasts.means - actual, 0.0)
    size = np.abs(error)
    y = np.where(cells, actual, 0.0)
    count = cells.sum(axis=(1, 2)).astype(float)
    sold = cells & (y > 0.0)
    sums = {
        "n": count,
        "absolute": size.sum(axis=(1, 2)),
        "error": error.sum(axis=(1, 2)),
        "actual": y.sum(axis=(1, 2)),
        "square": (error**2).sum(axis=(1, 2)),
        "n_percent": sold.sum(axis=(1, 2)).astype(float),
        "percent": np.divide(size, y, out=np.zeros_like(size), where=sold).sum(axis=(1, 2)),
    }
    for name, scale in (("scaled", yardsticks.absolute), ("squared", yardsticks.square)):
        known = np.isfinite(scale)
        sums[f"n_{name}"] = np.where(known, count, 0.0)
        total = sums["absolute" if name == "scaled" else "square"]
        sums[name] = np.divide(total, scale, out=np.zeros_like(total), where=known)
    sums |= _quantile_sums(forecasts, y, cells)
    if yardsticks.costs is not None:
        sums |= _money_sums(forecasts, y, cells, yardsticks.costs)
    return Sums(np.stack([sums.get(name, np.zeros_like(count)) for name in FIELDS], axis=1))


def _quantile_sums(forecasts: Forecasts, y: Floats, cells: Bools) -> dict[str, Floats]:
    if forecasts.quantiles is None:
        return {}
    stated = cells & np.isfinite(forecasts.quantiles).all(axis=3)
    losses = []
    for place, level in enumerate(LEVELS):
        short = np.where(stated, y - forecasts.quantiles[..., place], 0.0)
        losses.append(np.maximum(level * short, (level - 1.0) * short).sum(axis=(1, 2)))
    low, high = forecasts.quantiles[..., LEVELS.index(0.05)], forecasts.quantiles[..., LEVELS.index(0.95)]
    found = {
        "n_quantiles": stated.sum(axis=(1, 2)).astype(float),
        "quantile_actual": np.where(stated, y, 0.0).sum(axis=(1, 2)),
        "pinball": np.mean(losses, axis=0),
        "covered_90": (stated & (low <= y) & (y <= high)).sum(axis=(1, 2)).astype(float),
    }
    return found | {name: losses[LEVELS.index(level)] for name, level in _UPPER.items()}


def _money_sums(forecasts: Forecasts, y: Floats, cells: Bools, costs: Floats) -> dict[str, Floats]:
    under, over = costs[:, 0, None, None], costs[:, 1, None, None]
    left = np.where(cells, _stock(forecasts, costs) - y, 0.0)
    known = np.isfinite(left)
    left = np.where(known, left, 0.0)
    return {
        "money_actual": np.where(known, y, 0.0).sum(axis=(1, 2)),
        "money_over": (over * np.maximum(left, 0.0)).sum(axis=(1, 2)),
        "money_under": (under * np.maximum(-left, 0.0)).sum(axis=(1, 2)),
    }


def _stock(forecasts: Forecasts, costs: Floats) -> Floats:
    """Quantiles at each series' critical ratio, between the stated levels in a straight line."""
    if forecasts.quantiles is None:
        return forecasts.means
    levels = np.array(LEVELS)
    ratio = np.clip(costs[:, 0] / np.maximum(costs.sum(axis=1), 1e-12), levels[0], levels[-1])
    above = np.clip(np.searchsorted(levels, ratio), 1, len(levels) - 1)
    share = ((ratio - levels[above - 1]) / (levels[above] - levels[above - 1]))[:, None, None]
    low = np.take_along_axis(forecasts.quantiles, (above - 1)[:, None, None, None], axis=3)[..., 0]
    high = np.take_along_axis(forecasts.quantiles, above[:, None, None, None], axis=3)[..., 0]
    found: Floats = low + share * (high - low)
    return found


def common_cells(actual: Floats, *forecasts: Forecasts) -> Bools:
    """Cells (series x origin x lead) of which the truth and all these forecasts are known."""
    cells: Bools = np.isfinite(actual)
    for each in forecasts:
        cells = cells & np.isfinite(each.means)
    return cells
