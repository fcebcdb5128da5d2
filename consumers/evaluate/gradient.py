"""LightGBM: one model for all series, refit at every origin, run ahead on its own forecasts.

Features: lags, moving averages, slot, month, and the very columns of the panel that our own model is given. Lags, means
and target are divided by each series' mean of its last season's worth of weeks, so one model fits large and small.

The one rule: row t of the features reads demand before t; of the leads ahead, its own forecasts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from consumers.evaluate.baselines import write_parquet
from consumers.evaluate.forecast_file import place_frame, to_frame
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import Bools, Floats, Indices, Panel
from streams.settings import Period

_CLOSED_TIMES: Final = 3
NAME: Final = "lightgbm"
VERSION: Final = 3
#: A sensible default, not tuned to any set.
SETTINGS: Final[dict[str, Any]] = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "num_threads": 1,
    "deterministic": True,
    "seed": 7,
    "verbosity": -1,
}
TREES: Final = 200
LAGS: Final[dict[Period, tuple[int, ...]]] = {
    "day": (1, 2, 3, 7, 14, 21, 28),
    "week": (1, 2, 3, 4, 8, 51, 52, 53),
    "month": (1, 2, 3, 6, 12),
}
WINDOWS: Final[dict[Period, tuple[int, ...]]] = {"day": (7, 28), "week": (4, 13, 52), "month": (3, 6, 12)}
_SCALE: Final[dict[Period, int]] = {"day": 56, "week": 52, "month": 24}


def demand_features(demand: Floats, period: Period, at: int) -> Floats:
    """Features of past demand of one period: series x (lags, then moving averages), units; NaN unknown.

    Parameters
    ----------
    demand
        Series x period; only periods before `at` are read.
    period
        What a period is.
    at
        The period.
    """
    count = len(demand)
    lags = [demand[:, at - lag] if at >= lag else np.full(count, np.nan) for lag in LAGS[period]]
    means = [_mean(demand[:, max(0, at - window) : at]) for window in WINDOWS[period]]
    return np.stack([*lags, *means], axis=1)


def closed_slots(demand: Floats, slots: Indices, season: int) -> Bools:
    """Slots of the season (a weekday) in which a series was unknown the last three times: series x slot.

    Parameters
    ----------
    demand
        Series x period, all of them past.
    slots, season
        Of at least these periods, and their number.
    """
    found = np.zeros((len(demand), season), np.bool_)
    for slot in range(season):
        last = demand[:, np.flatnonzero(slots[: demand.shape[1]] == slot)[-_CLOSED_TIMES:]]
        found[:, slot] = np.isnan(last).all(axis=1) & (last.shape[1] == _CLOSED_TIMES)
    return found


def _mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    found: Floats = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return found


class GradientBaseline:
    """LightGBM's forecasts by a plan, kept in a folder.

    Parameters
    ----------
    folder
        Where.
    progress
        Told the model's name, origins done and origins in all.
    """

    def __init__(self, folder: Path, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        self._folder, self._progress = folder, progress

    def forecasts(self, panel: Panel, plan: Plan) -> Forecasts:
        """Return the forecasts for these very series: a global model depends on all of them."""
        path = self._path(panel, plan)
        if path.exists():
            return place_frame(pd.read_parquet(path), panel, plan)[0]
        found = self.compute(panel, plan)
        write_parquet(to_frame(found, panel), path)
        return found

    def compute(self, panel: Panel, plan: Plan) -> Forecasts:
        """Fit and forecast anew."""
        found = Forecasts.empty(plan, panel.n_series, with_quantiles=False)
        past = np.stack([demand_features(panel.demand, panel.period, t) for t in range(panel.n_periods)], axis=1)
        given = self._given(panel)
        for place, origin in enumerate(plan.origins):
            scale = _mean(panel.demand[:, max(0, origin - _SCALE[panel.period]) : origin])
            scale = np.where(np.isfinite(scale) & (scale > 0.0), scale, 1.0)
            model = self._fit(panel.demand[:, :origin], past[:, :origin], given[:, :origin], scale)
            leads = min(plan.leads, panel.n_periods - origin)
            found.means[:, place, :leads] = self._run_ahead(model, panel, given, scale, origin, leads)
            self._progress(NAME, place + 1, len(plan.origins))
        return found

    @staticmethod
    def _given(panel: Panel) -> Floats:
        """What is known of a period beforehand: slot, month, and the panel's columns."""
        slots = np.tile(panel.slots().astype(float), (panel.n_series, 1))
        months = np.tile(np.array([float(day.month) for day in panel.starts_on()]), (panel.n_series, 1))
        return np.concatenate([slots[..., None], months[..., None], panel.known], axis=2)

    @staticmethod
    def _fit(demand: Floats, past: Floats, given: Floats, scale: Floats) -> Any:
        import lightgbm

        known = np.isfinite(demand) & np.isfinite(past).any(axis=2)
        x = np.concatenate([past / scale[:, None, None], given], axis=2)[known].astype(np.float32)
        y = (demand / scale[:, None])[known]
        data = lightgbm.Dataset(x, y, params={"verbosity": -1}, free_raw_data=True)
        return lightgbm.train(SETTINGS, data, num_boost_round=TREES)

    @staticmethod
    def _run_ahead(model: Any, panel: Panel, given: Floats, scale: Floats, origin: int, leads: int) -> Floats:
        demand = panel.demand[:, : origin + leads].copy()
        demand[:, origin:] = np.nan
        found = np.full((panel.n_series, leads), np.nan)
        closed = closed_slots(panel.demand[:, :origin], panel.slots(), panel.season)
        for lead in range(leads):
            past = demand_features(demand, panel.period, origin + lead)
            x = np.concatenate([past / scale[:, None], given[:, origin + lead]], axis=1).astype(np.float32)
            found[:, lead] = np.maximum(np.asarray(model.predict(x, num_threads=1)), 0.0) * scale
            # In training a closed day is unknown: a forecast in its place would be a lag of a kind never seen.
            shut = closed[:, panel.slots()[origin + lead]]
            demand[:, origin + lead] = np.where(shut, np.nan, found[:, lead])
        found[~np.isfinite(panel.demand[:, :origin]).any(axis=1)] = np.nan
        return found

    def _path(self, panel: Panel, plan: Plan) -> Path:
        settings = f"{sorted(SETTINGS.items())}|{TREES}|{LAGS}|{WINDOWS}|{version('lightgbm')}|{plan}|{VERSION}"
        what = hashlib.sha256(settings.encode() + repr((panel.keys, panel.columns)).encode())
        what.update(panel.demand.tobytes() + panel.known.tobytes())
        return self._folder / f"{panel.name}-{NAME}-{what.hexdigest()[:12]}.parquet"
