"""Stories of change: a week that moves, a category whose forecasts fail, what is said and what is done about it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from schemas.catalog import Product
from schemas.quantities import to_datetime
from streams.desk.phrases import Scene
from streams.desk.sentences import summary_of
from streams.settings import ShopSettings
from tests.unit.engine.bench import Fact, Told, at, make_log, master, play, play_in_pieces, sale

SHOP = ShopSettings(zone="UTC", lead_time_days=2.0)
WEEK = (20, 14, 14, 16, 24, 40, 8)


def days_of(units: list[int], first: int = 0, sku: str = "milk") -> list[Fact]:
    """One sale at noon of each day."""
    return [sale(at(first + day, 12), each, sku=sku) for day, each in enumerate(units) if each]


def told(facts: list[Fact], until_ms: int, shop: ShopSettings = SHOP) -> Told:
    return play(make_log(sorted(facts, key=lambda fact: fact.at_ms), until_ms), shop)


def wobbling(days: int, moved_from: int, by: int, seed: int = 3, wobble: float = 0.15) -> list[int]:
    """A week's pattern, somewhat up or down at random, moved by some slots from a day on."""
    dice = Random(seed)
    means = [WEEK[(day - (by if day >= moved_from else 0)) % 7] for day in range(days)]
    return [round(mean * dice.uniform(1.0 - wobble, 1.0 + wobble)) for mean in means]


def test_a_week_that_moves_is_a_season_and_no_level() -> None:
    story = told(days_of(wobbling(84, moved_from=56, by=3)), at(84, 1))
    found = [one for one in story.findings("demand_drift") if one.phase == "opened"]
    assert found
    first = found[0]
    assert at(56) < first.event_time.timestamp() * 1000 <= at(70)
    assert first.evidence["pattern_shift_slots"].value == 3
    assert first.evidence["reaction"].unit == "faster_rates"
    assert first.money_at_risk is None, "a week that moves is worth nobody knows what"
    milk = Product(sku="milk", name="Milk", valid_from=to_datetime(at(0)))
    assert summary_of(Scene(first, milk)).startswith("Demand for Milk at s1 comes at other times of the season")


def test_a_level_that_falls_says_what_was_done_and_who_else_has_seen_it() -> None:
    units = wobbling(84, 84, 0)
    halved = [each if day < 56 else each // 2 for day, each in enumerate(units)]
    found = [one for one in told(days_of(halved), at(84, 1)).findings("demand_drift") if one.phase == "opened"]
    assert found
    first = found[0]
    assert "pattern_shift_slots" not in first.evidence
    assert first.evidence["reaction"].unit == "level_reset"
    # The fast level was on its way to half of the old one, and the level went half of the way to it.
    assert 0.4 < first.evidence["reaction"].value < 0.99
    assert first.evidence["scatter_ratio"].value > 0.5


def test_small_p_values_travel_with_the_progress_once() -> None:
    units = wobbling(84, 84, 0)
    halved = [each if day < 56 else each // 2 for day, each in enumerate(units)]
    steady = [days_of(wobbling(84, 84, 0, seed), sku=f"sku-{seed}") for seed in range(6)]
    story = told([*days_of(halved), *(fact for facts in steady for fact in facts)], at(84, 1))
    said = [(one.watermark, name, p) for one in story.progress() for name, p in one.p_values]
    found = next(one for one in story.findings("demand_drift") if one.phase == "opened")
    mine = [p for watermark, name, p in said if name == "s1|milk" and watermark <= found.event_time.replace(hour=2)]
    assert mine, "the day of the finding has a small p-value"
    assert all(0.0 < p <= 0.01 for _, _, p in said)
    tests = sum(one.tests_run for one in story.progress())
    # Seven series of 84 days, less the first 14 of each that only warm up, and what is not closed yet.
    assert 7 * 60 <= tests <= 7 * 70


def category_shop(days: int, halved_from: int) -> list[Fact]:
    """Six products of one category; from a day on all sell half."""
    facts: list[Fact] = []
    for number in range(6):
        sku = f"sku-{number}"
        facts.append(master(at(0), Product(sku=sku, name=sku, category="dairy", valid_from=to_datetime(at(0)))))
        # Wild enough that last week's number is a poor forecast.
        units = wobbling(days, days, 0, seed=number, wobble=0.6)
        facts += days_of([each if day < halved_from else each // 2 for day, each in enumerate(units)], sku=sku)
    return facts


def test_a_category_whose_forecasts_fail_is_told_once_and_taken_back() -> None:
    shop = replace(SHOP, degraded_periods=4, recovered_periods=3)
    story = told(category_shop(112, halved_from=56), at(112, 1), shop)
    found = story.findings("forecast_degraded")
    assert [one.phase for one in found] == ["opened", "cleared"]
    opened, cleared = found
    assert (opened.source, opened.store_id, opened.sku) == ("dairy", None, None)
    assert at(56 + 4) <= opened.event_time.timestamp() * 1000 <= at(56 + 10)
    assert cleared.episode_started_at == opened.event_time
    assert opened.evidence["bias_share"].value > 0.15
    summary = summary_of(Scene(opened))
    assert summary.startswith("Forecasts for dairy have been poor for 4 days")
    assert "too high on the whole" in summary


def test_even_demand_degrades_nothing() -> None:
    assert told(category_shop(70, halved_from=70), at(70, 1)).findings("forecast_degraded") == []


def test_cuts_and_restarts_change_nothing_of_it() -> None:
    shop = replace(SHOP, degraded_periods=2, recovered_periods=2)
    log = make_log(sorted(category_shop(50, halved_from=42), key=lambda fact: fact.at_ms), at(50, 1))
    whole, pieces = play(log, shop), play_in_pieces(log, shop, seed=5)
    assert {one.kind for one in whole.findings()} >= {"demand_drift", "forecast_degraded"}
    assert pieces.outputs == whole.outputs
    assert pieces.rows() == whole.rows()
    assert {"form", "groups", "q:6"} & whole.rows().keys() >= {"form", "q:6"}
