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


def test_what_was_filled_in_is_learnt_like_any_demand_but_is_no_sale() -> None:
    layout = layout_of(1, ())
    filled, sold = array("f", bytes(4 * layout.size)), array("f", bytes(4 * layout.size))
    levels = StackLevels(layout)
    for state, anything in ((filled, False), (sold, True)):
        for _ in range(50):
            levels.follow(state, 10.0, 0, (), 1.0)
        levels.follow(state, 20.0, 0, (), 1.0, exposure=0.5, sold=anything)
    for place in (SCALE, MID, FAST, REFERENCE):
        assert filled[place] == sold[place] > 10.0
    # Nothing sold in half a period: half of a step of 0.1 from 1 to 0; sizes are those of sales.
    assert filled[SHARE] == pytest.approx(1.0 - 0.5 * 0.1)
    assert (filled[SIZE], sold[SHARE]) == (10.0, 1.0)


def test_a_promotions_lift_is_no_news_of_its_slot() -> None:
    layout = layout_of(7, ())
    state, levels = array("f", bytes(4 * layout.size)), StackLevels(layout)
    state[layout.slot_mean : layout.last] = array("f", [NEVER] * 7)
    for day in range(70):
        levels.follow(state, 10.0, day % 7, (), 1.0)
    levels.follow(state, 20.0, 0, (), 1.0, usual_share=0.5)  # twenty on a day whose promotion was said to double it
    assert (state[layout.ratio], state[layout.slot_mean], state[SIZE]) == (1.0, 10.0, 10.0)
    assert state[MID] > 10.0


def test_the_share_of_periods_with_a_sale_is_tsbs() -> None:
    layout = layout_of(1, ())
    state, levels = array("f", bytes(4 * layout.size)), StackLevels(layout)
    for y in (0.0, 6.0, 0.0, 0.0):
        levels.follow(state, y, 0, (), 1.0, 1.0)
    assert (state[SHARE], state[SIZE]) == (0.25, 6.0)


def test_a_jump_goes_half_of_the_way_and_the_rest_is_learnt_as_when_young() -> None:
    layout = layout_of(7, COLUMNS)
    state, levels = taught(layout), StackLevels(layout)
    for place in range(layout.ratio, layout.slot_mean):
        state[place] = 1.0
    mid, state[FAST] = state[MID], 4.0 * state[MID]
    before = state[layout.slot_mean + 2]
    levels.jump(state)
    # Half of the way to four times as much is twice as much.
    assert state[MID] == pytest.approx(2.0 * mid, rel=1e-6)
    assert state[REFERENCE] == state[FAST]
    assert state[layout.slot_mean + 2] == pytest.approx(2.0 * before, rel=1e-6)
    levels.follow(state, 4.0 * mid, 0, (), 1.0)
    # Four periods are taken to lie behind: the fifth weighs a fifth.
    assert state[MID] == pytest.approx(2.0 * mid + 0.2 * 2.0 * mid, rel=1e-6)


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
