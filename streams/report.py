"""The report of a replay: what went in, what came of it, how good the forecasts were, which alerts were raised.

The one rule: a figure without anything behind it is None, and the seasonal naive stands beside the champion wherever
the champion is scored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from schemas.alerts import Alert
from schemas.quantities import THOUSANDTHS, to_ms
from schemas.quarantine import Refusal
from schemas.reading import read_alert
from schemas.topics import ALERTS, FORECASTS, QUARANTINE, SIGNALS
from streams.engine.closes import LOST_MONEY, LOST_UNITS, OUTLIERS
from streams.engine.engine import EngineTask
from streams.engine.promotion_book import PromotionSum
from streams.engine.scoreboard import Scoreboard
from streams.outcome import Output

Scored = dict[str, float | int | None]


class ForecastScores(BaseModel):
    """Scores of the champion and, beside it, of the seasonal naive."""

    model_config = ConfigDict(frozen=True)

    overall: dict[str, Scored]
    by_model: dict[str, Scored]
    by_volume_class: dict[str, dict[str, Scored]]


class MoneyLost(BaseModel):
    """What wrong forecasts of one currency cost, had each period been stocked with its critical quantile.

    `over` is holding and waste of what stayed, `under` the margin of what was missing; their sum is the pinball loss at
    the critical ratio, in money. Beside it the same of a shop that stocks the seasonal naive.
    """

    model_config = ConfigDict(frozen=True)

    periods: int
    over: float
    under: float
    total: float
    mean_critical_ratio: float
    naive_over: float
    naive_under: float
    naive_total: float


class EventCounts(BaseModel):
    """Sales, stock events and rivals' prices by fate; `read` is all that was given, refused rows included."""

    model_config = ConfigDict(frozen=True)

    read: int
    accepted: int
    duplicate: int
    late: int
    quarantined: dict[str, int]


class KindCounts(BaseModel):
    """Alerts of one kind."""

    model_config = ConfigDict(frozen=True)

    count: int
    critical: int
    resolved: int
    early: int


class LostSales(BaseModel):
    """Demand that found an empty shelf, as the forecasts have it; money at the shelf's price, where one is known."""

    model_config = ConfigDict(frozen=True)

    units: float
    money: dict[str, float]


class CandidateStanding(BaseModel):
    """How a candidate stood in a category of a task at the end; gain is the share of the loss that it takes away."""

    model_config = ConfigDict(frozen=True)

    task: int
    category: str
    name: str
    member: bool
    effect: float
    gain: float
    low: float
    high: float
    periods: float


class Report(BaseModel):
    """What `replay --report` writes; `starts_empty_at` is where a state without a past began, else None."""

    model_config = ConfigDict(frozen=True)

    events: EventCounts
    observations: dict[str, int]
    series: int
    periods_closed: int
    forecasts_issued: int
    forecast: ForecastScores
    money: dict[str, MoneyLost] = {}
    promotions: tuple[PromotionSum, ...] = ()
    alerts: dict[str, KindCounts]
    early: dict[str, int]
    seconds: float
    events_per_second: float
    closes_per_second: float
    partitions: int
    seed: int | None
    period: str
    models: str
    sources: tuple[str, ...]
    starts_empty_at: datetime | None
    versions: dict[str, str]
    lost_sales: LostSales | None = None
    outliers: dict[str, int] = {}
    periods_slept: int = 0
    candidates: tuple[CandidateStanding, ...] = ()


class Collector:
    """Takes every output of a chain and remembers what a report needs.

    Parameters
    ----------
    keep_alerts
        Whether every revision is kept in order (for a feed or a comparison), not only the newest.
    since_ms
        Alerts opened before this belong to the warm-up and are not counted; None counts all.
    """

    def __init__(self, keep_alerts: bool = False, since_ms: int | None = None) -> None:
        self._since_ms = since_ms
        self.alerts: dict[str, Alert] = {}
        self.revisions: list[Alert] | None = [] if keep_alerts else None
        self.quarantined: Counter[str] = Counter()
        self.forecasts = 0
        self.signals = 0

    def take(self, output: Output) -> None:
        """Count one output."""
        if output.topic is FORECASTS:
            self.forecasts += 1
        elif output.topic is SIGNALS:
            self.signals += 1
        elif output.topic is QUARANTINE:
            refusal = Refusal.from_record(output.key, output.value, output.headers)
            self.quarantined[str(refusal.reason)] += 1
        elif output.topic is ALERTS:
            alert = read_alert(output.value)
            held = self.alerts.get(alert.alert_id)
            if held is None or alert.revision > held.revision:
                self.alerts[alert.alert_id] = alert
            if self.revisions is not None:
                self.revisions.append(alert)

    def kinds(self) -> dict[str, KindCounts]:
        """Return the alerts by kind, in the order of the alphabet."""
        counted = [
            alert
            for alert in self.alerts.values()
            if self._since_ms is None or to_ms(alert.opened_at) >= self._since_ms
        ]
        kinds = sorted({alert.kind for alert in counted})
        return {kind: _count_kind([alert for alert in counted if alert.kind == kind]) for kind in kinds}


def _count_kind(alerts: list[Alert]) -> KindCounts:
    return KindCounts(
        count=len(alerts),
        critical=sum(alert.severity == "critical" for alert in alerts),
        resolved=sum(alert.state == "resolved" for alert in alerts),
        early=sum(alert.early for alert in alerts),
    )


def count_events(engines: Iterable[EngineTask], quarantined: Counter[str]) -> EventCounts:
    """Return the events of all tasks by fate."""
    total: Counter[str] = Counter()
    for engine in engines:
        total.update(engine.core.emitter.counts)
    refused = sum(quarantined.values())
    return EventCounts(
        read=total["accepted"] + total["duplicate"] + refused,
        accepted=total["accepted"],
        duplicate=total["duplicate"],
        late=total["late"],
        quarantined=dict(sorted(quarantined.items())),
    )


def count_lost(engines: Iterable[EngineTask]) -> LostSales:
    """Return what empty shelves cost."""
    units, money = 0, Counter[str]()
    for engine in engines:
        for name, number in engine.core.emitter.counts.items():
            if name == LOST_UNITS:
                units += number
            elif name.startswith(LOST_MONEY):
                money[name[len(LOST_MONEY) :]] += number
    return LostSales(
        units=units / THOUSANDTHS, money={currency: cents / 100 for currency, cents in sorted(money.items())}
    )


def count_outliers(engines: Iterable[EngineTask]) -> dict[str, int]:
    """Return flagged residuals by rule."""
    found = Counter[str]()
    for engine in engines:
        counts = engine.core.emitter.counts
        found.update({name[len(OUTLIERS) :]: number for name, number in counts.items() if name.startswith(OUTLIERS)})
    return dict(sorted(found.items()))


def rank_candidates(engines: Iterable[EngineTask]) -> tuple[CandidateStanding, ...]:
    """Return the standing of every candidate that was ever judged."""
    return tuple(
        CandidateStanding(task=engine.core.emitter.task, category=category, **standing._asdict())
        for engine in engines
        for category, candidates in engine.core.drivers.by_category()
        for standing in candidates.standings()
        if standing.periods > 1.0
    )


def score_forecasts(engines: Iterable[EngineTask]) -> ForecastScores:
    """Return scores overall, by model and by volume class, all tasks together."""
    board = Scoreboard()
    for engine in engines:
        board.merge(engine.core.board)
    overall: dict[str, Scored] = {}
    models: dict[str, Scored] = {}
    classes: dict[str, dict[str, Scored]] = {}
    for scope, scores in sorted(board.scores.items()):
        parts = scope.split("/")
        if parts[0] == "overall":
            overall[parts[1]] = scores.as_dict()
        elif parts[0] == "model":
            models[parts[1]] = scores.as_dict()
        else:
            classes.setdefault(parts[1], {})[parts[2]] = scores.as_dict()
    return ForecastScores(overall=overall, by_model=models, by_volume_class=classes)


def count_money(engines: Iterable[EngineTask]) -> dict[str, MoneyLost]:
    """Return what wrong forecasts have cost, by currency, all tasks together."""
    board = Scoreboard()
    for engine in engines:
        board.merge(engine.core.board)
    return {
        currency: MoneyLost(
            periods=sums.n,
            over=round(sums.over, 2),
            under=round(sums.under, 2),
            total=round(sums.over + sums.under, 2),
            mean_critical_ratio=round(sums.ratios / sums.n, 4),
            naive_over=round(sums.naive_over, 2),
            naive_under=round(sums.naive_under, 2),
            naive_total=round(sums.naive_over + sums.naive_under, 2),
        )
        for currency, sums in sorted(board.money.items())
        if sums.n
    }


def sum_promotions(engines: Iterable[EngineTask]) -> tuple[PromotionSum, ...]:
    """Return every promotion of the replay, in the order of its begin; none where no book was kept."""
    found = [one for engine in engines if engine.core.promotions is not None for one in engine.core.promotions.sums()]
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.promotion_id, one.store_id, one.sku)))
