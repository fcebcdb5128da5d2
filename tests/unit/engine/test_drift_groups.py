"""Slow sellers are tested together."""

from __future__ import annotations

import numpy as np

from streams.engine.drift_groups import LEAST_MEMBERS, DriftGroups, GroupVerdict

FOUND_WITHIN = 28


def play(
    factor: float, seed: int, members: int = 20, days: int = 180, jump: int = 120, stored: bool = False
) -> list[GroupVerdict]:
    """Products that sell 0.3 a day each: alone, mean over deviation is 0.55; twenty together, 2.4."""
    random = np.random.default_rng(seed)
    groups = DriftGroups(6.0)
    said: list[GroupVerdict] = []
    for day in range(days):
        for _ in range(members):
            said += groups.over(day)
            groups.add("s1", "pins", day, float(random.poisson(0.3 * (factor if day >= jump else 1.0))), 0.3)
        if stored:
            state = {name: field for name, field in groups.writes().items() if field is not None}
            groups = DriftGroups.load(state, 6.0)
    return [*said, *groups.over(days)]


def test_twenty_slow_sellers_that_halve_are_found_together() -> None:
    found = [[one for one in play(0.4, seed) if one.period >= 120] for seed in range(10)]
    assert sum(bool(one) and one[0].period < 120 + FOUND_WITHIN for one in found) >= 9
    first = next(one[0] for one in found if one)
    assert (first.store_id, first.category, first.members, first.finding.direction) == ("s1", "pins", 20, "down")


def test_groups_that_sell_as_ever_are_mostly_silent() -> None:
    # Ten groups, half a year each.
    assert sum(len(play(1.0, seed)) for seed in range(10)) <= 5


def test_a_group_of_too_few_is_not_judged() -> None:
    assert play(0.0, 1, members=LEAST_MEMBERS - 1) == []


def test_storing_changes_nothing() -> None:
    said = play(0.3, 5)
    assert said
    assert play(0.3, 5, stored=True) == said
