"""How levels move, and that many periods are the same features as each of them."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from online_models.columns import Column, Features
from online_models.pool import Pool
from online_models.stack_features import StackFeatures
from online_models.stack_layout import FAST, MID, NEVER, REFERENCE, SCALE, SEEN, SHARE, SIZE, Layout, layout_of
from online_models.stack_levels import StackLevels

COLUMNS = (Column("lag_1_demand", in_units=True), Column("promotion"), Column("price", neutral=1.0))


def taught(layout: Layout, days: int = 40) -> array[float]:
    state = array("f", bytes(4 * layout.size))
    for place in range(layout.ratio, layout.usual):
        state[place] = NEVER
    levels = StackLevels(layout)
    for day in range(days):
        slot = day % layout.season
        ratio = state[layout.ratio + slot]
        row = (0.0, float(day % 3 == 0), 1.0 + 0.01 * day)
        levels.follow(state, 10.0 + day % 5, slot, row, ratio if ratio >= 0.0 else 1.0, 1.0)
    return state


def test_the_first_observations_weigh_alike() -> None:
    layout = layout_of(1, ())
    state, levels = array("f", bytes(4 * layout.size)), StackLevels(layout)
    for y in (4.0, 8.0, 3.0):
        levels.follow(state, y, 0, (), 1.0, 1.0)
    assert (state[SEEN], state[SCALE], state[MID]) == (3.0, 5.0, 5.0)


def test_half_seen_moves_half() -> None:
    layout = layout_of(1, ())
    half, whole = array("f", bytes(4 * layout.size)), array("f", bytes(4 * layout.size))
    levels = StackLevels(layout)
    for state, weight in ((half, 0.5), (whole, 1.0)):
        for _ in range(50):
            levels.follow(state, 10.0, 0, (), 1.0, 1.0)
        levels.follow(state, 20.0, 0, (), 1.0, weight)
    for place in (SCALE, MID, FAST, REFERENCE, SIZE):
        assert half[place] - 10.0 == pytest.approx(0.5 * (whole[place] - 10.0), rel=1e-4)


def test_the_share_of_periods_with_a_sale_is_tsbs() -> None:
    layout = layout_of(1, ())
    state, levels = array("f", bytes(4 * layout.size)), StackLevels(layout)
    for y in (0.0, 6.0, 0.0, 0.0):
        levels.follow(state, y, 0, (), 1.0, 1.0)
    assert (state[SHARE], state[SIZE]) == (0.25, 6.0)


def test_a_jump_takes_the_fast_level_for_all() -> None:
    layout = layout_of(7, COLUMNS)
    state = taught(layout)
    state[FAST] = 3.0 * state[MID]
    before = state[layout.slot_mean + 2]
    StackLevels(layout).jump(state)
    assert state[MID] == state[REFERENCE] == state[FAST]
    assert state[layout.slot_mean + 2] == pytest.approx(3.0 * before, rel=1e-6)


@pytest.mark.parametrize("season", [1, 7, 12, 52])
@pytest.mark.parametrize("missing", [False, True])
def test_features_of_many_periods_are_those_of_each(season: int, missing: bool) -> None:
    layout = layout_of(season, COLUMNS)
    state = taught(layout)
    category = Pool(layout).category("dairy")
    price = float("nan") if missing else 1.3
    xs = [Features(slot, (5.0, float(slot % 2), price)) for slot in range(season)]
    features = StackFeatures(layout)
    many = features.many(np.frombuffer(state, dtype=np.float32), xs, category)
    one = [features.one(state, x, category.ratio(x.slot)) for x in xs]
    assert many == pytest.approx(np.array(one), rel=1e-6, abs=1e-9)
    assert many.shape == (season, layout.width)
    assert len(layout.feature_names) == layout.width
