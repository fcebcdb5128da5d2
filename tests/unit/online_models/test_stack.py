"""One series' stack, in the situations a shop knows."""

import math

import numpy as np
import pytest

from online_models.columns import Column, Features
from online_models.pool import Category, Pool
from online_models.stack import SeriesStack
from online_models.stack_forecast import StackLesson
from schemas.errors import StateCorrupt

PROMOTION = (Column("promotion"),)
WEEK = (8.0, 9.0, 10.0, 11.0, 14.0, 20.0, 5.0)


def category_of(stack: SeriesStack, name: str = "dairy") -> Category:
    return Pool(stack.layout).category(name)


def teach(
    stack: SeriesStack, category: Category, demand: list[float], first: int = 0, rows: list[float] | None = None
) -> list[StackLesson]:
    lessons = []
    for i, y in enumerate(demand):
        period = first + i
        row = () if rows is None else (rows[i],)
        coming = () if rows is None else (rows[(i + 1) % len(rows)],)
        lessons.append(stack.close(y, Features(period % 7, row), category, period))
        stack.issue(Features((period + 1) % 7, coming), category)
    return lessons


def poisson(mean: float, days: int, seed: int = 1) -> list[float]:
    return [float(y) for y in np.random.default_rng(seed).poisson(mean, days)]


def test_nothing_is_scored_before_a_forecast_was_issued() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    lesson = stack.close(5.0, Features(0), category, 0)
    assert (lesson.forecast, lesson.residual, lesson.drift) == (None, None, None)
    # No forecast was issued for this one either.
    assert stack.close(6.0, Features(1), category, 1).forecast is None
    assert category.loss_seen == 0.0


def test_a_forecast_is_spent_when_its_period_closes() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    teach(stack, category, [4.0] * 8)
    assert stack.issued is not None
    stack.close(None, Features(1), category, 8)
    assert stack.issued is None


def test_a_week_is_learnt() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    teach(stack, category, list(WEEK) * 20)
    means = stack.horizon_means([Features(slot) for slot in range(7)], category)
    assert means == pytest.approx(list(WEEK), rel=0.05)


def test_a_promotion_is_learnt_and_taught_to_a_neighbour_who_never_had_one() -> None:
    old, young = SeriesStack(7, PROMOTION), SeriesStack(7, PROMOTION)
    pool = Pool(old.layout)
    category = pool.category("dairy")
    rows = [float(day % 9 < 2) for day in range(200)]
    noise = poisson(20.0, 200)
    teach(old, category, [y * (1 + row) for y, row in zip(noise, rows, strict=True)], rows=rows)
    ahead = old.horizon_means([Features(0, (1.0,)), Features(0, (0.0,))], category)
    assert ahead is not None
    assert ahead[0] / ahead[1] == pytest.approx(2.0, rel=0.15)
    teach(young, category, poisson(20.0, 60, seed=2), first=200, rows=[0.0] * 60)
    ahead = young.horizon_means([Features(0, (1.0,)), Features(0, (0.0,))], category)
    assert ahead is not None
    # All but its own regression are told; they have erred as little so far, and speak as loudly.
    assert ahead[0] / ahead[1] > 1.4


def test_a_new_series_is_expected_to_sell_as_its_category() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    assert stack.cold_start(0, category) is None
    teach(stack, category, [12.0] * 30)
    new = SeriesStack(7)
    assert new.cold_start(0, category) == pytest.approx(12.0, rel=0.05)
    issued = new.issue(Features(0), category)
    assert issued is not None
    assert issued.mean_units == pytest.approx(12.0, rel=0.05)
    assert issued.distribution.dispersion == 2.0
    # Levels are gamma of shape 1/2 and mean 12: after two empty periods, (1/2) / (1/24 + 2).
    for period in (1, 2):
        new.close(0.0, Features(0), category, period=period)
    assert new.cold_start(0, category) == pytest.approx(0.5 / (1 / 24 + 2), rel=0.05)
    assert new.horizon_means([Features(0)], category) == [new.cold_start(0, category)]
    new.issue(Features(0), category)
    lesson = new.close(3.0, Features(0), category, period=3)
    assert lesson.drift is None
    assert not new.never_sold


def test_nobody_knows_what_a_product_of_no_category_sells() -> None:
    stack = SeriesStack(7)
    nameless = Pool(stack.layout).category("")
    teach(stack, nameless, [12.0] * 30)
    assert SeriesStack(7).issue(Features(0), nameless) is None


def test_a_series_that_ends_fades_to_nothing_and_is_no_lesson_to_others() -> None:
    stack = SeriesStack(7)
    pool = Pool(stack.layout)
    category = pool.category("dairy")
    teach(stack, category, poisson(10.0, 100))
    teach(stack, category, [0.0] * 60, first=100)
    assert stack.issued is not None
    assert stack.issued.mean_units < 0.05
    pool.writes()
    teach(stack, category, [0.0] * 10, first=160)
    assert pool.writes() == {}
    teach(stack, category, [10.0] * 12, first=170)  # it is listed again
    assert stack.issued.mean_units > 6.0


def test_lost_sales_are_what_the_forecast_says_of_the_unseen_part() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    teach(stack, category, [10.0] * 60)
    assert stack.issued is not None
    expected = stack.issued.mean_units
    lesson = stack.close(6.0, Features(4), category, 60, exposure=0.6)
    assert lesson.lost_units == pytest.approx(0.4 * expected)
    assert lesson.demand_units == pytest.approx(6.0 + 0.4 * expected)
    assert lesson.y_units == 6.0


def test_empty_shelves_do_not_talk_demand_down() -> None:
    """Every third day the shelf empties at half time: sales fall by a sixth, demand does not."""
    means = []
    for exposure in (1.0, 0.5001):
        stack = SeriesStack(7)
        category = category_of(stack)
        for day, y in enumerate(poisson(12.0, 300)):
            cut = day % 3 == 0
            stack.close(y / 2 if cut else y, Features(day % 7), category, day, exposure if cut else 1.0)
            stack.issue(Features((day + 1) % 7), category)
        means.append(sum(stack.horizon_means([Features(slot) for slot in range(7)], category) or []) / 7)
    assert means[0] < 10.9
    assert means[1] == pytest.approx(12.0, rel=0.06)


def test_little_seen_judges_nobody() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    teach(stack, category, [10.0] * 30)
    before = category.loss_seen
    lesson = stack.close(0.0, Features(2), category, 30, exposure=0.3)
    assert lesson.residual is None
    assert category.loss_seen == before
    assert stack.observed == 31


def test_the_yardstick_is_the_same_slot_last_time() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    lessons = teach(stack, category, [*WEEK, *(y + 3.0 for y in WEEK), *WEEK])
    assert [lesson.forecast.seasonal_naive for lesson in lessons[7:14] if lesson.forecast] == list(WEEK)
    assert lessons[-1].seasonal_mae == pytest.approx(3.0)
    assert lessons[-1].seasonal_mse == pytest.approx(9.0)


@pytest.mark.parametrize("factor", [0.4, 2.0])
def test_a_jump_is_found_and_answered(factor: float) -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    teach(stack, category, poisson(20.0, 120))
    days = 0
    for day, y in enumerate(poisson(20.0 * factor, 28, seed=4)):
        days += 1
        lesson = stack.close(y, Features((120 + day) % 7), category, 120 + day)
        stack.issue(Features((121 + day) % 7), category)
        if lesson.drift is not None:
            assert lesson.drift.direction == ("up" if factor > 1 else "down")
            assert lesson.against in ("forecast", "reference")
            break
    assert days <= 7
    before = stack.horizon_means([Features(s) for s in range(7)], category)
    stack.jump()
    after = stack.horizon_means([Features(s) for s in range(7)], category)
    assert before is not None
    assert after is not None
    wanted = 20.0 * factor
    assert abs(sum(after) / 7 - wanted) < abs(sum(before) / 7 - wanted)


def test_steady_demand_is_no_drift() -> None:
    stack = SeriesStack(7)
    assert SeriesStack(7).drift_score is None
    lessons = teach(stack, category_of(stack), poisson(20.0, 365, seed=9))
    assert stack.drift_score is not None
    assert 0.0 <= stack.drift_score <= 5.0
    assert sum(lesson.drift is not None for lesson in lessons) <= 1


def test_quantiles_are_kept_as_often_as_they_say() -> None:
    """Counts twice as scattered as the model starts from; randomised over what a count leaves open."""
    rng = np.random.default_rng(8)
    stack = SeriesStack(7)
    category = category_of(stack)
    kept, u = [], rng.random(500)
    for day, y in enumerate(rng.negative_binomial(2.0, 2.0 / 8.0, 500)):
        issued = stack.issued
        if issued is not None and day >= 100:
            law = issued.distribution
            below, at_most = law.cdf(y - 1.0), law.cdf(float(y))
            kept.append(below + u[day] * (at_most - below) <= law.level(0.9))
        stack.close(float(y), Features(day % 7), category, day)
        stack.issue(Features((day + 1) % 7), category)
    assert 0.86 <= np.mean(kept) <= 0.94


def test_what_is_weighed_is_counted_in_its_own_steps() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    assert stack.grain == 1.0
    rng = np.random.default_rng(2)
    teach(stack, category, [round(float(y), 2) for y in rng.normal(2.0, 0.2, 200)])
    assert stack.grain == pytest.approx(0.01)
    assert stack.issued is not None
    # As pieces, two a day would have a standard deviation of 1.4 at least; it is 0.2.
    assert math.sqrt(stack.issued.distribution.variance) < 0.4
    low, high = stack.issued.distribution.quantiles((0.1, 0.9))
    assert 1.5 < low < 2.0 < high < 2.5


def test_demand_is_a_finite_number_and_voids_count_as_nothing() -> None:
    stack = SeriesStack(7)
    category = category_of(stack)
    with pytest.raises(ValueError, match="finite"):
        stack.close(math.nan, Features(0), category, 0)
    assert stack.close(-3.0, Features(0), category, 0).y_units == 0.0


def test_an_extra_expert_joins_the_five() -> None:
    stack = SeriesStack(7, PROMOTION, extras=("seasonal_naive",))
    category = category_of(stack)
    teach(stack, category, [3.0 * y + day for day, y in enumerate(list(WEEK) * 8)])
    assert stack.issued is not None
    assert len(stack.issued.means) == 6
    assert stack.issued.means[5] == stack.issued.seasonal_naive
    twin = SeriesStack(7, PROMOTION, extras=("seasonal_naive",))
    twin.restore(stack.encode())
    assert twin.issued == stack.issued
    assert twin.encode() == stack.encode()


def test_state_that_is_damaged_or_of_another_stack_is_refused() -> None:
    state = SeriesStack(7).encode()
    broken = bytearray(state)
    broken[90] ^= 1
    for bad in (b"", state[:-1], bytes(broken)):
        with pytest.raises(StateCorrupt):
            SeriesStack(7).restore(bad)
    for other in (SeriesStack(12), SeriesStack(7, PROMOTION)):
        with pytest.raises(StateCorrupt, match="other"):
            other.restore(state)


def test_a_series_of_the_plain_columns_fits_the_memory_budget() -> None:
    assert len(SeriesStack(7).encode()) <= 2048
    assert len(SeriesStack(52).encode()) <= 4096
