"""The linear parts of an explanation are those of SHAP's LinearExplainer; run where SHAP is installed.

SHAP is no part of the test extra (it brings a compiler of its own): `uv pip install shap` beside it, then run this.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from online_models.columns import Features
from online_models.explanation import LEVEL_PART, SEASON_PART, driver_of, linear_part
from tests.unit.online_models.test_explanation import explained, taught

shap = pytest.importorskip("shap")


@pytest.mark.parametrize("slot", range(7))
@pytest.mark.parametrize("season", [7, 12])
def test_linear_parts_are_those_of_the_linear_explainer(slot: int, season: int) -> None:
    stack, category = taught(season)
    x = Features(slot, (float("nan"), float(slot % 2), 0.93, 0.4))
    found = explained(stack, x, category)
    weights = stack._score.weights(stack._state, category)
    own = stack._experts.regression.coefficients
    line = linear_part(stack.layout, stack._state, x, category, weights, own)
    values = shap.LinearExplainer(
        (line.coefficients, line.intercept), shap.maskers.Independent(line.flat[None, :], max_samples=1)
    ).shap_values(line.row[None, :])[0]
    wanted: dict[str, float] = defaultdict(float)
    for name, value in zip(line.names, np.asarray(values).tolist(), strict=True):
        wanted[SEASON_PART if name is None else driver_of(name)] += value
    for driver, units in wanted.items():
        assert found.parts[driver] == pytest.approx(units, abs=1e-9)
    # The expected value of the explainer is the level: the forecast of the flat row.
    assert found.parts[LEVEL_PART] == pytest.approx(line.intercept + float(line.coefficients @ line.flat), abs=1e-9)
