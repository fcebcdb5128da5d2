"""`forecasts.v1` (compacted, key `store|sku`): what each series is expected to sell next, and who says so.

The one rule: a forecast is issued before its period opens for learning, and names the model that made it.
"""

from __future__ import annotations

from typing import Literal

from schemas.fields import Contract, Finite, Identifier, NonNegative, Time, Version


class ForecastIssued(Contract):
    """The forecast of one series for the period from `target` on, made at `origin`."""

    schema_version: Version = 1
    store_id: Identifier
    sku: Identifier
    origin: Time
    target: Time
    horizon_periods: int = 1
    mean_units: NonNegative
    q10: NonNegative
    q50: NonNegative
    q90: NonNegative
    q95: NonNegative
    seasonal_naive_units: NonNegative | None = None
    dispersion: Finite
    model: Identifier
    model_version: int = 1
    abc: Literal["A", "B", "C"] | None = None
    demand_class: Literal["smooth", "erratic", "intermittent", "lumpy"] | None = None
    at: tuple[int, int, int]
