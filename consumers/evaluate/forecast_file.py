"""Forecasts as a file: anyone's, and the kept ones of baselines.

====================  ===============================================================================================
column                meaning
====================  ===============================================================================================
store, sku            the series, as text
origin                first day of the first period forecast: what is known ends before it (ISO date)
target                first day of the period forecast
mean                  units
q05 q10 … q90 q95     optional: quantiles at 5, 10, 20 … 90, 95 %, units
====================  ===============================================================================================

The one rule: a file's rows are placed or counted as misplaced, never guessed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from schemas.errors import BadSetup
from streams.evaluation.forecaster import LEVELS
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import Panel

QUANTILES: Final = tuple(f"q{round(level * 100):02d}" for level in LEVELS)
_NEEDED: Final = ("store", "sku", "origin", "target", "mean")


def read_frame(path: Path) -> pd.DataFrame:
    """Return a file of forecasts (CSV, also compressed, or Parquet).

    Raises
    ------
    BadSetup
        It cannot be read, or lacks a column.
    """
    try:
        if path.suffix in (".parquet", ".pq"):
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, dtype={"store": str, "sku": str})
    except (OSError, ValueError) as error:
        raise BadSetup(f"The forecasts {path} cannot be read: {error}") from error
    lacking = [name for name in _NEEDED if name not in frame.columns]
    if lacking:
        raise BadSetup(f"The forecasts {path} lack the column {', '.join(lacking)}.")
    frame["store"], frame["sku"] = frame["store"].astype(str), frame["sku"].astype(str)
    for name in ("origin", "target"):
        frame[name] = pd.to_datetime(frame[name]).dt.date
    return frame


def plan_of(frame: pd.DataFrame, panel: Panel, start: int) -> Plan:
    """Return the plan that a file of forecasts followed, as far as it lies in the scored tail.

    Parameters
    ----------
    frame
        The forecasts.
    panel
        The data that they are of.
    start
        First period of the tail.
    """
    place = {day: t for t, day in enumerate(panel.starts_on())}
    origins = sorted({place[day] for day in frame["origin"].unique() if place.get(day, -1) >= start})
    if not origins:
        raise BadSetup(
            f"None of the forecasts has an origin from {panel.starts_on()[start]} on, where the tail begins."
        )
    rows = zip(frame["origin"], frame["target"], strict=True)
    ahead = [place[target] - place[origin] for origin, target in rows if origin in place and target in place]
    return Plan("file", tuple(origins), max(ahead, default=0) + 1)


def place_frame(frame: pd.DataFrame, panel: Panel, plan: Plan) -> tuple[Forecasts, int]:
    """Return a file's forecasts by a plan, and how many of its rows have no place there.

    Parameters
    ----------
    frame, panel, plan
        The forecasts, the data, and when to forecast.
    """
    with_quantiles = all(name in frame.columns for name in QUANTILES)
    found = Forecasts.empty(plan, panel.n_series, with_quantiles=with_quantiles)
    period = {day: t for t, day in enumerate(panel.starts_on())}
    series = {key: i for i, key in enumerate(panel.keys)}
    origin_place = {origin: k for k, origin in enumerate(plan.origins)}
    i = np.array([series.get(key, -1) for key in zip(frame["store"], frame["sku"], strict=True)], np.int64)
    origin = np.array([period.get(day, -1) for day in frame["origin"]], np.int64)
    k = np.array([origin_place.get(t, -1) for t in origin.tolist()], np.int64)
    lead = np.array([period.get(day, -1) for day in frame["target"]], np.int64) - origin
    good = (i >= 0) & (k >= 0) & (lead >= 0) & (lead < plan.leads)
    place = i[good], k[good], lead[good]
    found.means[place] = frame["mean"].to_numpy(float)[good]
    if found.quantiles is not None:
        found.quantiles[place] = np.sort(frame[list(QUANTILES)].to_numpy(float)[good], axis=1)
    return found, int((~good).sum())


def to_frame(forecasts: Forecasts, panel: Panel) -> pd.DataFrame:
    """Return forecasts as rows of such a file."""
    known = np.isfinite(forecasts.means)
    i, k, lead = np.nonzero(known)
    days = np.array(panel.starts_on(), dtype=object)
    origins = np.array(forecasts.plan.origins)[k]
    frame = pd.DataFrame(
        {
            "store": np.array(panel.stores, dtype=object)[i],
            "sku": np.array(panel.skus, dtype=object)[i],
            "origin": days[origins],
            "target": days[origins + lead],
            "mean": forecasts.means[known],
        }
    )
    if forecasts.quantiles is not None and np.isfinite(forecasts.quantiles[known]).any():
        for place, name in enumerate(QUANTILES):
            frame[name] = forecasts.quantiles[known][:, place]
    return frame
