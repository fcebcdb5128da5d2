"""How patient the desk is: hours before an alert resolves, re-opens as the same one, and is forgotten.

The one rule: every wait is a span of *event time*, measured on the desk's clock; nothing here knows the wall.

``CLEAR_HOURS`` says for how long "it is over" must hold. 0 where one fact proves it (goods came in, a till rang);
longer where the cause is a level that wavers around its threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.quantities import DAY_MS, HOUR_MS
from schemas.signals import AlertKind, Finding

CLEAR_HOURS: Final[Mapping[AlertKind, float]] = {
    "stockout_risk": 0,  # a delivery or a count lifts it; the engine's own band keeps it from flapping
    "stockout": 0,  # there is stock again
    "suspected_stockout": 0,  # it sold again
    "stale_feed": 0,  # the till rang again
    "broken_scrape": 6,
    "demand_surge": 2,
    "demand_slump": 24,  # over when its day is, or told only then: it stays in sight for the next one
    "demand_drift": 24,
    "competitor_undercut": 6,
    "competitor_promotion": 6,
    "competitor_out_of_stock": 6,
    "rival_strategy_shift": 24,
    "excess_stock": 24,
    "lead_time_deviation": 24,
    "forecast_degraded": 24,
}


@dataclass(frozen=True, slots=True)
class DeskRules:
    """Settings of the desk.

    Parameters
    ----------
    reopen_hours
        A cause that fires again within so many hours after its alert resolved re-opens that alert.
    keep_days
        For so long a resolved alert is remembered, and actions on it are taken; at least `reopen_hours`.
    grace_hours
        How far the clock of a person's device may be behind; an action on an alert that is unknown is kept until the
        desk's clock is so far past it.
    clear_hours
        For so long "cleared" must hold, by kind.
    max_waiting
        Most actions kept for alerts that are not known yet; beyond it the oldest is refused.
    """

    reopen_hours: float = 24.0
    keep_days: float = 7.0
    grace_hours: float = 1.0
    clear_hours: Mapping[AlertKind, float] = field(default_factory=lambda: CLEAR_HOURS)
    max_waiting: int = 1000

    @property
    def reopen_ms(self) -> int:
        """`reopen_hours` in milliseconds."""
        return round(self.reopen_hours * HOUR_MS)

    @property
    def keep_ms(self) -> int:
        """How long a resolved alert is remembered, in milliseconds."""
        return max(round(self.keep_days * DAY_MS), self.reopen_ms)

    @property
    def grace_ms(self) -> int:
        """`grace_hours` in milliseconds."""
        return round(self.grace_hours * HOUR_MS)

    def hold_ms(self, finding: Finding) -> int:
        """Return for how long "cleared" must hold before this finding's alert resolves, in milliseconds.

        An early finding that is withdrawn was never confirmed: it resolves at once.
        """
        return 0 if finding.early else round(self.clear_hours[finding.kind] * HOUR_MS)


def is_doubtful_in_silence(finding: Finding) -> bool:
    """Return whether a silent till explains this finding as well as demand does.

    While a store's feed is silent, "nothing sold" says nothing about demand, and an early risk leans on a sale count
    that may be catching up.
    """
    return finding.kind in ("demand_slump", "suspected_stockout") or (finding.kind == "stockout_risk" and finding.early)
