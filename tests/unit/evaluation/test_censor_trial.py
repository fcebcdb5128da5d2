"""Emptied shelves: what is hidden, and what is said of it."""

import numpy as np
import pytest

from streams.evaluation.censor_trial import CUT_SHARE, CutPanel, cut_panel, judge, run_censor_trial
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.panel import Floats
from streams.evaluation.prequential import Run
from tests.unit.evaluation.panels import draw_demand, make_panel


def run_saying(means: Floats, estimates: Floats, tail: int) -> Run:
    blank = np.zeros(means.shape, np.bool_)
    plan = Plan("day_ahead", tuple(range(means.shape[1] - tail, means.shape[1])), 1)
    return Run((Forecasts(plan, means[:, -tail:, None]),), means, blank, blank, estimates)


def test_cuts_hide_a_share_of_the_days_in_stock_and_nothing_else() -> None:
    exposure = np.ones((5, 400))
    exposure[:, ::10] = 0.6
    panel = make_panel(draw_demand((5, 400), 1) * 0.1, exposure=exposure)
    cut = cut_panel(panel, "random", quantum=0.1, seed=7)
    assert np.isnan(cut.truth.demand[:, ::10]).all()
    assert not cut.cut[:, ::10].any()
    assert cut.cut.mean() == pytest.approx(0.9 * CUT_SHARE, abs=0.02)
    left = ~cut.cut & np.isfinite(cut.truth.demand)
    assert (cut.panel.demand[left] == panel.demand[left]).all()
    hidden = cut.cut & (panel.demand > 0)
    # Each unit is seen with the visible share as its chance: on average sales / share is the truth.
    assert (cut.panel.demand[hidden] / cut.panel.exposure[hidden]).mean() == pytest.approx(
        panel.demand[hidden].mean(), rel=0.05
    )


def test_driven_cuts_take_the_lucky_hours() -> None:
    panel = make_panel(draw_demand((5, 400), 1))
    cut = cut_panel(panel, "driven", quantum=1.0, seed=7)
    where = cut.cut
    assert where.any()
    assert (cut.panel.demand[where] < panel.demand[where]).all()
    # Dividing sales by the visible share overshoots: E[q / Beta(q, n - q + 1)] = n q / (q - 1) > n.
    assert (cut.panel.demand[where] / cut.panel.exposure[where]).mean() > panel.demand[where].mean()


def test_figures_by_hand() -> None:
    truth = make_panel([[10.0, 10.0, 10.0, 10.0]])
    cut = np.array([[False, False, True, False]])
    seen = make_panel([[10.0, 10.0, 4.0, 10.0]], exposure=[[1.0, 1.0, 0.5, 1.0]])
    none = np.full((1, 4), np.nan)
    runs = {
        "ours": run_saying(np.array([[10.0, 10.0, 8.0, 11.0]]), none, 2),
        "taught_truth": run_saying(np.array([[10.0, 10.0, 10.0, 10.0]]), none, 2),
        "ignored": run_saying(np.array([[10.0, 10.0, 8.0, 7.0]]), none, 2),
    }
    found = judge(CutPanel(truth, seen, cut), runs, tail=2)
    assert (found.cuts, found.lost_share) == (1, 6 / 20)
    assert found.bias == {"ours": -1 / 20, "taught_truth": 0.0, "ignored": -5 / 20}
    assert found.bias_gap == -1 / 20
    # Nobody guessed: sales 4 and the hidden half of the mean 8 make 8 of 10; 4 of 6 lost units are recovered.
    assert found.recovered == pytest.approx(4 / 6)
    assert found.recovered_wape == pytest.approx(2 / 10)
    guessed = {**runs, "ours": run_saying(runs["ours"].means, np.array([[10.0, 10.0, 10.0, 10.0]]), 2)}
    assert judge(CutPanel(truth, seen, cut), guessed, tail=2).recovered == pytest.approx(1.0)


def test_ignoring_empty_shelves_forecasts_too_low() -> None:
    panel = make_panel(draw_demand((8, 150), 3))
    found = run_censor_trial(panel, OwnFleet, 50, "random", 1.0, seed=7)
    assert found.bias["ignored"] < found.bias["ours"] - 0.05
    assert abs(found.bias_gap) < 0.05
    assert found.recovered == pytest.approx(1.0, abs=0.1)
