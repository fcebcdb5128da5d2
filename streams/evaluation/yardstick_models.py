"""Forecasts that anyone gets for nothing: the seasonal naive, and our own means under a Normal head.

The one rule: what is compared with costs no library, so every run has it.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np

from streams.evaluation.forecaster import LEVELS
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import Floats, Panel

_HALF_LIFE_PERIODS: Final = 28.0


def seasonal_naive(panel: Panel, plan: Plan) -> Forecasts:
    """The last known demand of the same slot; before there is one, the last known demand.

    Parameters
    ----------
    panel, plan
        The data, and when to forecast.
    """
    found = Forecasts.empty(plan, panel.n_series, with_quantiles=False)
    slots = panel.slots()
    last = np.full((panel.n_series, panel.season), np.nan)
    newest = np.full(panel.n_series, np.nan)
    places = {origin: k for k, origin in enumerate(plan.origins)}
    for period in range(panel.n_periods):
        if period in places:
            for lead in range(min(plan.leads, panel.n_periods - period)):
                same = last[:, slots[period + lead]]
                found.means[:, places[period], lead] = np.where(np.isfinite(same), same, newest)
        demand = panel.demand[:, period]
        known = np.isfinite(demand)
        last[known, slots[period]] = demand[known]
        newest[known] = demand[known]
    return found


def normal_head(panel: Panel, ours: Forecasts, run_means: Floats) -> Forecasts:
    """Our own means with Normal quantiles of our own past errors, discounted with a half-life of 28 periods.

    Parameters
    ----------
    panel
        The data.
    ours
        The means to dress.
    run_means
        Series x period: our forecasts one period ahead, from the beginning.
    """
    errors = panel.demand - run_means
    keep = 0.5 ** (1.0 / _HALF_LIFE_PERIODS)
    weight, total = np.zeros(panel.n_series), np.zeros(panel.n_series)
    spread = np.full(panel.demand.shape, np.nan)
    for period in range(panel.n_periods):
        with np.errstate(invalid="ignore", divide="ignore"):
            spread[:, period] = np.sqrt(total / weight)
        known = np.isfinite(errors[:, period])
        weight = np.where(known, keep * weight + 1.0, weight)
        total = np.where(known, keep * total + np.nan_to_num(errors[:, period]) ** 2, total)
    at_origin = spread[:, list(ours.plan.origins)]
    scores = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    quantiles = ours.means[..., None] + at_origin[:, :, None, None] * scores
    # Nobody states negative demand: without the cut the Normal head would lose by a trifle.
    return Forecasts(ours.plan, ours.means, np.maximum(quantiles, 0.0))
