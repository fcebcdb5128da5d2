"""How well the rest of a day is known at three in the afternoon: FreshRetailNet, hour by hour.

::

    each day, each series   forecast of the day (the engine's own model) ─┬─► split by the curve: the yardstick
                            share-of-day curve, as learnt until then ─────┤
                            sold until 15:00 ─────────────────────────────┴─► nowcast

Twice: on the days as they were, and with everything from 11:00 on doubled. Scored are days in stock throughout, of
series that sell 1 a day or more on such days, after four weeks. A ratio of absolute errors below 1 is a gain; `known`
is what one who knew of the doubling would reach. The interval is a bootstrap over series (90 %).

The one rule: a day is forecast, then scored, then learnt; curves of a day know nothing of it.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.machine import ROOT
from online_models.columns import Features
from online_models.day_curve import DayCurve, DayCurves
from online_models.nowcast import Clump, DayAhead, nowcast
from online_models.pool import Category, Pool
from online_models.stack import SeriesStack
from streams.features import HISTORY_PERIODS, PeriodFacts, build_features

NOW = 15
JUMP_HOUR, JUMP = 11, 2.0
OPENS, CLOSES, WARM_UP_DAYS = 6, 22, 28
_COLUMNS = ["store_id", "product_id", "third_category_id", "dt", "hours_sale", "stock_hour6_22_cnt", "discount"]


class Day(NamedTuple):
    """One day of one series."""

    date: date
    hours: np.ndarray
    in_stock: bool
    depth: float | None


class Errors(NamedTuple):
    """Absolute errors of one series-day, units."""

    split: float
    now: float
    jump_split: float
    jump_now: float
    jump_known: float


@dataclass
class Line:
    """One series on its way through the days."""

    store: str
    category: str
    days: dict[date, Day]
    model: SeriesStack
    pooled: Category
    past: list[float | None] = field(default_factory=list)
    clump: Clump = field(default_factory=Clump)
    errors: list[Errors] = field(default_factory=list)

    def sells_daily(self) -> bool:
        """Whether it sells one unit a day or more, on days in stock."""
        sold = [float(day.hours.sum()) for day in self.days.values() if day.in_stock]
        return bool(sold) and float(np.mean(sold)) >= 1.0


def read_lines(path: Path, stores: int, seed: int) -> list[Line]:
    """Return the series of a sample of stores."""
    frame = pd.read_parquet(path, columns=_COLUMNS)
    chosen = np.random.default_rng(seed).choice(np.sort(frame["store_id"].unique()), stores, replace=False)
    frame = frame[frame["store_id"].isin(chosen)].sort_values(["store_id", "product_id", "dt"])
    lines = []
    pool = Pool(SeriesStack(season=7).layout)
    for (store, _), rows in frame.groupby(["store_id", "product_id"]):
        days = [
            Day(date.fromisoformat(day), np.asarray(hours, dtype=float), gone == 0, 1 - off if 0 < off < 1 else None)
            for day, hours, gone, off in zip(
                rows["dt"], rows["hours_sale"], rows["stock_hour6_22_cnt"], rows["discount"], strict=True
            )
        ]
        category = str(rows["third_category_id"].iloc[0])
        by_date = {day.date: day for day in days}
        lines.append(Line(str(store), category, by_date, SeriesStack(season=7), pool.category(category)))
    return lines


def play(lines: list[Line]) -> None:
    """Go through all days in order, all series of a day before any is learnt."""
    curves = DayCurves(OPENS, CLOSES, 7)
    for today in sorted({day for line in lines for day in line.days}):
        here = [line for line in lines if today in line.days]
        known = [curves.curve(line.store, line.category, today.weekday()) for line in here]
        for line in here:
            line.model.issue(features_of(line, line.days[today]), line.pooled)
        for line, curve in zip(here, known, strict=True):
            live(line, line.days[today], curve)
        for line in here:
            day = line.days[today]
            if day.in_stock:
                units = {hour: float(sold) for hour, sold in enumerate(day.hours) if sold > 0}
                curves.learn(line.store, line.category, today.weekday(), units)


def features_of(line: Line, day: Day) -> Features:
    """Return what is known of a day beforehand."""
    facts = PeriodFacts(
        index=day.date.toordinal(),
        slot=day.date.weekday(),
        season=7,
        starts_on=day.date,
        promotion_depth=day.depth,
        own_price=None,
        reference_price=None,
        rival_price=None,
    )
    return build_features(line.past[-HISTORY_PERIODS:], facts)


def live(line: Line, day: Day, curve: DayCurve) -> None:
    """Score and learn one day of one series."""
    total = float(day.hours.sum()) if day.in_stock else None
    lesson = line.model.close(total, features_of(line, day), line.pooled, day.date.toordinal())
    expected = lesson.forecast
    if total is not None:
        if expected is not None and len(line.past) >= WARM_UP_DAYS:
            ahead = DayAhead.of(expected.mean_units, expected.distribution.dispersion, line.clump.value)
            line.errors.append(score(ahead, curve, day.hours))
        line.clump = line.clump.learn({hour: float(sold) for hour, sold in enumerate(day.hours) if sold > 0}, curve)
    line.past.append(total)


def score(day: DayAhead, curve: DayCurve, hours: np.ndarray) -> Errors:
    """Return the errors of the rest of a day, as it was and doubled."""
    shares = [curve.share(hour) for hour in range(NOW)]
    rest_share = 1.0 - curve.elapsed[NOW]
    split = day.mean_units * rest_share
    jumped = hours * np.where(np.arange(len(hours)) >= JUMP_HOUR, JUMP, 1.0)
    found = [nowcast(day, shares, list(map(float, each[:NOW])), rest_share).rest.mean_units for each in (hours, jumped)]
    rest, rest_jumped = float(hours[NOW:].sum()), float(jumped[NOW:].sum())
    return Errors(
        abs(rest - split),
        abs(rest - found[0]),
        abs(rest_jumped - split),
        abs(rest_jumped - found[1]),
        abs(rest_jumped - JUMP * split),
    )


def ratios(errors: np.ndarray) -> dict[str, float]:
    """Return the figures of sums of errors."""
    split, now, jump_split, jump_now, jump_known = errors
    return {"rest_of_day": now / split, "after_jump": jump_now / jump_split, "known": jump_known / jump_split}


def report(lines: list[Line], seed: int) -> dict[str, object]:
    """Return the figures with their intervals."""
    sums = np.array([np.sum(line.errors, axis=0) for line in lines if line.errors and line.sells_daily()])
    dice = np.random.default_rng(seed)
    draws = [ratios(sums[dice.integers(0, len(sums), len(sums))].sum(axis=0)) for _ in range(500)]
    found: dict[str, object] = {"series": len(sums), "days": sum(len(one.errors) for one in lines if one.sells_daily())}
    for name, value in ratios(sums.sum(axis=0)).items():
        low, high = np.quantile([draw[name] for draw in draws], [0.05, 0.95])
        found[name] = {"ratio": round(value, 3), "low": round(float(low), 3), "high": round(float(high), 3)}
    return found


def find_file() -> Path:
    """Return where FreshRetailNet lies."""
    folder = (ROOT / os.environ.get("DEMAND_DATA", "../shared/data")).resolve()
    return folder / "freshretailnet" / "daily_with_hours.parquet"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=int, default=311, help="by default all")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    lines = read_lines(find_file(), given.stores, given.seed)
    play(lines)
    print(json.dumps(report(lines, given.seed), indent=2))


if __name__ == "__main__":
    main()
