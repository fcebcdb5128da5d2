"""Money lost by wrong forecasts: through the engine into state, counters and report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from consumers.row_files import RowFiles
from online_models.conformal import CalibratedDistribution
from online_models.money import UnitCosts
from online_models.stack_forecast import StackForecast, StackLesson
from schemas.catalog import Product
from schemas.quantities import to_datetime
from streams.costs import CategoryCosts
from streams.engine.engine import EngineTask
from streams.engine.figures import EngineFigures
from streams.engine.scoreboard import Scoreboard
from streams.engine.watch import Watch
from streams.metrics import MONEY_OVER, MONEY_UNDER
from streams.report import count_money
from streams.settings import ShopSettings
from tests.unit.engine.bench import Fact, Stand, at, make_log, master, sale, shelf_price

SHOP = ShopSettings(zone="UTC", grain="day")
DAYS = 30


def lesson(y: float, mean: float) -> StackLesson:
    forecast = StackForecast(mean, CalibratedDistribution(mean, 0.1), "level", (mean,) * 5, mean + 5.0)
    return StackLesson(forecast, y, y, 0.0, y - mean, 0.0, None, None, 4.0, 20.0)


def test_stock_is_the_critical_quantile_and_survives_its_codec() -> None:
    costs = UnitCosts(under=3.0, over=1.0)
    board = Scoreboard()
    stock = CalibratedDistribution(20.0, 0.1).quantile(0.75)
    board.add(lesson(10.0, 20.0), 0, (costs, "PEN"))
    board.add(lesson(40.0, 20.0), 1, (costs, "PEN"))
    board.add(lesson(40.0, 20.0), 2)
    assert (board.money["PEN"].over, board.money["PEN"].under) == ((stock - 10.0) * 1.0, (40.0 - stock) * 3.0)
    fields = {name: field for name, field in board.writes().items() if field is not None}
    loaded = Scoreboard.load(fields)
    assert loaded.money["PEN"].state() == board.money["PEN"].state()
    assert loaded.scores["overall/champion"].as_dict() == board.scores["overall/champion"].as_dict()
    # One more quantile changes none of the others.
    plain = Scoreboard()
    for place, y in enumerate((10.0, 40.0, 40.0)):
        plain.add(lesson(y, 20.0), place)
    assert plain.scores["overall/champion"].as_dict() == board.scores["overall/champion"].as_dict()
    loaded.merge(board)
    assert loaded.money["PEN"].n == 4


def play(shop: ShopSettings, watch: Watch | None = None) -> EngineTask:
    """Ten a day, and then twenty; a price of 5, a cost of 3, kept for ten days."""
    tea = Product(
        sku="milk", unit_cost=3.0, unit_price=5.0, currency="EUR", shelf_life_days=10.0, category="food/dairy",
        valid_from=to_datetime(at(0)), known_at=to_datetime(at(0)),
    )  # fmt: skip
    facts: list[Fact] = [master(at(0), tea), shelf_price(at(0, 1), 5.0)]
    facts += [sale(at(day, 20), 10.0 if day < DAYS - 3 else 20.0) for day in range(DAYS)]
    log = make_log(facts, at(DAYS, 3), every_ms=86_400_000)
    stand = Stand(shop)
    stand.task.core.watch = watch
    for name in log.records:
        stand.feed(log, name)
    stand.handle(10_000_000)
    return stand.task


def test_a_shop_that_stocks_too_little_loses_the_margin() -> None:
    task = play(SHOP)
    lost = count_money([task])["EUR"]
    # Every day but the first is scored. On the first of the last three days ten or a little more stood there for
    # twenty: about ten times the margin of 2; the two that follow are learnt by then, in part.
    assert lost.periods == DAYS - 1
    assert 10.0 < lost.under < 60.0
    assert lost.total == pytest.approx(lost.over + lost.under, abs=0.011)
    # 2 of margin; 3 x (0.25 / 365 + 0.1) a day for one too many.
    assert lost.mean_critical_ratio == pytest.approx(2 / (2 + 3 * (0.25 / 365 + 0.1)), abs=1e-4)
    counts = EngineFigures().counts(task)
    assert counts[MONEY_UNDER, ("EUR",)] == int(lost.under)
    assert counts[MONEY_OVER, ("EUR",)] == int(lost.over)
    # A task that goes on from a snapshot has cost nothing yet.
    task.core.load({name: field for name, field in task.core.writes().items() if field is not None})
    assert EngineFigures().counts(task)[MONEY_UNDER, ("EUR",)] == 0


def test_what_every_close_has_cost_is_in_the_rows(tmp_path: Path) -> None:
    with RowFiles(tmp_path) as rows:
        lost = count_money([play(SHOP, rows.watch)])["EUR"]
    frame = pd.read_parquet(tmp_path / "residuals.parquet")
    assert frame["over_cost"].sum() == pytest.approx(lost.over, abs=0.01)
    assert frame["under_cost"].sum() == pytest.approx(lost.under, abs=0.01)
    assert set(frame["currency"].dropna()) == {"EUR"}


def test_a_shop_may_set_its_own_shares() -> None:
    usual = count_money([play(SHOP)])["EUR"]
    # Holding a unit costs ten times its value a year: the critical ratio falls.
    dear = count_money([play(replace(SHOP, costs=(CategoryCosts("dairy", 0.3, 10.0, 0.0),)))])["EUR"]
    assert dear.mean_critical_ratio < usual.mean_critical_ratio
