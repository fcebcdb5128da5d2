"""Every mapping that ships: its events are what their contracts say, byte for byte, in order of time."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from producers.mappings.kinds import KINDS
from producers.mappings.mapping import read_mapping, shipped
from producers.rows import RowEvent, RowSource
from schemas.quantities import to_ms
from schemas.quarantine import Refusal
from schemas.reading import read_catalog, read_context, read_price_input, read_sale, read_stock
from schemas.reasons import Reason
from schemas.sales import Sale
from schemas.topics import CATALOG, CONTEXT, OBSERVATIONS, QUARANTINE, SALES, STOCK, Topic
from tests.oracles.uci import compute_uci

FILES = {
    "brazil-supermarket-prices": "brazil_supermarket_prices/prices_daily.csv.gz",
    "carparts-monthly": "carparts/carparts_monthly.csv.gz",
    "dominicks-orange-juice": "dominicks_orange_juice/oj_store_week_brand.csv.gz",
    "freshretailnet-daily": "freshretailnet/daily_with_hours.parquet",
    "freshretailnet-hourly": "freshretailnet/hourly_city9.csv.gz",
    "retail-stock-daily": "retail_stock_daily/sales_stock_price.csv",
    "rossmann": "rossmann/train.csv.gz",
    "uci-online-retail": "uci_online_retail/online_retail.csv.gz",
    "walmart-features": "walmart_weekly/features.csv.gz",
    "walmart-weekly": "walmart_weekly/train.csv.gz",
}
TOPICS = {
    "brazil-supermarket-prices": {CATALOG, OBSERVATIONS},
    "carparts-monthly": {CATALOG, SALES, STOCK},
    "dominicks-orange-juice": {CATALOG, CONTEXT, OBSERVATIONS, SALES, STOCK},
    "freshretailnet-daily": {CATALOG, CONTEXT, SALES, STOCK},
    "freshretailnet-hourly": {CATALOG, CONTEXT, SALES, STOCK},
    "retail-stock-daily": {CATALOG, SALES, STOCK},
    "rossmann": {CATALOG, CONTEXT, SALES},
    "uci-online-retail": {CATALOG, SALES, STOCK, QUARANTINE},
    "walmart-features": {CONTEXT},
    "walmart-weekly": {CATALOG, CONTEXT, SALES},
}
READERS: dict[Topic, Callable[[bytes | None], object]] = {
    SALES: read_sale,
    STOCK: read_stock,
    OBSERVATIONS: read_price_input,
    CONTEXT: read_context,
    CATALOG: read_catalog,
}
ROWS = 3_000


def head_of(source: Path, folder: Path) -> Path:
    """The first rows of a file, as a file of the same kind."""
    if source.suffix == ".parquet":
        target = folder / source.name
        batch = next(pq.ParquetFile(source).iter_batches(batch_size=ROWS))
        with pq.ParquetWriter(target, batch.schema) as writer:
            writer.write_batch(batch)
        return target
    target = folder / source.name.removesuffix(".gz")
    text = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
    target.write_bytes(b"\n".join(text.split(b"\n", ROWS + 1)[: ROWS + 1]) + b"\n")
    return target


def events_of(path: Path, name: str) -> list[RowEvent]:
    return [event for batch in RowSource([(path, read_mapping(name))]).batches() for event in batch]


def test_each_mapping_has_its_file_here() -> None:
    assert set(shipped()) == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_events_are_what_their_contracts_say(name: str, data_dir: Path, tmp_path: Path) -> None:
    events = events_of(head_of(data_dir / FILES[name], tmp_path), name)
    assert {event.topic for event in events} == TOPICS[name]
    refused = [event for event in events if event.topic is QUARANTINE]
    assert {event.reason for event in refused} <= {Reason.NON_PRODUCT}
    for event in events:
        if event.topic is not QUARANTINE:
            check(event)


def check(event: RowEvent) -> None:
    read = READERS[event.topic](event.value)
    model = read if isinstance(read, BaseModel) else Sale.model_validate_json(event.value)
    assert model.model_dump_json(exclude_none=True).encode() == event.value
    names = [kind for kind in KINDS.values() if isinstance(model, kind.contract)]
    time = getattr(model, names[0].time_field)
    if event.topic is not CATALOG:  # master data may hold from long before the file begins
        assert to_ms(time) == event.event_time_ms
    if not names[0].key_head:
        assert event.key == getattr(model, names[0].key[0]).encode()
    assert event.key


@pytest.mark.parametrize("name", sorted(FILES))
def test_events_stand_in_order_of_time_and_have_ids_of_their_own(name: str, data_dir: Path, tmp_path: Path) -> None:
    events = events_of(head_of(data_dir / FILES[name], tmp_path), name)
    times = [event.event_time_ms for event in events]
    assert times == sorted(times)
    ids = [
        json.loads(event.value).get("event_id") for event in events if event.topic not in (CATALOG, CONTEXT, QUARANTINE)
    ]
    assert len(set(ids)) == len(ids)


def test_a_small_chunk_gives_the_same_events(data_dir: Path, tmp_path: Path) -> None:
    path = head_of(data_dir / FILES["freshretailnet-hourly"], tmp_path)
    mapping = read_mapping("freshretailnet-hourly")
    whole = [event for batch in RowSource([(path, mapping)]).batches() for event in batch]
    cut = [event for batch in RowSource([(path, mapping)], chunk_rows=7).batches() for event in batch]
    assert cut == whole


def test_uci_units_equal_the_oracle(data_dir: Path) -> None:
    path = data_dir / FILES["uci-online-retail"]
    truth = compute_uci(path)
    units: Counter[tuple[str, str, str]] = Counter()
    counts: Counter[str] = Counter()
    refused: list[int] = []
    for event in events_of(path, "uci-online-retail"):
        if event.topic is QUARANTINE:
            refused.append(event.row)
        if event.topic not in (SALES, STOCK):
            continue
        fields = json.loads(event.value)
        counts[fields["kind"]] += 1
        # London is on UTC or an hour ahead, and the shop's hours end at 20:00: the UTC date is the day.
        units[fields["sku"], fields["event_time"][:10], fields["kind"]] += int(fields["units"])
    keys = {(sku, day) for sku, day, kind in units if kind in ("sold", "returned")}
    assert {key: (units[(*key, "sold")], units[(*key, "returned")]) for key in keys} == truth.units()
    assert counts == {
        "sold": truth.sold_lines,
        "returned": truth.returned_lines,
        "adjusted": truth.adjusted_lines,
    }
    assert truth.adjusted_lines == 1336  # the data set's own description counts them
    assert sorted(refused) == truth.refused["row"].tolist()


def test_a_refused_row_keeps_its_cells_and_no_customer(data_dir: Path, tmp_path: Path) -> None:
    path = head_of(data_dir / FILES["uci-online-retail"], tmp_path)
    refused = next(event for event in events_of(path, "uci-online-retail") if event.topic is QUARANTINE)
    with path.open(newline="") as file:
        row = list(csv.DictReader(file))[refused.row]
    assert row["StockCode"] == "POST"
    named = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice")
    assert json.loads(refused.value) == {name: row[name] for name in named}
    story = Refusal.from_record(refused.key, refused.value, refused.headers)
    assert (story.topic, story.offset, story.detail) == ("online_retail.csv", refused.row, "POST is no product")


def test_two_files_are_merged_by_time(data_dir: Path, tmp_path: Path) -> None:
    inputs = [
        (head_of(data_dir / FILES[name], tmp_path), read_mapping(name))
        for name in ("walmart-weekly", "walmart-features")
    ]
    source = RowSource(inputs)
    events = [event for batch in source.batches() for event in batch]
    assert [event.event_time_ms for event in events] == sorted(event.event_time_ms for event in events)
    assert {event.source for event in events} == {0, 1}
    assert (source.name, source.period) == ("train.csv+features.csv", "week")
