"""Whether planted changes are found, how soon, and what it costs in alarms.

===================  ======================================================================================
figure               meaning
===================  ======================================================================================
alarms per year      alarms in the tail of untouched real series, per series-year: real changes are among
                     them, so it is an upper bound of false alarms; beside it, on shuffled controls
recall 7/14/28       share of planted changes with an alarm within so many days (weeks: 8)
delay                mean periods from the change to its first alarm, of those found
MTFA                 mean time between alarms on untouched series, periods
MTD, MDR             mean time to detection, and missed detection rate, within the window
MTR                  MTFA / MTD x (1 - MDR); larger is better
===================  ======================================================================================

Classes are by signal-to-noise: mean demand before the tail over the standard deviation of the forecast's error there.
Below about 1.6 no test of one series does better than chance. The one rule: the same detector, at one threshold, is
run over the untouched, the shuffled and every changed panel.

References
----------
Bifet (2017), *Classifier concept drift detection and the illusion of progress*, for MTFA, MTD, MDR and MTR.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.evaluation.changes import CHANGES, WINDOW, Change, draw_starts, plant, shuffle_seasons
from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.panel import PERIODS_A_YEAR, Bools, Floats, Indices, Panel
from streams.evaluation.prequential import Run, run_fleet
from streams.settings import Period

CLASS_EDGES: Final = (0.8, 1.6, 3.0)
CLASS_NAMES: Final = ("< 0.8", "0.8-1.6", "1.6-3", ">= 3")
RECALL_WITHIN: Final[dict[Period, tuple[int, ...]]] = {"day": (7, 14, 28), "week": (2, 4, 8), "month": (2, 4, 8)}


class Found(NamedTuple):
    """What became of one kind of change, in one class of series.

    Parameters
    ----------
    planted
        Number of changes.
    recall
        Periods to the share found within them.
    delay_periods
        Mean, of those found within the window; None of none.
    mtfa, mtd, mdr, mtr
        See the table of the module; None where undefined.
    """

    planted: int
    recall: dict[int, float]
    delay_periods: float | None
    mtfa: float | None
    mtd: float | None
    mdr: float
    mtr: float | None


class DriftResult(NamedTuple):
    """Of one class of series ("all" is one).

    Parameters
    ----------
    series
        Number of series.
    alarms_a_year, shuffled_alarms_a_year
        Per series-year.
    changes
        Change to what became of it.
    """

    series: int
    alarms_a_year: float | None
    shuffled_alarms_a_year: float | None
    changes: dict[Change, Found]


def signal_to_noise(panel: Panel, run: Run, tail: int) -> Floats:
    """Mean demand over the standard deviation of the one-period error, before the tail; the first half is warm-up.

    Parameters
    ----------
    panel, run
        The untouched data, and our run over it.
    tail
        Length of the scored end.
    """
    end = panel.n_periods - tail
    stretch = slice(end // 2, end)
    demand = panel.demand[:, stretch]
    error = demand - run.means[:, stretch]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.nansum(demand, axis=1) / np.sqrt(
            np.nansum(error**2, axis=1) * np.maximum(np.isfinite(error).sum(axis=1), 1)
        )
    return np.where(np.isfinite(found), found, 0.0)


def run_drift_trial(
    panel: Panel, make: FleetMaker, tail: int, seed: int, changes: tuple[Change, ...] = CHANGES, partitions: int = 1
) -> dict[str, DriftResult]:
    """Run a fleet over untouched, shuffled and changed data, and judge its alarms.

    Parameters
    ----------
    panel
        The untouched data.
    make
        The fleet's maker.
    tail
        Length of the scored end; changes are planted there.
    seed
        Of the choice of series, of the planted periods and of the shuffle.
    changes
        Which to plant.
    partitions
        Number of tasks.

    Returns
    -------
    dict
        Class name (or "all") to its result.
    """
    starts = draw_starts(panel, tail, seed)
    untouched = run_fleet(panel, make, (), partitions)
    shuffled = run_fleet(shuffle_seasons(panel, seed), make, (), partitions)
    alarms = {change: run_fleet(plant(panel, change, starts).panel, make, (), partitions).alarms for change in changes}
    ratio = signal_to_noise(panel, untouched, tail)
    classes = np.searchsorted(CLASS_EDGES, ratio, side="right")
    members = {"all": np.ones(panel.n_series, np.bool_)}
    members |= {name: classes == place for place, name in enumerate(CLASS_NAMES)}
    return {
        name: judge_class(panel.period, chosen, starts, untouched.alarms, shuffled.alarms, alarms, tail)
        for name, chosen in members.items()
        if chosen.any()
    }


def judge_class(
    period: Period,
    chosen: Bools,
    starts: Indices,
    untouched: Bools,
    shuffled: Bools,
    changed: dict[Change, Bools],
    tail: int,
) -> DriftResult:
    """Judge the alarms of some series.

    Parameters
    ----------
    period
        What a column of the alarms is.
    chosen
        Which series.
    starts
        By series: where a change was planted, -1 for none.
    untouched, shuffled, changed
        Alarms, series x period, on each panel.
    tail
        Length of the scored end.
    """
    length = tail / PERIODS_A_YEAR[period]
    n = int(chosen.sum())
    quiet = int(untouched[chosen, -tail:].sum())
    mtfa = n * tail / quiet if quiet else None
    planted = np.flatnonzero(chosen & (starts >= 0))
    found = {
        change: _judge_change(period, alarms[planted], starts[planted], mtfa)
        for change, alarms in changed.items()
        if len(planted)
    }
    return DriftResult(n, quiet / (n * length), int(shuffled[chosen, -tail:].sum()) / (n * length), found)


def _judge_change(period: Period, alarms: Bools, starts: Indices, mtfa: float | None) -> Found:
    window = WINDOW[period]
    delays = np.full(len(starts), np.inf)
    for place, start in enumerate(starts.tolist()):
        after = np.flatnonzero(alarms[place, start : start + window])
        if len(after):
            # An alarm in the very period of the change comes one period after it began.
            delays[place] = after[0] + 1
    inside = delays[np.isfinite(delays)]
    mean = float(inside.mean()) if len(inside) else None
    missed = 1.0 - len(inside) / len(delays)
    mtr = mtfa / mean * (1.0 - missed) if mtfa is not None and mean else None
    recall = {within: float((delays <= within).mean()) for within in RECALL_WITHIN[period]}
    return Found(len(delays), recall, mean, mtfa, mean, missed, mtr)
