"""Our prices and our rivals' as of a moment, and the agenda's one order."""

from __future__ import annotations

from itertools import permutations

from streams.engine.agenda import Agenda, Close, WorkItem
from streams.engine.market import Market, Rival, Shelf

EUR = "EUR"


def market_of(*shelves: Shelf) -> Market:
    market = Market("milk")
    for shelf in shelves:
        market.put_shelf(shelf)
    return market


def test_our_price_is_the_newest_that_is_valid_and_known() -> None:
    market = market_of(
        Shelf(10, 100, None, None, 1, EUR),
        Shelf(20, 200, 300, None, 2, EUR),  # a week's offer
        Shelf(250, 150, None, None, 3, EUR),  # told late, valid from before
    )

    def price(at_ms: int, known_ms: int) -> int | None:
        found = market.own(None, at_ms, known_ms)
        return None if found is None else found.price

    assert price(99, 999) is None
    assert price(160, 160) == 1
    assert price(160, 250) == 3
    assert price(250, 250) == 2
    assert price(300, 240) == 1
    assert price(300, 300) == 3


def test_a_stores_own_price_wins_there_and_the_price_of_all_wins_elsewhere() -> None:
    market = market_of(Shelf(1, 1, None, None, 10, EUR), Shelf(2, 2, None, "s1", 7, EUR))
    found = [market.own(store, 5, 5) for store in ("s1", "s2", None)]
    assert [one.price for one in found if one] == [7, 10, 10]
    # Where only stores have prices, the newest stands for ours.
    only = market_of(Shelf(1, 1, None, "s1", 10, EUR), Shelf(2, 2, None, "s2", 7, EUR)).own(None, 5, 5)
    assert only is not None
    assert only.price == 7


def test_prices_of_many_stores_do_not_push_each_other_out() -> None:
    market = market_of(*(Shelf(n, n, None, f"s{n}", n, EUR) for n in range(1, 101)))
    assert all((found := market.own(f"s{n}", 200, 200)) and found.price == n for n in range(1, 101))
    many = market_of(*(Shelf(n, n, None, "s1", n, EUR) for n in range(1, 101)))
    assert [shelf.price for shelf in many.shelves] == list(range(89, 101)), "the newest twelve of one store"


def test_ties_do_not_depend_on_the_order_of_arrival() -> None:
    shelves = [Shelf(1, 1, None, None, price, currency) for price, currency in ((5, EUR), (6, EUR), (5, "PEN"))]
    states = {market_of(*order).encode() for order in permutations(shelves)}
    assert len(states) == 1


def test_rivals_prices_are_as_of_the_moment_and_in_our_currency() -> None:
    market = Market("milk")
    for rival, price in (
        ("a", Rival(20, 200, EUR)),
        ("a", Rival(10, 100, EUR)),
        ("b", Rival(10, 300, "PEN")),
        ("c", Rival(10, 400, EUR)),
        ("c", Rival(30, None, None)),  # out of stock from 30 on
    ):
        market.put_rival(rival, price)
    assert market.rival_prices(5, EUR) == []
    assert market.rival_prices(15, EUR) == [100, 400]
    assert market.rival_prices(40, EUR) == [200]
    assert market.rival_prices(40, "PEN") == [300]


def test_closes_are_done_by_due_time_then_kind_then_name() -> None:
    items = [
        WorkItem(5, Close.PERIOD, "a", 1),
        WorkItem(9, Close.STORE, "s", 1),
        WorkItem(9, Close.HOUR, "a|x", 7),
        WorkItem(9, Close.HOUR, "b|x", 3),
        WorkItem(9, Close.PERIOD, "a|x", 1),
    ]
    for order in permutations(items):
        agenda = Agenda()
        for item in order:
            agenda.put(item)
        assert agenda.next_due == 5
        assert [agenda.pop() for _ in items] == items
        assert agenda.next_due == Agenda.NEVER
