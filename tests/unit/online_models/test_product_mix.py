"""Substitution: what one product loses its neighbours win, and nothing else is called so."""

import numpy as np

from online_models.product_mix import share_moved

DAYS, SINCE = 35, 7


def worlds(own_after: float, others_after: float, seed: int = 1) -> tuple[list[float | None], list[float]]:
    """A product of 20 a day beside 80 a day with a weekly pattern; both change a week before the end."""
    random = np.random.default_rng(seed)
    pattern = np.tile([0.8, 0.8, 1.0, 1.0, 1.2, 1.4, 0.8], DAYS // 7)
    after = np.arange(DAYS) >= DAYS - SINCE
    own = random.poisson(np.where(after, own_after, 20.0) * pattern)
    others = random.poisson(np.where(after, others_after, 80.0) * pattern)
    return [float(units) for units in own], (own + others).astype(float).tolist()


def test_what_the_others_take_up_is_substitution() -> None:
    found = [share_moved(*worlds(4.0, 96.0, seed), SINCE, 7) for seed in range(20)]
    moves = [one for one in found if one is not None]
    assert sum(one.substitution for one in moves) >= 16
    one = moves[0]
    assert one.share_before > 0.15
    assert one.share_after < 0.1
    assert abs(one.category_change_share) < 0.15


def test_a_product_that_falls_alone_or_with_its_category_is_none() -> None:
    alone = [share_moved(*worlds(4.0, 80.0, seed), SINCE, 7) for seed in range(20)]
    together = [share_moved(*worlds(10.0, 40.0, seed), SINCE, 7) for seed in range(20)]
    for found, most in ((alone, 2), (together, 0)):
        assert sum(one is not None and one.substitution for one in found) <= most


def test_a_weekend_is_not_compared_with_a_week() -> None:
    # No noise, no change: whatever days lie since, nothing has moved.
    pattern = [8.0, 8.0, 10.0, 10.0, 12.0, 14.0, 8.0] * 5
    for since in (2, 3, 5, 9):
        found = share_moved(list(pattern), [5 * units for units in pattern], since, 7)
        assert found is not None
        assert (found.own_change_units, found.category_change_share, found.substitution) == (0.0, 0.0, False)


def test_unknown_and_closed_periods_are_left_out() -> None:
    own: list[float | None] = [5.0] * 28
    assert share_moved(own, [20.0] * 28, 1, 7) is None
    assert share_moved(own, [0.0] * 28, 7, 7) is None
    own[-3:] = [None] * 3
    assert share_moved(own, [20.0] * 28, 4, 7) is None
    assert share_moved([], [], 4, 7) is None
