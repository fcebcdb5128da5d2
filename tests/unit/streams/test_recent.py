"""Recent errors: faded by age, whatever the order, and added up over tasks."""

import random

import pytest

from streams.engine.drift_scores import DriftScores
from streams.engine.recent import HALF_LIFE_PERIODS, RecentScores

WIDE = (0.0, 0.0, 0.0, 0.0, 100.0, 100.0, 100.0)
Close = tuple[int, float, float, float]


def closes(count: int = 200) -> list[Close]:
    chance = random.Random(5)
    return [
        (chance.randrange(30), chance.uniform(0, 9), chance.uniform(0, 9), chance.uniform(0, 9)) for _ in range(count)
    ]


def fed(given: list[Close]) -> RecentScores:
    recent = RecentScores()
    for period, actual, forecast, naive in given:
        recent.add(period, actual, forecast, naive, WIDE)
    return recent


def test_the_ratios_are_weighted_sums() -> None:
    given = closes()
    newest = max(period for period, *_ in given)
    weights = [0.5 ** ((newest - period) / HALF_LIFE_PERIODS) for period, *_ in given]
    actual = sum(w * a for w, (_, a, _, _) in zip(weights, given, strict=True))
    recent = fed(given)
    assert recent.wape == pytest.approx(
        sum(w * abs(f - a) for w, (_, a, f, _) in zip(weights, given, strict=True)) / actual
    )
    assert recent.bias == pytest.approx(
        sum(w * (f - a) for w, (_, a, f, _) in zip(weights, given, strict=True)) / actual
    )
    assert recent.naive_wape == pytest.approx(
        sum(w * abs(n - a) for w, (_, a, _, n) in zip(weights, given, strict=True)) / actual
    )
    assert recent.actual_units == pytest.approx(actual)
    assert recent.coverage(0) == 1.0


def test_the_order_of_closes_and_the_number_of_tasks_do_not_matter() -> None:
    given = closes()
    both = fed(given[:70])
    both.merge(fed(given[70:]))
    for other in (fed(sorted(given)), fed(sorted(given, reverse=True)), both):
        (period, sums), (wanted_period, wanted_sums) = other.state(), fed(given).state()
        assert period == wanted_period
        assert sums == pytest.approx(wanted_sums)


def test_what_is_stored_goes_on_as_if_nothing_had_happened() -> None:
    given = closes()
    stored = RecentScores(*fed(given[:99]).state())
    for period, actual, forecast, naive in given[99:]:
        stored.add(period, actual, forecast, naive, WIDE)
    assert stored.state() == fed(given).state()


def test_nothing_scored_is_unknown() -> None:
    recent = RecentScores()
    assert (recent.wape, recent.bias, recent.naive_wape, recent.coverage(0), recent.actual_units) == (None,) * 5
    recent.merge(RecentScores())
    assert recent.state()[0] is None
    recent.add(3, 0.0, 1.0, 1.0, WIDE)
    assert recent.wape is None, "an error over nothing sold is no share"


def test_the_highest_score_of_two_periods_is_shown() -> None:
    scores = DriftScores()
    for period, score in ((7, 2.0), (8, 0.5), (7, 3.0)):  # a series that closes last says more of the older period
        scores.note("lima", period, score)
    scores.note("cusco", 8, 0.0)
    assert scores.by_store() == {"lima": 3.0, "cusco": 0.0}
    twin = DriftScores.load({name: value for name, value in scores.writes().items() if value is not None})
    assert scores.writes() == {}, "clean after it was written"
    for each in (scores, twin):
        each.note("lima", 10, 1.0)  # period 9 said nothing, so 8 is too old to be shown
        assert each.by_store()["lima"] == 1.0
