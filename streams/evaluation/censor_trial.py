"""Shelves emptied on purpose, to see whether demand is learnt as it was, or as it was sold.

::

    days known to be fully in stock ──┬─ 65 % stay ──────────────────────────────────────────┐
                                      └─ 35 % are cut:  random  visible share U(.2, .8),     ├─► the model learns
                                                                units seen one by one        │   sales and exposure
                                                        driven  stock runs out at a share    │
                                                                of the day's usual demand    ┘
    days that were censored by nature: unknown in every variant

*Random* cuts hide hours that have nothing to do with demand. *Driven* cuts are what shops have: demand itself empties
the shelf, so the hours that sold are the lucky ones. There the time of the last unit is drawn as that of uniform
arrivals, Beta(q, n - q + 1) for the q-th of n units.

The one rule: the yardstick is the same model taught the uncut truth, forecasting the same days; days in stock alone
would mislead, since the days that stay in stock are the slow ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, NamedTuple

import numpy as np

from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.forecasts import Plan
from streams.evaluation.panel import Bools, Floats, Panel
from streams.evaluation.prequential import Run, run_fleet

Cut = Literal["random", "driven"]
CUTS: Final[tuple[Cut, ...]] = ("random", "driven")
CUT_SHARE: Final = 0.35
_VISIBLE: Final = (0.2, 0.8)
#: Stock of a driven cut, as a share of the series' mean: a fifth to all of a usual day.
_STOCK: Final = (0.2, 1.0)
FULL: Final = 0.999


class CutPanel(NamedTuple):
    """A panel whose shelves were emptied.

    Parameters
    ----------
    truth
        The data before the cut; naturally censored days unknown.
    panel
        What a shop would have seen.
    cut
        Series x period: emptied here.
    """

    truth: Panel
    panel: Panel
    cut: Bools


class CensorResult(NamedTuple):
    """What became of one kind of cut.

    Parameters
    ----------
    cuts
        Number of cut periods in the scored tail.
    lost_share
        Lost units over true units, all tail days.
    bias
        Of the day-ahead forecasts against the truth, per model: "ours", "taught_truth", "ignored" (sales as they are).
    wape
        Likewise.
    bias_gap
        Bias of ours minus that of the same model taught the truth.
    recovered
        Units that the estimates add to sales, over units lost, on cut periods.
    recovered_wape
        Sum |estimate - truth| / sum truth on cut periods.
    """

    cuts: int
    lost_share: float
    bias: dict[str, float]
    wape: dict[str, float]
    bias_gap: float
    recovered: float
    recovered_wape: float


def cut_panel(panel: Panel, kind: Cut, quantum: float, seed: int) -> CutPanel:
    """Empty shelves.

    Parameters
    ----------
    panel
        With exposure.
    kind
        How.
    quantum
        Smallest step of demand, units.
    seed
        Of the generator.
    """
    random = np.random.default_rng(seed)
    full = np.isfinite(panel.demand) & (np.nan_to_num(panel.exposure) >= FULL)
    truth = replace(
        panel, demand=np.where(full, panel.demand, np.nan), exposure=np.where(full, 1.0, np.nan)
    )  # fmt: skip
    chosen = full & (random.random(full.shape) < CUT_SHARE)
    units = np.where(full, np.rint(panel.demand / quantum), 0.0).astype(np.int64)
    if kind == "random":
        visible = random.uniform(*_VISIBLE, size=full.shape)
        seen = random.binomial(units, visible)
        cut = chosen
    else:
        mean = units.sum(axis=1) / np.maximum(full.sum(axis=1), 1)
        stock = np.floor(random.uniform(*_STOCK, size=full.shape) * mean[:, None]).astype(np.int64)
        cut = chosen & (units > stock) & (stock > 0)
        seen = np.where(cut, stock, units)
        visible = random.beta(np.maximum(seen, 1), np.maximum(units - seen + 1, 1))
    demand = np.where(cut, seen * quantum, truth.demand)
    exposure = np.where(cut, visible, truth.exposure)
    return CutPanel(truth, replace(panel, demand=demand, exposure=exposure), cut)


def run_censor_trial(
    panel: Panel, make: FleetMaker, tail: int, kind: Cut, quantum: float, seed: int, partitions: int = 1
) -> CensorResult:
    """Run a fleet over cut data, over the truth, and over sales taken for demand.

    Parameters
    ----------
    panel
        With exposure.
    make
        The fleet's maker.
    tail
        Length of the scored end.
    kind, quantum, seed
        Of the cuts.
    partitions
        Number of tasks.
    """
    cut = cut_panel(panel, kind, quantum, seed)
    plan = Plan("day_ahead", tuple(range(panel.n_periods - tail, panel.n_periods)), 1)
    ignored = replace(cut.panel, exposure=cut.truth.exposure)
    runs = {
        "ours": run_fleet(cut.panel, make, (plan,), partitions),
        "taught_truth": run_fleet(cut.truth, make, (plan,), partitions),
        "ignored": run_fleet(ignored, make, (plan,), partitions),
    }
    return judge(cut, runs, tail)


def judge(cut: CutPanel, runs: dict[str, Run], tail: int) -> CensorResult:
    """Score runs against the truth.

    Parameters
    ----------
    cut
        The truth, and what was seen.
    runs
        By model: "ours", "taught_truth", "ignored".
    tail
        Length of the scored end.
    """
    truth = cut.truth.demand[:, -tail:]
    said = {name: run.forecasts[0].means[:, :, 0] for name, run in runs.items()}
    scored = np.isfinite(truth) & np.logical_and.reduce([np.isfinite(means) for means in said.values()])
    total = float(truth[scored].sum())
    bias = {name: float((means - truth)[scored].sum() / total) for name, means in said.items()}
    wape = {name: float(np.abs(means - truth)[scored].sum() / total) for name, means in said.items()}
    where = cut.cut[:, -tail:] & scored
    seen = cut.panel.demand[:, -tail:]
    estimates = _estimates(cut, runs["ours"])[:, -tail:]
    lost = float((truth - seen)[where].sum())
    return CensorResult(
        int(where.sum()), lost / total, bias, wape, bias["ours"] - bias["taught_truth"],
        float((estimates - seen)[where].sum() / lost) if lost else float("nan"),
        float(np.abs(estimates - truth)[where].sum() / max(float(truth[where].sum()), 1e-12)),
    )  # fmt: skip


def _estimates(cut: CutPanel, run: Run) -> Floats:
    """What the model took demand to be; where it makes no guess, sales and the hidden share of its own mean."""
    seen = cut.panel.demand
    filled = seen + (1.0 - cut.panel.exposure) * run.means
    guessed = np.isfinite(run.estimates) & (np.abs(run.estimates - seen) > 0.0)
    found: Floats = np.where(guessed, run.estimates, filled)
    return found
