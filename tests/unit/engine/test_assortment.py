"""What a series is in its assortment: its classes on its forecasts, its share of the category on its drift."""

from collections.abc import Callable
from random import Random

from schemas.catalog import Product
from schemas.quantities import to_datetime
from streams.settings import ShopSettings
from tests.unit.engine.bench import Fact, Told, at, make_log, master, play, sale

DAYS, CHANGE = 90, 70
LEVELS = {"milk": 60.0, "kefir": 40.0, "yogurt": 50.0}


def market(units: Callable[[str, int], float]) -> list[Fact]:
    facts = [
        master(
            at(0),
            Product(
                sku=sku, name=sku, category="dairy", unit_price=price, unit_cost=1.0, currency="PEN",
                valid_from=to_datetime(at(-1)),
            ),
        )
        for sku, price in (("milk", 11.0), ("kefir", 1.5), ("yogurt", 1.1))
    ]  # fmt: skip
    dice = Random(4)
    facts += [
        sale(at(day, 12), float(round(units(sku, day) + dice.uniform(-3, 3))), sku=sku)
        for day in range(DAYS)
        for sku in LEVELS
    ]
    return facts


def play_market(units: Callable[[str, int], float]) -> Told:
    return play(make_log(market(units), at(DAYS, 6)), ShopSettings(grain="day"))


def test_forecasts_carry_the_classes_of_their_series() -> None:
    last = {one.sku: one for one in play_market(lambda sku, day: LEVELS[sku]).forecasts()}
    # Margins a day: 600, 20 and 5: 96 % are the first one's, 99 % the first two's.
    assert {sku: one.abc for sku, one in last.items()} == {"milk": "A", "kefir": "C", "yogurt": "C"}
    assert {one.demand_class for one in last.values()} == {"smooth"}


def test_nobody_has_a_class_before_a_first_round_is_over() -> None:
    told = play_market(lambda sku, day: LEVELS[sku]).forecasts()
    assert {one.abc for one in told if one.target < to_datetime(at(7))} == {None}


def drift_of_milk(others: float) -> dict[str, float]:
    def units(sku: str, day: int) -> float:
        if day < CHANGE:
            return LEVELS[sku]
        return 20.0 if sku == "milk" else LEVELS[sku] + others

    found = [one for one in play_market(units).findings("demand_drift") if one.phase == "opened" and one.sku == "milk"]
    assert len(found) >= 1
    return {name: measure.value for name, measure in found[0].evidence.items()}


def test_a_product_whose_neighbours_take_up_its_demand_is_substituted() -> None:
    evidence = drift_of_milk(others=20.0)
    assert abs(evidence["mix_share_before"] - 60 / 150) < 0.05
    assert evidence["mix_share_after"] < 0.25
    assert abs(evidence["category_change"]) < 0.1
    assert 30.0 < evidence["substituted_units"] < 50.0


def test_a_product_that_falls_alone_is_not() -> None:
    evidence = drift_of_milk(others=0.0)
    assert "substituted_units" not in evidence
    assert evidence["category_change"] < -0.2
