"""What a shop may set about how its events are handled: every knob of the processors, with its unit and default.

The one rule: a setting that changes results is part of the state's fingerprint, so a task never goes on under other
settings than those that made its snapshot.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from schemas.ids import derive_id
from schemas.quantities import DAY_MS, HOUR_MS
from streams.costs import CategoryCosts
from streams.holiday_calendar import OwnDay

Period = Literal["day", "week", "month"]
Grain = Literal["line", "hour", "day", "week", "month"]
DriftDetector = Literal["likelihood_cusum", "page_hinkley", "adwin", "kswin"]

#: Periods in one season: the week's days, the year's weeks, the year's months.
SEASONS: dict[Period, int] = {"day": 7, "week": 52, "month": 12}


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """Knobs of the demand engine.

    Parameters
    ----------
    zone
        IANA name of the zone in which hours and periods close.
    period
        What is closed, learnt and forecast.
    grain
        The finest grain of the source; intraday logic is off unless it is "line" or "hour".
    slack_ms
        How late an event may be and still count in order.
    max_ahead_ms
        How far an event may lie above the tick in hand.
    dedupe_horizon_ms
        How long event ids are remembered, in event time.
    hour_spread_ms, period_spread_ms
        Over how long the closes of an hour and of a period are spread.
    risk_target
        The probability of an empty shelf before the next delivery at which `stockout_risk` opens.
    action_days
        Days until the fastest action on an alert takes effect (express, transfer). Where that is less than the lead
        time, `stockout_risk` opens when waiting is expected to cost more than the alert, or from a risk of 0.6 on.
    alert_cost_days
        What looking into an alert costs, in days of the product's demand.
    clear_share
        The risk below which it clears, as a share of the one at which it opens (hysteresis).
    service_level
        The probability of no stock-out that a recommended order buys.
    lead_time_days
        Used where the catalog says nothing.
    drift_threshold
        Score of the likelihood CUSUM, in nats, above which demand has drifted, until a class of series is calibrated.
    drift_alarms_per_series_year
        False drift alarms that one series may raise in a year; thresholds follow, by class. None: `drift_threshold`.
    drift_detector
        Who finds that the level has drifted: "likelihood_cusum", or River's "page_hinkley", "adwin" or "kswin".
    degraded_bias
        Share by which a category's forecasts may be too high or too low.
    degraded_coverage
        Least and most of the periods in which a category's demand may stay within its 90 % quantiles.
    degraded_periods, recovered_periods
        Poor periods running until `forecast_degraded` opens, and good ones until it clears.
    review_days
        Days until the next chance to order, added to the lead time by a recommended order.
    excess_days
        Days of cover beyond the lead time from which stock is in excess.
    holding_cost_share_a_year
        What holding stock costs in a year, as a share of its cost.
    suspicions_per_series_year
        How often a shelf that has stock may be suspected to be empty because it does not sell.
    undercut_gap
        `ours / theirs − 1` from which a rival undercuts us.
    trading_hours
        First and last hour of selling, where a store's calendar is unknown.
    exposure_floor
        Share of the trading time with stock below which a period teaches nothing.
    silence_probability
        A store is silent once the chance of no sale by luck is below this.
    silence_series
        Series a task must know of a store before it judges the store's silence.
    poison_share
        Share of refused records among the last 1,000 of a partition that stops the worker.
    country
        Two letters, where the catalog names no country of a store; "" knows no holidays.
    own_days
        The shop's own calendar.
    sleep_after_periods
        Periods without a sale after which a series that has no stock and no order is closed no more, until an event
        wakes it; 0 never.
    costs
        What a unit too many and too few costs, by category; behind them stand the defaults of `streams.costs`.
    models
        "champion", or "none" to run the stream part alone.
    extra_models
        Registered experts (`online_models/registry.py`) that join the five of the stack.
    """

    zone: str = "UTC"
    period: Period = "day"
    grain: Grain = "line"
    slack_ms: int = 300_000
    max_ahead_ms: int = HOUR_MS
    dedupe_horizon_ms: int = 2 * DAY_MS
    hour_spread_ms: int = 300_000
    period_spread_ms: int = 1_800_000
    risk_target: float = 0.1
    alert_cost_days: float = 0.35
    action_days: float = 2.0
    clear_share: float = 0.5
    service_level: float = 0.95
    lead_time_days: float = 7.0
    drift_threshold: float = 6.0
    drift_alarms_per_series_year: float | None = 0.5
    drift_detector: DriftDetector = "likelihood_cusum"
    degraded_bias: float = 0.15
    degraded_coverage: tuple[float, float] = (0.80, 0.97)
    degraded_periods: int = 14
    recovered_periods: int = 7
    review_days: float = 1.0
    excess_days: float = 28.0
    holding_cost_share_a_year: float = 0.25
    suspicions_per_series_year: float = 0.05
    undercut_gap: float = 0.1
    trading_hours: tuple[int, int] = (6, 22)
    exposure_floor: float = 0.95
    silence_probability: float = 1e-5
    silence_series: int = 10
    poison_share: float = 0.05
    country: str = ""
    own_days: tuple[OwnDay, ...] = ()
    sleep_after_periods: int = 56
    costs: tuple[CategoryCosts, ...] = ()
    models: Literal["champion", "none"] = "champion"
    extra_models: tuple[str, ...] = ()

    @property
    def season(self) -> int:
        """Periods in one season."""
        return SEASONS[self.period]

    @property
    def intraday(self) -> bool:
        """Whether hours are looked at."""
        return self.grain in ("line", "hour") and self.period == "day"

    def fingerprint(self) -> str:
        """Return a short digest of every setting that changes results."""
        return derive_id(*(f"{name}={value}" for name, value in sorted(asdict(self).items()) if name != "poison_share"))
