"""What a watcher of a replay is told of every close of a period.

The one rule: a watcher is told and never asked; nothing that it does can come back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from online_models.columns import Features
from online_models.money import UnitCosts
from online_models.stack_forecast import StackLesson


class WatchedClose(NamedTuple):
    """A close of a period.

    Parameters
    ----------
    store_id, sku
        The series.
    start_ms
        Begin of the period.
    exposure
        Share of its trading time with stock.
    features
        What was known of it beforehand.
    lesson
        What was forecast, what came true.
    costs
        Of a unit too few and too many in that period, and their currency; None without a price.
    starts_on
        First local day of the period.
    category
        Of the product, "" where none is known.
    abc, demand_class
        Of the series; None where nobody knows yet.
    """

    store_id: str
    sku: str
    start_ms: int
    exposure: float
    features: Features
    lesson: StackLesson
    costs: tuple[UnitCosts, str] | None = None
    starts_on: date | None = None
    category: str = ""
    abc: str | None = None
    demand_class: str | None = None


Watch = Callable[[WatchedClose], None]
