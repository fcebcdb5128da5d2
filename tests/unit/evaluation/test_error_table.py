"""Errors by group: sums by hand."""

from dataclasses import replace

import numpy as np
import pytest

from streams.evaluation.error_table import demand_classes, tabulate_errors
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import Panel
from tests.unit.evaluation.panels import make_panel

DAYS = 28


def make() -> tuple[Panel, Forecasts, np.ndarray]:
    """Two series that sell 10 and 2 a day; the forecast says 12 and 3, and 10 and 2 on its second lead."""
    demand = np.stack([np.full(DAYS, 10.0), np.full(DAYS, 2.0)])
    runs = np.zeros((2, DAYS, 1))
    runs[0, 22] = 1.0
    panel = replace(make_panel(demand), known=runs, columns=("promotion",), categories=("a/x", "b/y"))
    plan = Plan("block", (21, 23), 2)
    means = np.array([[[12.0, 10.0], [12.0, 10.0]], [[3.0, 2.0], [3.0, 2.0]]])
    exposure = np.ones((2, DAYS))
    exposure[1, 23], exposure[1, 24] = 0.5, 0.0
    return panel, Forecasts(plan, means), exposure


def test_rows_add_up() -> None:
    panel, forecasts, exposure = make()
    table = tabulate_errors(panel, exposure, forecasts, 7, 7)
    # |error|: the first series 2 + 2, the second 1 + 1; sold 4 x 10 and 4 x 2.
    category = {row.group: row for row in table.splits["category"]}
    assert (category["a"].absolute_units, category["b"].absolute_units) == (4.0, 2.0)
    assert (category["a"].wape, category["b"].wape) == (0.1, 0.25)
    assert category["a"].share == pytest.approx(4 / 6)
    lead = {row.group: row for row in table.splits["lead"]}
    assert (lead["1"].absolute_units, lead["2"].absolute_units) == (6.0, 0.0)
    for rows in table.splits.values():
        assert sum(row.share for row in rows) == pytest.approx(1.0)
        assert sum(row.forecasts for row in rows) == 8
    assert [row.group for row in table.costliest] == ["s0 | milk", "s1 | milk"]


def test_states_are_those_of_the_period_forecast() -> None:
    panel, forecasts, exposure = make()
    table = tabulate_errors(panel, exposure, forecasts, 7, 7)
    stock = {row.group: row for row in table.splits["stock"]}
    # Day 23 is lead 1 of the second origin (off by 1), day 24 its lead 2 (no error).
    assert (stock["empty for a part"].forecasts, stock["empty for a part"].absolute_units) == (1, 1.0)
    assert (stock["empty throughout"].forecasts, stock["empty throughout"].absolute_units) == (1, 0.0)
    promotion = {row.group: row.forecasts for row in table.splits["promotion"]}
    assert promotion == {"promotion": 1, "none": 7}
    # 2017-01-02 is a Monday and period 0; 21 is a Monday, 24 a Thursday.
    assert [row.group for row in table.splits["weekday"]] == ["Monday", "Tuesday", "Wednesday", "Thursday"]
    assert "holiday" not in table.splits


def test_classes_of_syntetos_and_boylan() -> None:
    demand = np.zeros((4, 40))
    demand[0] = 10.0
    demand[1] = np.tile([1.0, 1.0, 1.0, 9.0], 10)  # mean 3, variance 12: CV2 1.33
    demand[2, ::2] = 5.0
    demand[3, ::4] = np.tile([1.0, 9.0], 5)  # mean 5, variance 16: CV2 0.64
    assert demand_classes(make_panel(demand), 4) == ["smooth", "erratic", "intermittent", "lumpy"]
