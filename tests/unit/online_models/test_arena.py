"""The arena: who speaks, and when that changes."""

from online_models.arena import Arena


def test_the_first_speaks_until_three_are_scored() -> None:
    arena = Arena(experts=2, first=1)
    for _ in range(2):
        arena.score(10.0, (10.0, 50.0), share_sold=1.0)
    assert arena.champion == 1
    arena.score(10.0, (10.0, 50.0), share_sold=1.0)
    assert arena.champion == 0


def test_a_hair_better_is_not_enough() -> None:
    arena = Arena(experts=2, first=0)
    for _ in range(50):
        arena.score(10.0, (20.0, 19.8), share_sold=1.0)
    assert arena.champion == 0


def test_old_losses_fade() -> None:
    arena = Arena(experts=2, first=0)
    for _ in range(100):
        arena.score(10.0, (10.0, 12.0), share_sold=1.0)
    # Loss of the second: 2 * w; of the first, after n periods at 2 each: both weights meet after one half-life (21).
    for _ in range(30):
        arena.score(10.0, (12.0, 10.0), share_sold=1.0)
    assert arena.champion == 1


def test_intermittent_demand_is_left_to_those_fit_for_it() -> None:
    arena = Arena(experts=3, first=0, intermittent=(1, 2))
    for _ in range(10):
        arena.score(0.0, (0.0, 1.0, 2.0), share_sold=0.3)
    assert arena.champion == 1
    for _ in range(10):
        arena.score(0.0, (0.0, 1.0, 2.0), share_sold=0.9)
    assert arena.champion == 0


def test_losses_are_unknown_before_the_first_score() -> None:
    assert Arena(experts=2).losses == [None, None]
