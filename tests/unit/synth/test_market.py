"""The default market: what it holds, what is planted in it, and that it truly happens, read off the records."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from producers.synth import Market, MarketConfig
from producers.synth.dated import Dated
from schemas.errors import BadSetup
from schemas.quantities import DAY_MS, HOUR_MS
from schemas.topics import CATALOG, CONTEXT, OBSERVATIONS, SALES, STOCK
from streams.scorecard import Planted

SEEDS = tuple(range(100, 120))


@pytest.fixture(scope="module")
def market() -> Market:
    return Market()


@pytest.fixture(scope="module")
def records(market: Market) -> list[Dated]:
    return list(market.records())


def planted(market: Market, kind: str) -> Planted:
    (one,) = [truth for truth in market.truth() if truth.planted and truth.kind == kind]
    return one


def sold_by_day(records: list[Dated], store_id: str | None, sku: str) -> dict[date, float]:
    """Units sold by Lima's calendar, read off the JSON alone."""
    units: dict[date, float] = defaultdict(float)
    for record in records:
        if record.topic is SALES and record.key == sku.encode():
            sale = json.loads(record.value)
            if store_id in (None, sale["store_id"]):
                local = datetime.fromisoformat(sale["event_time"]).astimezone(ZoneInfo("America/Lima"))
                units[local.date()] += sale["units"]
    return units


def test_default_market_has_a_demo_size(market: Market, records: list[Dated]) -> None:
    count = Counter(record.topic.name for record in records)
    assert 100_000 <= count[SALES.name] <= 160_000
    assert count[SALES.name] == market.sale_lines
    # 3 stores, 40 products, 6 suppliers.
    assert count[CATALOG.name] == 49
    assert count[STOCK.name] > 5_000
    assert count[OBSERVATIONS.name] > 5_000
    assert count[CONTEXT.name] > 10


def test_records_come_in_the_order_of_their_time_and_each_batch_is_one_day(market: Market) -> None:
    batches = list(market.batches())
    assert len(batches) == market.config.days
    for day, rows in enumerate(batches):
        times = [row.event_time_ms for row in rows]
        assert times == sorted(times)
        # Lima has had no summer time since 1994: a local day begins at 05:00 UTC and lasts 24 hours.
        begin = int(datetime(2025, 3, 3, 5, tzinfo=UTC).timestamp() * 1000) + day * DAY_MS
        assert begin <= times[0]
        assert times[-1] < begin + DAY_MS


def test_event_time_of_a_row_is_the_one_in_its_record(records: list[Dated]) -> None:
    fields = {CATALOG.name: "valid_from", CONTEXT.name: "known_at"}
    for record in records[::7]:
        text = json.loads(record.value)[fields.get(record.topic.name, "event_time")]
        assert datetime.fromisoformat(text).timestamp() * 1000 == record.event_time_ms


def test_event_ids_are_unique(records: list[Dated]) -> None:
    ids = [json.loads(r.value)["event_id"] for r in records if r.topic in (SALES, STOCK, OBSERVATIONS)]
    assert len(ids) == len(set(ids))


def test_tills_ring_in_opening_hours_only(records: list[Dated]) -> None:
    zone = ZoneInfo("America/Lima")
    hours = Counter(datetime.fromtimestamp(r.event_time_ms / 1000, zone).hour for r in records if r.topic is SALES)
    assert set(hours) == set(range(8, 22))
    # People shop on their way home rather than at nine in the morning.
    assert hours[19] > 2 * hours[9]


def test_nothing_is_planted_in_the_quiet_days_and_each_kind_is_planted_once(market: Market) -> None:
    found = [truth for truth in market.truth() if truth.planted]
    assert sorted(truth.kind for truth in found) == ["demand_drift", "rival_price_cut", "stockout"]
    assert len({truth.sku for truth in found}) == 3
    assert all(t.starts_at_ms >= market.starts_at_ms + market.config.quiet_days * DAY_MS for t in found)


def test_late_truck_empties_the_shelf(market: Market, records: list[Dated]) -> None:
    truth = planted(market, "stockout")
    sku = truth.sku.encode()
    sales = [
        r.event_time_ms
        for r in records
        if r.topic is SALES and r.key == sku and json.loads(r.value)["store_id"] == truth.store_id
    ]
    assert truth.starts_at_ms in sales
    assert not [t for t in sales if truth.starts_at_ms < t < truth.ends_at_ms]
    assert truth.ends_at_ms - truth.starts_at_ms > 24 * HOUR_MS
    assert truth.lost_units > 0
    # An order was due before the shelf ran empty, and came when the interval ended.
    events = [json.loads(r.value) for r in records if r.topic is STOCK and r.key == sku]
    mine = [e for e in events if e.get("store_id") == truth.store_id]
    due = {e["order_id"]: e["due_at"] for e in mine if e["kind"] == "order_placed"}
    came = [e["order_id"] for e in mine if e["kind"] == "delivered" and ms(e["event_time"]) == truth.ends_at_ms]
    assert any(ms(due[order_id]) < truth.starts_at_ms for order_id in came)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_rivals_cut_is_a_quarter_and_stays(market: Market, records: list[Dated]) -> None:
    truth = planted(market, "rival_price_cut")
    rows = [json.loads(r.value) for r in records if r.topic is OBSERVATIONS and r.key == (truth.rival or "").encode()]
    # A copied row still holds the day before's price.
    read = [r for r in rows if r["kind"] == "observed" and r["status"] == "ok" and not r["copied"]]
    mine = [(ms(r["event_time"]), r["price"]) for r in read if r["rival_product"].endswith(truth.sku)]
    before = [price for at, price in mine if at < truth.starts_at_ms]
    after = [price for at, price in mine if at >= truth.starts_at_ms]
    # Ordinary moves are at most three per cent around the rival's level, so each side spans six per cent and rounding.
    assert max(after) < 0.75 * 1.07 * min(before)
    assert min(after) > 0.75 * 0.92 * max(before)


def test_promotions_are_announced_before_they_begin_and_lift_sales(market: Market, records: list[Dated]) -> None:
    facts = [json.loads(r.value) for r in records if r.topic is CONTEXT]
    during = before = 0.0
    for fact in facts:
        begin, end = ms(fact["valid_from"]), ms(fact["valid_to"])
        assert ms(fact["known_at"]) <= begin - 9 * DAY_MS
        days = (end - begin) // DAY_MS
        units = sold_by_day(records, None, fact["sku"])
        first = datetime.fromtimestamp(begin / 1000, ZoneInfo("America/Lima")).date().toordinal()
        during += sum(units[date.fromordinal(first + day)] for day in range(days))
        # The same weekdays of the fortnight before, scaled to as many days.
        before += sum(units[date.fromordinal(first + day - 14)] for day in range(days))
    # Depths of 10 to 25 % lift by 0.9^-2.2 = 1.26 to 0.75^-2.2 = 1.88.
    assert 1.26 < during / before < 1.88


def test_a_sale_in_a_promotion_is_charged_at_the_lowered_price(market: Market, records: list[Dated]) -> None:
    fact = next(json.loads(r.value) for r in records if r.topic is CONTEXT)
    catalog = [json.loads(r.value) for r in records if r.topic is CATALOG]
    regular = next(product["unit_price"] for product in catalog if product.get("sku") == fact["sku"])
    begin, end = ms(fact["valid_from"]), ms(fact["valid_to"])
    charged = {
        json.loads(r.value)["unit_price"]
        for r in records
        if r.topic is SALES and r.key == fact["sku"].encode() and begin <= r.event_time_ms < end
    }
    assert list(charged) == pytest.approx([regular * (1 - fact["depth"])], abs=0.005)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_has_what_was_planted(seed: int) -> None:
    market = Market(MarketConfig(seed=seed))
    found = [truth for truth in market.truth() if truth.planted]
    assert sorted(truth.kind for truth in found) == ["demand_drift", "rival_price_cut", "stockout"]
    assert all(t.ends_at_ms - t.starts_at_ms >= 24 * HOUR_MS for t in found)
    natural = [truth for truth in market.truth() if not truth.planted]
    # A calm market: of 120 series in 15 weeks, fewer than one shelf in five runs empty, and never for long.
    assert len(natural) < 24
    assert drift_ratio(market) > 1.3 or drift_ratio(market) < 0.7


def drift_ratio(market: Market) -> float:
    """Mean units sold in the three weeks from the change on, over the three weeks before it."""
    truth = planted(market, "demand_drift")
    store, product = (
        market.drawn.assortment.store_ids.index(truth.store_id or ""),
        market.drawn.assortment.skus.index(truth.sku),
    )
    sold = market.drawn.ledger.sold[store * market.config.products + product]
    day = (truth.starts_at_ms - market.starts_at_ms) // DAY_MS
    return float(sold[day : day + 21].mean() / sold[day - 21 : day].mean())


def test_drift_shows_in_the_records_and_in_no_other_store(market: Market, records: list[Dated]) -> None:
    truth = planted(market, "demand_drift")
    changed = datetime.fromtimestamp(truth.starts_at_ms / 1000, ZoneInfo("America/Lima")).date().toordinal()
    ratios = {}
    for store_id in market.drawn.assortment.store_ids:
        units = sold_by_day(records, store_id, truth.sku)
        after = sum(units[date.fromordinal(changed + day)] for day in range(21))
        ratios[store_id] = after / sum(units[date.fromordinal(changed - 21 + day)] for day in range(21))
    wanted = market.drawn.plan.drifts[0].factor
    mine = ratios.pop(truth.store_id or "")
    # 21 days of about 10 units with variance 10 + 100/25: a mean's error is 8 %, a ratio's 11 %; three of them.
    assert mine == pytest.approx(wanted, rel=0.33)
    assert list(ratios.values()) == pytest.approx([1.0] * len(ratios), rel=0.33)


def test_where_and_when_depends_on_the_seed() -> None:
    plans = [Market(MarketConfig(seed=seed)).drawn.plan for seed in SEEDS[:8]]
    assert (
        len({(plan.late_trucks[0].store, plan.late_trucks[0].product, plan.late_trucks[0].day) for plan in plans}) > 4
    )
    assert len({plan.drifts[0].factor for plan in plans}) == 2
    assert len({plan.price_cuts[0].rival for plan in plans}) == 2


@pytest.mark.parametrize(
    "settings",
    [{"seed": -1}, {"products": 5}, {"stores": 0}, {"days": 80}, {"rivals": 0}],
    ids=lambda settings: next(iter(settings)),
)
def test_market_too_small_for_its_plan_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(BadSetup):
        MarketConfig(**settings)  # type: ignore[arg-type]


def test_a_market_without_planted_events_is_quiet() -> None:
    market = Market(MarketConfig(seed=5, products=8, days=40, late_trucks=0, drifts=0, price_cuts=0))
    assert not [truth for truth in market.truth() if truth.planted]


def test_digest_names_the_configuration() -> None:
    small = MarketConfig(seed=1, products=6, days=88)
    assert Market(small).digest() == Market(MarketConfig(seed=1, products=6, days=88)).digest()
    assert Market(small).digest() != Market(MarketConfig(seed=2, products=6, days=88)).digest()
