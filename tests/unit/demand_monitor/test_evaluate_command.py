"""`evaluate` from the command line, on a tiny shop: all parts, a file of forecasts, sentences of refusal."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from demand_monitor.cli import main

MAPPING = """
name = "tiny"
zone = "UTC"
grain = "day"
[time]
of = "{day}"
format = "%Y-%m-%d"
[defaults]
store_id = "{store}"
sku = "{sku}"
[[event]]
kind = "availability"
fields = { in_stock = true, valid_from = "{start}", valid_to = "{until}" }
[[event]]
kind = "sold"
when = [{ of = "{units}", greater = 0 }]
fields = { units = "{units}" }
"""
DAYS, TAIL = 120, 42


def write_shop(folder: Path) -> list[str]:
    random = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=DAYS).strftime("%Y-%m-%d")
    frames = [
        pd.DataFrame({"day": days, "store": "s1", "sku": f"k{k}", "units": random.poisson(10 + 5 * k, DAYS)})
        for k in range(4)
    ]
    pd.concat(frames).sort_values("day").to_csv(folder / "shop.csv", index=False)
    (folder / "tiny.toml").write_text(MAPPING)
    return [
        "evaluate", "-i", str(folder / "shop.csv"), "-m", str(folder / "tiny.toml"), "--tail", str(TAIL),
        "--cache", str(folder / "cache"), "--baseline", "none",
    ]  # fmt: skip


def run(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_all_parts_in_one_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    assert run([*write_shop(tmp_path), "--part", "all", "--report", str(report)]) == 0
    found = json.loads(report.read_text())["shop.csv"]
    # No shelf was ever empty: there is nothing to censor.
    assert set(found) == {"protocol", "accuracy", "errors", "hierarchy", "shock", "drift", "stockout", "speed"}
    assert (found["protocol"]["series"], found["protocol"]["tail"], found["protocol"]["partitions"]) == (4, TAIL, 1)
    block = next(plan for plan in found["accuracy"]["plans"] if plan["plan"] == "block")
    assert block["ours"]["n"] == 4 * TAIL
    # Demand without any pattern: a mean beats a copy of last week by sqrt(2), in expectation.
    assert block["duels"][0]["rival"] == "seasonal_naive"
    assert block["duels"][0]["wape"]["value"] == pytest.approx(1 / np.sqrt(2), abs=0.12)
    assert found["accuracy"]["sums"]["7"][1] > 0
    printed = capsys.readouterr().out
    assert "seasonal_naive" in printed
    assert "planted changes" in printed
    assert sum(row["forecasts"] for row in found["errors"]["splits"]["weekday"]) == 4 * TAIL
    assert found["hierarchy"]["levels"]["all"]["forecasts"] == TAIL


def test_parts_that_are_asked_for_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    names = ("partitions", "importance", "river", "intraday")
    parts = [argument for name in names for argument in ("--part", name)]
    assert run([*write_shop(tmp_path), *parts, "--report", str(report)]) == 0
    found = json.loads(report.read_text())["shop.csv"]
    # The shop's days have no hours.
    assert set(found) == {"protocol", "partitions", "importance", "river"}
    assert found["partitions"]["partitions"] == 8
    assert found["partitions"]["duel"]["forecasts"] == 4 * TAIL
    assert {one["column"] for one in found["importance"]} >= {"season_slot", "month_edge"}
    assert set(found["river"]["models"]) == {"blr", "hoeffding", "forest", "holt_winters", "snarimax"}
    assert "what splitting the fleet costs" in capsys.readouterr().out


def test_anyones_forecasts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = write_shop(tmp_path)
    shop = pd.read_csv(tmp_path / "shop.csv")
    tail = shop[shop["day"] >= sorted(shop["day"].unique())[-TAIL]]
    # The truth itself, one day ahead: no error at all.
    truth = pd.DataFrame(
        {
            "store": tail["store"],
            "sku": tail["sku"],
            "origin": tail["day"],
            "target": tail["day"],
            "mean": tail["units"],
        }
    )
    truth.to_csv(tmp_path / "oracle.csv", index=False)
    assert run([*arguments, "--forecasts", str(tmp_path / "oracle.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["shop.csv"]["file"]
    assert (found["rows"], found["misplaced"], found["duel"]["forecasts"]) == (4 * TAIL, 0, 4 * TAIL)
    assert found["duel"]["theirs"]["wape"] == 0.0
    assert found["duel"]["ours"]["wape"] > 0.0
    assert found["theirs_against_naive"]["wape"]["value"] == 0.0


def test_plots_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert run([*write_shop(tmp_path), "--plots", str(tmp_path / "plots")]) == 0
    drawn = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert drawn == [f"shop.csv-{what}.{kind}" for what in ("band", "calibration", "drift") for kind in ("png", "svg")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["evaluate"], "There is nothing to evaluate"),
        (["evaluate", "--set", "nowhere"], "There is no data set 'nowhere'"),
        (["evaluate", "--set", "uci", "--part", "beauty"], "There is no part beauty"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) != 0
    assert says in capsys.readouterr().err
