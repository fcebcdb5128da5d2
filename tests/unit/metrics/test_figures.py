"""What tasks tell about themselves: held to the records that they were given and to what they put out."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from schemas.quantities import to_ms
from streams.desk.figures import DeskFigures
from streams.engine.figures import EngineFigures
from streams.metrics import (
    ALERTS_EMITTED,
    ALERTS_OPEN,
    BIAS,
    CLOSED,
    CONSUMED,
    COVERAGE,
    CUSUM,
    DRIFT_SCORE,
    DRIFT_THRESHOLD,
    DRIFTING,
    DRIFTS,
    DUPLICATES,
    EVENT_AGE,
    OBSERVED,
    REJECTED,
    SCORED_UNITS,
    TICK_AGE,
    WAPE,
    Counts,
    Metric,
    Sample,
)
from streams.price_desk.figures import PriceFigures
from streams.settings import ShopSettings
from tests.unit.desk.bench import Till, action, finding, new_desk, progress
from tests.unit.engine.bench import Fact, Stand, at, make_log, sale
from tests.unit.price_desk.facts import matched, open_desk, seen, tell

SHOP = ShopSettings(zone="UTC", lead_time_days=2.0)
HALVED_DAY, LAST_DAY = 42, 63


def halved(sku: str = "milk") -> list[Fact]:
    """24 units a day for six weeks, then 12."""
    whole, half = [8.25 + n / 2 for n in range(24)], [8.25 + n for n in range(12)]
    return [
        sale(at(day, hour), 1.0, sku=sku) for day in range(LAST_DAY) for hour in (whole if day < HALVED_DAY else half)
    ]


def played(facts: Sequence[Fact], until_ms: int) -> Stand:
    stand = Stand(SHOP)
    log = make_log(sorted(facts, key=lambda fact: fact.at_ms), until_ms)
    for name in log.records:
        stand.feed(log, name)
    stand.handle(10_000_000)
    stand.commit()
    return stand


def of(samples: Sequence[Sample], metric: Metric) -> Mapping[tuple[str, ...], float]:
    found = {sample.labels: sample.value for sample in samples if sample.metric is metric}
    return {labels: value for labels, value in found.items() if isinstance(value, int | float)}


def nonzero(counts: Counts, metric: Metric) -> Mapping[tuple[str, ...], int]:
    return {labels: number for (each, labels), number in counts.items() if each is metric and number}


def test_a_task_that_knows_nothing_says_nothing_but_zeros() -> None:
    stand = Stand(SHOP)
    assert {sample.metric for sample in EngineFigures().gauges([stand.task])} == {DRIFT_THRESHOLD}
    counts = EngineFigures().counts(stand.task)
    assert set(counts.values()) == {0}
    assert (REJECTED, ("sales.v1", "schema")) in counts


def test_a_drift_moves_score_error_and_counter() -> None:
    before, after = played(halved(), at(HALVED_DAY, 1)), played(halved(), at(LAST_DAY, 1))
    calm, moved = (EngineFigures().gauges([stand.task]) for stand in (before, after))
    assert nonzero(EngineFigures().counts(before.task), DRIFTS) == {}
    assert nonzero(EngineFigures().counts(after.task), DRIFTS) == {(CUSUM, "down"): 1}
    # Even demand is forecast to the unit; half of it is 100 % too much, until it is believed.
    assert of(calm, WAPE)["champion", "recent"] == pytest.approx(0.0, abs=0.02)
    assert 0.05 < of(moved, WAPE)["champion", "recent"] < 1.0
    # Too high on the whole: once it is believed, the first days at the new level err both ways.
    assert 0.0 < of(moved, BIAS)["champion", "recent"] <= of(moved, WAPE)["champion", "recent"]
    assert of(calm, DRIFT_SCORE)[CUSUM, "overall"] == of(calm, DRIFT_SCORE)[CUSUM, "store:s1"] < 1.0
    assert of(moved, DRIFT_THRESHOLD) == {(CUSUM,): SHOP.drift_threshold}


def test_the_score_climbs_over_its_threshold_on_the_day_of_the_drift() -> None:
    (found,) = [one for one in played(halved(), at(LAST_DAY, 1)).told.findings("demand_drift") if one.phase == "opened"]
    day = round((to_ms(found.event_time) - at(0)) / 86_400_000)
    highest = of(EngineFigures().gauges([played(halved(), at(day, 1)).task]), DRIFT_SCORE)[CUSUM, "overall"]
    assert highest == pytest.approx(found.evidence["score"].value, abs=1e-6)
    assert highest > SHOP.drift_threshold
    before = of(EngineFigures().gauges([played(halved(), at(day - 1, 1)).task]), DRIFT_SCORE)[CUSUM, "overall"]
    assert 0 < before <= SHOP.drift_threshold, "people see it coming"


def test_times_are_those_of_the_newest_event_and_tick() -> None:
    stand = played(halved(), at(LAST_DAY, 1))
    samples = EngineFigures().gauges([stand.task, Stand(SHOP).task])
    assert of(samples, EVENT_AGE) == {(): at(LAST_DAY - 1, 8.25 + 11)}
    assert of(samples, TICK_AGE) == {(): at(LAST_DAY, 1)}


def test_refused_duplicate_and_closed_are_counted_once_and_a_restart_begins_at_zero() -> None:
    facts = [*halved(), *(Fact("sales", at(day, 9), b"milk", b"{") for day in (1, 2))]
    stand = played([*facts, facts[0]], at(3, 1))
    counts = EngineFigures().counts(stand.task)
    refusals = Counter(("sales.v1", str(refusal.reason)) for refusal in stand.told.refusals())
    assert refusals
    assert nonzero(counts, REJECTED) == refusals
    assert nonzero(counts, DUPLICATES) == {(): 1}
    assert nonzero(counts, CLOSED) == {(): 3}
    stand.restart()
    assert set(EngineFigures().counts(stand.task).values()) == {0}


def test_what_is_shown_survives_a_restart() -> None:
    stand = played(halved(), at(LAST_DAY, 1))
    before = EngineFigures().gauges([stand.task])
    stand.restart()
    after = EngineFigures().gauges([stand.task])
    for metric in (WAPE, BIAS, COVERAGE, SCORED_UNITS, DRIFT_SCORE, TICK_AGE):
        assert of(before, metric)
        assert of(after, metric) == of(before, metric), metric.name
    assert of(after, EVENT_AGE) == {}, "no event was handled since"


def test_two_tasks_are_one_shop() -> None:
    milk, bread = played(halved("milk"), at(LAST_DAY, 1)), played(halved("bread"), at(LAST_DAY, 1))
    one, both = (EngineFigures().gauges(tasks) for tasks in ([milk.task], [milk.task, bread.task]))
    assert of(both, WAPE) == pytest.approx(of(one, WAPE))
    assert of(both, SCORED_UNITS)[("recent",)] == pytest.approx(2 * of(one, SCORED_UNITS)[("recent",)])


def test_the_desk_counts_what_is_open() -> None:
    till = Till()

    def shown(metric: Metric) -> Mapping[tuple[str, ...], float]:
        return {labels: value for labels, value in of(DeskFigures().gauges([till.desk]), metric).items() if value}

    (low,) = till.say(finding("opened", 9))
    assert shown(ALERTS_OPEN) == {("stockout_risk", "warning"): 1}
    till.say(action("acknowledge", low.alert_id, 9.5, "warning"))
    assert shown(ALERTS_OPEN) == {("stockout_risk", "warning"): 1}, "acknowledged is open"
    till.say(finding("updated", 10, severity="critical", started=9))
    assert shown(ALERTS_OPEN) == {("stockout_risk", "critical"): 1}
    till.say(finding("opened", 11, kind="demand_drift", sku="bread"))
    assert shown(DRIFTING) == {("s1",): 1}
    till.say(finding("cleared", 12, started=9), finding("cleared", 13, kind="demand_drift", sku="bread", started=11))
    till.say(progress(12 + 24 * 40))
    assert shown(ALERTS_OPEN) == {}
    assert of(DeskFigures().gauges([till.desk]), DRIFTING) == {("s1",): 0}, "steady again, and known to be"
    assert nonzero(DeskFigures().counts(till.desk), ALERTS_EMITTED) == {
        ("stockout_risk", "warning"): 1,
        ("demand_drift", "warning"): 1,
    }


def test_the_desk_counts_refusals_and_an_empty_one_is_all_zeros() -> None:
    till = Till()
    till.raw(("signals", b"{"), ("actions", None))
    assert sum(nonzero(DeskFigures().counts(till.desk), REJECTED).values()) == 2
    assert {topic for topic, _ in nonzero(DeskFigures().counts(till.desk), REJECTED)} == {
        "signals.v1",
        "alert-actions.v1",
    }
    assert set(of(DeskFigures().gauges([new_desk()]), ALERTS_OPEN).values()) == {0}


def test_the_price_desk_counts_each_record_under_one_fate() -> None:
    desk = open_desk()
    tell(desk, matched("m", "milk"), seen("a", 4.2), seen("a", 4.2), b"{", seen("b", None, status="blocked"))
    counts = PriceFigures().counts(desk)
    fates = {("decision",): 1, ("published",): 1, ("duplicate",): 1, ("quarantined",): 1, ("failed_read",): 1}
    assert nonzero(counts, OBSERVED) == fates
    assert nonzero(counts, CONSUMED) == {("price-observations.v1",): 5}
    assert nonzero(counts, REJECTED) == {("price-observations.v1", "invalid_json"): 1}
