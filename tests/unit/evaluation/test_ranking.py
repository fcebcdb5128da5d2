"""Ranking and calibration scores against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from streams.evaluation.ranking import (
    area_under_curve,
    average_precision,
    brier,
    brier_skill,
    calibration_error,
    reliability,
)


@pytest.mark.parametrize("digits", [1, 6])  # one digit: many ties
def test_scores_are_scikit_learns(digits: int) -> None:
    random = np.random.default_rng(3)
    risks = np.round(random.random(500), digits)
    happened = random.random(500) < risks**2
    assert area_under_curve(risks, happened) == pytest.approx(roc_auc_score(happened, risks))
    assert average_precision(risks, happened) == pytest.approx(average_precision_score(happened, risks))
    assert brier(risks, happened) == pytest.approx(brier_score_loss(happened, risks))
    base = np.full(500, happened.mean())
    skill = 1 - brier_score_loss(happened, risks) / brier_score_loss(happened, base)
    assert brier_skill(risks, happened) == pytest.approx(skill)


def test_calibration_error_by_hand() -> None:
    # Bin [.2, .3): two cases at .25, one true: |.25 - .5|; bin [.9, 1]: .95 and 1.0, both true: |.975 - 1|.
    risks = np.array([0.25, 0.25, 0.95, 1.0])
    happened = np.array([True, False, True, True])
    assert calibration_error(risks, happened) == pytest.approx(0.5 * 0.25 + 0.5 * 0.025)
    assert reliability(risks, happened) == [(0.25, 0.5, 2), (pytest.approx(0.975), 1.0, 2)]


def test_one_kind_of_case_ranks_nothing() -> None:
    risks = np.array([0.1, 0.9])
    assert area_under_curve(risks, np.array([True, True])) is None
    assert average_precision(risks, np.array([False, False])) is None
    assert brier_skill(risks, np.array([False, False])) is None
