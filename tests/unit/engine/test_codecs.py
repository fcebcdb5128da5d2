"""What is stored is what is used: every field of the state comes back as it was, and a damaged one is refused."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import StateCorrupt, TornTask
from streams.engine.dedupe import CHUNK_IDS, DedupeIndex
from streams.engine.history import INT32_MAX, KEPT_PERIODS, History
from streams.engine.ledger import place_order
from streams.engine.market import Market, MarketTable, Rival, Shelf
from streams.engine.segments import MAX_SEGMENTS, SEGMENT_ROWS
from streams.engine.series import Series
from streams.engine.stores import StoreState, StoreTable
from streams.engine.table import PAGE_NAMES, SeriesTable, canonical_state
from streams.marks import decode_marks, encode_marks
from streams.ports import Snapshot
from streams.sealing import seal, unseal
from streams.settings import ShopSettings
from tests.unit.engine.bench import at, make_log, new_task, play, sale

int32 = st.integers(-INT32_MAX - 1, INT32_MAX)


# --- histories ----------------------------------------------------------------------------------------------------


@given(st.integers(600_000, 900_000), st.lists(st.tuples(int32, st.integers(0, 10**12), st.booleans())), st.binary())
def test_a_history_comes_back_as_it_was(first: int, rows: list[tuple[int, int, bool]], model: bytes) -> None:
    history = History()
    for place, (sold, returned, taught) in enumerate(rows):
        history.append(first + place, sold, returned, taught)
    history.model = model
    twin = History.decode(history.encode(), "m:x")
    assert (twin.periods(), twin.units(), twin.model) == (history.periods(), history.units(), model)
    assert twin.encode() == history.encode()


def test_a_history_keeps_400_periods() -> None:
    history = History()
    for period in range(1000, 1450):
        history.append(period, period, period, True)
    assert list(history.periods().items()) == [(period, (period, period)) for period in range(1050, 1450)]
    assert len(history.sold) == KEPT_PERIODS


def test_a_correction_finds_its_period_or_makes_room_before_the_first() -> None:
    history = History()
    for period in (10, 11):
        history.append(period, 1000, 0, True)
    assert history.correct(11, 500, 0)
    assert history.correct(10, 0, 300)
    assert history.correct(8, 700, 100)
    assert history.periods() == {8: (700, 100), 9: (0, 0), 10: (1000, 300), 11: (1500, 0)}
    # Nobody was taught those, so they are unknown to the features.
    assert history.units() == [None, None, 1.0, 1.5]
    assert not history.correct(12, 1, 0)
    assert not history.correct(11 - KEPT_PERIODS, 1, 0)


def test_a_history_never_holds_an_overflow() -> None:
    with pytest.raises(OverflowError):
        History().append(1, INT32_MAX + 1, 0, True)


# --- hot rows -----------------------------------------------------------------------------------------------------

WHOLE = st.integers(-(2**62), 2**62)
NAMES = ("on_hand", "last_sale_ms", "price", "threshold", "clear_at", "risk_since")
MORE = (
    "stockout_since",
    "suspect_since",
    "surge_since",
    "drift_since",
    "slump_since",
    "excess_since",
    "stated_risk",
    "stated_until",
)


@given(st.lists(st.one_of(st.none(), WHOLE), min_size=14, max_size=14), st.integers(-(2**60), 0), st.integers(0, 2**32))
def test_a_hot_row_comes_back_as_it_was(values: list[int | None], zero_log: int, seed: int) -> None:
    dice, series = Random(seed), Series("s", "café", 738_000)
    for name, value in zip((*NAMES, *MORE), values, strict=True):
        setattr(series, name, value)
    series.zero_log, series.risk_early, series.no_sale_log = zero_log, seed % 2, -dice.random()
    series.counted_ms, series.price_ms = dice.randint(-5, 10**13), dice.randint(-5, 10**13)
    periods = [dice.randint(0, 10**6) for _ in range(dice.randint(0, 4))]
    series.open = {period: [dice.randint(-9, 10**12) for _ in range(4)] for period in periods}
    series.hours = {dice.randint(0, 10**6): dice.randint(-9, 10**12) for _ in range(dice.randint(0, 4))}
    series.closed = {500_000 + dice.randint(0, 99): dice.randint(-9, 2**31 - 1) for _ in range(dice.randint(0, 30))}
    series.gaps = [
        (dice.randint(0, 10**13), dice.randint(0, 10**13), dice.randint(0, 10**13)) for _ in range(dice.randint(0, 3))
    ]
    series.recent = {dice.randint(0, 10**9): dice.randint(-(10**9), 10**9) for _ in range(dice.randint(0, 40))}
    for number in range(dice.randint(0, 3)):
        place_order(series, f"ordèr-{number}", dice.randint(1, 10**9), dice.choice([None, 0, 10**12]))
    twin = Series("s", "café", 0)
    twin.unpack(series.pack())
    assert twin.pack() == series.pack()
    for name in Series.__slots__:
        if name not in ("orders", "index", "segment", "dirty"):
            assert getattr(twin, name) == getattr(series, name), name
    assert [(one.order_id, one.units, one.due_ms) for one in twin.orders] == [
        (one.order_id, one.units, one.due_ms) for one in series.orders
    ]


def fill(count: int) -> tuple[SeriesTable, dict[str, bytes]]:
    """A table of so many series, and its fields after a first commit."""
    table = SeriesTable()
    for number in range(count):
        table.add(Series("s", f"sku-{number}", number))
    return table, {name: value for name, value in table.writes().items() if value is not None}


def commit(table: SeriesTable, state: dict[str, bytes]) -> dict[str, bytes | None]:
    """Write what changed to the fields, as a store would; return it."""
    fields = table.writes()
    for name, value in fields.items():
        if value is None:
            del state[name]  # a field that is not there could not be deleted
        else:
            state[name] = value
    return fields


def test_a_commit_writes_the_rows_that_changed_and_nothing_else() -> None:
    table, state = fill(PAGE_NAMES + 1)
    assert sorted(state) == ["h:0", "n:0", "n:1"]
    assert table.writes() == {}
    assert table.dirty_bytes() == 0
    changed = table.by_name[f"s|sku-{PAGE_NAMES}"]
    changed.on_hand = 7
    table.touch(changed)
    assert table.dirty_bytes() > 0
    fields = commit(table, state)
    assert list(fields) == ["h:1"]
    # A version, an index and a length of four bytes each, one row, a checksum.
    assert len(fields["h:1"] or b"") == 1 + 8 + len(changed.pack()) + 4
    twin = SeriesTable.load(state)
    assert [series.name for series in twin] == [series.name for series in table]
    assert [series.pack() for series in twin] == [series.pack() for series in table]
    assert twin.by_name[changed.name].on_hand == 7


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_segments_are_tidied_and_lose_nothing_across_restarts(seed: int) -> None:
    dice = Random(seed)
    count = dice.choice([3, 1_500])
    table, state = fill(count)
    rows = {series.name: series.pack() for series in table}
    for step in range(60):
        for series in dice.sample(list(table), dice.choice([1, 2, count // 3])):
            series.on_hand = step
            table.touch(series)
            rows[series.name] = series.pack()
        commit(table, state)
        if dice.random() < 0.1:
            table = SeriesTable.load(state)
        stored = sum(len(value) for name, value in state.items() if name.startswith("h:"))
        # Twice what is needed and one segment, at 80 bytes a row or less: it grows no further.
        assert stored < (2 * count + 2 * SEGMENT_ROWS) * 80
    assert {series.name: series.pack() for series in SeriesTable.load(state)} == rows
    assert {name: value for name, value in canonical_state(state).items() if name.startswith("row:")} == {
        f"row:{name}": row for name, row in rows.items()
    }


def test_a_quiet_shop_is_tidied_before_its_fields_become_many() -> None:
    table, state = fill(2_000)
    for step in range(2 * MAX_SEGMENTS):
        series = table.by_name[f"s|sku-{step % 2_000}"]
        table.touch(series)
        commit(table, state)
        assert sum(name.startswith("h:") for name in state) <= MAX_SEGMENTS + 2


# --- ids ----------------------------------------------------------------------------------------------------------


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_ids_are_remembered_by_hour_across_commits_and_restarts() -> None:
    index, state = DedupeIndex(), dict[str, bytes | None]()
    for number in range(CHUNK_IDS + 10):
        assert index.add(5, key(number))
        if number in (3, CHUNK_IDS + 1):
            state.update(index.writes())
    assert not index.add(5, key(3))
    assert index.add(6, key(3)), "an id is known in its own hour only"
    state.update(index.writes())
    assert sorted(state) == ["d:5:0", "d:5:1", "d:6:0"]
    twin = DedupeIndex.load({name: value for name, value in state.items() if value is not None})
    assert not any(twin.add(5, key(number)) for number in range(CHUNK_IDS + 10))
    assert twin.writes() == {}
    assert twin.add(5, key(10**6))
    assert list(twin.writes()) == ["d:5:1"]


def test_forgotten_hours_are_deleted_and_those_never_written_leave_nothing() -> None:
    index = DedupeIndex()
    index.add(5, key(1))
    index.writes()
    index.add(6, key(1))
    index.forget(7)
    assert index.writes() == {"d:5:0": None}
    assert index.add(6, key(1))


def test_an_id_that_is_taken_back_may_come_again() -> None:
    index = DedupeIndex()
    index.add(5, key(1))
    index.add(5, key(2))
    index.take_back(5)
    assert not index.add(5, key(1))
    assert index.add(5, key(2))


# --- stores and markets -------------------------------------------------------------------------------------------


def test_stores_and_markets_come_back_as_they_were() -> None:
    store = StoreState("s1", at(0), 473_000, 738_000, 7)
    store.hours, store.periods, store.dark = {3, 1}, {738_000}, [737_999]
    store.silent_since, store.silences, store.no_sale_log = at(1), [(at(0), at(0, 4))], -0.1 - 0.2
    table = StoreTable()
    table.by_id["s1"] = store
    table.touch(store)
    state = {name: value for name, value in table.writes().items() if value is not None}
    twin = StoreTable.load(state).by_id["s1"]
    assert {name: getattr(twin, name) for name in StoreState.__slots__} == {
        name: getattr(store, name) for name in StoreState.__slots__
    }
    market = Market("café")
    market.put_shelf(Shelf(1, 2, None, "s1", 3, "EUR"))
    market.put_rival("r", Rival(4, None, None))
    market.undercuts["r"] = 9
    back = Market.decode(market.encode(), "r:café")
    assert (back.sku, back.shelves, back.rivals, back.undercuts) == (
        "café",
        market.shelves,
        market.rivals,
        market.undercuts,
    )
    markets = MarketTable()
    markets.touch("café").put_rival("r", Rival(1, 2, "EUR"))
    loaded = MarketTable.load({name: value or b"" for name, value in markets.writes().items()})
    assert loaded.by_sku["café"].rivals == {"r": [Rival(1, 2, "EUR")]}


# --- seals and marks ----------------------------------------------------------------------------------------------


@given(st.binary(), st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_breaks_the_seal(payload: bytes, place: int, change: int) -> None:
    sealed = bytearray(seal(payload))
    assert unseal(bytes(sealed), "x") == payload
    sealed[place % len(sealed)] ^= change
    with pytest.raises(StateCorrupt):
        unseal(bytes(sealed), "x")


def test_marks_are_equal_when_their_bytes_are() -> None:
    assert encode_marks({"a": 1, "b": 2}, 3) == encode_marks({"b": 2, "a": 1}, 3)
    assert decode_marks(encode_marks({"a": 1, "b": -1}, 3)) == ({"a": 1, "b": -1}, 3)
    for broken in (b"", b"[]", b'{"a": 1}', b'{"step": "x"}'):
        with pytest.raises(StateCorrupt):
            decode_marks(broken)


# --- the whole snapshot -------------------------------------------------------------------------------------------

SHOP = ShopSettings(models="none")


def test_a_snapshot_of_other_settings_or_another_number_of_tasks_is_refused() -> None:
    told = play(make_log([sale(at(0, 9))], at(0, 12)), SHOP)
    snapshot = Snapshot(told.marks, told.state)
    assert new_task(SHOP, snapshot).marks == told.marks
    assert new_task(ShopSettings(models="none", poison_share=0.5), snapshot).marks == told.marks
    with pytest.raises(StateCorrupt, match="settings"):
        new_task(ShopSettings(models="none", zone="Europe/London"), snapshot)
    with pytest.raises(TornTask):
        new_task(SHOP, snapshot, tasks=2)
    with pytest.raises(StateCorrupt, match="clock"):
        new_task(SHOP, Snapshot(told.marks, {}))
