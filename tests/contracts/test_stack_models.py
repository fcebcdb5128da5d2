"""What every model in the stack owes: River's conventions for the pooled regression, a place for registered experts."""

from collections.abc import Callable, Hashable
from typing import Any

import pytest
from river import base
from river.checks import common

from online_models import registry
from online_models.columns import COLUMNS, Features
from online_models.least_squares import WeightedLeastSquares
from online_models.pool import Pool
from online_models.stack import SeriesStack
from tests.contracts.test_models import DEMAND, RIVER_CHECKS, row

DATASET: list[tuple[dict[Hashable, Any], float]] = [
    ({"a": float(t % 5), "b": float(t % 3)}, 2.0 * (t % 5) + 1.0) for t in range(40)
]


@pytest.mark.parametrize("check", [getattr(common, name) for name in RIVER_CHECKS], ids=RIVER_CHECKS)
def test_the_pooled_regression_fulfils_what_river_asks_of_an_estimator(
    check: Callable[[base.Regressor], None],
) -> None:
    check(WeightedLeastSquares().clone())


@pytest.mark.parametrize(
    "name",
    [
        "check_learn_one",
        "check_pickling",
        "check_shuffle_features_no_impact",
        "check_emerging_features",
        "check_disappearing_features",
        "check_radically_disappearing_features",
        "check_predict_one_pure",
        "check_predict_one_before_any_learn",
        "check_clone_is_independent",
        "check_no_state_aliasing_with_input",
    ],
)
def test_the_pooled_regression_fulfils_what_river_asks_of_a_regressor(name: str) -> None:
    getattr(common, name)(WeightedLeastSquares(), DATASET)


def test_a_clone_has_learnt_nothing() -> None:
    model = WeightedLeastSquares(prior_covariance=3.0, forgetting=0.99)
    for x, y in DATASET:
        model.learn_one(x, y)
    clone = model.clone()
    assert (clone.prior_covariance, clone.forgetting) == (3.0, 0.99)
    assert clone.predict_one(DATASET[3][0]) == 0.0


@pytest.mark.parametrize("name", registry.ROSTER)
def test_a_registered_expert_joins_the_stack(name: str) -> None:
    stack, alone = SeriesStack(7, extras=(name,)), registry.make(name, 7, COLUMNS)
    twin = SeriesStack(7, extras=(name,))
    pool = Pool(stack.layout)
    category = pool.category("dairy")
    for period, y in enumerate(DEMAND):
        stack.close(y, Features(period % 7, row(period)), category, period)
        alone.learn(y, period % 7, row(period))
        coming = Features((period + 1) % 7, row(period + 1))
        issued = stack.issue(coming, category)
        assert issued is not None
        assert issued.means[-1] == pytest.approx(alone.mean(*coming), rel=1e-6)
        twin.restore(stack.encode())
        assert twin.issued == issued
        assert twin.encode() == stack.encode()


def test_the_order_of_the_extras_is_part_of_the_state() -> None:
    one, other = SeriesStack(7, extras=("tsb", "ewma")), SeriesStack(7, extras=("ewma", "tsb"))
    assert one.layout.signature != other.layout.signature
