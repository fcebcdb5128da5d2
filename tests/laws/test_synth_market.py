"""Laws of the synthetic market, for any seed and size.

1. Same configuration, same bytes, in any process and with any hash seed.
2. Every record passes the contract's reader and is the contract's own encoding.
3. On-hand by ledger arithmetic from the records is never negative, agrees with every count and with the simulation,
   and the truth's stock-outs are exactly the intervals in which it is zero; all that was lost was lost in them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from producers.synth import Market, MarketConfig
from producers.synth.dated import Dated
from schemas.fields import Contract
from schemas.reading import read_catalog, read_context, read_price_input, read_sale, read_stock
from schemas.sales import Sale
from schemas.topics import CATALOG, CONTEXT, OBSERVATIONS, SALES, STOCK

CONTRACT_READERS: dict[str, Callable[[bytes | None], Contract]] = {
    CATALOG.name: read_catalog,
    CONTEXT.name: read_context,
    OBSERVATIONS.name: read_price_input,
    STOCK.name: read_stock,
}

SMALL = "MarketConfig(seed=11, stores=2, products=7, days=90, mean_units=4.0)"


@st.composite
def configs(draw: st.DrawFn) -> MarketConfig:
    return MarketConfig(
        seed=draw(st.integers(0, 2**32)),
        stores=draw(st.integers(1, 3)),
        products=draw(st.integers(6, 12)),
        days=draw(st.integers(88, 100)),
        rivals=draw(st.integers(1, 3)),
        mean_units=draw(st.sampled_from([0.5, 4.0, 12.0])),
    )


def digest(market: Market) -> str:
    total = sha256()
    for record in market.records():
        total.update(f"{record.event_time_ms} {record.topic.name} ".encode() + record.key + b" " + record.value + b"\n")
    total.update(repr(market.truth()).encode())
    return total.hexdigest()


def digest_elsewhere(hash_seed: str) -> str:
    code = (
        "from producers.synth import Market, MarketConfig\n"
        "from tests.laws.test_synth_market import digest\n"
        f"print(digest(Market({SMALL})))"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_same_bytes_in_any_process_and_with_any_hash_seed() -> None:
    here = digest(Market(MarketConfig(seed=11, stores=2, products=7, days=90, mean_units=4.0)))
    assert digest_elsewhere("1") == here
    assert digest_elsewhere("4242") == here


@settings(max_examples=10, deadline=None)
@given(configs())
def test_same_configuration_same_bytes_another_seed_others(config: MarketConfig) -> None:
    first = digest(Market(config))
    assert digest(Market(config)) == first
    other = MarketConfig(seed=config.seed + 1, stores=config.stores, products=config.products, days=config.days)
    assert digest(Market(other)) != first


@settings(max_examples=10, deadline=None)
@given(configs())
def test_every_record_is_its_contracts_own_encoding(config: MarketConfig) -> None:
    for record in Market(config).records():
        if record.topic is SALES:
            sale = read_sale(record.value)
            assert sale["sku"].encode() == record.key
            assert Sale.model_validate_json(record.value).encode() == record.value
        else:
            assert CONTRACT_READERS[record.topic.name](record.value).encode() == record.value


class Ledger:
    """On-hand by arithmetic over the JSON of sales and stock records, and the intervals in which it was zero."""

    def __init__(self) -> None:
        self.on_hand: dict[tuple[str, str], float] = {}
        self.empty_since: dict[tuple[str, str], int] = {}
        self.empty: list[tuple[str, str, int, int]] = []

    def book(self, record: Dated) -> None:
        event = json.loads(record.value)
        if event["kind"] not in ("sold", "counted", "delivered", "adjusted"):
            return
        series = (event["store_id"], event["sku"])
        if event["kind"] == "counted":
            assert self.on_hand.get(series, event["units"]) == event["units"]
            self.on_hand[series] = event["units"]
            return
        self.on_hand[series] += -event["units"] if event["kind"] == "sold" else event["units"]
        assert self.on_hand[series] >= 0
        if self.on_hand[series] == 0:
            self.empty_since[series] = record.event_time_ms
        elif series in self.empty_since:
            self.empty.append((*series, self.empty_since.pop(series), record.event_time_ms))


@settings(max_examples=15, deadline=None)
@given(configs())
def test_stock_is_conserved_and_truth_is_the_empty_intervals(config: MarketConfig) -> None:
    market = Market(config)
    ledger = Ledger()
    for day, rows in enumerate(market.batches()):
        for record in rows:
            if record.topic in (SALES, STOCK):
                ledger.book(record)
        left = [
            ledger.on_hand[store, sku]
            for store in market.drawn.assortment.store_ids
            for sku in market.drawn.assortment.skus
        ]
        assert left == market.drawn.ledger.closing[:, day].tolist()
    unfinished = [(*series, since, market.ends_at_ms) for series, since in ledger.empty_since.items()]
    told = [(t.store_id, t.sku, t.starts_at_ms, t.ends_at_ms) for t in market.truth() if t.kind == "stockout"]
    assert sorted(told) == sorted([*ledger.empty, *unfinished])
    lost = sum(truth.lost_units for truth in market.truth())
    assert lost == market.drawn.wanted.sum() - market.drawn.ledger.sold.sum()


@settings(max_examples=15, deadline=None)
@given(configs())
def test_every_delivery_answers_an_order_with_its_units(config: MarketConfig) -> None:
    ordered: dict[str, tuple[float, datetime]] = {}
    for record in Market(config).records():
        event: dict[str, Any] = json.loads(record.value) if record.topic is STOCK else {"kind": ""}
        if event["kind"] == "order_placed":
            assert event["order_id"] not in ordered
            ordered[event["order_id"]] = (event["units"], datetime.fromisoformat(event["event_time"]))
        elif event["kind"] == "delivered":
            units, placed = ordered.pop(event["order_id"])
            assert units == event["units"]
            assert placed < datetime.fromisoformat(event["event_time"])
