"""Laws of the stack, for any demand: exact codec, no leak between series, nothing learnt unseen, one result."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_models.columns import Column, Features
from online_models.conformal import HIGHEST, LOWEST
from online_models.pool import Pool
from online_models.stack import SeriesStack
from online_models.stack_forecast import StackLesson

COLUMNS = (Column("lag_1_demand", in_units=True), Column("promotion"), Column("own_price_ratio", neutral=1.0))

units = st.one_of(st.none(), st.integers(0, 30).map(float), st.sampled_from([0.0, 0.0, 0.0, 0.5, 5000.0, 80_995.0]))
value = st.one_of(st.floats(-3.0, 50.0), st.just(float("nan")))
row = st.one_of(st.just(()), st.tuples(*[value] * len(COLUMNS)))
exposures = st.one_of(st.just(1.0), st.floats(0.0, 1.0))
Day = tuple[float | None, tuple[float, ...], float]
days = st.lists(st.tuples(units, row, exposures), min_size=1, max_size=40)
seasons = st.sampled_from([1, 7, 12, 52])


class Fleet:
    """Two series of one category and their pool; stored and read again between closes where asked for."""

    def __init__(self, season: int, *, stored: bool) -> None:
        self.season, self.stored = season, stored
        self.bench = SeriesStack(season, COLUMNS)
        self.parts: dict[str, bytes] = {}
        self.pool = Pool(self.bench.layout)
        self.series = [SeriesStack(season, COLUMNS) for _ in range(2)]
        self.bytes = [self.bench.encode()] * 2

    def close(self, which: int, period: int, day: Day, coming: tuple[float, ...]) -> StackLesson:
        if self.stored:
            self.parts.update(self.pool.writes())
            self.pool = Pool.load(self.bench.layout, self.parts)
            self.bench.restore(self.bytes[which])
        stack = self.bench if self.stored else self.series[which]
        y, x, exposure = day
        category = self.pool.category("dairy")
        lesson = stack.close(y, Features(period % self.season, x), category, period, exposure)
        stack.issue(Features((period + 1) % self.season, coming), category)
        self.bytes[which] = stack.encode()
        return lesson


def play(fleet: Fleet, history: list[Day]) -> list[StackLesson]:
    lessons = []
    for period, day in enumerate(history):
        coming = history[(period + 1) % len(history)][1]
        lessons.append(fleet.close(0, period, day, coming))
        lessons.append(fleet.close(1, period, (period % 5 * 2.0, (), 1.0), ()))
    return lessons


@given(history=days, season=seasons)
@settings(deadline=None, max_examples=60)
def test_storing_after_every_close_changes_nothing(history: list[Day], season: int) -> None:
    undisturbed, stored = Fleet(season, stored=False), Fleet(season, stored=True)
    assert play(stored, history) == play(undisturbed, history)
    assert stored.bytes == undisturbed.bytes
    stored.parts.update(stored.pool.writes())
    assert stored.parts == undisturbed.pool.writes()


@given(history=days, season=seasons)
@settings(deadline=None, max_examples=60)
def test_decoding_what_was_encoded_gives_the_same_bytes(history: list[Day], season: int) -> None:
    fleet = Fleet(season, stored=False)
    play(fleet, history)
    twin = SeriesStack(season, COLUMNS)
    twin.restore(fleet.bytes[0])
    assert twin.encode() == fleet.bytes[0]
    parts = fleet.pool.writes()
    pool = Pool.load(twin.layout, parts)
    for name in parts:
        (pool.common if name == "common" else pool.category("dairy")).changed = True
    assert pool.writes() == parts


@given(history=days, surprise=st.sampled_from([0.0, 400.0, 9000.0]), season=seasons)
@settings(deadline=None, max_examples=60)
def test_a_series_is_scored_with_what_was_issued_before_its_neighbours_taught_the_pool(
    history: list[Day], surprise: float, season: int
) -> None:
    lessons = []
    for neighbour in (3.0, surprise):
        fleet = Fleet(season, stored=True)
        play(fleet, history)
        period = len(history)
        fleet.close(0, period, (neighbour, (), 1.0), ())  # the neighbour's period is closed first
        lessons.append(fleet.close(1, period, (4.0, (), 1.0), ()))
    assert lessons[0] == lessons[1]


def test_the_neighbours_lesson_would_have_changed_the_forecast() -> None:
    """Without this the law above could not fail."""
    fresh = []
    for neighbour in (3.0, 9000.0):
        fleet = Fleet(7, stored=False)
        play(fleet, [(float(day % 4), (), 1.0) for day in range(60)])
        fleet.close(0, 60, (neighbour, (), 1.0), ())
        means = fleet.series[1].horizon_means([Features(4)], fleet.pool.category("dairy"))
        assert means is not None
        fresh.append(means[0])
    assert fresh[0] != fresh[1]


@given(history=days, season=seasons)
@settings(deadline=None, max_examples=60)
def test_forecasts_are_never_negative_and_never_lost(history: list[Day], season: int) -> None:
    fleet = Fleet(season, stored=False)
    for lesson in play(fleet, history):
        if lesson.forecast is not None:
            assert min(lesson.forecast.means) >= 0.0
            assert 0.0 <= lesson.forecast.mean_units < 1e7
            assert 0.0 <= lesson.forecast.distribution.dispersion <= 50.0
    learnt = any(y is not None and exposure > 0.5 for y, _, exposure in history)
    assert (fleet.series[0].issued is not None) >= learnt
    for stack in fleet.series:
        levels = stack.levels
        assert list(levels) == sorted(levels)
        assert levels[0] >= LOWEST - 1e-6
        assert levels[-1] <= HIGHEST + 1e-6


@given(history=days, season=seasons, y=st.floats(0.0, 500.0), exposure=st.floats(0.0, 0.0199))
@settings(deadline=None, max_examples=40)
def test_a_period_that_could_not_be_seen_teaches_nothing(
    history: list[Day], season: int, y: float, exposure: float
) -> None:
    unseen, unknown = Fleet(season, stored=False), Fleet(season, stored=False)
    for fleet in (unseen, unknown):
        play(fleet, history)
        fleet.pool.writes()
    unseen.close(0, len(history), (y, (), exposure), ())
    unknown.close(0, len(history), (None, (), 1.0), ())
    assert unseen.bytes[0] == unknown.bytes[0]
    assert unseen.pool.writes() == {}


@given(history=st.lists(st.integers(0, 40), min_size=30, max_size=80), factor=st.sampled_from([2.0, 8.0, 0.25]))
@settings(deadline=None, max_examples=40)
def test_experts_do_not_care_for_the_unit(history: list[int], factor: float) -> None:
    means = []
    for scale in (1.0, factor):
        stack = SeriesStack(7, COLUMNS)
        category = Pool(stack.layout).category("dairy")
        for day, y in enumerate(history):
            stack.close(y * scale, Features(day % 7), category, day)
            stack.issue(Features((day + 1) % 7), category)
        assert stack.issued is not None
        means.append(stack.issued.means)
    assert means[1] == pytest.approx([mean * factor for mean in means[0]], rel=1e-3, abs=1e-5)


@given(history=days, season=seasons)
@settings(deadline=None, max_examples=40)
def test_the_horizon_begins_with_the_forecast_that_is_issued(history: list[Day], season: int) -> None:
    fleet = Fleet(season, stored=False)
    play(fleet, history)
    stack, x = fleet.series[0], Features(len(history) % season, history[-1][1])
    category = fleet.pool.category("dairy")
    ahead = stack.horizon_means([x, x, Features(0)], category)
    issued = stack.issue(x, category)
    assert (ahead is None) == (issued is None)
    if ahead is not None and issued is not None:
        assert ahead[0] == ahead[1] == pytest.approx(issued.mean_units, rel=1e-4, abs=1e-5)


SCRIPT = """
import zlib
from online_models.columns import Features
from online_models.pool import Pool
from online_models.stack import SeriesStack
stack = SeriesStack(7)
pool = Pool(stack.layout)
for day in range(90):
    x = Features(day % 7, tuple(float((day * k) % 5) for k in range(1, 14)))
    stack.close(float(day * 7919 % 13), x, pool.category("dairy"), day)
    stack.issue(x, pool.category("bread" if day % 3 else "dairy"))
print(zlib.crc32(stack.encode()), [(name, zlib.crc32(part)) for name, part in pool.writes().items()])
"""


def test_the_hash_seed_changes_no_byte() -> None:
    def run(seed: str) -> str:
        env = {**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True)
        return done.stdout

    assert run("1") == run("77") != ""
