"""One suite for every registered expert: River's conventions, honesty before the first observation, an exact codec.

Experts of installed packages (entry point group `demand_monitor.models`) go through it too.
"""

import math
from collections.abc import Callable

import pytest
from river.checks import common, time_series

from online_models import registry
from online_models.base import Expert
from online_models.columns import COLUMNS

pytestmark = pytest.mark.parametrize("name", [*registry.ROSTER, *registry.register_installed()])

DEMAND = [3.0, 0.0, 7.0, 4.0, 0.0, 12.0, 1.0, 0.0, 5.0, 2.0, 40.0, 0.0, 3.0, 6.0] * 4


# River's own checks that need no data set of scikit-learn's.
RIVER_CHECKS = [
    "check_repr",
    "check_str",
    "check_tags",
    "check_clone_same_class",
    "check_clone_is_idempotent",
    "check_init_has_default_params_for_tests",
    "check_init_default_params_are_not_mutable",
    "check_doc",
    "check_clone_changes_memory_addresses",
    "check_mutate_can_be_idempotent",
    "check_repr_roundtrips_clone",
    "check_clone_with_new_params_applies",
    "check_get_params_matches_signature",
]


def row(period: int) -> tuple[float, ...]:
    """A row of features that varies with the period, without chance."""
    lags = tuple(float((period * k) % 11) for k in (1, 2, 3, 5, 7, 9))
    promotion = float(period % 5 == 0)
    return (*lags, float(period % 30 < 3), 0.0, promotion, 0.2 * promotion, 1.0 - 0.2 * promotion, 0.1, 0.1 * promotion)


def taught(name: str, periods: int, season: int = 7) -> Expert:
    expert = registry.make(name, season, COLUMNS)
    for period in range(periods):
        expert.learn(DEMAND[period % len(DEMAND)], period % season, row(period))
    return expert


@pytest.mark.parametrize("check", [getattr(common, name) for name in RIVER_CHECKS], ids=RIVER_CHECKS)
def test_fulfils_what_river_asks_of_an_estimator(name: str, check: Callable[[Expert], None]) -> None:
    check(registry.make(name, 7, COLUMNS).clone())


@pytest.mark.parametrize("check", [time_series.check_learn_one, time_series.check_forecast])
def test_fulfils_what_river_asks_of_a_forecaster(name: str, check: Callable[[Expert, object], None]) -> None:
    dataset = [({"time": float(t), "period": float(t % 4)}, 10.0 + 2 * t) for t in range(8)]
    check(registry.make(name, 7, COLUMNS), dataset)


def test_knows_its_own_name(name: str) -> None:
    assert registry.make(name, 7, COLUMNS).name == name


def test_says_nothing_before_the_first_observation(name: str) -> None:
    assert registry.make(name, 7, COLUMNS).forecast(3) == [None, None, None]


def test_after_one_observation_that_is_the_forecast_of_its_slot(name: str) -> None:
    expert = registry.make(name, 7, COLUMNS)
    expert.learn(6.0, 2, row(0))
    assert expert.mean(2, ()) == pytest.approx(6.0)


def test_means_are_finite_and_never_negative(name: str) -> None:
    expert = registry.make(name, 7, COLUMNS)
    for period, units in enumerate([0.0] * 20 + [500.0] + [0.0] * 60):
        expert.learn(units, period % 7, row(period))
        mean = expert.mean((period + 1) % 7, row(period + 1))
        assert mean is not None
        assert math.isfinite(mean)
        assert mean >= 0.0


def test_a_series_that_never_sold_is_forecast_to_sell_nothing(name: str) -> None:
    expert = registry.make(name, 7, COLUMNS)
    for period in range(20):
        expert.learn(0.0, period % 7, row(period))
    assert expert.mean(0, row(20)) == 0.0


def test_constant_demand_is_learnt(name: str) -> None:
    expert = registry.make(name, 7, COLUMNS)
    for period in range(60):
        expert.learn(9.0, period % 7, ())
    assert expert.mean(4, ()) == pytest.approx(9.0, rel=0.02)


def test_the_mapping_form_and_the_fast_form_are_the_same_model(name: str) -> None:
    fast, mapped = registry.make(name, 7, COLUMNS), registry.make(name, 7, COLUMNS)
    for period, units in enumerate(DEMAND):
        fast.learn(units, period % 7, row(period))
        x = dict(zip((column.name for column in COLUMNS), row(period), strict=True))
        mapped.learn_one(units, {"slot": period % 7, **x})
    assert fast.encode() == mapped.encode()


@pytest.mark.parametrize("season", [1, 7, 12, 52])
def test_what_is_stored_is_what_is_used(name: str, season: int) -> None:
    original = taught(name, 40, season)
    twin = registry.make(name, season, COLUMNS)
    twin.restore(original.encode())
    for period in range(40, 80):
        assert twin.mean(period % season, row(period)) == original.mean(period % season, row(period))
        original.learn(DEMAND[period % len(DEMAND)], period % season, row(period))
        twin.learn(DEMAND[period % len(DEMAND)], period % season, row(period))
        assert twin.encode() == original.encode()


def test_forecast_wants_features_for_every_period(name: str) -> None:
    with pytest.raises(ValueError, match="2 periods"):
        registry.make(name, 7, COLUMNS).forecast(2, [{}])
