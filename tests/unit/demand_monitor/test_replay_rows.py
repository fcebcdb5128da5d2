"""`replay --rows`: the rows add up to the report, and watching changes nothing."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from demand_monitor.cli import main
from tests.unit.demand_monitor.test_evaluate_command import DAYS, write_shop


def replay(folder: Path, *more: str) -> dict[str, object]:
    shop, mapping = str(folder / "shop.csv"), str(folder / "tiny.toml")
    report = folder / "report.json"
    with pytest.raises(SystemExit) as ended:
        main(["replay", "-i", shop, "-m", mapping, "--partitions", "2", "--report", str(report), *more])
    assert ended.value.code in (0, None)
    found = json.loads(report.read_text())
    assert isinstance(found, dict)
    return {name: value for name, value in found.items() if "second" not in name}


def test_rows_are_what_the_report_sums_up(tmp_path: Path) -> None:
    write_shop(tmp_path)
    rows = tmp_path / "rows"
    report = replay(tmp_path, "--rows", str(rows))
    assert report == replay(tmp_path)
    sold = pd.read_csv(tmp_path / "shop.csv")
    residuals, features, forecasts = (
        pd.read_parquet(rows / f"{name}.parquet") for name in ("residuals", "features", "forecasts")
    )
    assert len(residuals) == len(features) == report["periods_closed"]
    assert residuals["demand"].sum() == sold["units"].sum()
    known = residuals.dropna(subset=["residual"])
    assert (known["residual"] == known["demand"] - known["mean"]).all()
    # This shop names no price: nothing is said of money, not even that it is zero.
    assert report["money"] == {}
    assert residuals[["over_cost", "under_cost", "currency"]].isna().all(axis=None)
    # What was issued for a period is what its close scores, to the digits of the record.
    both = known.merge(forecasts, on=["store", "sku", "target"], suffixes=("", "_issued"))
    assert len(both) == len(known)
    assert np.allclose(both["mean"], both["mean_issued"], atol=1e-3)
    one = features[features["sku"] == "k0"].sort_values("target").reset_index(drop=True)
    units = sold[sold["sku"] == "k0"]["units"].to_numpy(float)
    assert one["lag_7_demand"].to_numpy()[7:].tolist() == units[: DAYS - 7].tolist()
    assert one["moving_avg_7days_demand"].to_numpy()[40] == pytest.approx(units[33:40].mean())


def test_rollups_add_the_rows_up(tmp_path: Path) -> None:
    write_shop(tmp_path)
    replay(tmp_path, "--rows", str(tmp_path / "rows"))
    rollups, residuals = (pd.read_parquet(tmp_path / "rows" / f"{name}.parquet") for name in ("rollups", "residuals"))
    known = residuals.dropna(subset=["mean"])
    days = rollups[(rollups["level"] == "store") & (rollups["span"] == "period")].set_index("target")
    by_day = known.groupby(known["target"].dt.date)[["mean", "demand"]].sum()
    assert np.allclose(days["mean"], by_day["mean"])
    assert np.allclose(days["demand"], by_day["demand"])
    for span in ("week", "month"):
        assert (
            rollups[(rollups["level"] == "all") & (rollups["span"] == span)]["demand"].sum() == by_day["demand"].sum()
        )
    # Four products that sell 10, 15, 20 and 25 a day, in full sight, steadily: 80 % of 70 needs the three largest.
    last = residuals[residuals["target"] == residuals["target"].max()].set_index("sku")
    assert set(last["demand_class"]) == {"smooth"}
    # Two tasks: each has limits of its own.
    assert set(last["abc"]) <= {"A", "B", "C"}
    assert last["abc"].notna().all()


def test_rows_begin_where_scoring_does(tmp_path: Path) -> None:
    write_shop(tmp_path)
    replay(tmp_path, "--rows", str(tmp_path / "rows"), "--from", "2024-03-01T00:00:00Z")
    for name in ("residuals", "features", "forecasts"):
        frame = pd.read_parquet(tmp_path / "rows" / f"{name}.parquet")
        assert frame["target"].min() == pd.Timestamp("2024-03-01", tz="UTC")
