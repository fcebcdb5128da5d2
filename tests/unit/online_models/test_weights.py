"""Weights of the experts, by hand."""

import math

import pytest

from online_models.weights import expert_weights, shrunk


def test_weights_sum_to_one_and_fall_with_the_loss() -> None:
    weights = expert_weights([2.0, 1.0, 1.5], allowed=(0, 1, 2), eta=2.0)
    # exp(-2 (l - 1) / 1): e^-2, 1, e^-1
    total = math.exp(-2) + 1 + math.exp(-1)
    assert weights == pytest.approx([math.exp(-2) / total, 1 / total, math.exp(-1) / total])


def test_who_may_not_speak_weighs_nothing() -> None:
    assert expert_weights([0.1, 5.0, 5.0], allowed=(1, 2)) == [0.0, 0.5, 0.5]


def test_experts_without_any_loss_share_the_word() -> None:
    assert expert_weights([0.0, 3.0, 0.0], allowed=(0, 1, 2)) == [0.5, 0.0, 0.5]


def test_fourteen_own_observations_weigh_as_much_as_the_category() -> None:
    assert shrunk([1.0, 4.0], 14.0, [3.0, 2.0], 1000.0) == pytest.approx([2.0, 3.0])


def test_a_category_weighs_no_more_than_it_has_seen() -> None:
    assert shrunk([1.0], 6.0, [5.0], 2.0) == pytest.approx([2.0])  # (6 x 1 + 2 x 5) / 8


def test_without_any_loss_all_are_equal() -> None:
    assert shrunk([0.0, 0.0], 0.0, [0.0, 0.0], 0.0) == [1.0, 1.0]


def test_a_loss_too_small_to_be_divided_by_is_none() -> None:
    # 9 / 1e-309 is not finite, and infinity times the difference of a loss from itself is not a number.
    assert expert_weights([1e-309, 3.0, 0.0], allowed=(0, 1, 2)) == [0.5, 0.0, 0.5]
    assert expert_weights([1e-309, 3.0], allowed=(0, 1)) == [1.0, 0.0]
