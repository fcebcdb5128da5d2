"""Sentences, numbers and orders: what a supply manager reads, written out by hand."""

from __future__ import annotations

from datetime import UTC
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from schemas.catalog import Product, Store, SupplyTerms
from schemas.signals import AlertKind
from streams.desk.ordering import recommend, to_order
from streams.desk.phrases import Scene, zone_of
from streams.desk.sentences import WORDINGS, action_of, clears_if, summary_of
from tests.unit.desk.bench import finding, hour

MILK = Product(sku="milk", name="Leche Gloria 400 g", valid_from=hour(0))
LIMA = Store(store_id="s1", name="Lima Centro", zone="America/Lima", currency="PEN", valid_from=hour(0))
TERMS = SupplyTerms(
    supplier="gloria", pack_multiple_units=12, minimum_units=24, express_hours=4, transfer_hours=2, valid_from=hour(0)
)
KINDS: tuple[AlertKind, ...] = get_args(AlertKind)

RISK = {
    "risk_share": (0.62, "share"),
    "on_hand_units": (12.0, "units"),
    "on_order_units": (0.0, "units"),
    "demand_per_day_units": (9.5, "units/day"),
    "lead_time_days": (3.0, "days"),
    "order_units": (31.0, "units"),
    "clears_at_units": (34.0, "units"),
}
# UTC: 6:00, 21:00 and 12:00 of 13 and 14 May; Lima is five hours behind.
RUNS_OUT = {"runs_out_p10": hour(30), "runs_out_p50": hour(45), "runs_out_p90": hour(60)}


def test_a_stockout_risk_says_when_and_why() -> None:
    scene = Scene(finding(evidence=RISK, times=RUNS_OUT), MILK, LIMA, TERMS)
    assert summary_of(scene) == (
        "Leche Gloria 400 g at Lima Centro will probably run out around Wed 13 May 16:00 "
        "(between Wed 13 May 01:00 and Thu 14 May 07:00), before a new order can arrive: "
        "12 units left, demand of about 9.5 units a day, a delivery takes 3 days."
    )
    assert clears_if(scene) == "Stock on hand rises above 34 units."


def test_without_numbers_it_is_still_a_sentence() -> None:
    scene = Scene(finding())
    assert summary_of(scene) == "Milk at s1 will probably run out, before a new order can arrive."
    assert clears_if(scene) == "Stock again covers demand until a new order arrives."


def test_an_early_one_says_so() -> None:
    assert summary_of(Scene(finding(early=True))).startswith("Early sign: milk at s1 will")


@pytest.mark.parametrize(("kind", "evidence", "fields", "text"), [
    ("stockout", {"lost_units": (8.2, "units")}, {},
     "Leche Gloria 400 g at Lima Centro is sold out; about 8.2 units of demand will be lost."),
    ("suspected_stockout", {"zero_periods": (6, "periods"), "probability_share": (0.0004, "share")}, {},
     "Leche Gloria 400 g at Lima Centro has sold nothing for 6 periods although it is in demand "
     "(chance of that: less than 0.1 %), so the shelf may be empty."),
    ("demand_drift", {"level_before_units": (9.5, "units/day"), "level_after_units": (14, "units/day")}, {},
     "Demand for Leche Gloria 400 g at Lima Centro has risen from about 9.5 to 14 units a day, and it looks lasting."),
    ("demand_drift", {"level_before_units": (14, "units/week"), "level_after_units": (9, "units/week")}, {},
     "Demand for Leche Gloria 400 g at Lima Centro has fallen from about 14 to 9 units a week, and it looks lasting."),
    ("demand_drift",
     {"level_before_units": (14, "units/day"), "level_after_units": (9, "units/day"),
      "page_hinkley_periods_ago": (3, "periods")}, {},
     "Demand for Leche Gloria 400 g at Lima Centro has fallen from about 14 to 9 units a day, and it looks lasting; "
     "Page-Hinkley has seen it too."),
    ("demand_drift", {"pattern_shift_slots": (3, "slots"), "level_after_units": (14, "units/day")}, {},
     "Demand for Leche Gloria 400 g at Lima Centro comes at other times of the season than it did, "
     "while its level of about 14 units a day stands."),
    ("demand_drift", {"level_before_units": (40, "units/day"), "level_after_units": (20, "units/day")},
     {"sku": None, "source": "dairy"},
     "Demand for the slow sellers of dairy at Lima Centro, taken together, has fallen from about 40 to 20 units a day, "
     "and it looks lasting."),
    ("forecast_degraded",
     {"error_share": (0.42, "share"), "naive_error_share": (0.4, "share"), "bias_share": (-0.22, "share"),
      "poor_periods": (14, "days")},
     {"store_id": None, "sku": None, "source": "dairy"},
     "Forecasts for dairy have been poor for 14 days: an error of 42 % where last season's numbers give 40 %, "
     "22 % too low on the whole."),
    ("forecast_degraded", {"coverage_share": (0.71, "share"), "poor_periods": (14, "weeks")},
     {"store_id": None, "sku": None, "source": "dairy"},
     "Forecasts for dairy have been poor for 14 weeks: demand within the upper 90 % bound 71 % of the time."),
    ("demand_surge", {"sold_units": (40, "units"), "expected_units": (12, "units")}, {},
     "Leche Gloria 400 g at Lima Centro is selling much faster than expected: 40 sold so far, about 12 expected."),
    ("competitor_undercut",
     {"our_price": (4.27, "PEN"), "rival_price": (3.5, "PEN"), "price_gap_share": (0.22, "share")},
     {"store_id": None, "source": "Tottus", "currency": "PEN"},
     "Tottus sells Leche Gloria 400 g for PEN 3.50, while we ask PEN 4.27 (22 % more)."),
    ("excess_stock", {"days_of_cover": (63, "days")}, {},
     "Leche Gloria 400 g at Lima Centro has stock for about 63 days."),
    ("stale_feed", {"silent_hours": (2, "hours"), "expected_units": (57.6, "units")}, {"sku": None},
     "Nothing has been heard from Lima Centro for 2 hours, when about 57.6 units should have sold: "
     "the feed is probably down."),
])  # fmt: skip
def test_what_other_kinds_say(
    kind: AlertKind, evidence: dict[str, tuple[float, str]], fields: dict[str, Any], text: str
) -> None:
    assert summary_of(Scene(finding(kind=kind, evidence=evidence, **fields), MILK, LIMA)) == text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("named", [{}, {"store_id": None, "source": "Tottus"}, {"sku": None}])
def test_every_kind_speaks_in_one_sentence_with_or_without_names(kind: AlertKind, named: dict[str, Any]) -> None:
    for scene in (Scene(finding(kind=kind, **named)), Scene(finding(kind=kind, **named), MILK, LIMA, TERMS)):
        for text in (summary_of(scene), action_of(scene), clears_if(scene)):
            assert text[0].isupper()
            assert text.endswith(".")
            assert not any(slip in text for slip in ("None", "{", "}", "_", "  ", "..", " ,", " ."))
            assert len(text) <= 500


def test_the_table_has_every_kind() -> None:
    assert set(WORDINGS) == set(KINDS)


def test_the_longest_names_fit() -> None:
    long = Product(sku="milk", name="x" * 200, valid_from=hour(0))
    wide = Store(store_id="s1", name="y" * 200, zone="America/Lima", valid_from=hour(0))
    assert len(summary_of(Scene(finding(evidence=RISK, times=RUNS_OUT, early=True), long, wide, TERMS))) <= 500


@pytest.mark.parametrize(("units", "multiple", "minimum", "ordered"), [
    (31.0, 12.0, 24.0, 36.0),  # three packs of 12
    (36.0, 12.0, 24.0, 36.0),
    (5.0, 12.0, 30.0, 36.0),  # the minimum of 30 takes three packs
    (5.0, None, 30.0, 30.0),
    (31.2, None, None, 31.2),
    (0.31, 0.1, None, 0.4),  # exact in thousandths
])  # fmt: skip
def test_orders_come_in_whole_packs(
    units: float, multiple: float | None, minimum: float | None, ordered: float
) -> None:
    assert to_order(units, multiple, minimum) == ordered


@pytest.mark.parametrize(("order_by", "runs_out", "what", "latest"), [
    (12.0, 45.0, "Order Leche Gloria 400 g from gloria for Lima Centro.", 12.0),
    (9.0, 45.0, "Order by express from gloria: a usual order comes too late.", 41.0),  # four hours before
    (9.0, 12.5, "Move stock from another store: a usual order comes too late.", 10.5),  # two hours before
    (9.0, 10.0, "Order Leche Gloria 400 g from gloria for Lima Centro. It is late for that already: do it now.", 9.0),
])  # fmt: skip
def test_the_way_that_still_helps_is_recommended(order_by: float, runs_out: float, what: str, latest: float) -> None:
    times = {"order_by": hour(order_by), "runs_out_p50": hour(runs_out)}
    done = recommend(Scene(finding("opened", 9, evidence=RISK, times=times), MILK, LIMA, TERMS))
    assert (done.what, done.units, done.latest_useful_at) == (what, 36.0, hour(latest))


def test_no_number_is_recommended_where_none_is_known() -> None:
    done = recommend(Scene(finding()))
    assert (done.units, done.latest_useful_at) == (None, None)
    assert recommend(Scene(finding(kind="demand_surge", evidence=RISK))).units is None


@pytest.mark.parametrize("zone", [None, "Peru/Lima", "../etc/passwd", "America", "", " "])
def test_a_zone_that_is_none_reads_as_utc(zone: str | None) -> None:
    store = Store.model_construct(store_id="s1", zone=zone)
    assert zone_of(store) is UTC
    assert zone_of(LIMA) == ZoneInfo("America/Lima")


CAUSES = (
    ({"label": "promotion", "since": hour(24), "evidence": {"incremental_units": {"value": 31.0, "unit": "units"}}},
     "the promotion since Tue 12 May 19:00 (31 units more than without it so far)"),
    ({"label": "promotion", "since": hour(24), "detail": "ended"}, "the promotion that ended Tue 12 May 19:00"),
    ({"label": "own_price", "evidence": {"price_before": {"value": 4.0, "unit": "PEN"},
                                         "price_after": {"value": 5.0, "unit": "PEN"}}},
     "our price, PEN 5.00 instead of PEN 4.00"),
    ({"label": "rival_price", "detail": "Tottus", "evidence": {"price_before": {"value": 4.0, "unit": "PEN"},
                                                               "price_after": {"value": 3.0, "unit": "PEN"}}},
     "Tottus's price, PEN 3.00 instead of PEN 4.00"),
    ({"label": "rival_price", "detail": "Tottus"}, "Tottus having none to sell"),
    ({"label": "supply"}, "an empty shelf"),
    ({"label": "season"}, "another pattern over the week"),
    ({"label": "data_fault", "evidence": {"step_before_units": {"value": 1.0, "unit": "units"},
                                          "step_after_units": {"value": 12.0, "unit": "units"}}},
     "a fault in the data (counted in steps of 12 instead of 1)"),
)  # fmt: skip


@pytest.mark.parametrize(("cause", "words"), CAUSES)
def test_a_drift_names_its_likely_cause(cause: dict[str, Any], words: str) -> None:
    scene = Scene(finding(kind="demand_drift", causes=(cause,)), MILK, LIMA)
    assert summary_of(scene).endswith(f"and it looks lasting; likely cause: {words}.")


def test_two_causes_and_the_largest_changes_are_quoted() -> None:
    reasons = ({"driver": "promotion", "units": 8.24}, {"driver": "level", "units": -1.5})
    scene = Scene(
        finding(kind="demand_surge", causes=({"label": "season"}, {"label": "supply"}), reasons=reasons), MILK
    )
    assert summary_of(scene) == (
        "Leche Gloria 400 g at s1 is selling much faster than expected; likely cause: another pattern over the week "
        "and an empty shelf (promotion +8.24, recent level -1.5 units)."
    )


def test_what_nothing_explains_is_said() -> None:
    scene = Scene(finding(kind="demand_drift", causes=({"label": "unknown"},)), MILK)
    assert summary_of(scene).endswith("; nothing that is known has changed so that it would explain this.")


def test_a_stockout_risk_says_what_moves_demand() -> None:
    reasons = ({"driver": "on hand", "units": -12.0}, {"driver": "promotion", "units": 5.0})
    scene = Scene(finding(evidence=RISK, reasons=reasons), MILK, LIMA, TERMS)
    assert (
        "demand of about 9.5 units a day (until then, against the usual: promotion +5 units), a delivery"
        in summary_of(scene)
    )


@pytest.mark.parametrize(("risk", "words"), [(0.31, "may run out"), (0.5, "will probably run out")])
def test_probably_is_said_of_what_is_probable(risk: float, words: str) -> None:
    assert words in summary_of(Scene(finding(evidence={"risk_share": (risk, "share")}), MILK))


def test_what_is_on_its_way_is_asked_for_and_not_ordered_again() -> None:
    evidence = {"order_units": (0.0, "units"), "overdue_units": (96.0, "units"), "risk_share": (0.3, "share")}
    scene = Scene(finding(evidence=evidence), MILK, LIMA, TERMS)
    assert recommend(scene).what == "Ask gloria for the 96 units that are overdue at Lima Centro."
    assert recommend(scene).units is None
