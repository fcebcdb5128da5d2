"""Batch models that a user would pick instead, one series at a time: statsforecast, refit at every origin.

The one rule: what a baseline has said of a series is computed once and kept, by set, series, settings and version.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from consumers.evaluate.forecast_file import place_frame, to_frame
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.history import fill_gaps
from streams.evaluation.panel import Floats, Panel

#: Raised when anything here changes what is said.
VERSION: Final = 1
_SERIES_AT_A_TIME: Final = 100


@dataclass(frozen=True, slots=True)
class Baseline:
    """One of statsforecast's models.

    Parameters
    ----------
    name
        As reports know it.
    settings
        In words, part of the name under which its forecasts are kept.
    make
        Season to a new model.
    """

    name: str
    settings: str
    make: Callable[[int], Any]


def _auto_ets(season: int) -> Any:
    from statsforecast.models import AutoETS

    return AutoETS(season_length=season)


def _mstl(season: int) -> Any:
    from statsforecast.models import MSTL

    return MSTL(season_length=season)


def _croston_sba(season: int) -> Any:
    from statsforecast.models import CrostonSBA

    return CrostonSBA()


def _tsb(season: int) -> Any:
    from statsforecast.models import TSB

    return TSB(alpha_d=0.1, alpha_p=0.1)


def _adida(season: int) -> Any:
    from statsforecast.models import ADIDA

    return ADIDA()


def _imapa(season: int) -> Any:
    from statsforecast.models import IMAPA

    return IMAPA()


BASELINES: Final[dict[str, Baseline]] = {
    each.name: each
    for each in (
        Baseline("auto_ets", "ZZZ, season of the period, refit at every origin", _auto_ets),
        Baseline("mstl", "season of the period, AutoETS trend, refit at every origin", _mstl),
        Baseline("croston_sba", "refit at every origin", _croston_sba),
        Baseline("tsb", "0.1/0.1, refit at every origin", _tsb),
        Baseline("adida", "refit at every origin", _adida),
        Baseline("imapa", "refit at every origin", _imapa),
    )
}


def forecast_series(baseline: Baseline, panel: Panel, plan: Plan, series: int) -> Floats:
    """Return a baseline's means of one series: origin x lead; NaN where it has no history.

    Parameters
    ----------
    baseline, panel, plan
        The model, the data, and when to forecast.
    series
        Place of the series.
    """
    found = np.full((len(plan.origins), plan.leads), np.nan)
    slots = panel.slots()
    for place, origin in enumerate(plan.origins):
        history = fill_gaps(panel.demand[series, :origin], slots[:origin], panel.season)
        if not len(history):
            continue
        leads = min(plan.leads, panel.n_periods - origin)
        found[place, :leads] = _forecast(baseline, history, panel.season, leads)
    return found


def _forecast(baseline: Baseline, history: Floats, season: int, leads: int) -> Floats:
    if not history.any():
        return np.zeros(leads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library says of a short series is no news here
        try:
            means = baseline.make(season).forecast(y=history, h=leads)["mean"]
        except (ValueError, ZeroDivisionError, IndexError, NotImplementedError, RuntimeError):
            # Too short for the model: a user would fall back on the mean of the last season.
            return np.full(leads, history[-season:].mean())
    # A negative demand is nobody's forecast.
    found: Floats = np.maximum(np.asarray(means, float), 0.0)
    return found


class BaselineCache:
    """Forecasts of baselines, kept as Parquet in a folder.

    Parameters
    ----------
    folder
        Where.
    progress
        Told the model's name, series done and series in all.
    """

    def __init__(self, folder: Path, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        self._folder, self._progress = folder, progress

    def forecasts(self, baseline: Baseline, panel: Panel, plan: Plan) -> Forecasts:
        """Return a baseline's forecasts, computing those of series not kept yet."""
        path = self._path(baseline, panel, plan)
        kept = pd.read_parquet(path) if path.exists() else None
        digests = [_digest(panel, i) for i in range(panel.n_series)]
        have = set() if kept is None else set(kept["digest"])
        missing = [i for i in range(panel.n_series) if digests[i] not in have]
        for first in range(0, len(missing), _SERIES_AT_A_TIME):
            chunk = missing[first : first + _SERIES_AT_A_TIME]
            part = panel.take(chunk)
            means = np.stack([forecast_series(baseline, part, plan, i) for i in range(len(chunk))])
            frame = to_frame(Forecasts(plan, means), part)
            by_key = {key: digests[i] for key, i in zip(part.keys, chunk, strict=True)}
            frame["digest"] = [by_key[key] for key in zip(frame["store"], frame["sku"], strict=True)]
            kept = frame if kept is None else pd.concat([kept, frame], ignore_index=True)
            write_parquet(kept, path)
            self._progress(baseline.name, min(first + _SERIES_AT_A_TIME, len(missing)), len(missing))
        if kept is None:
            return Forecasts.empty(plan, panel.n_series, with_quantiles=False)
        return place_frame(kept[kept["digest"].isin(set(digests))], panel, plan)[0]

    def _path(self, baseline: Baseline, panel: Panel, plan: Plan) -> Path:
        what = f"{panel.name}|{baseline.name}|{baseline.settings}|{version('statsforecast')}|{plan}|{VERSION}"
        return self._folder / f"{panel.name}-{baseline.name}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.parquet"


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    frame.to_parquet(part, index=False)
    part.replace(path)


def _digest(panel: Panel, series: int) -> str:
    """Name what a series' baseline depends on: the series, and all its demand."""
    head = "|".join((*panel.keys[series], str(panel.first_period)))
    return hashlib.sha256(head.encode() + panel.demand[series].tobytes()).hexdigest()[:16]
