"""The scoreboard: how good the forecasts were, prequentially, with the seasonal naive always beside the champion.

=========  ==========================================
class      mean units a period of the forecast
=========  ==========================================
trickle    below 1
slow       1 to 10
steady     10 to 100
fast       100 and more
=========  ==========================================

Beside these sums since the beginning stand those of the last weeks (:mod:`streams.engine.recent`).

The one rule: a forecast is scored once, against what came true, before anything was learnt from it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping

from online_models.money import MoneySums, UnitCosts
from online_models.scores import LEVELS, Scores
from online_models.stack_forecast import StackForecast, StackLesson
from streams.engine.recent import RecentScores
from streams.sealing import seal, unseal

FIELD = "score"
RECENT_FIELD = "recent"
MONEY_FIELD = "money"


#: Units are kept in thousandths; a mean seasonal difference below one is rounding, and no yardstick.
_LEAST_MAE = 1e-3


def _yardstick(value: float | None, least: float) -> float | None:
    return None if value is None or value < least else value


def volume_class(mean_units: float) -> str:
    """Return the class of a forecast's mean.

    >>> volume_class(0.2), volume_class(10)
    ('trickle', 'steady')
    """
    return "trickle" if mean_units < 1 else "slow" if mean_units < 10 else "steady" if mean_units < 100 else "fast"


class Scoreboard:
    """Scores by scope: `overall/champion`, `model/<name>`, `class/<name>/champion`, and the naive beside each class."""

    def __init__(self) -> None:
        self.scores: dict[str, Scores] = {}
        self.recent = RecentScores()
        #: What wrong forecasts have cost, by currency.
        self.money: dict[str, MoneySums] = {}
        self._dirty = False

    def add(
        self, lesson: StackLesson, period: int, costs: tuple[UnitCosts, str] | None = None
    ) -> tuple[float, ...] | None:
        """Score one closed period; return the quantiles of `LEVELS` that were worked out.

        Parameters
        ----------
        lesson, period
            What it taught, and its ordinal.
        costs
            Of a unit too few and too many, and their currency; None: unknown.
        """
        forecast, y = lesson.forecast, lesson.y_units
        if forecast is None or y is None:
            return None
        self._dirty = True
        mae, mse = _yardstick(lesson.seasonal_mae, _LEAST_MAE), _yardstick(lesson.seasonal_mse, _LEAST_MAE**2)
        quantiles, stock = _quantiles(forecast, None if costs is None else costs[0].critical_ratio)
        group = volume_class(forecast.mean_units)
        for scope in ("overall/champion", f"model/{forecast.champion}", f"class/{group}/champion"):
            self._scope(scope).add(y, forecast.mean_units, mae, mse, quantiles)
        for scope in ("overall/seasonal_naive", f"class/{group}/seasonal_naive"):
            self._scope(scope).add(y, forecast.seasonal_naive, mae, mse)
        self.recent.add(period, y, forecast.mean_units, forecast.seasonal_naive, quantiles)
        if costs is not None and stock is not None:
            self._purse(costs[1]).add(costs[0], y, stock, forecast.seasonal_naive)
        return quantiles

    def _purse(self, currency: str) -> MoneySums:
        found = self.money.get(currency)
        if found is None:
            found = self.money[currency] = MoneySums()
        return found

    def _scope(self, scope: str) -> Scores:
        found = self.scores.get(scope)
        if found is None:
            found = self.scores[scope] = Scores()
        return found

    def merge(self, other: Scoreboard) -> None:
        """Add another task's scores."""
        for scope, scores in other.scores.items():
            self._scope(scope).merge(scores)
        self.recent.merge(other.recent)
        for currency, sums in other.money.items():
            self._purse(currency).merge(sums)

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields if they changed, and count them as clean."""
        if not self._dirty:
            return {}
        self._dirty = False
        state = {scope: scores.state() for scope, scores in self.scores.items()}
        money = {currency: sums.state() for currency, sums in self.money.items()}
        return {FIELD: _encode(state), RECENT_FIELD: _encode(self.recent.state()), MONEY_FIELD: _encode(money)}

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> Scoreboard:
        """Return the scoreboard in a snapshot."""
        board = cls()
        if (field := state.get(FIELD)) is not None:
            stored = json.loads(unseal(field, FIELD))
            board.scores = {scope: Scores.from_state(sums) for scope, sums in stored.items()}
        if (field := state.get(RECENT_FIELD)) is not None:
            board.recent = RecentScores(*json.loads(unseal(field, RECENT_FIELD)))
        if (field := state.get(MONEY_FIELD)) is not None:
            stored = json.loads(unseal(field, MONEY_FIELD))
            board.money = {currency: MoneySums.from_state(sums) for currency, sums in stored.items()}
        return board


def _quantiles(forecast: StackForecast, ratio: float | None) -> tuple[tuple[float, ...], float | None]:
    """Return the quantiles of `LEVELS`, and that of the critical ratio: one pass, for a second costs as much again."""
    if ratio is None:
        return forecast.distribution.quantiles(LEVELS), None
    at = bisect_left(LEVELS, ratio)
    found = forecast.distribution.quantiles((*LEVELS[:at], ratio, *LEVELS[at:]))
    return (*found[:at], *found[at + 1 :]), found[at]


def _encode(state: object) -> bytes:
    return seal(json.dumps(state, separators=(",", ":"), sort_keys=True).encode())
