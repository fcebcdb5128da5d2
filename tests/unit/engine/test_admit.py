"""Bad input: each record is put aside with its reason and its bytes, and nothing else is disturbed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.errors import BadSetup
from schemas.quantities import to_iso
from schemas.reasons import Reason
from streams.ports import Record
from streams.settings import ShopSettings
from tests.unit.engine.bench import (
    Fact,
    Told,
    at,
    counted,
    make_log,
    new_task,
    out_of_stock,
    play,
    rival_price,
    sale,
    units_by_period,
)

SHOP = ShopSettings(models="none", zone="UTC")


def raw(**changes: Any) -> bytes:
    """A sale's bytes with some fields changed; None leaves a field out."""
    fields = {
        "schema_version": 1,
        "event_id": "e-1",
        "event_time": to_iso(at(0, 10)),
        "kind": "sold",
        "store_id": "s1",
        "sku": "milk",
        "units": 1.0,
        "unit_price": 2.0,
        "currency": "EUR",
    }
    fields.update(changes)
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


KEY = b"milk"
BAD: dict[str, tuple[Reason, bytes | None, bytes | None]] = {
    "bad JSON": (Reason.INVALID_JSON, KEY, b'{"sku": '),
    "not UTF-8": (Reason.INVALID_JSON, KEY, b'{"sku": "\xff"}'),
    "no object": (Reason.SCHEMA, KEY, b"[1]"),
    "wrong schema": (Reason.SCHEMA, KEY, raw(units="many")),
    "missing field": (Reason.SCHEMA, KEY, raw(store_id=None)),
    "unknown kind": (Reason.SCHEMA, KEY, raw(kind="stolen")),
    "unknown major version": (Reason.UNKNOWN_VERSION, KEY, raw(schema_version=2)),
    "unknown version of another shape": (Reason.UNKNOWN_VERSION, KEY, b'{"schema_version": 9, "what": "else"}'),
    "empty key": (Reason.EMPTY_KEY, b"", raw()),
    "no key": (Reason.EMPTY_KEY, None, raw()),
    "another key": (Reason.KEY_MISMATCH, b"tea", raw()),
    "a key that is no text": (Reason.KEY_MISMATCH, b"\xff", raw()),
    "tombstone": (Reason.TOMBSTONE, KEY, None),
    "1 MB": (Reason.TOO_LARGE, KEY, raw(event_id="x" * 1_000_000)),
    "NaN": (Reason.NOT_FINITE, KEY, raw(units=float("nan"))),
    "infinite": (Reason.NOT_FINITE, KEY, raw(unit_price=float("inf"))),
    "negative price": (Reason.NEGATIVE_PRICE, KEY, raw(unit_price=-0.01)),
    "nothing sold": (Reason.IMPLAUSIBLE, KEY, raw(units=0)),
    "absurd units": (Reason.IMPLAUSIBLE, KEY, raw(units=1e9)),
    "naive time": (Reason.NAIVE_TIME, KEY, raw(event_time="2024-01-01T10:00:00")),
    "year 2999": (Reason.AHEAD_OF_CLOCK, KEY, raw(event_time="2999-01-01T00:00:00Z")),
    "year 9999": (Reason.AHEAD_OF_CLOCK, KEY, raw(event_time="9999-12-31T23:59:59-12:00")),
    "year 1": (Reason.BEYOND_HORIZON, KEY, raw(event_time="0001-01-01T00:00:00+14:00")),
    "1969": (Reason.BEYOND_HORIZON, KEY, raw(event_time="1969-12-31T23:59:59.999Z")),
    "unknown currency": (Reason.UNKNOWN_CURRENCY, KEY, raw(currency="XYZ")),
}

GOOD = [sale(at(0, hour), event_id=f"good-{hour}") for hour in range(8, 20)]


def play_with(bad: Fact | None) -> Told:
    """Play a good day with one bad record in the middle of it."""
    return play(make_log([*GOOD[:4], *([bad] if bad else []), *GOOD[4:]], at(1, 2)), SHOP)


@pytest.fixture(scope="module")
def undisturbed() -> Told:
    return play_with(None)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_sale_is_put_aside_as_it_came_and_nothing_else_is_disturbed(name: str, undisturbed: Told) -> None:
    reason, key, value = BAD[name]
    told = play_with(Fact("sales", at(0, 12), key, value))
    (refused,) = told.refusals()
    assert (refused.reason, refused.key, refused.value) == (reason, key, value)
    assert (refused.topic, refused.partition, refused.offset) == ("sales.v1", 0, 4)
    assert refused.detail
    for field in ("m:s1|milk", "n:0", "row:s1|milk"):
        assert told.rows()[field] == undisturbed.rows()[field]
    assert told.rows().keys() == undisturbed.rows().keys()
    assert units_by_period(told) == {("s1|milk", 738886): (12_000, 0)}  # 738,886 = 2024-01-01


STOCK_BAD = {
    "an interval of 8,000 years": (
        Reason.IMPLAUSIBLE,
        out_of_stock(at(0, 12), at(0), at(2_900_000)),
    ),
    "an interval that ends before it begins": (Reason.IMPLAUSIBLE, out_of_stock(at(0, 12), at(0, 9), at(0, 8))),
    "a count below zero": (
        Reason.IMPLAUSIBLE,
        Fact("stock", at(0, 12), KEY, (counted(at(0, 12), 1).value or b"").replace(b'"units":1.0', b'"units":-1')),
    ),
    "an unknown kind": (
        Reason.SCHEMA,
        Fact("stock", at(0, 12), KEY, (counted(at(0, 12), 1).value or b"").replace(b'"counted"', b'"guessed"')),
    ),
    "another key": (Reason.KEY_MISMATCH, Fact("stock", at(0, 12), b"tea", counted(at(0, 12), 1).value)),
    "a rival's price in no currency": (Reason.UNKNOWN_CURRENCY, rival_price(at(0, 12), 1.0, currency="ZZZ")),
    "a price that is no record": (Reason.TOMBSTONE, Fact("prices", at(0, 12), KEY, None)),
    "a tick that is none": (Reason.UNKNOWN_VERSION, Fact("ticks", at(0, 12), KEY, b"tick")),
    "a promotion that is none": (Reason.INVALID_JSON, Fact("context", at(0, 12), KEY, b"{")),
    "a product that is none": (Reason.SCHEMA, Fact("catalog", at(0, 12), KEY, b'{"entity":"ghost"}')),
}


@pytest.mark.parametrize("name", STOCK_BAD)
def test_a_bad_record_of_any_other_input_too(name: str, undisturbed: Told) -> None:
    reason, fact = STOCK_BAD[name]
    told = play_with(fact)
    (refused,) = told.refusals()
    assert (refused.reason, refused.key, refused.value) == (reason, fact.key, fact.value)
    for field in ("m:s1|milk", "n:0", "row:s1|milk"):
        assert told.rows()[field] == undisturbed.rows()[field]


def test_more_than_an_int32_of_one_period_is_refused_before_and_after_its_close() -> None:
    most = [sale(at(0, 9), 1_000_000, event_id=f"most-{n}") for n in range(2)]
    # 2 million are there: 147,483.647 fit, then no more.
    log = make_log([*most, sale(at(0, 10), 147_483, event_id="fits"), sale(at(0, 11), 1, event_id="no")], at(1, 3))
    log.put(sale(at(0, 12), 1, event_id="late"))
    log.tick(at(1, 4))
    told = play(log, SHOP)
    assert [(one.reason, one.offset) for one in told.refusals()] == [(Reason.IMPLAUSIBLE, 3), (Reason.IMPLAUSIBLE, 4)]
    assert units_by_period(told) == {("s1|milk", 738886): (2_147_483_000, 0)}


def test_a_refused_event_may_come_again_under_its_id() -> None:
    gone = out_of_stock(at(0, 9), at(0, 8), at(0, 7))
    mended = Fact("stock", at(0, 9), KEY, (gone.value or b"").replace(b"T07:00:00Z", b"T12:00:00Z"))
    told = play(make_log([sale(at(0, 7)), gone, mended], at(0, 13)), SHOP)
    assert [one.reason for one in told.refusals()] == [Reason.IMPLAUSIBLE]
    assert b'"accepted":2' in told.state["clock"]


def test_a_duplicate_counts_once_however_often_it_comes() -> None:
    told = play(make_log([GOOD[0], GOOD[0], *GOOD, *GOOD[:3]], at(1, 2)), SHOP)
    assert units_by_period(told) == {("s1|milk", 738886): (12_000, 0)}
    assert b'"duplicate":5' in told.state["clock"]


def test_a_feed_that_is_all_poison_trips_the_wire() -> None:
    task = new_task(SHOP)
    # 5 % of a window of 1,000 records: 50 may be bad, the 51st may not.
    task.feed("sales", [Record(n, KEY, b"{") for n in range(50)], 50)
    with pytest.raises(BadSetup, match=r"sales.v1\[0\]: 51 of the last"):
        task.feed("sales", [Record(50, KEY, b"{")], 51)
