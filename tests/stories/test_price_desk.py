"""Stories of the price desk, as a category manager would tell them."""

from collections.abc import Mapping

from schemas.prices import CompetitorPrice
from tests.unit.price_desk.facts import days_later, matched, open_desk, prices, seen, tell


def said(price: CompetitorPrice) -> Mapping[str, object]:
    return {
        "day": (price.event_time - days_later(0)).days,
        "theirs": price.unit_price,
        "usually": price.reference_price,
        "shelf": price.availability,
    }


def test_four_weeks_at_nova() -> None:
    """Nova sells milk at 4.20; the page fails, a scrape misreads a comma, and then a lasting half-price promotion."""
    desk = open_desk()
    tell(desk, matched("rosa-1", "milk"))
    good = {"availability": "in_stock"}
    visits: list[tuple[int, float | None, Mapping[str, str | bool]]] = [
        *[(day, 4.2, good) for day in range(10)],
        (10, None, {"status": "blocked"}),
        (11, 4.2, {"copied": True}),
        (12, 420.0, good),  # the comma was lost
        (13, 4.2, good),
        (14, 0.0, {"availability": "out_of_stock"}),
        (15, 1.9, good),  # below half: seen once
        (16, 1.9, good),  # seen twice
        (17, 1.8, good),
        (18, 4.2, good),
    ]
    told = tell(
        desk,
        *(seen(f"day-{day}", price, event_time=days_later(day), **fields) for day, price, fields in visits),
    )
    assert [said(price) for price in prices(told)] == [
        {"day": 0, "theirs": 4.2, "usually": None, "shelf": "in_stock"},
        *({"day": day, "theirs": 4.2, "usually": 4.2, "shelf": "in_stock"} for day in range(1, 10)),
        {"day": 13, "theirs": 4.2, "usually": 4.2, "shelf": "in_stock"},
        {"day": 14, "theirs": None, "usually": 4.2, "shelf": "out_of_stock"},
        {"day": 16, "theirs": 1.9, "usually": 4.2, "shelf": "in_stock"},
        {"day": 17, "theirs": 1.8, "usually": 4.2, "shelf": "in_stock"},
        {"day": 18, "theirs": 4.2, "usually": 4.2, "shelf": "in_stock"},
    ]
    counts = desk.fates()
    assert (counts["failed_read"], counts["copied"], counts["held"], counts["out_of_stock"]) == (1, 1, 2, 1)
    assert sum(counts.values()) == 1 + len(visits)


def test_new_lasting_price_becomes_the_usual_one() -> None:
    """After 28 reads at 4.00 Nova goes to 1.80 for good: its reference turns after fifteen believed reads."""
    desk = open_desk()
    tell(desk, matched("rosa-1", "milk"), *(seen(f"before-{number}", 4.0) for number in range(28)))
    told = tell(desk, *(seen(f"after-{number}", 1.8) for number in range(17)))
    references = [price.reference_price for price in prices(told)]
    # The first read is held. Of 28 reads, 14 and 14 make (1.80 + 4.00) / 2 = 2.90, and 15 make 1.80.
    assert references == [*[4.0] * 14, 2.9, 1.8]


def test_wrong_match_is_taken_back() -> None:
    """Rosa sees that Nova's milk is lactose free: from her word on nothing is said about our plain milk."""
    desk = open_desk()
    tell(desk, matched("rosa-1", "milk"), seen("day-0", 4.2))
    told = tell(
        desk,
        matched("rosa-2", "milk", accepted=False),
        matched("rosa-3", "milk-free"),
        seen("day-1", 4.3),
    )
    assert [(price.sku, price.unit_price, price.reference_price) for price in prices(told)] == [("milk-free", 4.3, 4.2)]
