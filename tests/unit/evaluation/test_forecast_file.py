"""Anyone's forecasts: placed by date, or counted as misplaced; kept baselines are read, not made again."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from consumers.evaluate.baselines import Baseline, BaselineCache
from consumers.evaluate.forecast_file import QUANTILES, place_frame, plan_of, read_frame, to_frame
from consumers.evaluate.gradient import LAGS, WINDOWS, GradientBaseline, demand_features
from schemas.errors import BadSetup
from streams.evaluation.forecaster import LEVELS
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.history import fill_gaps
from streams.evaluation.yardstick_models import seasonal_naive
from tests.unit.evaluation.panels import draw_demand, make_panel

PANEL = make_panel(draw_demand((2, 28), 1))  # from Monday, 2017-01-02 on
PLAN = Plan("block", (14, 21), 7)


def test_names_of_quantiles() -> None:
    assert QUANTILES == ("q05", "q10", "q20", "q30", "q40", "q50", "q60", "q70", "q80", "q90", "q95")


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_what_was_written_is_what_is_scored(suffix: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    means = random.random((2, 2, 7))
    means[1, 0, 3] = np.nan
    quantiles = np.sort(random.random((2, 2, 7, len(LEVELS))), axis=3)
    path = tmp_path / f"mine.{suffix}"
    frame = to_frame(Forecasts(PLAN, means, quantiles), PANEL)
    assert len(frame) == 27
    first = next(frame.itertuples(index=False))
    assert tuple(first)[:4] == ("s0", "milk", date(2017, 1, 16), date(2017, 1, 16))
    if suffix == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    read = read_frame(path)
    found, misplaced = place_frame(read, PANEL, plan_of(read, PANEL, 14))
    assert (found.plan.origins, found.plan.leads, misplaced) == (PLAN.origins, PLAN.leads, 0)
    assert found.means == pytest.approx(means, nan_ok=True)
    assert found.quantiles is not None
    known = np.isfinite(means)
    assert found.quantiles[known] == pytest.approx(quantiles[known])


def test_rows_without_a_place_are_counted() -> None:
    frame = pd.DataFrame(
        {
            "store": ["s0", "s9", "s0", "s0"], "sku": "milk",
            "origin": [date(2017, 1, 16), date(2017, 1, 16), date(2017, 1, 3), date(2017, 1, 16)],
            "target": [date(2017, 1, 17), date(2017, 1, 17), date(2017, 1, 4), date(2017, 1, 15)], "mean": 5.0,
        }
    )  # fmt: skip
    plan = plan_of(frame, PANEL, 14)
    found, misplaced = place_frame(frame, PANEL, plan)
    # An unknown store, an origin before the tail, a target before its origin.
    assert misplaced == 3
    assert found.means[0, 0, 1] == 5.0
    assert int(np.isfinite(found.means).sum()) == 1
    assert found.quantiles is None


def test_a_file_that_cannot_be_scored_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("store,sku,origin,mean\ns0,milk,2017-01-16,1\n")
    with pytest.raises(BadSetup, match="lack the column target"):
        read_frame(path)
    path.write_text("store,sku,origin,target,mean\ns0,milk,2001-01-16,2001-01-16,1\n")
    with pytest.raises(BadSetup, match="None of the forecasts has an origin from 2017-01-16 on"):
        plan_of(read_frame(path), PANEL, 14)


class Counting:
    """A model of statsforecast's form that counts its fits."""

    fits = 0

    def forecast(self, y: np.ndarray, h: int) -> dict[str, np.ndarray]:
        Counting.fits += 1
        return {"mean": np.full(h, y[-1])}


def test_a_kept_baseline_is_not_made_again(tmp_path: Path) -> None:
    baseline = Baseline("counting", "none", lambda season: Counting())
    cache = BaselineCache(tmp_path)
    first = cache.forecasts(baseline, PANEL, PLAN)
    assert Counting.fits == 4
    assert first.means[1, 1].tolist() == [PANEL.demand[1, 20]] * 7
    assert np.array_equal(cache.forecasts(baseline, PANEL, PLAN).means, first.means)
    assert Counting.fits == 4
    changed = PANEL.demand.copy()
    changed[0, 27] += 1.0
    cache.forecasts(baseline, make_panel(changed), PLAN)
    assert Counting.fits == 6  # of the changed series alone
    cache.forecasts(Baseline("counting", "other settings", lambda season: Counting()), PANEL, PLAN)
    assert Counting.fits == 10


def test_gaps_are_filled_from_behind() -> None:
    slots = np.arange(10) % 3
    demand = np.array([np.nan, 4.0, np.nan, np.nan, np.nan, 8.0, 2.0, np.nan, np.nan, np.nan])
    # From the first known on: slot 2 unknown yet: mean of 4; slot 0 likewise (4, 4); slot 1: 4; 8; 2; slot 1: 4; 8; 2.
    assert fill_gaps(demand, slots, 3).tolist() == [4.0, 4.0, 4.0, 4.0, 8.0, 2.0, 4.0, 8.0, 2.0]


def test_seasonal_naive_is_statsforecasts() -> None:
    pytest.importorskip("statsforecast")
    from statsforecast.models import SeasonalNaive

    found = seasonal_naive(PANEL, PLAN)
    for i in range(2):
        for k, origin in enumerate(PLAN.origins):
            reference = SeasonalNaive(season_length=7).forecast(y=PANEL.demand[i, :origin], h=7)["mean"]
            assert found.means[i, k].tolist() == reference.tolist()


def test_lags_and_averages_are_pandas() -> None:
    demand = draw_demand((1, 60), 2)
    demand[0, 50] = np.nan
    series = pd.Series(demand[0])
    expected = [series.shift(lag).iloc[55] for lag in LAGS["day"]]
    expected += [series.rolling(window, min_periods=1).mean().shift(1).iloc[55] for window in WINDOWS["day"]]
    assert demand_features(demand, "day", 55)[0].tolist() == pytest.approx(expected, nan_ok=True)
    young = demand_features(demand, "day", 5)[0]
    assert np.isnan(young[: len(LAGS["day"])]).tolist() == [False, False, False, True, True, True, True]


def test_gradient_boosting_learns_the_day_after_a_closed_one(tmp_path: Path) -> None:
    # Closed on slot 6, three times the usual on slot 0: a model that drops rows without yesterday never learns slot 0.
    demand = draw_demand((20, 140), 6, 40.0)
    panel = make_panel(demand)
    slots = panel.slots()
    demand[:, slots == 6] = np.nan
    demand[:, slots == 0] *= 3.0
    found = GradientBaseline(tmp_path).compute(make_panel(demand), Plan("block", (133,), 7))
    truth = demand[:, 133:]
    trading = np.isfinite(truth)
    assert np.abs(found.means[:, 0] - truth)[trading].sum() / truth[trading].sum() < 0.2
    monday = slots[133:] == 0
    assert found.means[:, 0, monday].mean() == pytest.approx(truth[:, monday].mean(), rel=0.1)
