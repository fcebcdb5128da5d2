"""Laws of what came beside the stack: series that sleep, candidates that compete, signals whose usual value is kept.

One log gives one result however it is cut and restarted; another recording of the same facts gives the same closes.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from online_models.candidates import Candidates
from schemas.catalog import Product, Store
from schemas.context import ContextSignal
from schemas.quantities import DAY_MS, to_datetime
from tests.laws.market_days import LEARNING, SKUS, STORES, draw_facts, record_live, record_otherwise, seeds
from tests.laws.test_engine_laws import CAREFREE, closed
from tests.unit.engine.bench import Fact, at, make_log, master, play, play_in_pieces, units_by_period

DROWSY = replace(LEARNING, sleep_after_periods=2, country="PE", poison_share=CAREFREE)
DAYS = 12


def signal(known_ms: int, day: int, name: str, value: float, scope: str = "store", scope_id: str = "s1") -> Fact:
    """A signal of one day."""
    body = ContextSignal.model_validate(
        {
            "known_at": to_datetime(known_ms), "valid_from": to_datetime(at(day, 5)),
            "valid_to": to_datetime(at(day + 1, 5)), "name": name, "scope": scope, "scope_id": scope_id,
            "value": value, "unit": "degrees",
        }
    )  # fmt: skip
    return Fact("context", known_ms, scope_id.encode(), body.encode())


def sleepy_facts(seed: int, days: int = DAYS) -> list[Fact]:
    """A drawn market in which every series is idle for some days, with master data and weather."""
    dice = Random(seed)
    facts = [fact for fact in draw_facts(seed, days) if fact.name in ("catalog", "context", "prices")]
    for store in STORES:
        for sku in SKUS:
            begin = dice.randint(1, 5)
            end = begin + dice.randint(1, 6)
            mine = (f'"store_id":"{store}"'.encode(), f'"sku":"{sku}"'.encode())
            facts += [
                fact
                for fact in draw_facts(seed, days)
                if fact.name in ("sales", "stock")
                and all(part in (fact.value or b"") for part in mine)
                and b'"counted"' not in (fact.value or b"")
                and not at(begin) <= fact.at_ms < at(end)
            ]
    first = to_datetime(at(0))
    facts += [master(at(0), Store(store_id=STORES[0], country="PE", valid_from=first))]
    facts += [master(at(0), Product(sku=sku, category="food/" + sku, valid_from=first)) for sku in SKUS]
    for day in range(days):
        known_ms = at(day) - dice.choice([0, 6, 20]) * DAY_MS // 24
        facts.append(signal(max(known_ms, at(0)), day, "rain", dice.choice([0.0, 1.0])))
        facts.append(signal(at(day + 1, 6), day, "heat", dice.uniform(10, 30), "country", "PE"))
    return sorted((fact for fact in facts if fact.at_ms < at(days)), key=lambda fact: fact.at_ms)


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_one_log_one_result_with_sleep_and_signals(seed: int) -> None:
    log = record_live(seed, sleepy_facts(seed), at(DAYS, 12))
    whole, pieces = play(log, DROWSY), play_in_pieces(log, DROWSY, seed)
    assert pieces.outputs == whole.outputs
    assert pieces.rows() == whole.rows()
    assert pieces.marks == whole.marks


@settings(max_examples=12, deadline=None)
@given(seeds)
@example(2)
def test_another_recording_closes_the_same_with_sleep_and_signals(seed: int) -> None:
    facts = sleepy_facts(seed)
    # Where context comes late is another log by right: here only sales, stock and prices are disordered.
    early = [fact._replace(at_ms=at(0)) for fact in facts if fact.name in ("context", "catalog")]
    others = [fact for fact in facts if fact.name not in ("context", "catalog")]
    told = [
        play(make_log(early + others, at(DAYS, 12)), DROWSY),
        play(record_otherwise(seed, early + others, at(DAYS, 12), DROWSY.slack_ms), DROWSY),
    ]
    mine, theirs = closed(told[0]), closed(told[1])
    for name, value in mine.items():
        assert theirs[name] == value, name


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_no_unit_is_lost_in_sleep(seed: int) -> None:
    log = make_log(sleepy_facts(seed), at(DAYS, 12))
    asleep, awake = play(log, DROWSY), play(log, replace(DROWSY, sleep_after_periods=0))
    mine, theirs = units_by_period(asleep), units_by_period(awake)
    # A series that still sleeps at the end has its last zeros to come.
    assert {key: units for key, units in mine.items() if units != (0, 0)} == {
        key: units for key, units in theirs.items() if units != (0, 0)
    }
    assert set(mine) <= set(theirs)


def test_some_series_sleep_and_some_candidates_learn() -> None:
    slept = learnt = 0
    for seed in range(4):
        told = play(make_log(sleepy_facts(seed), at(DAYS, 12)), DROWSY)
        awake = play(make_log(sleepy_facts(seed), at(DAYS, 12)), replace(DROWSY, sleep_after_periods=0))
        slept += len(told.forecasts()) < len(awake.forecasts())
        learnt += any(name.startswith("k:") for name in told.state) and any(
            name.startswith("u:") for name in told.state
        )
    assert slept
    assert learnt


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 40))
def test_candidates_are_what_they_have_stored(seed: int, cut: int) -> None:
    dice = Random(seed)
    race, stored = Candidates(50.0), Candidates(50.0)
    for day in range(45):
        for _ in range(dice.randint(0, 4)):
            values = {name: dice.gauss(0, 3) for name in ("rain", "heat", "café") if dice.random() < 0.7}
            y, mean = float(dice.randint(0, 30)), dice.uniform(0.1, 25)
            for one in (race, stored):
                if one.wants(day):
                    one.learn(day, y, mean, 0.3, 1.0, values)
            assert race.factor(day + 1, values) == stored.factor(day + 1, values)
        if day == cut:
            copy = Candidates(50.0)
            copy.restore(stored.encode())
            assert copy.encode() == stored.encode()
            stored = copy
    assert stored.encode() == race.encode()


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_nothing_of_a_period_is_used_for_that_period(seed: int) -> None:
    """What one shop's day has taught changes no factor of that day, nor of the next one that was issued before."""
    dice = Random(seed)
    race = Candidates(50.0)
    for day in range(20):
        values = {"rain": float(dice.random() < 0.5)}
        before = race.factor(day, values)
        for _ in range(3):
            assert race.wants(day)
            race.learn(day, float(dice.randint(0, 40)), 20.0 * before, 0.1, 1.0, values)
            assert race.factor(day, values) == before
        issued = race.factor(day + 1, {"rain": 1.0})
        assert race.wants(day)
        race.learn(day, 500.0, 20.0, 0.1, 1.0, {"rain": 1.0})
        assert race.factor(day + 1, {"rain": 1.0}) == issued
        assert race.wants(day + 1)
        race.learn(day + 1, 20.0, 20.0, 0.1, 1.0, {"rain": 1.0})
        assert race.factor(day + 1, {"rain": 1.0}) == issued
        race = _copy(race) if day % 5 == 0 else race


def _copy(race: Candidates) -> Candidates:
    copy = Candidates(50.0)
    copy.restore(race.encode())
    return copy
