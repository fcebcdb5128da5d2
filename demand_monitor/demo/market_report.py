"""What the monitor makes of a synthetic market, against the truth and against the rule "cover < lead time".

The one rule: the monitor and the rule are scored on the same market, over the same days, by the same scorecard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from consumers.cards import render_card
from producers.synth import Market, MarketConfig
from schemas.alerts import Alert
from schemas.quantities import DAY_MS
from streams.cover_rule import CoverRule
from streams.scorecard import Judgement, Planted, Scorecard, score
from streams.settings import ShopSettings

#: Days at the start in which the models learn; alerts and truth of these are scored for nobody.
WARM_UP_DAYS: Final = 28
#: P of the demo.
PARTITIONS: Final = 4
PLAIN: Final = "cover < lead time"
WITH_ORDERS: Final = "cover < lead time, orders counted"


@dataclass(frozen=True, slots=True)
class MarketRun:
    """A market after it was played.

    Parameters
    ----------
    market
        What was played.
    alerts
        Every alert in its newest revision, in the order of their opening.
    revisions
        Every revision, in the order in which they were raised.
    scorecard
        The monitor's.
    rules
        The scorecard of each form of the rule, by its name.
    """

    market: Market
    alerts: tuple[Alert, ...]
    revisions: tuple[Alert, ...]
    scorecard: Scorecard
    rules: Mapping[str, Scorecard]

    @property
    def card_alert(self) -> Alert | None:
        """The alert of the first planted stock-out that was caught, as it looked when it opened; None if none was."""
        for judgement in self.scorecard.judgements:
            if judgement.truth.kind == "stockout" and judgement.alert_id is not None:
                return opening_of(judgement.alert_id, self.revisions)
        return None

    @property
    def card(self) -> str:
        """That alert as a card in plain text; empty where there is none."""
        return "" if self.card_alert is None else render_card(self.card_alert)


def shop_of(market: Market) -> ShopSettings:
    """Return the settings under which a market is watched."""
    return ShopSettings(zone=market.zone)


def play_market(seed: int = 7, partitions: int = PARTITIONS, days: int | None = None) -> MarketRun:
    """Play a market through the processors in memory, without any server.

    Parameters
    ----------
    seed
        The market's.
    partitions
        P.
    days
        Local days of data; None takes the market's default.

    Returns
    -------
    MarketRun
        Its alerts and scorecards.
    """
    from adapters.clock import SystemClock
    from consumers.replay import Replay
    from producers.market_source import MarketSource
    from producers.ticking import TickPlan
    from streams.chain import Chain, ChainSettings
    from streams.report import Collector

    market = make_market(seed, days)
    collector = Collector(keep_alerts=True)
    chain = Chain(ChainSettings(partitions, shop_of(market)), collector.take)
    source = MarketSource(market)
    steps = TickPlan(source.zone, source.period).cut(source.batches())
    Replay(chain, collector, SystemClock()).play(steps, source.name, source.digest())
    return judge_run(market, collector.revisions or ())


def make_market(seed: int, days: int | None = None) -> Market:
    """Return the market of a seed."""
    return Market(MarketConfig(seed=seed) if days is None else MarketConfig(seed=seed, days=days))


def judge_run(market: Market, revisions: Sequence[Alert]) -> MarketRun:
    """Score what was raised on a market, and the rule beside it.

    Parameters
    ----------
    market
        The market.
    revisions
        Every revision of every alert, in the order in which they were raised.
    """
    newest: dict[str, Alert] = {}
    for alert in revisions:
        held = newest.get(alert.alert_id)
        if held is None or alert.revision > held.revision:
            newest[alert.alert_id] = alert
    alerts = sorted(newest.values(), key=lambda alert: (alert.opened_at, alert.alert_id))
    return MarketRun(market, tuple(alerts), tuple(revisions), score_alerts(market, alerts), score_rules(market))


def score_alerts(market: Market, alerts: Iterable[Alert]) -> Scorecard:
    """Score alerts on a market, the warm-up left out."""
    return score(
        market.truth(),
        alerts,
        starts_at_ms=market.starts_at_ms + WARM_UP_DAYS * DAY_MS,
        ends_at_ms=market.ends_at_ms,
        managers=market.config.stores,
        lead_time_days=market.lead_time_days,
    )


def score_rules(market: Market) -> dict[str, Scorecard]:
    """Score both forms of the rule on a market."""
    rules = {PLAIN: CoverRule(), WITH_ORDERS: CoverRule(count_orders=True)}
    for rows in market.batches():
        for rule in rules.values():
            rule.feed(rows)
    return {name: score_alerts(market, rule.alerts()) for name, rule in rules.items()}


def opening_of(alert_id: str, revisions: Iterable[Alert]) -> Alert | None:
    """Return the oldest revision of an alert; None where it has none."""
    return min((each for each in revisions if each.alert_id == alert_id), key=lambda each: each.revision, default=None)


def tell(judgement: Judgement) -> str:
    """Return what became of one planted event, in a line."""
    what = f"{_title(judgement.truth)} ({judgement.truth.detail})"
    hours = judgement.warning_hours
    if hours is None:
        return f"{what}: missed"
    return f"{what}: caught {_span(abs(hours))} {'before' if hours >= 0 else 'after'}"


def _title(truth: Planted) -> str:
    where = f" at {truth.store_id}" if truth.store_id else ""
    return f"{truth.kind.replace('_', ' ')} of {truth.sku}{where}"


def _span(hours: float) -> str:
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.0f} hours"


def as_json(card: Scorecard) -> dict[str, object]:
    """Return a scorecard as JSON can hold it."""
    return {
        "planted": len(card.judgements),
        "caught": card.caught,
        "missed": card.missed,
        "false": card.false,
        "false_by_kind": dict(card.false_by_kind),
        "unjudged_by_kind": dict(card.unjudged_by_kind),
        "median_warning_days": card.median_warning_days,
        "median_drift_days": card.median_drift_days,
        "natural_stockouts": len(card.natural),
        "natural_caught": sum(judgement.caught for judgement in card.natural),
        "alerts": card.alerts,
        "alerts_per_manager_day": card.alerts_per_manager_day,
        "events": [
            {
                "kind": judgement.truth.kind,
                "store_id": judgement.truth.store_id,
                "sku": judgement.truth.sku,
                "detail": judgement.truth.detail,
                "alert_id": judgement.alert_id,
                "warning_hours": judgement.warning_hours,
            }
            for judgement in card.judgements
        ],
        "line": card.line(),
    }
