"""Panels against pandas, from the project's own mappings: zero, closed and unknown are three things."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from consumers.evaluate.panels import load_panel
from producers.mappings.mapping import read_mapping
from producers.rows import RowSource
from streams.evaluation.panel import Panel
from streams.settings import Grain, Period

ROSSMANN = """Store,DayOfWeek,Date,Sales,Customers,Open,Promo,StateHoliday,SchoolHoliday
1,5,2015-07-31,0,0,1,1,0,1
1,4,2015-07-30,50,5,1,0,0,0
1,3,2015-07-29,0,0,0,0,a,0
1,2,2015-07-28,70,7,1,1,0,0
2,5,2015-07-31,90,9,1,1,0,0
2,4,2015-07-30,80,8,1,0,0,0
2,2,2015-07-28,60,6,1,1,0,0
"""
PARTS = """month,part,units
1998-01,7,0
1998-01,8,2
1998-02,7,3
1998-03,7,0
1998-03,8,0
"""
INVOICES = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,a1,CUP,2,2010-12-01 08:26:00,2.0,1.0,United Kingdom
2,B2,JUG,5,2010-12-01 09:26:00,2.0,1.0,United Kingdom
3,A1,CUP,3,2010-12-01 10:26:00,2.0,1.0,United Kingdom
C4,A1,CUP,-3,2010-12-01 11:26:00,2.0,1.0,United Kingdom
5,C3,POT,1,2010-12-03 08:26:00,2.0,1.0,United Kingdom
6,POST,POSTAGE,1,2010-12-04 08:26:00,2.0,1.0,United Kingdom
7,A1,CUP,4,2010-12-06 08:26:00,2.0,1.0,United Kingdom
"""


def panel_of(text: str, mapping: str, period: Period, grain: Grain, folder: Path) -> Panel:
    path = folder / "file.csv"
    path.write_text(text)
    return load_panel("tiny", RowSource([(path, read_mapping(mapping))]), period, grain, folder / "cache")


def nan_free(values: np.ndarray) -> list[list[float | None]]:
    return [[None if np.isnan(each) else float(each) for each in row] for row in values]


def test_closed_days_are_unknown_and_open_ones_without_a_sale_are_zero(tmp_path: Path) -> None:
    panel = panel_of(ROSSMANN, "rossmann", "day", "day", tmp_path)
    assert panel.stores == ("1", "2")
    # Store 2 has no row of the 29th, store 1 is closed then and sells nothing on the 31st.
    assert nan_free(panel.demand) == [[70.0, None, 50.0, 0.0], [60.0, None, 80.0, 90.0]]
    promotion, holiday, near = (panel.column(name) for name in ("promotion", "holiday", "near_holiday"))
    assert promotion is not None
    assert holiday is not None
    assert near is not None
    assert promotion.tolist() == [[1.0, 0.0, 0.0, 1.0]] * 2
    assert holiday.tolist() == [[0.0, 1.0, 0.0, 0.0], [0.0] * 4]
    assert near[0].tolist() == [1.0, 0.0, 1.0, 1.0]


def test_a_month_without_a_row_is_unknown_and_a_row_of_zero_is_zero(tmp_path: Path) -> None:
    panel = panel_of(PARTS, "carparts-monthly", "month", "month", tmp_path)
    assert nan_free(panel.demand) == [[0.0, 3.0, 0.0], [2.0, None, 0.0]]
    assert panel.slots().tolist() == [0, 1, 2]


def test_lines_make_zeros_from_the_first_sale_on_and_empty_days_are_closed(tmp_path: Path) -> None:
    panel = panel_of(INVOICES, "uci-online-retail", "day", "line", tmp_path)
    assert panel.skus == ("A1", "B2", "C3")
    # 1, 2 (nothing sold by anyone), 3, 4 (postage is no product), 5, 6 December. Returns do not lower what was sold.
    assert nan_free(panel.demand) == [
        [5.0, None, 0.0, None, None, 4.0], [5.0, None, 0.0, None, None, 0.0], [None, None, 1.0, None, None, 0.0]
    ]  # fmt: skip


def test_a_kept_panel_is_the_panel_and_other_data_is_another(tmp_path: Path) -> None:
    first = panel_of(ROSSMANN, "rossmann", "day", "day", tmp_path)
    again = panel_of(ROSSMANN, "rossmann", "day", "day", tmp_path)
    other = panel_of(ROSSMANN.replace(",70,", ",71,"), "rossmann", "day", "day", tmp_path)
    assert np.array_equal(first.demand, again.demand, equal_nan=True)
    assert np.array_equal(first.known, again.known, equal_nan=True)
    assert (first.keys, first.columns, first.first_period) == (again.keys, again.columns, again.first_period)
    assert other.demand[0, 0] == 71.0
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_rossmann_is_what_pandas_reads(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "rossmann" / "train.csv.gz"
    panel = load_panel("rossmann", RowSource([(path, read_mapping("rossmann"))]), "day", "day", tmp_path)
    frame = pd.read_csv(path, dtype={"Store": str, "StateHoliday": str}, parse_dates=["Date"])
    frame = frame[frame["Open"] == 1]
    assert np.nansum(panel.demand) == pytest.approx(frame["Sales"].sum())
    # A store's first day counts from its first sale on: no open day without one comes before it here.
    assert int(np.isfinite(panel.demand).sum()) == len(frame)


def test_carparts_is_what_pandas_reads(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "carparts" / "carparts_monthly.csv.gz"
    source = RowSource([(path, read_mapping("carparts-monthly"))])
    panel = load_panel("carparts", source, "month", "month", tmp_path)
    wide = pd.read_csv(path, dtype={"part": str}).pivot_table(index="part", columns="month", values="units")
    assert np.array_equal(panel.demand, wide.loc[list(panel.skus)].to_numpy(), equal_nan=True)


def test_series_are_chosen_by_what_lies_before_the_tail() -> None:
    from tests.unit.evaluation.panels import make_panel

    panel = make_panel([[1, 1, 0, 9, 9], [1, 1, 1, 0, 0], [1, 1, 1, np.nan, np.nan]])
    assert panel.with_history(tail=2, least_nonzero=3).stores == ("s1",)
    assert panel.sample(2, seed=7).stores == panel.sample(2, seed=7).stores
    assert panel.sample(None, seed=7) is panel
