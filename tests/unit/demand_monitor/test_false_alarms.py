"""Alarms of the open day, counted on the engine itself."""

from pathlib import Path

import numpy as np
import pandas as pd

from adapters.clock import SystemClock
from demand_monitor.evaluation.false_alarms import count_false_alarms
from producers.mappings.mapping import read_mapping
from producers.rows import RowSource

MAPPING = """
name = "hours"
zone = "UTC"
grain = "hour"
[time]
of = "{day} {hour}"
format = "%Y-%m-%d %H"
[defaults]
store_id = "{store}"
sku = "{sku}"
[[event]]
kind = "sold"
when = [{ of = "{units}", greater = 0 }]
fields = { units = "{units}" }
"""
DAYS = 40


def write_hours(folder: Path, last_day: float) -> RowSource:
    """Two products that sell 10 an hour from 8 to 20; the first one's last day is another."""
    random = np.random.default_rng(6)
    rows = [
        {"day": day, "hour": f"{hour:02d}", "store": "s", "sku": sku,
         "units": int(random.poisson(10.0 * (last_day if sku == "k1" and place == DAYS - 1 else 1.0)))}
        for place, day in enumerate(pd.date_range("2024-01-01", periods=DAYS).strftime("%Y-%m-%d"))
        for hour in range(8, 20)
        for sku in ("k1", "k2")
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "hours.csv", index=False)
    (folder / "hours.toml").write_text(MAPPING)
    return RowSource([(folder / "hours.csv", read_mapping(str(folder / "hours.toml")))])


def test_a_day_as_ever_raises_nothing_and_one_of_three_times_the_demand_a_surge(tmp_path: Path) -> None:
    quiet = count_false_alarms(write_hours(tmp_path, 1.0), SystemClock(), None, 1)
    assert quiet == (2, 2 * DAYS, {"demand_surge": 0, "demand_slump": 0}, 0.0)
    surge = count_false_alarms(write_hours(tmp_path, 3.0), SystemClock(), None, 1)
    assert surge.alarms == {"demand_surge": 1, "demand_slump": 0}
    # One alarm in 80 series-days: 6.25 a store-day of 500 products.
    assert surge.a_store_day == 6.25


def test_only_the_wanted_products_are_played(tmp_path: Path) -> None:
    found = count_false_alarms(write_hours(tmp_path, 3.0), SystemClock(), {"k2"}, 1)
    assert (found.series, sum(found.alarms.values())) == (1, 0)
