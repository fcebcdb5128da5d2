"""The cover rule on a shelf made by hand: ten units sold a day, lead time two days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.alerts import Alert
from schemas.catalog import Product, Store, SupplyTerms
from schemas.fields import Contract
from schemas.quantities import DAY_MS, HOUR_MS, to_datetime
from schemas.sales import Sale
from schemas.stock import OrderCancelled, OrderPlaced, ShelfPrice, StockAdjusted, StockCounted, StockDelivered
from schemas.topics import CATALOG, CONTEXT, SALES, STOCK, Topic
from streams.cover_rule import Row, cover_alerts

#: 2025-03-03 00:00 in Lima.
DAY0 = 1_740_978_000_000
SERIES = {"store_id": "s1", "sku": "milk"}


def moment(day: int, hour: float) -> int:
    return DAY0 + day * DAY_MS + round(hour * HOUR_MS)


def row(at_ms: int, topic: Topic, record: Contract) -> Row:
    return at_ms, topic, b"milk", record.encode()


def sale(day: int, hour: float, units: float = 10.0, **more: Any) -> Row:
    at_ms = moment(day, hour)
    fields = {**SERIES, "event_id": f"sale-{at_ms}", "event_time": to_datetime(at_ms), "units": units, **more}
    return row(at_ms, SALES, Sale(**fields))


def stock(kind: type[Contract], day: int, hour: float, **fields: Any) -> Row:
    at_ms = moment(day, hour)
    return row(at_ms, STOCK, kind(**{**SERIES, "event_id": f"{at_ms}", "event_time": to_datetime(at_ms), **fields}))


def order(day: int, due: int, units: float = 100.0) -> Row:
    due_at = to_datetime(moment(due, 7.5))
    return stock(OrderPlaced, day, 7.5, order_id="o1", units=units, due_at=due_at)


def catalog(**terms: Any) -> list[Row]:
    at = to_datetime(DAY0)
    records: list[Contract] = [
        Store(valid_from=at, store_id="s1", zone="America/Lima"),
        Product(valid_from=at, sku="milk", supplier="dairy"),
        SupplyTerms(valid_from=at, supplier="dairy", lead_time_days=2.0),
    ]
    if terms:
        records.append(SupplyTerms(valid_from=at, supplier="dairy", **terms))
    return [row(DAY0, CATALOG, record) for record in records]


def calm(units: float) -> list[Row]:
    """Days 0 to 9 sell ten units at noon; `units` are left after that."""
    counted = stock(StockCounted, 0, 6, units=100.0 + units)
    return [*catalog(), counted, *(sale(day, 12) for day in range(10))]


def opened(alerts: list[Alert]) -> list[int]:
    return [round(alert.opened_at.timestamp() * 1000) for alert in alerts]


def with_orders(rows: list[Row]) -> list[Alert]:
    return cover_alerts(rows, count_orders=True)


def test_opens_with_the_sale_that_takes_cover_below_the_lead_time() -> None:
    # 30 left, mean 10: 20 after day 10 are exactly 2 days, not below; one unit more on day 11 is.
    (alert,) = cover_alerts([*calm(30), sale(10, 12), sale(11, 9, units=1.0), sale(11, 10, units=1.0)])
    assert opened([alert]) == [moment(11, 9)]
    assert (alert.kind, alert.state, alert.store_id, alert.sku) == ("stockout_risk", "firing", "s1", "milk")
    assert alert.evidence["on_hand"].value == 19.0
    assert alert.evidence["cover"].value == pytest.approx(1.9)


def test_clears_when_cover_is_a_tenth_above_the_lead_time() -> None:
    rows = [*calm(29), sale(10, 12)]
    # 19 on hand; + 2 = 21 are 2.1 days, + 1 = 22 are 2.2 = 1.1 × 2.
    more = [stock(StockDelivered, 11, 6, units=2.0), stock(StockDelivered, 11, 7, units=1.0)]
    (still,) = cover_alerts([*rows, more[0]])
    assert (still.revision, still.state) == (1, "firing")
    (cleared,) = cover_alerts([*rows, *more])
    assert (cleared.revision, cleared.state) == (2, "resolved")
    assert cleared.resolved_at == to_datetime(moment(11, 7))


def test_second_shortage_is_a_second_alert() -> None:
    rows = [*calm(29), sale(10, 12), stock(StockDelivered, 11, 6, units=11.0), sale(11, 12, units=15.0)]
    assert opened(cover_alerts(rows)) == [moment(10, 12), moment(11, 12)]


def test_order_in_time_counts_until_it_is_overdue() -> None:
    rows = [*calm(25), order(10, due=12), sale(10, 12), sale(11, 12, 1.0)]
    assert with_orders(rows) == []
    # On day 12 the truck is not there at 7:30: 14 on hand are 1.4 days.
    assert opened(with_orders([*rows, sale(12, 8, units=0.5)])) == [moment(12, 8)]


def test_order_due_after_the_lead_time_is_no_cover() -> None:
    assert opened(with_orders([*calm(25), order(10, due=15), sale(10, 12)])) == [moment(10, 12)]


def test_delivered_and_cancelled_orders_count_no_more() -> None:
    arrived = stock(StockDelivered, 10, 8, units=5.0, order_id="o1")
    rows = [*calm(25), order(10, due=12, units=5.0), arrived, sale(10, 12, units=10.5)]
    assert opened(with_orders(rows)) == [moment(10, 12)]
    cancelled = stock(OrderCancelled, 10, 8, order_id="o1")
    assert opened(with_orders([*calm(25), order(10, due=12), cancelled, sale(10, 12)])) == [moment(10, 12)]


def test_plain_form_looks_at_the_shelf_alone() -> None:
    rows = [*calm(25), order(10, due=12), sale(10, 12)]
    assert opened(cover_alerts(rows)) == [moment(10, 12)]


def test_day_that_ended_empty_does_not_lower_the_mean() -> None:
    # Sold out on day 10 after 2 units, nothing on day 11, delivered on day 12: the mean is still 10, not 8.5.
    rows = [*calm(2), sale(10, 12, units=2.0), stock(StockDelivered, 12, 6, units=30.0), sale(12, 9, units=11.0)]
    last = cover_alerts(rows)[-1]
    assert opened([last]) == [moment(12, 9)]
    assert last.evidence["cover"].value == pytest.approx(1.9)


def test_days_without_a_sale_lower_the_mean() -> None:
    # Ten days of ten and ten of nothing: mean 5, so 12 on hand are 2.4 days.
    rows = [*calm(13), sale(20, 12, units=1.0)]
    alert = cover_alerts(rows)[-1]
    assert alert.state == "resolved"
    assert alert.resolved_at == to_datetime(moment(20, 12))


def test_mean_needs_a_week_and_forgets_after_four() -> None:
    counted = stock(StockCounted, 0, 6, units=61.0)
    young = [*catalog(), counted, *(sale(day, 12) for day in range(6))]
    assert cover_alerts(young) == []
    # 28 days of 10, then 28 of 1: on day 56 the mean is 1, so 2 on hand are exactly 2 days. With one day of ten still
    # in it the mean would be 37 / 28 and the cover 1.5 days.
    counted = stock(StockCounted, 0, 6, units=28 * 10 + 28 + 3)
    rows = [*catalog(), counted, *(sale(day, 12, 10.0 if day < 28 else 1.0) for day in range(57))]
    assert cover_alerts(rows) == []
    (alert,) = cover_alerts([*rows, sale(56, 13, units=1.0)])
    assert alert.evidence["cover"].value == 1.0


def test_returns_voids_waste_and_counts_move_the_shelf() -> None:
    rows = calm(30)
    moves = [
        sale(10, 9, 4.0, kind="returned", resaleable=True),
        sale(10, 10, 4.0, kind="returned", resaleable=False),
        sale(10, 11, 5.0),
        sale(10, 11.5, 5.0, kind="voided"),
        stock(StockAdjusted, 10, 12, units=-3.0),
    ]
    # 30 + 4 − 5 + 5 − 3 = 31; twelve more leave 19.
    (alert,) = cover_alerts([*rows, *moves, sale(10, 13, 12.0)])
    assert alert.evidence["on_hand"].value == 19.0
    assert cover_alerts([*rows, *moves, stock(StockCounted, 10, 12.5, units=50.0), sale(10, 13, 12.0)]) == []


def test_most_specific_supply_terms_win() -> None:
    for scope in ({"sku": "milk"}, {"store_id": "s1"}, {"store_id": "s1", "sku": "milk"}):
        rows = [*catalog(lead_time_days=3.0, **scope), *calm(30)[3:], sale(10, 12, 1.0)]
        # With calm's own lead time of 2 days, 29 units would be enough.
        assert opened(cover_alerts(rows)) == [moment(10, 12)]
    elsewhere = [*catalog(lead_time_days=3.0, store_id="s2"), *calm(30)[3:], sale(10, 12, 1.0)]
    assert cover_alerts(elsewhere) == []


def test_series_without_count_or_lead_time_says_nothing() -> None:
    assert cover_alerts([*catalog(), *(sale(day, 12) for day in range(12))]) == []
    assert cover_alerts([*calm(5)[:2], *calm(5)[3:], sale(10, 12, 4.0)]) == []


def test_day_turns_at_the_stores_midnight() -> None:
    # 23:00 in Lima is 04:00 UTC of the next day: both sales are of day 0, so eight days make seven means of 10.
    halves = [sale(day, hour, 5.0) for day in range(8) for hour in (12, 23)]
    rows = [*catalog(), stock(StockCounted, 0, 6, units=95.0), *halves]
    (alert,) = cover_alerts(rows)
    assert alert.evidence["cover"].value == pytest.approx(1.5)
    assert opened([alert]) == [moment(7, 23)]


def test_records_of_no_concern_are_passed_over() -> None:
    price = ShelfPrice(
        event_id="p", event_time=to_datetime(DAY0), sku="milk", unit_price=5.0, currency="PEN",
        valid_from=to_datetime(DAY0), valid_to=to_datetime(DAY0) + timedelta(days=1),
    )  # fmt: skip
    assert cover_alerts([row(DAY0, STOCK, price), (DAY0, CONTEXT, b"", b"not read")]) == []
