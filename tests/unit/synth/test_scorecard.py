"""The scorecard on truth and alerts made by hand; every figure is worked out in the test."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.alerts import Alert
from schemas.quantities import DAY_MS, HOUR_MS, to_datetime
from schemas.signals import Origin
from streams.scorecard import Planted, Scorecard, score

DAY0 = 1_740_000_000_000


def at(days: float) -> int:
    return DAY0 + round(days * DAY_MS)


def alert(kind: str, opened: float, resolved: float | None = None, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "alert_id": f"{kind}-{opened}",
        "revision": 1,
        "kind": kind,
        "severity": "warning",
        "state": "firing" if resolved is None else "resolved",
        "store_id": "s1",
        "sku": "milk",
        "opened_at": to_datetime(at(opened)),
        "updated_at": to_datetime(at(opened)),
        "resolved_at": None if resolved is None else to_datetime(at(resolved)),
        "summary": "by hand",
        "origin": Origin(topic="sales.v1", partition=0, offset=0),
        "at": (0, 0, 0),
    }
    return Alert(**{**fields, **changes})


def card(truth: list[Planted], alerts: list[Alert], starts: float = 0, managers: int = 1) -> Scorecard:
    leads = {"milk": 2.0}
    return score(truth, alerts, starts_at_ms=at(starts), ends_at_ms=at(100), managers=managers, lead_time_days=leads)


EMPTY = Planted("stockout", "s1", "milk", None, at(50), at(52), "the truck is late", lost_units=9)
NATURAL = Planted("stockout", "s1", "milk", None, at(50), at(52), "sold out", planted=False, lost_units=9)
DRIFT = Planted("demand_drift", "s1", "milk", None, at(50), at(100), "half")
CUT = Planted("rival_price_cut", None, "milk", "mercasol", at(50), at(100), "a quarter off")


def test_warning_is_the_time_from_the_first_alert_to_the_empty_shelf() -> None:
    result = card([EMPTY], [alert("stockout", 50), alert("stockout_risk", 47.5), alert("stockout_risk", 48)])
    assert (result.caught, result.missed, result.false) == (1, 0, 0)
    assert result.judgements[0].warning_hours == 60.0
    assert result.median_warning_days == 2.5


def test_alert_withdrawn_before_the_shelf_ran_empty_did_not_warn_but_was_no_lie() -> None:
    result = card([EMPTY], [alert("stockout_risk", 45, resolved=49)])
    assert (result.caught, result.missed, result.false) == (0, 1, 0)


def test_alert_that_turned_into_a_stockout_within_the_hour_did_warn() -> None:
    result = card([EMPTY], [alert("stockout_risk", 48, resolved=50 - 0.5 / 24), alert("stockout", 50)])
    assert result.judgements[0].warning_hours == 48.0


@pytest.mark.parametrize(
    ("opened", "false"),
    # Lead time 2 days and 7 more: from day 41 on it is true, until the delivery on day 52.
    [(40.9, 1), (41, 0), (51.9, 0), (52.1, 1)],
)
def test_risk_is_true_within_lead_time_and_a_week(opened: float, false: int) -> None:
    assert card([EMPTY], [alert("stockout_risk", opened)]).false == false


def test_alert_on_another_store_or_product_neither_catches_nor_is_true() -> None:
    alerts = [alert("stockout_risk", 49, store_id="s2"), alert("stockout_risk", 49.1, sku="bread")]
    result = card([EMPTY], alerts)
    assert (result.caught, result.false_by_kind) == (0, (("stockout_risk", 2),))


def test_late_alert_while_the_shelf_is_empty_catches_with_negative_warning() -> None:
    assert card([EMPTY], [alert("stockout", 50.5)]).judgements[0].warning_hours == -12.0


def test_natural_stockouts_count_apart_and_only_when_they_cost_sales() -> None:
    unnoticed = Planted("stockout", "s2", "milk", None, at(60), at(61), "sold out", planted=False, lost_units=0)
    result = card([NATURAL, unnoticed], [alert("stockout_risk", 49)])
    assert result.judgements == ()
    assert [judgement.caught for judgement in result.natural] == [True]
    assert card([unnoticed], [alert("stockout_risk", 59, store_id="s2")]).false == 0


@pytest.mark.parametrize(
    ("kind", "opened", "caught", "false"),
    [
        ("demand_drift", 54, 1, 0),
        ("demand_drift", 49.9, 0, 1),
        ("demand_drift", 78, 1, 0),
        ("demand_drift", 78.1, 0, 1),
        ("demand_slump", 51, 0, 0),
        ("stockout_risk", 51, 0, 1),
    ],
)
def test_drift_is_caught_within_four_weeks(kind: str, opened: float, caught: int, false: int) -> None:
    result = card([DRIFT], [alert(kind, opened)])
    assert (result.caught, result.false) == (caught, false)


def test_drift_delay_is_told_in_days_after_it() -> None:
    assert card([DRIFT], [alert("demand_drift", 54)]).median_drift_days == 4.0


@pytest.mark.parametrize(
    ("opened", "source", "caught", "false"),
    [(51, None, 1, 0), (51, "mercasol", 1, 0), (51, "other", 0, 1), (49, "mercasol", 0, 1)],
)
def test_undercut_is_true_while_that_rivals_cut_is_on(
    opened: float, source: str | None, caught: int, false: int
) -> None:
    result = card([CUT], [alert("competitor_undercut", opened, store_id=None, source=source)])
    assert (result.caught, result.false) == (caught, false)


def test_rivals_cut_explains_a_drift_of_its_product_without_being_caught_by_it() -> None:
    result = card([CUT], [alert("demand_drift", 60, store_id="s3")])
    assert (result.caught, result.false) == (0, 0)


def test_kinds_without_truth_are_counted_apart() -> None:
    result = card([], [alert("excess_stock", 10), alert("lead_time_deviation", 11)])
    assert result.false == 0
    assert result.unjudged_by_kind == (("excess_stock", 1), ("lead_time_deviation", 1))


def test_highest_revision_counts_and_suppressed_alerts_were_seen_by_nobody() -> None:
    first = alert("stockout_risk", 49)
    last = first.model_copy(update={"revision": 2, "state": "resolved", "resolved_at": to_datetime(at(49.5))})
    assert card([EMPTY], [last, first]).caught == 0
    assert card([EMPTY], [first.model_copy(update={"state": "suppressed"})]).alerts == 0


def test_warm_up_is_not_scored_on_either_side() -> None:
    result = card([EMPTY, DRIFT], [alert("stockout_risk", 10), alert("demand_drift", 55)], starts=50.5)
    assert (len(result.judgements), result.false, result.alerts) == (0, 0, 1)


def test_alert_without_store_is_seen_by_every_manager() -> None:
    # 2 managers, 100 days: one alert of one store and one for all are 1 + 2 = 3 in 200 manager-days.
    alerts = [alert("stockout_risk", 49), alert("competitor_undercut", 51, store_id=None)]
    assert card([], alerts, managers=2).alerts_per_manager_day == 3 / 200


def test_line_tells_it_all() -> None:
    truth = [EMPTY, DRIFT, CUT]
    alerts = [alert("stockout_risk", 48), alert("demand_drift", 53.5), alert("stockout_risk", 5)]
    assert card(truth, alerts).line() == (
        "planted 3: caught 2, missed 1 · false 1 · median warning 2.0 days · drift after 3.5 days"
        " · other stock-outs caught 0 of 0 · 0.0 alerts a manager and day"
    )


def test_nothing_caught_has_no_warning_rather_than_zero() -> None:
    result = card([EMPTY], [])
    assert result.median_warning_days is None
    assert "median warning none" in result.line()


def test_warning_hours_are_exact_in_milliseconds() -> None:
    early = alert("stockout_risk", 49, opened_at=to_datetime(at(50) - HOUR_MS - 1))
    assert card([EMPTY], [early]).judgements[0].warning_hours == pytest.approx(1 + 1 / HOUR_MS)
