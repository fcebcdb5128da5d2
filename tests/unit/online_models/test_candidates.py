"""Candidates: a real driver enters, noise does not, a driver that ended leaves."""

from random import Random

import pytest

from online_models.candidates import LARGEST_FACTOR, LEAST_FACTOR, LEAST_PERIODS, Candidates
from schemas.errors import StateCorrupt


def run(race: Candidates, days: range, seed: int, effect: float = 0.0, shops: int = 20) -> None:
    """Shops of mean 20 and Normal errors of 3; `rain` multiplies demand by 1 + effect a unit, `dice` does nothing."""
    dice = Random(seed)
    for day in days:
        values = {"rain": dice.gauss(0, 1), "dice": dice.gauss(0, 1)}
        for _ in range(shops):
            if race.wants(day):
                y = max(0.0, 20.0 * (1.0 + effect * values["rain"]) + dice.gauss(0, 3))
                race.learn(day, y, 20.0 * race.factor(day, values), 0.0, 0.45, values)


def members(race: Candidates) -> list[str]:
    return [one.name for one in race.standings() if one.member]


@pytest.mark.parametrize("effect", [0.2, -0.1])
def test_a_driver_enters_with_its_effect_and_noise_stays_out(effect: float) -> None:
    race = Candidates(182.0)
    run(race, range(120), seed=1, effect=effect)
    assert members(race) == ["rain"]
    standing = next(one for one in race.standings() if one.name == "rain")
    # Shrunk a little towards none.
    assert standing.effect == pytest.approx(effect, rel=0.06)
    assert 0.0 < standing.low < standing.gain < standing.high
    assert race.factor(200, {"rain": 1.0, "dice": 1.0}) == pytest.approx(1.0 + effect, abs=0.02)
    assert race.parts(200, {"rain": 1.0, "dice": 1.0}) == {"rain": race.factor(200, {"rain": 1.0}) - 1.0} or (
        race.parts(200, {"rain": 1.0, "dice": 1.0})["rain"] == pytest.approx(effect, abs=0.02)
    )


def test_noise_enters_seldom() -> None:
    entered = 0
    for seed in range(40):
        race = Candidates(182.0)
        run(race, range(60), seed, shops=5)
        entered += len(members(race))
    # Two of noise in each of 40 runs; a test of 5 % that looks at every period would let in about one in five.
    assert entered <= 16


def test_nobody_enters_before_there_are_periods_enough() -> None:
    race = Candidates(182.0)
    run(race, range(int(LEAST_PERIODS)), seed=3, effect=0.3)
    assert members(race) == []


def test_a_driver_that_ended_leaves() -> None:
    race = Candidates(30.0)
    run(race, range(60), seed=4, effect=0.2)
    assert members(race) == ["rain"]
    run(race, range(60, 260), seed=5, effect=0.0)
    assert race.factor(300, {"rain": 1.0}) == pytest.approx(1.0, abs=0.02)


def test_a_broken_reading_moves_little() -> None:
    race = Candidates(182.0)
    run(race, range(120), seed=1, effect=0.2)
    # Four root mean squares at most, and the factor is held besides.
    assert race.factor(200, {"rain": 1e9}) == pytest.approx(1.0 + 4 * 0.2, abs=0.1)
    assert race.factor(200, {"rain": -1e9}) == LEAST_FACTOR
    assert race.factor(200, {"rain": 1e9}) <= LARGEST_FACTOR


def test_thousands_of_lessons_a_period_are_sampled() -> None:
    race = Candidates(182.0)
    wanted = [sum(race.wants(day) for _ in range(2_000)) for day in range(3)]
    assert wanted == [2_000, 500, 500]


def test_another_version_or_broken_bytes_are_refused() -> None:
    race = Candidates(182.0)
    for state in (b"{", b"{}", race.encode().replace(b'"version":1', b'"version":2')):
        with pytest.raises(StateCorrupt):
            race.restore(state)
