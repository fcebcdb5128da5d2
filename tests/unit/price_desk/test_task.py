"""One task of the price desk, record by record."""

from typing import Any

import pytest

from schemas.errors import StateCorrupt, TornTask
from schemas.ids import derive_id
from schemas.quarantine import Refusal
from schemas.reasons import Reason
from schemas.topics import PRICES, QUARANTINE
from streams.ports import Record, Snapshot
from streams.price_desk.task import OBSERVATIONS_INPUT, PriceDesk
from tests.unit.price_desk.facts import NOON, PARTITIONS, PLACE, days_later, matched, open_desk, prices, seen, tell


def counts(desk: PriceDesk) -> dict[str, int]:
    return {fate: number for fate, number in desk.fates().items() if number}


def test_matched_price_is_published_under_our_sku() -> None:
    desk = open_desk()
    tell(desk, matched("m1", "milk"), seen("o1", 4.2))
    [output] = tell(desk, seen("o2", 4.4, event_time=days_later(1), region="lima", availability="in_stock"))
    assert output.topic is PRICES
    assert output.key == b"milk"
    assert output.partition is None
    [price] = prices([output])
    assert price.model_dump(exclude={"schema_version"}) == {
        "event_id": derive_id("competitor-price", "o2", "milk"),
        "event_time": days_later(1),
        "sku": "milk",
        "rival": "nova",
        "region": "lima",
        "unit_price": 4.4,
        "reference_price": None,  # the first read in this region
        "currency": "PEN",
        "availability": "in_stock",
        "observed_at": days_later(1),
        "at": (2, 2, 0),
    }


def test_price_is_measured_against_the_reads_before_it() -> None:
    desk = open_desk()
    told = tell(desk, matched("m", "milk"), *(seen(f"o{n}", price) for n, price in enumerate((4.0, 4.2, 5.0, 3.0))))
    # medians of (), (4.0), (4.0, 4.2), (4.0, 4.2, 5.0)
    assert [price.reference_price for price in prices(told)] == [None, 4.0, 4.1, 4.2]
    assert [price.unit_price for price in prices(told)] == [4.0, 4.2, 5.0, 3.0]


def test_factor_scales_price_and_reference() -> None:
    desk = open_desk()
    told = tell(desk, matched("m", "milk-6", price_factor=6.0), seen("o1", 4.0), seen("o2", 4.1))
    # 6 × 4.10 = 24.60 against 6 × 4.00
    assert [(price.unit_price, price.reference_price) for price in prices(told)] == [(24.0, None), (24.6, 24.0)]


def test_product_of_two_skus_gives_two_prices_in_order() -> None:
    desk = open_desk()
    told = tell(desk, matched("m1", "oat"), matched("m2", "milk"), seen("o", 4.0))
    assert [(price.sku, price.at) for price in prices(told)] == [("milk", (2, 2, 0)), ("oat", (2, 2, 1))]
    assert len({price.event_id for price in prices(told)}) == 2


@pytest.mark.parametrize(
    ("fields", "fate"),
    [
        ({"status": "blocked", "price": None}, "failed_read"),
        ({"status": "unknown", "price": 4.0, "availability": "out_of_stock"}, "failed_read"),
        ({"status": "implausible", "price": 4.0}, "failed_read"),
        ({"copied": True, "price": 4.0}, "copied"),
        ({"copied": True, "price": None, "availability": "out_of_stock"}, "copied"),
        ({"price": None}, "no_price"),
        ({"price": None, "availability": "in_stock"}, "no_price"),
        ({"price": 0.0}, "zero_price"),
        ({"price": 0.000_000_4}, "zero_price"),
        ({"price": 40.0}, "held"),
        ({"price": 40.0, "availability": "out_of_stock"}, "held"),
        ({"price": 4.0, "rival_product": "bread"}, "unmatched"),
        ({"price": 4.0, "event_id": "first"}, "duplicate"),
    ],
)
def test_read_that_is_not_believed_is_counted_and_says_nothing(fields: dict[str, Any], fate: str) -> None:
    desk = open_desk()
    tell(desk, matched("m", "milk"), seen("first", 4.0))
    assert tell(desk, seen(**{"event_id": "o", **fields})) == []
    assert counts(desk) == {"decision": 1, "published": 1, fate: 1}


@pytest.mark.parametrize("price", [None, 0.0])
def test_good_read_of_an_empty_shelf_is_published_without_a_price(price: float | None) -> None:
    desk = open_desk()
    tell(desk, matched("m", "milk"), seen("first", 4.0))
    [empty] = prices(tell(desk, seen("o", price, availability="out_of_stock")))
    assert (empty.unit_price, empty.reference_price, empty.availability) == (None, 4.0, "out_of_stock")


def test_prices_of_two_currencies_never_meet() -> None:
    desk = open_desk()
    told = tell(desk, matched("m", "milk"), seen("o1", 4.0), seen("o2", 900.0, currency="CLP"), seen("o3", 4.2))
    assert [price.reference_price for price in prices(told)] == [None, None, 4.0]


def test_observation_before_its_decision_is_unmatched_for_good() -> None:
    desk = open_desk()
    told = tell(desk, seen("o1", 4.0), matched("m", "milk"), seen("o1", 4.0), seen("o2", 4.4))
    assert [(price.unit_price, price.reference_price) for price in prices(told)] == [(4.4, None)]
    assert counts(desk) == {"unmatched": 1, "decision": 1, "duplicate": 1, "published": 1}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"nova", None, Reason.TOMBSTONE),
        (b"nova", b"{", Reason.INVALID_JSON),
        (b"nova", b"\xff\xfe", Reason.INVALID_JSON),
        (b"nova", b"x" * 300_000, Reason.TOO_LARGE),
        (None, seen("o", 4.0), Reason.EMPTY_KEY),
        (b"", seen("o", 4.0), Reason.EMPTY_KEY),
        (b"aldo", seen("o", 4.0), Reason.KEY_MISMATCH),
        (b"nova", seen("o", 4.0, currency="ZZZ"), Reason.UNKNOWN_CURRENCY),
        (b"nova", seen("o", 4.0).replace(b'"schema_version":1', b'"schema_version":2'), Reason.UNKNOWN_VERSION),
        (b"nova", seen("o", 4.0).replace(b"4.0", b"-4.0"), Reason.NEGATIVE_PRICE),
        (b"nova", seen("o", 4.0).replace(b"12:00:00Z", b"12:00:00"), Reason.NAIVE_TIME),
        (b"nova", matched("m9", "milk", price_factor=0.000_000_1), Reason.IMPLAUSIBLE),
        (b"nova", seen("o", 9_000_000.0, rival_product="yacht"), Reason.IMPLAUSIBLE),
    ],
)
def test_unusable_record_is_quarantined_as_it_came(key: bytes | None, value: bytes | None, reason: Reason) -> None:
    desk = open_desk()
    tell(desk, matched("m1", "milk"), matched("m2", "yacht", rival_product="yacht", price_factor=2.0))
    record = Record(2, key, value, (("trace", b"7"),))
    desk.feed(OBSERVATIONS_INPUT, [record], 3)
    [output] = desk.handle(1)
    assert output.topic is QUARANTINE
    assert (output.key, output.value) == (key, value)
    refusal = Refusal.from_record(output.key, output.value, output.headers)
    assert (refusal.reason, refusal.topic, refusal.partition, refusal.offset) == (reason, *PLACE, 2)
    assert refusal.headers == (("trace", b"7"),)
    assert counts(desk) == {"decision": 2, "quarantined": 1}


def test_quarantined_record_may_come_again_when_its_cause_is_mended() -> None:
    desk = open_desk()
    tell(desk, matched("m", "yacht", price_factor=2.0), seen("o", 9_000_000.0))
    tell(desk, matched("m2", "yacht", price_factor=1.0))
    assert [price.unit_price for price in prices(tell(desk, seen("o", 9_000_000.0)))] == [9_000_000.0]


def test_marks_follow_the_log_not_the_batches() -> None:
    desk = open_desk()
    assert desk.starts() == {"observations": -1}
    assert desk.marks == b'{"observations":-1,"step":0}'
    desk.feed(OBSERVATIONS_INPUT, [Record(5, b"nova", seen("a", 4.0)), Record(9, b"nova", seen("b", 4.0))], 20)
    desk.handle(1)
    assert desk.marks == b'{"observations":6,"step":1}'
    assert not desk.idle()
    desk.handle(10)
    assert desk.marks == b'{"observations":20,"step":2}'
    assert desk.idle()


def test_record_fed_twice_is_handled_once() -> None:
    desk = open_desk()
    tell(desk, matched("m", "milk"), seen("o", 4.0))
    desk.feed(OBSERVATIONS_INPUT, [Record(0, b"nova", None), Record(1, b"nova", None)], 2)
    assert desk.idle()
    assert desk.position == 2


def test_writes_are_what_changed_since_the_last_call() -> None:
    desk = open_desk()
    tell(desk, matched("m", "milk"), seen("o1", 4.0))
    assert desk.dirty_fields() == 4
    assert set(desk.writes()) == {"head", "match:nova|milk-1l", "reference:nova|milk-1l||PEN", "seen:000"}
    assert (desk.dirty_fields(), desk.dirty_bytes(), desk.writes()) == (0, 0, {})
    tell(desk, seen("o2", 4.0, status="blocked"))
    assert set(desk.writes()) == {"head", "seen:000"}


def committed(desk: PriceDesk) -> Snapshot:
    return Snapshot(desk.marks, {name: value for name, value in desk.writes().items() if value is not None})


def test_state_of_another_number_of_partitions_is_refused() -> None:
    desk = open_desk()
    tell(desk, matched("m", "milk"))
    with pytest.raises(TornTask):
        PriceDesk(PLACE, PARTITIONS + 1, committed(desk))


def test_broken_state_is_refused() -> None:
    desk = open_desk()
    tell(desk, matched("m", "milk"), seen("o", 4.0, event_time=NOON))
    snapshot = committed(desk)
    for name, value in snapshot.state.items():
        broken = {**snapshot.state, name: value[:-1] + bytes([value[-1] ^ 1])}
        with pytest.raises(StateCorrupt):
            open_desk(Snapshot(snapshot.marks, broken))
    headless = {name: value for name, value in snapshot.state.items() if name != "head"}
    with pytest.raises(StateCorrupt):
        open_desk(Snapshot(snapshot.marks, headless))
    with pytest.raises(StateCorrupt):
        open_desk(Snapshot(b'{"observations": 2, "step": 2}', snapshot.state))
