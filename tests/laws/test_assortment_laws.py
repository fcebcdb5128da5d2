"""One log, one result, for what a task knows of categories and classes: however it is cut, delivered and restarted."""

from __future__ import annotations

import pytest

from schemas.catalog import Product
from schemas.quantities import to_datetime
from streams.settings import ShopSettings
from tests.unit.engine.bench import Fact, at, make_log, master, play, play_in_pieces, sale

DAYS = 24
SHOP = ShopSettings(grain="day")


def market() -> list[Fact]:
    """Three products of two categories in two stores; one is halved, and its neighbour sells what it lost."""
    facts = [
        master(
            at(0),
            Product(
                sku=sku, name=sku, category=category, unit_price=price, currency="PEN", valid_from=to_datetime(at(-1))
            ),
        )
        for sku, category, price in (("milk", "dairy", 4.0), ("kefir", "dairy", 9.0), ("rolls", "bread", 0.5))
    ]
    for day in range(DAYS):
        lost = 15.0 if day >= 18 else 0.0
        for store in ("s1", "s2"):
            facts.append(sale(at(day, 10), 30.0 + day % 3 - lost, sku="milk", store=store))
            facts.append(sale(at(day, 11), 30.0 + day % 2 + lost, sku="kefir", store=store))
            facts.append(sale(at(day, 12), 5.0 + day % 4, sku="rolls", store=store))
    return facts


@pytest.mark.parametrize("seed", range(6))
def test_one_log_one_assortment(seed: int) -> None:
    log = make_log(market(), at(DAYS, 6))
    whole = play(log, SHOP)
    pieces = play_in_pieces(log, SHOP, seed)
    assert pieces.rows() == whole.rows()
    assert {"x:s1", "x:s2", "abc"} <= set(whole.state)
    assert [one.encode() for one in pieces.forecasts()] == [one.encode() for one in whole.forecasts()]
    # The law is about something: classes are known, and a drift tells of shares.
    assert {one.abc for one in whole.forecasts()} > {None}
    assert any("mix_share_before" in one.evidence for one in whole.findings("demand_drift"))
