"""The scorecard of forecasts on one data set: ours, and each rival on the cells that both have.

The one rule: a ratio never stands without its interval over series and the number of forecasts behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from streams.evaluation.calibration import (
    coverage_by_class,
    draw_pit,
    pit_histogram,
    sum_coverage,
    volume_classes,
)
from streams.evaluation.forecaster import SUMS
from streams.evaluation.forecasts import Forecasts
from streams.evaluation.intervals import Interval, ratio_interval, score_interval
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import Run
from streams.evaluation.sums import ScoreTable, Yardsticks, add_up, common_cells, measure_yardsticks
from streams.evaluation.yardstick_models import normal_head, seasonal_naive

_FAR_LEAD = 8
NAIVE = "seasonal_naive"


class Duel(NamedTuple):
    """A rival and us on equal cells.

    Parameters
    ----------
    rival
        Its name.
    forecasts
        Cells compared.
    theirs, ours
        All scores of both.
    wape, rmsse, pinball
        Ratios ours to theirs; None inside where one side has none.
    """

    rival: str
    forecasts: int
    theirs: ScoreTable
    ours: ScoreTable
    wape: Interval
    rmsse: Interval
    pinball: Interval


class PlanScores(NamedTuple):
    """What our forecasts of one plan are worth.

    Parameters
    ----------
    plan
        Its name.
    ours
        All scores, all cells of ours.
    wape
        With its interval.
    upper_90
        Randomised coverage of the upper 90 %, of all and by volume class.
    pit
        Share of randomised PIT in each tenth.
    duels
        One for each rival.
    """

    plan: str
    ours: ScoreTable
    wape: Interval
    upper_90: dict[str, float | None]
    pit: list[float]
    duels: list[Duel]


class Accuracy(NamedTuple):
    """The scorecard of one data set.

    Parameters
    ----------
    name, period, series, tail, block, partitions, seed
        What was scored, and how.
    plans
        One for each plan.
    normal_head
        Mean pinball of ours over that of our own means under a Normal head, one period ahead.
    far_leads
        Leads 8 to 30 against the seasonal naive; None but for days.
    sums
        Periods to upper 90 % coverage of their sum, and the number of sums.
    """

    name: str
    period: str
    series: int
    tail: int
    block: int
    partitions: int
    seed: int
    plans: list[PlanScores]
    normal_head: Interval
    far_leads: Duel | None
    sums: dict[int, tuple[float | None, int]]


class Protocol(NamedTuple):
    """How a set is scored."""

    tail: int
    block: int
    partitions: int
    seed: int


def score_accuracy(
    panel: Panel, run: Run, protocol: Protocol, rivals: Mapping[str, Mapping[str, Forecasts]]
) -> Accuracy:
    """Score a run.

    Parameters
    ----------
    panel
        The data.
    run
        What our fleet said.
    protocol
        Tail, block and seed.
    rivals
        Plan name to rival name to its forecasts; the seasonal naive is always there.
    """
    yardsticks = measure_yardsticks(panel, protocol.tail)
    plans = [_score_plan(panel, each, yardsticks, protocol, rivals.get(each.plan.name, {})) for each in run.forecasts]
    first = run.forecasts[0]
    actual = first.actuals(panel)
    cells = common_cells(actual, first)
    dressed = normal_head(panel, first, run.means)
    if dressed.quantiles is not None:
        cells = cells & np.isfinite(dressed.quantiles).all(axis=3)
    normal = ratio_interval(
        add_up(first, actual, yardsticks, cells), add_up(dressed, actual, yardsticks, cells), "pinball", protocol.seed
    )
    month = next((each for each in run.forecasts if each.plan.name == "month"), None)
    sums = {} if month is None else {periods: sum_coverage(month, panel, periods) for periods in SUMS}
    return Accuracy(
        panel.name, panel.period, panel.n_series, protocol.tail, protocol.block, protocol.partitions, protocol.seed,
        plans, normal, None if month is None else _far(panel, month, yardsticks, protocol.seed), sums,
    )  # fmt: skip


def _score_plan(
    panel: Panel, ours: Forecasts, yardsticks: Yardsticks, protocol: Protocol, rivals: Mapping[str, Forecasts]
) -> PlanScores:
    actual = ours.actuals(panel)
    cells = common_cells(actual, ours)
    pit = draw_pit(ours, actual, protocol.seed)
    sums = add_up(ours, actual, yardsticks, cells)
    classes = volume_classes(panel, protocol.tail)
    others = {NAIVE: seasonal_naive(panel, ours.plan), **rivals}
    return PlanScores(
        ours.plan.name, sums.score(), score_interval(sums, "wape", protocol.seed),
        coverage_by_class(pit, cells, classes), pit_histogram(pit, cells),
        [fight(name, ours, theirs, panel, yardsticks, protocol.seed) for name, theirs in others.items()],
    )  # fmt: skip


def fight(
    name: str,
    ours: Forecasts,
    theirs: Forecasts,
    panel: Panel,
    yardsticks: Yardsticks,
    seed: int,
    first_lead: int = 1,
) -> Duel:
    """Compare two forecasts of one plan on the cells that both have.

    Parameters
    ----------
    name
        Of the rival.
    ours, theirs, panel, yardsticks
        The forecasts, the data and its scales.
    seed
        Of the intervals.
    first_lead
        Nearer leads are left out.
    """
    actual = ours.actuals(panel)
    cells = common_cells(actual, ours, theirs)
    cells[:, :, : first_lead - 1] = False
    a, b = add_up(ours, actual, yardsticks, cells), add_up(theirs, actual, yardsticks, cells)
    ratios = [ratio_interval(a, b, score, seed) for score in ("wape", "rmsse", "pinball")]
    return Duel(name, int(cells.sum()), b.score(), a.score(), *ratios)


def _far(panel: Panel, month: Forecasts, yardsticks: Yardsticks, seed: int) -> Duel:
    naive = seasonal_naive(panel, month.plan)
    return fight(NAIVE, month, naive, panel, yardsticks, seed, first_lead=_FAR_LEAD)
