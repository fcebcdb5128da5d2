"""The merge against the words "smallest head first", taken literally."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.merge import Item, Merge, Run

NAMES = ("prices", "stock", "sales")


def bodies(runs: list[Run[str]]) -> list[str]:
    return [item.body for _, run in runs for item in run]


def smallest_head_first(lanes: dict[str, list[Item[str]]], ends: dict[str, int]) -> list[str]:
    """Take the smallest head, ties by rank, until every lane has reached its end."""
    left = {name: [item for item in lanes[name] if item.offset < ends[name]] for name in NAMES}
    order = []
    while any(left.values()):
        name = min((name for name in NAMES if left[name]), key=lambda one: (left[one][0].t_ms, NAMES.index(one)))
        order.append(left[name].pop(0).body)
    return order


def draw_lanes(dice: Random) -> tuple[dict[str, list[Item[str]]], dict[str, int], dict[str, int]]:
    """Return lanes with sparse offsets, unreadable records and equal times; ends; and positions after the last."""
    lanes, ends, last = {}, {}, {}
    for name in NAMES:
        offset, items = 0, []
        for _ in range(dice.randint(0, 12)):
            offset += dice.choice([1, 1, 1, 3])
            items.append(Item(dice.choice([-1, *range(8)]), offset, f"{name}@{offset}"))
        lanes[name], last[name] = items, offset + dice.choice([1, 4])
        ends[name] = dice.randint(0, last[name])
    return lanes, ends, last


def take_in_pieces(dice: Random, lanes: dict[str, list[Item[str]]], ends: dict[str, int], last: dict[str, int]) -> None:
    merge = Merge[str](NAMES, dict.fromkeys(NAMES, 0))
    waiting = {name: list(items) for name, items in lanes.items()}
    wanted = smallest_head_first(lanes, ends)
    order: list[str] = []
    feeds = {name: dice.randint(1, 4) for name in NAMES}
    while not merge.complete(ends):
        name = dice.choice(NAMES)
        run, waiting[name] = waiting[name][: feeds[name]], waiting[name][feeds[name] :]
        merge.feed(name, run, waiting[name][0].offset if waiting[name] else last[name])
        ready = merge.ready(ends)
        taken = merge.take(ends, dice.randint(1, 5))
        assert ready == bool(taken)
        order += bodies(taken)
        # Nothing is taken too early: what came out so far is how the whole begins.
        assert order == wanted[: len(order)]
        for lane, position in merge.positions().items():
            below = [item for item in lanes[lane] if item.offset < ends[lane]]
            assert all((item.offset < position) == (item.body in order) for item in below)
    assert order == wanted
    merge.settle(ends)
    assert all(merge.positions()[name] >= ends[name] for name in NAMES)


@given(st.integers(0, 2**32))
def test_whatever_the_delivery_the_smallest_head_goes_first(seed: int) -> None:
    dice = Random(seed)
    take_in_pieces(dice, *draw_lanes(dice))


@given(st.integers(0, 2**32))
def test_a_merge_resumed_at_its_positions_goes_on_as_if_nothing_had_been(seed: int) -> None:
    dice = Random(seed)
    lanes, ends, last = draw_lanes(dice)
    whole = smallest_head_first(lanes, ends)
    first = Merge[str](NAMES, dict.fromkeys(NAMES, 0))
    for name in NAMES:
        first.feed(name, lanes[name], last[name])
    cut = dice.randint(0, len(whole))
    order = bodies(first.take(ends, cut))
    positions = first.positions()
    second = Merge[str](NAMES, positions)
    for name in NAMES:
        second.feed(name, [item for item in lanes[name] if item.offset >= positions[name]], last[name])
    order += bodies(second.take(ends, 1000))
    assert order == whole


def test_an_input_without_a_head_holds_everything_back_until_it_has_reached_its_end() -> None:
    merge = Merge[str](NAMES, dict.fromkeys(NAMES, 0))
    ends = {"prices": 0, "stock": 5, "sales": 2}
    merge.feed("sales", [Item(1, 0, "a"), Item(2, 1, "b"), Item(3, 2, "of the next tick")], 3)
    assert merge.take(ends, 10) == []
    # The position has moved over offsets that never were records: the input is at its end.
    merge.feed("stock", [], 5)
    assert bodies(merge.take(ends, 10)) == ["a", "b"]
    assert merge.complete(ends)
    assert merge.pending("sales") == 1
