"""The pool: what changed is written, what is damaged is refused, a memory is said in periods."""

import pytest

from online_models.columns import Column
from online_models.pool import Category, Common, Pool
from online_models.stack_layout import layout_of
from schemas.errors import StateCorrupt

LAYOUT = layout_of(7, (Column("promotion"),))


def taught() -> Pool:
    pool = Pool(LAYOUT)
    dairy = pool.category("dairy")
    for part in (pool.common, dairy):
        part.count(period=3)
    dairy.learn_level(slot=2, y=3.0, level=1.0, units=40.0)
    dairy.learn_losses([1.0, 2.0, 3.0, 4.0, 5.0])
    return pool


def test_only_what_changed_is_written_once() -> None:
    pool = taught()
    pool.category("bread")
    assert sorted(pool.writes()) == ["category:dairy", "common"]
    assert pool.writes() == {}


def test_it_comes_back_as_it_was() -> None:
    pool = taught()
    twin = Pool.load(LAYOUT, pool.writes())
    before, after = pool.category("dairy"), twin.category("dairy")
    assert (after.level, after.ratio(2), list(after.losses)) == (before.level, before.ratio(2), list(before.losses))
    assert after.level == 40.0
    assert list(after.losses) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert after.ratio(2) == pytest.approx((3.0 + 2.0) / (1.0 + 2.0))  # two observations of a ratio of 1 beforehand


def test_a_slot_never_seen_is_as_any_other() -> None:
    assert taught().category("dairy").ratio(5) == 1.0


def test_a_damaged_part_is_refused() -> None:
    parts = taught().writes()
    for at in (0, 20, len(parts["common"]) - 1):
        broken = bytearray(parts["common"])
        broken[at] ^= 1
        with pytest.raises(StateCorrupt, match="common"):
            Pool.load(LAYOUT, {"common": bytes(broken)})
    with pytest.raises(StateCorrupt, match="common"):
        Pool.load(LAYOUT, {"common": b""})


def test_a_part_of_other_features_or_of_no_known_name_is_refused() -> None:
    parts = taught().writes()
    with pytest.raises(StateCorrupt, match="other features"):
        Pool.load(layout_of(7, (Column("holiday"),)), parts)
    with pytest.raises(StateCorrupt, match="no part"):
        Pool.load(LAYOUT, {"brand": b""})


def test_memory_is_said_in_periods_where_lessons_are_many() -> None:
    common = Common(LAYOUT)
    for period in range(3):
        for _ in range(1000):
            common.count(period)
    # The third period is not over: the second's 1,000 lessons, for 182 and for 28 periods.
    assert common.memory() == 182_000.0
    assert common.forgetting() == 1.0 - 1.0 / 182_000.0
    assert common.short_memory() == 28_000.0


def test_a_small_task_keeps_a_least_memory() -> None:
    common = Common(LAYOUT)
    common.count(0)
    assert (common.memory(), common.short_memory()) == (800.0, 300.0)


def test_dispersion_is_excess_over_square() -> None:
    category = Category(LAYOUT, Common(LAYOUT))
    assert category.dispersion == 0.5
    category.learn_dispersion(excess=0.6, square=2.0)
    assert category.dispersion == pytest.approx(0.3)
    category.learn_dispersion(excess=-9.0, square=2.0)
    assert category.dispersion == 0.0
