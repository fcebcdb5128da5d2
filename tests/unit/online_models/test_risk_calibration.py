"""Stated risks come true as often as they say, rise with the risk as worked out, and can be turned back."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.risk_calibration import CLASSES, KNOTS, DemandClass, RiskCalibration, demand_class
from schemas.errors import StateCorrupt

risks = st.floats(0.0, 1.0)
classes = st.sampled_from(CLASSES)
lessons = st.lists(st.tuples(classes, risks, st.booleans()), max_size=60)


def taught(facts: list[tuple[DemandClass, float, bool]]) -> RiskCalibration:
    """Curves that have seen these outcomes."""
    curves = RiskCalibration()
    for kind, risk, happened in facts:
        curves.learn(kind, risk, happened)
    return curves


def test_nothing_learnt_changes_nothing() -> None:
    curves = RiskCalibration()
    for risk in (0.0, 0.0001, 0.3, 0.999, 1.0):
        assert curves.stated("smooth", risk) == curves.worked_out("smooth", risk) == risk


def test_risks_that_are_twice_too_high_are_halved() -> None:
    random = np.random.default_rng(3)
    curves = RiskCalibration()
    for risk in random.uniform(0.0, 1.0, 8000).tolist():
        curves.learn("lumpy", risk, bool(random.random() < 0.5 * risk))
    for risk in (0.1, 0.3, 0.6, 0.9):
        assert curves.stated("lumpy", risk) == pytest.approx(0.5 * risk, abs=0.05)
        assert curves.stated("smooth", risk) == risk


@given(lessons, classes, st.lists(risks, min_size=2, max_size=8))
def test_a_larger_risk_is_never_stated_smaller(
    facts: list[tuple[DemandClass, float, bool]], kind: DemandClass, some: list[float]
) -> None:
    curves = taught(facts)
    stated = [curves.stated(kind, risk) for risk in sorted(some)]
    assert all(low <= high + 1e-12 for low, high in pairwise(stated))
    assert all(0.0 <= risk <= 1.0 for risk in stated)


@given(lessons, classes, st.floats(0.002, 0.99))
def test_what_is_stated_is_turned_back(
    facts: list[tuple[DemandClass, float, bool]], kind: DemandClass, target: float
) -> None:
    curves = taught(facts)
    assert curves.stated(kind, curves.worked_out(kind, target)) == pytest.approx(target, abs=1e-6)


@given(lessons)
def test_curves_come_back_as_they_were(facts: list[tuple[DemandClass, float, bool]]) -> None:
    curves = taught(facts)
    again = RiskCalibration.decode(curves.encode())
    assert again.encode() == curves.encode()
    for kind in CLASSES:
        assert [again.stated(kind, knot) for knot in KNOTS] == [curves.stated(kind, knot) for knot in KNOTS]


def test_foreign_curves_are_refused() -> None:
    with pytest.raises(StateCorrupt):
        RiskCalibration.decode(RiskCalibration().encode() + b"x")


def test_state_is_drained_once() -> None:
    curves = taught([("smooth", 0.5, True)])
    assert curves.drain() == curves.encode()
    assert curves.drain() is None


# Sold share 1 - exp(-m), squared variation of the days with a sale (1/m + 1) (1 - exp(-m)) - 1 for Poisson:
# m = 1.5 sells on 78 % of days with 0.29; m = 1.3 on 73 %; and every tenth day is sold on at m = 0.1.
@pytest.mark.parametrize(
    ("mean", "wanted"), [(1.5, "smooth"), (1.3, "intermittent"), (0.1, "intermittent"), (0.0, "intermittent")]
)
def test_classes_of_poisson_demand(mean: float, wanted: DemandClass) -> None:
    assert demand_class(mean, 0.0) == wanted
