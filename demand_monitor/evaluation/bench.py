"""Runs the parts of an evaluation on one data set.

The one rule: every part gets the same panel and the same seed, so one command line is one set of figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

import numpy as np

from schemas.errors import BadSetup
from streams.evaluation.accuracy import Accuracy, fight, score_accuracy
from streams.evaluation.accuracy import Protocol as ScoreProtocol
from streams.evaluation.censor_trial import CUTS, FULL, run_censor_trial
from streams.evaluation.drift_trial import run_drift_trial
from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.forecasts import Forecasts, Plan, make_plans
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import run_fleet
from streams.evaluation.shock_trial import run_shock_trial
from streams.evaluation.stock_trial import run_stock_trial
from streams.evaluation.sums import measure_yardsticks
from streams.settings import ShopSettings

if TYPE_CHECKING:
    from consumers.evaluate.sets import DataSet

Part = Literal["accuracy", "shock", "drift", "censoring", "stockout", "speed", "causes", "spend"]
PARTS: Final[tuple[Part, ...]] = ("accuracy", "shock", "drift", "censoring", "stockout", "speed", "causes", "spend")
#: Those that make their own market and fit no data set.
PLANTED: Final[tuple[Part, ...]] = ("causes", "spend")
#: Baselines that a set's period and demand ask for, when none are named.
DEFAULT_BASELINES: Final[Mapping[str, tuple[str, ...]]] = {
    "day": ("auto_ets", "lightgbm"),
    "week": ("mstl", "lightgbm"),
    "month": ("auto_ets", "lightgbm"),
}
_INTERMITTENT: Final = ("croston_sba", "tsb", "adida", "imapa")
_SPEED_SERIES: Final = 100
_SPEED_ORIGINS: Final = 2
#: Leads that each close forecasts where speed is measured: to the far end of a usual lead time.
_SPEED_LEADS: Final = 14
#: Below this visible share of a day, sales say too little of its demand to play stock with.
_LEAST_VISIBLE: Final = 0.25


class CpuClock(Protocol):
    """What measures work."""

    def cpu_seconds(self) -> float:
        """Return what this process has used of the processor."""


class Speed(NamedTuple):
    """What a close costs beside a refit.

    Parameters
    ----------
    series, closes, refits
        Numbers of each that were measured.
    close_microseconds
        Of ours: the facts of a period, its close, and the forecast of the next 14 with all quantiles.
    refit_microseconds
        Of AutoETS: one fit and forecast of a block; None without statsforecast.
    ratio
        Ours a close over AutoETS a period when it is refit once a block; None without it.
    """

    series: int
    closes: int
    refits: int
    close_microseconds: float
    refit_microseconds: float | None
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Bench:
    """One data set, and everything needed to evaluate on it.

    Parameters
    ----------
    data
        The set's row of the table.
    panel
        Its series that have history enough, or a sample of them.
    seed, partitions
        Of everything random; number of tasks.
    cache
        Folder of kept baselines.
    progress
        Told what is computed, how many are done and how many there are.
    make
        Maker of our fleet.
    """

    data: DataSet
    panel: Panel
    seed: int
    partitions: int
    cache: Path
    progress: Callable[[str, int, int], None] = lambda *_: None
    make: FleetMaker = OwnFleet

    @property
    def as_sold(self) -> Panel:
        """The panel with empty shelves left out of sight: sales are the truth, for us as for every baseline."""
        return replace(self.panel, exposure=np.where(np.isfinite(self.panel.demand), 1.0, np.nan))

    def protocol(self) -> dict[str, object]:
        """What every figure of the report rests on."""
        data, panel = self.data, self.panel
        return {
            "set": data.name, "period": panel.period, "series": panel.n_series, "periods": panel.n_periods,
            "tail": data.tail, "block": data.block, "least_nonzero": data.least_nonzero, "seed": self.seed,
            "partitions": self.partitions, "known_ahead": list(panel.columns),
            "drift_alarms_wished": ShopSettings().drift_alarms_per_series_year,
            "first": panel.starts_on()[0].isoformat(), "model": self.make.__name__,
        }  # fmt: skip

    def accuracy(self, baselines: Sequence[str] | None) -> Accuracy:
        """Score ours on all plans, the baselines beside it on the block plan; sales are the truth.

        Parameters
        ----------
        baselines
            Names; None: those that fit the set, as far as their libraries are installed.
        """
        data, panel = self.data, self.as_sold
        plans = make_plans(panel.n_periods, data.tail, data.block, daily=panel.period == "day")
        block = next(plan for plan in plans if plan.name == "block")
        rivals = {name: self._baseline(name, block) for name in self._names(baselines)}
        run = run_fleet(panel, self.make, plans, self.partitions)
        protocol = ScoreProtocol(data.tail, data.block, self.partitions, self.seed)
        return score_accuracy(panel, run, protocol, {"block": rivals})

    def against_file(self, path: Path) -> dict[str, object]:
        """Score a file of forecasts beside ours and the seasonal naive, on its own origins and leads."""
        from consumers.evaluate.forecast_file import place_frame, plan_of, read_frame
        from streams.evaluation.yardstick_models import seasonal_naive

        panel, start = self.as_sold, self.panel.n_periods - self.data.tail
        frame = read_frame(path)
        plan = plan_of(frame, panel, start)
        theirs, misplaced = place_frame(frame, panel, plan)
        ours = run_fleet(panel, self.make, (plan,), self.partitions).forecasts[0]
        yardsticks = measure_yardsticks(panel, self.data.tail)
        return {
            "file": path.name,
            "rows": len(frame),
            "misplaced": misplaced,
            "duel": fight(path.stem, ours, theirs, panel, yardsticks, self.seed),
            "theirs_against_naive": fight(
                "seasonal_naive", theirs, seasonal_naive(panel, plan), panel, yardsticks, self.seed
            ),
        }

    def trial(self, part: Part) -> object:
        """Run one part but accuracy; None where it does not fit the set."""
        panel, tail, seed, tasks = self.as_sold, self.data.tail, self.seed, self.partitions
        if part in PLANTED:
            return None
        if part == "shock":
            return run_shock_trial(panel, self.make, tail, seed, tasks) if panel.period == "day" else None
        if part == "drift":
            return run_drift_trial(panel, self.make, tail, seed, partitions=tasks) if panel.period != "month" else None
        if part == "censoring":
            seen = self.panel
            if not (np.nan_to_num(seen.exposure, nan=1.0) < FULL).any():
                return None
            quantum = self.data.quantum
            return {kind: run_censor_trial(seen, self.make, tail, kind, quantum, seed, tasks) for kind in CUTS}
        if part == "stockout":
            return run_stock_trial(self._in_pieces(), self.make, tail, seed, tasks) if panel.period == "day" else None
        raise BadSetup(f"There is no part {part!r}.")

    def speed(self, clock: CpuClock) -> Speed:
        """Measure a close of ours against a refit of AutoETS, on at most 100 series, both in this run."""
        panel = self.as_sold.sample(_SPEED_SERIES, self.seed)
        every = Plan("every", tuple(range(panel.n_periods - _SPEED_LEADS)), _SPEED_LEADS)
        began = clock.cpu_seconds()
        run_fleet(panel, self.make, (every,), self.partitions)
        used = clock.cpu_seconds() - began
        known = np.isfinite(panel.demand)
        closes = int((np.maximum.accumulate(known, axis=1)).sum())
        if find_spec("statsforecast") is None or panel.season > 24:
            return Speed(panel.n_series, closes, 0, used / closes * 1e6, None, None)
        from consumers.evaluate.baselines import BASELINES, forecast_series

        origins = range(panel.n_periods - self.data.tail, panel.n_periods, self.data.block)
        plan = Plan("speed", tuple(origins)[:_SPEED_ORIGINS], self.data.block)
        forecast_series(BASELINES["auto_ets"], panel, plan, 0)  # the first call compiles
        began = clock.cpu_seconds()
        for series in range(panel.n_series):
            forecast_series(BASELINES["auto_ets"], panel, plan, series)
        refits = panel.n_series * len(plan.origins)
        refit = (clock.cpu_seconds() - began) / refits
        ratio = used / closes / (refit / self.data.block)
        return Speed(panel.n_series, closes, refits, used / closes * 1e6, refit * 1e6, ratio)

    def _in_pieces(self) -> Panel:
        """Demand in whole steps (stock is counted), sales of partly empty days over their visible share."""
        visible = np.nan_to_num(self.panel.exposure, nan=1.0)
        demand = np.where(visible >= _LEAST_VISIBLE, self.panel.demand / np.maximum(visible, _LEAST_VISIBLE), np.nan)
        return replace(self.as_sold, demand=np.rint(demand / self.data.quantum))

    def _names(self, baselines: Sequence[str] | None) -> list[str]:
        if baselines is not None:
            return list(baselines)
        names = DEFAULT_BASELINES[self.panel.period] + (_INTERMITTENT if self.data.lumpy else ())
        return [name for name in names if find_spec("lightgbm" if name == "lightgbm" else "statsforecast") is not None]

    def _baseline(self, name: str, plan: Plan) -> Forecasts:
        library = "lightgbm" if name == "lightgbm" else "statsforecast"
        if find_spec(library) is None:
            raise BadSetup(f"The baseline {name} needs {library}: install the extra `evaluation`.")
        from consumers.evaluate.baselines import BASELINES, BaselineCache
        from consumers.evaluate.gradient import GradientBaseline

        if name == "lightgbm":
            return GradientBaseline(self.cache, self.progress).forecasts(self.as_sold, plan)
        if name not in BASELINES:
            known = ", ".join([*BASELINES, "lightgbm"])
            raise BadSetup(f"There is no baseline {name!r}; there are {known}.")
        return BaselineCache(self.cache, self.progress).forecasts(BASELINES[name], self.panel, plan)
