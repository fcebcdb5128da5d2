"""Laws of the models, for any demand: exact codec, quantiles in order, scale, one result whatever the hash seed."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_models import counts
from online_models.columns import COLUMNS, Features
from online_models.distribution import DemandDistribution
from online_models.scores import LEVELS
from online_models.series_model import Lesson, SeriesModel
from online_models.stockout import LeadTimeDemand

units = st.one_of(st.none(), st.integers(0, 30).map(float), st.sampled_from([0.0, 0.0, 0.0, 0.5, 5000.0, 80_995.0]))
value = st.one_of(st.floats(-3.0, 50.0), st.just(float("nan")))
row = st.one_of(st.just(()), st.tuples(*[value] * len(COLUMNS)))
periods = st.lists(st.tuples(units, row), min_size=1, max_size=60)
seasons = st.sampled_from([1, 7, 12, 52])
means = st.one_of(st.floats(0.0, 5.0), st.floats(0.0, 400.0))
spreads = st.one_of(st.just(0.0), st.floats(1e-6, 5.0))


def closes(model: SeriesModel, history: list[tuple[float | None, tuple[float, ...]]], start: int = 0) -> list[Lesson]:
    return [model.close(y, Features((start + i) % model.season, x)) for i, (y, x) in enumerate(history)]


@given(history=periods, cut=st.integers(0, 60), season=seasons)
@settings(deadline=None)
def test_a_restored_model_is_the_model(
    history: list[tuple[float | None, tuple[float, ...]]], cut: int, season: int
) -> None:
    model = SeriesModel(season)
    closes(model, history[:cut])
    twin = SeriesModel.decode(model.encode())
    assert closes(twin, history[cut:], cut) == closes(model, history[cut:], cut)
    assert twin.encode() == model.encode()


@given(history=periods, season=seasons)
@settings(deadline=None)
def test_storing_after_every_close_changes_nothing(
    history: list[tuple[float | None, tuple[float, ...]]], season: int
) -> None:
    undisturbed, stored = SeriesModel(season), SeriesModel(season)
    closes(undisturbed, history)
    for i, (y, x) in enumerate(history):
        stored = SeriesModel.decode(stored.encode())
        stored.close(y, Features(i % season, x))
    assert stored.encode() == undisturbed.encode()


@given(history=periods, season=seasons)
@settings(deadline=None)
def test_forecasts_are_never_negative_and_never_lost(
    history: list[tuple[float | None, tuple[float, ...]]], season: int
) -> None:
    model = SeriesModel(season)
    for lesson in closes(model, history):
        if lesson.forecast is not None:
            assert min(lesson.forecast.means) >= 0.0
            assert max(lesson.forecast.means) < 1e7
    seen = any(y is not None for y, _ in history)
    assert (model.forecast(Features(0)) is not None) == seen


@given(mean=means, dispersion=spreads)
def test_quantiles_never_cross(mean: float, dispersion: float) -> None:
    found = DemandDistribution(mean, dispersion).quantiles(LEVELS)
    assert list(found) == sorted(found)


@given(mean=means, dispersion=spreads, level=st.floats(0.001, 0.999))
def test_the_quantile_is_the_least_that_reaches_its_level(mean: float, dispersion: float, level: float) -> None:
    law = DemandDistribution(mean, dispersion)
    found = law.quantile(level)
    assert law.cdf(found) >= level - 1e-6
    if found > 0.0:
        assert law.cdf(found - 1.0) < level + 1e-6


@given(mean=means, dispersion=spreads, low=st.integers(0, 900), more=st.integers(0, 900))
def test_the_distribution_function_rises(mean: float, dispersion: float, low: int, more: int) -> None:
    assert 0.0 <= counts.cdf(low, mean, dispersion) <= counts.cdf(low + more, mean, dispersion) + 1e-12 <= 1.0 + 1e-11


@given(history=st.lists(st.integers(0, 40), min_size=30, max_size=80), factor=st.sampled_from([2.0, 8.0, 0.25]))
@settings(deadline=None, max_examples=50)
def test_experts_do_not_care_for_the_unit(history: list[int], factor: float) -> None:
    plain, scaled = SeriesModel(7), SeriesModel(7)
    for day, y in enumerate(history):
        plain.close(float(y), Features(day % 7))
        scaled.close(y * factor, Features(day % 7))
    here, there = plain.forecast(Features(3)), scaled.forecast(Features(3))
    assert here is not None
    assert there is not None
    assert there.means == pytest.approx([mean * factor for mean in here.means], rel=1e-4, abs=1e-6)


@given(
    days=st.lists(means, min_size=4, max_size=12),
    dispersion=spreads,
    arrivals=st.lists(st.sampled_from([0.0, 0.0, 5.0]), max_size=8),
    on_hand=st.integers(0, 200),
    target=st.floats(0.02, 0.95),
)
@settings(deadline=None)
def test_risk_falls_with_stock_and_the_threshold_obeys_it(
    days: list[float], dispersion: float, arrivals: list[float], on_hand: int, target: float
) -> None:
    ahead = LeadTimeDemand(days, dispersion, [0.25] * 4, arrivals)
    risk = ahead.stockout_risk(on_hand)
    assert 0.0 <= ahead.stockout_risk(on_hand + 1) <= risk + 1e-12
    threshold = ahead.risk_threshold_units(target)
    if on_hand <= threshold:
        assert risk >= target
    elif on_hand > threshold + max(1.0, 0.002 * threshold):
        assert risk < target


SCRIPT = """
import zlib
from online_models.columns import Features
from online_models.series_model import SeriesModel
model = SeriesModel(7)
for day in range(90):
    x = Features(day % 7, tuple(float((day * k) % 5) for k in range(1, 14)))
    model.close(float(day * 7919 % 13), x)
print(zlib.crc32(model.encode()))
"""


def test_the_hash_seed_changes_no_byte() -> None:
    def run(seed: str) -> str:
        env = {**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True)
        return done.stdout

    assert run("1") == run("77") != ""
