"""Master data and context: what was on the record, and known, when a question was asked."""

from __future__ import annotations

from schemas.catalog import Product, Store, SupplyTerms
from schemas.quantities import to_datetime
from streams.ports import Record
from streams.reference import Reference
from tests.unit.engine.bench import Fact, at, master, promotion, status


def reference_of(name: str, *facts: Fact) -> Reference:
    reference = Reference()
    reference.feed(name, [Record(n, fact.key, fact.value) for n, fact in enumerate(facts)], len(facts))
    return reference


def product(day: int, name: str, known: int | None = None) -> Fact:
    known_at = None if known is None else to_datetime(at(known))
    return master(at(day), Product(sku="milk", name=name, valid_from=to_datetime(at(day)), known_at=known_at))


def test_the_newest_valid_fact_that_was_known_and_on_the_record_wins() -> None:
    reference = reference_of(
        "catalog", product(0, "old"), product(5, "new"), product(3, "told late", known=8), product(5, "mended")
    )

    def name(day: int, end: int = 4) -> str | None:
        found = reference.view(end, 0).product("milk", at(day))
        return None if found is None else found.name

    assert name(-1) is None
    assert name(4) == "old"
    assert name(6) == "mended", "of two valid from the same day the later record"
    assert name(6, end=2) == "new", "what stands above the tick's end is not there yet"
    assert name(4, end=0) is None
    # Known from day 8 only, and by then a newer one is valid.
    assert name(9) == "mended"
    assert name(9, end=3) == "new"
    assert reference.whole().product("milk", at(6)) is not None


def test_the_most_specific_terms_win() -> None:
    def terms(days: float, store: str | None, sku: str | None) -> Fact:
        moment = to_datetime(at(0))
        body = SupplyTerms(supplier="x", store_id=store, sku=sku, lead_time_days=days, valid_from=moment)
        return master(at(0), body)

    every = [terms(1, "s1", "milk"), terms(2, None, "milk"), terms(3, "s1", None), terms(4, None, None)]
    asked = [("s1", "milk"), ("s2", "milk"), ("s1", "tea"), ("s2", "tea")]
    view = reference_of("catalog", *every).whole()
    found = [view.supply_terms("x", store, sku, at(1)) for store, sku in asked]
    assert [one.lead_time_days for one in found if one] == [1, 2, 3, 4]
    assert view.supply_terms("y", "s1", "milk", at(1)) is None
    fewer = reference_of("catalog", *every[2:]).whole().supply_terms("x", "s1", "milk", at(1))
    assert fewer is not None
    assert fewer.lead_time_days == 3


def test_a_promotion_is_seen_when_it_was_known_and_touches_the_period() -> None:
    view = reference_of("context", promotion(at(2), at(5), at(7), 0.2), promotion(at(3), at(6), at(8), 0.4)).whole()

    def depth(day: int, known: int) -> float | None:
        found = view.promotion("s1", "milk", at(day), at(day + 1), at(known))
        return None if found is None else found.depth

    assert depth(5, 1) is None
    assert depth(5, 2) == 0.2
    assert depth(4, 9) is None
    assert depth(7, 9) == 0.4, "the first is over at day 7"
    assert depth(6, 2) == 0.2
    assert depth(6, 3) == 0.4, "the deeper of two"


def test_the_newest_status_of_a_moment_wins() -> None:
    view = reference_of(
        "context",
        status(at(1), "closed", at(5), at(9)),
        status(at(6), "open", at(7), at(8)),
        status(at(1), "closed", at(5), None, store="s2"),
    ).whole()

    def said(day: int, known: int, store: str = "s1") -> str | None:
        found = view.status(store, at(day), at(known))
        return None if found is None else found.status

    assert [said(7, 5), said(7, 6), said(8, 9), said(9, 9)] == ["closed", "open", "closed", None]
    assert said(99, 99, "s2") == "closed"
    assert [fact.body.status for fact in view.statuses("s1", at(6), at(8), at(9))] == ["closed", "open"]


def test_what_cannot_be_read_is_told_once_and_what_was_fed_before_is_passed_over() -> None:
    store = Store(store_id="s1", name="Main", valid_from=to_datetime(at(0)))
    good = Record(1, b"k", store.encode())
    reference = Reference()
    reference.feed("catalog", [Record(0, b"k", b"{"), good], 2)
    reference.feed("catalog", [Record(0, b"k", b"{"), good, Record(5, b"k", None)], 6)
    assert reference.positions == {"catalog": 6, "context": 0}
    assert [fact.offset for fact in reference.view(6, 0).refusals("catalog", 0)] == [0, 5]
    assert [fact.offset for fact in reference.view(5, 0).refusals("catalog", 0)] == [0]
    assert [fact.offset for fact in reference.view(6, 0).refusals("catalog", 1)] == [5]
