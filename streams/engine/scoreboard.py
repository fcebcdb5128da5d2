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
from collections.abc import Mapping

from online_models.scores import LEVELS, Scores
from online_models.stack_forecast import StackLesson
from streams.engine.recent import RecentScores
from streams.sealing import seal, unseal

FIELD = "score"
RECENT_FIELD = "recent"


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
        self._dirty = False

    def add(self, lesson: StackLesson, period: int) -> tuple[float, ...] | None:
        """Score one closed period, given its lesson and its ordinal; return the quantiles that were worked out."""
        forecast, y = lesson.forecast, lesson.y_units
        if forecast is None or y is None:
            return None
        self._dirty = True
        mae, mse = _yardstick(lesson.seasonal_mae, _LEAST_MAE), _yardstick(lesson.seasonal_mse, _LEAST_MAE**2)
        quantiles = forecast.distribution.quantiles(LEVELS)
        group = volume_class(forecast.mean_units)
        for scope in ("overall/champion", f"model/{forecast.champion}", f"class/{group}/champion"):
            self._scope(scope).add(y, forecast.mean_units, mae, mse, quantiles)
        for scope in ("overall/seasonal_naive", f"class/{group}/seasonal_naive"):
            self._scope(scope).add(y, forecast.seasonal_naive, mae, mse)
        self.recent.add(period, y, forecast.mean_units, forecast.seasonal_naive, quantiles)
        return quantiles

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

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields if they changed, and count them as clean."""
        if not self._dirty:
            return {}
        self._dirty = False
        state = {scope: scores.state() for scope, scores in self.scores.items()}
        return {FIELD: _encode(state), RECENT_FIELD: _encode(self.recent.state())}

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> Scoreboard:
        """Return the scoreboard in a snapshot."""
        board = cls()
        if (field := state.get(FIELD)) is not None:
            stored = json.loads(unseal(field, FIELD))
            board.scores = {scope: Scores.from_state(sums) for scope, sums in stored.items()}
        if (field := state.get(RECENT_FIELD)) is not None:
            board.recent = RecentScores(*json.loads(unseal(field, RECENT_FIELD)))
        return board


def _encode(state: object) -> bytes:
    return seal(json.dumps(state, separators=(",", ":"), sort_keys=True).encode())
