"""Recomputed prices stand where the recorded ones stood."""

import json

from schemas.topics import PRICES
from streams.at import At
from streams.outcome import Output
from streams.partitioner import partition_of
from streams.ports import Record
from streams.price_desk.recomputed import RecomputedPrices

SKU = b"4711"
P = 4
HOME = partition_of(SKU, P)


def value(at: At, text: str) -> bytes:
    return json.dumps({"at": at, "text": text}).encode()


def record(offset: int, at: At, text: str = "then") -> Record:
    return Record(offset, SKU, value(at, text))


def taken(*ats: At, drops_older: bool = False) -> RecomputedPrices:
    prices = RecomputedPrices(P, drops_older)
    for at in ats:
        prices.take(Output(PRICES, SKU, value(at, "now")))
    return prices


def placed(prices: RecomputedPrices, *recorded: Record) -> list[tuple[int, At, str]]:
    found = []
    for each in prices.place(HOME, recorded):
        told = json.loads(each.value or b"")
        found.append((each.offset, (told["at"][0], told["at"][1], told["at"][2]), told["text"]))
    return found


def test_the_order_between_rivals_is_the_record_s() -> None:
    # Computed task by task, recorded to and fro.
    prices = taken((0, 40, 0), (0, 41, 0), (1, 12, 0))
    recorded = [record(7, (0, 40, 0)), record(8, (1, 12, 0)), record(9, (0, 41, 0))]
    assert prices.needed(recorded) == {0: 42, 1: 13}
    assert placed(prices, *recorded) == [(7, (0, 40, 0), "now"), (8, (1, 12, 0), "now"), (9, (0, 41, 0), "now")]


def test_a_price_that_was_never_published_comes_with_the_next_one_of_its_task() -> None:
    prices = taken((0, 40, 0), (0, 41, 0), (0, 44, 0))
    assert placed(prices, record(7, (1, 3, 0)), record(8, (0, 41, 0))) == [
        (8, (0, 40, 0), "now"),
        (8, (0, 41, 0), "now"),
    ]


def test_what_was_said_twice_is_said_twice() -> None:
    prices = taken((0, 40, 0))
    recorded = [record(7, (0, 40, 0)), record(8, (0, 40, 0))]
    assert placed(prices, *recorded) == [(7, (0, 40, 0), "now"), (8, (0, 40, 0), "then")]


def test_a_range_leaves_out_what_comes_before_its_first_price() -> None:
    prices = taken((0, 39, 0), (0, 40, 0), drops_older=True)
    assert placed(prices, record(7, (0, 40, 0))) == [(7, (0, 40, 0), "now")]


def test_what_is_no_price_of_ours_is_the_engine_s_to_refuse() -> None:
    strange = [Record(3, SKU, b"{"), Record(4, SKU, None), record(5, (P, 1, 0))]
    prices = taken()
    assert prices.needed(strange) == {}
    assert prices.place(HOME, strange) == strange
