"""Nothing sees its future: what was said before a cut does not change when everything after the cut does."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.evaluate.baselines import BASELINES, forecast_series
from consumers.evaluate.gradient import GradientBaseline
from streams.evaluation.changes import CHANGES, Change, plant
from streams.evaluation.forecasts import Forecasts, Plan, make_plans
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.panel import Floats, Panel
from streams.evaluation.prequential import Run, run_fleet
from streams.evaluation.river_fleet import river_maker
from streams.evaluation.river_models import RIVER
from streams.evaluation.yardstick_models import normal_head, seasonal_naive
from tests.unit.evaluation.panels import draw_demand, make_panel

DAYS, TAIL = 70, 21
units = st.one_of(st.just(float("nan")), st.integers(0, 40).map(float), st.just(5_000.0))


def altered(panel: Panel, cut: int, future: list[float]) -> Panel:
    demand = panel.demand.copy()
    demand[:, cut:] = np.resize(np.array(future), demand[:, cut:].shape)
    return make_panel(demand)


def said_before(forecasts: Forecasts, cut: int) -> list[Floats]:
    kept = [k for k, origin in enumerate(forecasts.plan.origins) if origin <= cut]
    arrays = [forecasts.means[:, kept]]
    if forecasts.quantiles is not None:
        arrays.append(forecasts.quantiles[:, kept])
    return arrays


def same(a: list[Floats], b: list[Floats]) -> bool:
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


@given(seed=st.integers(0, 5), cut=st.integers(DAYS - TAIL, DAYS - 1), future=st.lists(units, min_size=1, max_size=9))
@settings(deadline=None, max_examples=25)
def test_our_forecasts_do_not_see_their_future(seed: int, cut: int, future: list[float]) -> None:
    panel = make_panel(draw_demand((3, DAYS), seed))
    plans = make_plans(DAYS, TAIL, 7, daily=True)

    def run(data: Panel) -> Run:
        return run_fleet(data, OwnFleet, plans)

    whole, other, truncated = run(panel), run(altered(panel, cut, future)), run(panel.until(cut))
    for a, b, c in zip(whole.forecasts, other.forecasts, truncated.forecasts, strict=True):
        assert same(said_before(a, cut), said_before(b, cut))
        assert same(said_before(a, cut), said_before(c, cut))
    assert (whole.alarms[:, :cut] == other.alarms[:, :cut]).all()
    dressed = [
        normal_head(data, each.forecasts[0], each.means)
        for data, each in ((panel, whole), (panel.until(cut), truncated))
    ]
    assert same(said_before(dressed[0], cut), said_before(dressed[1], cut))
    block = plans[1]
    assert same(
        said_before(seasonal_naive(panel, block), cut), said_before(seasonal_naive(panel.until(cut), block), cut)
    )


@pytest.mark.parametrize("name", sorted(RIVER))
def test_rivers_models_do_not_see_their_future(name: str) -> None:
    panel = make_panel(draw_demand((2, DAYS), 3))
    plans = make_plans(DAYS, TAIL, 7, daily=False)
    cut = DAYS - 10
    a, b = (
        run_fleet(data, river_maker(RIVER[name], DAYS), plans) for data in (panel, altered(panel, cut, [777.0, 0.0]))
    )
    for mine, other in zip(a.forecasts, b.forecasts, strict=True):
        assert same(said_before(mine, cut), said_before(other, cut))


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_baselines_do_not_see_their_future(name: str) -> None:
    panel = make_panel(draw_demand((1, 60), 3))
    plan = Plan("block", (40, 47), 7)
    later = panel.demand.copy()
    later[:, 47:] = 777.0
    a = forecast_series(BASELINES[name], panel, plan, 0)
    b = forecast_series(BASELINES[name], make_panel(later), plan, 0)
    assert np.isfinite(a).all()
    assert np.array_equal(a, b)


def test_gradient_boosting_does_not_see_its_future(tmp_path: Path) -> None:
    panel = make_panel(draw_demand((8, 60), 3))
    plan = Plan("block", (40, 47), 7)
    later = panel.demand.copy()
    later[:, 47:] = 777.0
    a = GradientBaseline(tmp_path).compute(panel, plan)
    b = GradientBaseline(tmp_path).compute(make_panel(later), plan)
    assert np.isfinite(a.means).all()
    assert np.array_equal(a.means, b.means)


@pytest.mark.parametrize("change", CHANGES)
def test_a_planted_change_leaves_the_past_alone(change: Change) -> None:
    panel = make_panel(draw_demand((4, DAYS), 9))
    starts = np.array([50, -1, 60, 49])
    changed = plant(panel, change, starts).panel
    for i, start in enumerate(starts.tolist()):
        end = DAYS if start < 0 else start
        assert (changed.demand[i, :end] == panel.demand[i, :end]).all()
        assert start < 0 or (changed.demand[i, start:] != panel.demand[i, start:]).any()
