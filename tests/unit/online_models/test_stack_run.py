"""What errors of one origin have in common: worked out by hand, and found again in demand of a known kind."""

from array import array

import numpy as np
import pytest

from online_models.columns import Column, Features
from online_models.distribution import LEVEL_SHARE, DemandDistribution
from online_models.pool import Category, Pool
from online_models.stack import SeriesStack
from online_models.stack_layout import NEVER, SEEN, layout_of
from online_models.stack_run import RUN_EXCESS, RUN_ISSUED, RUN_PAIRS, RUN_SHARE, RUN_SLOT, StackRun

LAYOUT = layout_of(1, ())


class Bench:
    """A series of one slot whose forecast is always ten."""

    def __init__(self) -> None:
        self.run = StackRun(LAYOUT)
        self.state = array("f", bytes(4 * LAYOUT.size))
        self.state[SEEN] = 100.0
        self.state[LAYOUT.run + RUN_SLOT] = self.state[LAYOUT.run + RUN_ISSUED] = NEVER
        self.category: Category = Pool(LAYOUT).category("dairy")

    def play(self, demand: list[float], answer: float = 0.0) -> None:
        for y in demand:
            if self.run.wants_origin(self.state):
                self.run.begin(self.state, 0, [10.0], 0.0)
            self.run.issue(self.state, 0, answer, self.category)
            self.run.learn(self.state, y, 1.0, 1.0, self.category)

    def number(self, place: int) -> float:
        return self.state[LAYOUT.run + place]


def test_a_fortnight_of_twelves_where_ten_were_forecast() -> None:
    bench = Bench()
    bench.play([12.0] * 13)
    assert bench.number(RUN_PAIRS) == 0.0
    bench.play([12.0])
    # Error 14 x 2 = 28, Poisson variance 140: 28^2 / 140 - 1. A shared error of variance 10 would add 14 x 13 x 10,
    # over 140. The category stands at 0.1 with a weight of 30, and weighs 60 in the series' share.
    assert bench.number(RUN_EXCESS) == pytest.approx(4.6)
    assert bench.number(RUN_PAIRS) == pytest.approx(13.0)
    theirs = (4.6 + 3.0) / (13.0 + 30.0)
    assert bench.category.level_share == pytest.approx(theirs)
    assert bench.run.share(bench.state, bench.category) == pytest.approx((4.6 + 60.0 * theirs) / 73.0)


def test_the_next_run_begins_where_one_ends() -> None:
    bench = Bench()
    bench.play([12.0] * 14)
    assert bench.run.wants_origin(bench.state)
    bench.play([12.0] * 14)
    # The first has faded by 0.95.
    assert bench.number(RUN_PAIRS) == pytest.approx(0.95 * 13.0 + 13.0)


def test_what_is_known_of_a_period_is_no_error() -> None:
    bench = Bench()
    bench.play([15.0] * 14, answer=5.0)
    assert bench.number(RUN_EXCESS) == pytest.approx(-1.0)


def test_a_run_that_is_hardly_seen_is_given_up() -> None:
    bench = Bench()
    bench.play([10.0] * 3)
    for _ in range(30):
        bench.run.skip(bench.state)
    assert bench.run.wants_origin(bench.state)
    assert bench.number(RUN_PAIRS) == 0.0


def test_independent_days_share_nothing_and_a_common_level_is_found_again() -> None:
    random = np.random.default_rng(5)
    apart, together = Bench(), Bench()
    apart.play(random.poisson(10.0, 14 * 600).astype(float).tolist())
    # A level error of variance 2 in each run, beside a day's own 10: a share of 0.2.
    levels = np.repeat(random.normal(10.0, np.sqrt(2.0), 600), 14)
    together.play(random.poisson(np.maximum(levels, 0.0)).astype(float).tolist())
    assert apart.category.level_share < 0.03
    assert together.category.level_share == pytest.approx(0.2, abs=0.06)


def test_before_anything_is_issued_the_share_is_that_of_a_mean_over_thirty_periods() -> None:
    bench = Bench()
    bench.run.issue(bench.state, 0, 0.0, bench.category)
    assert bench.number(RUN_SHARE) == pytest.approx(0.1)  # what a category starts from
    assert SeriesStack(7).level_share == pytest.approx(LEVEL_SHARE)


def test_sums_of_demand_whose_level_wanders_are_kept_as_often_as_they_say() -> None:
    random = np.random.default_rng(6)
    stacks = [SeriesStack(7) for _ in range(8)]
    category = Pool(stacks[0].layout).category("dairy")
    levels = np.full(8, 40.0)
    kept: dict[bool, list[bool]] = {True: [], False: []}
    waiting: dict[int, list[tuple[float, float]]] = {}
    totals = np.zeros((8, 501))
    for day in range(500):
        levels *= np.exp(random.normal(0.0, 0.05, 8))
        levels += 0.02 * (40.0 - levels)
        demand = random.poisson(levels).astype(float)
        totals[:, day + 1] = totals[:, day] + demand
        for i, stack in enumerate(stacks):
            stack.close(float(demand[i]), Features(day % 7), category, day)
            stack.issue(Features((day + 1) % 7), category)
        for i, (learnt, plain) in enumerate(waiting.pop(day, [])):
            total = totals[i, day + 1] - totals[i, day - 13]
            kept[True].append(total <= learnt)
            kept[False].append(total <= plain)
        if day > 150 and day % 14 == 0 and day + 14 < 500:
            waiting[day + 14] = []
            for stack in stacks:
                means = stack.horizon_means([Features((day + 1 + ahead) % 7) for ahead in range(14)], category)
                assert means is not None
                day_law = stack.distribution(means[0])
                plain_law = DemandDistribution(means[0], stack.dispersion)
                waiting[day + 14].append(
                    (day_law.sum_over(means).quantile(0.9), plain_law.sum_over(means).quantile(0.9))
                )
    assert np.mean(kept[False]) < 0.85 < 0.86 <= np.mean(kept[True]) <= 0.95


def test_long_gaps_and_long_seasons_do_not_confuse_a_run() -> None:
    stack = SeriesStack(52, (Column("promotion"),))
    category = Pool(stack.layout).category("dairy")
    for week in range(160):
        closed = 60 <= week < 100
        stack.close(None if closed else 20.0, Features(week % 52, (0.0,)), category, week)
        stack.issue(Features((week + 1) % 52, (0.0,)), category)
    assert 0.0 <= stack.level_share < 0.1
