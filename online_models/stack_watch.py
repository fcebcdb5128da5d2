"""The detectors on one series: what each of them tests, and who may speak.

=========  ==================================================  ==================================================
detector   demand is tested against                            what it may do
=========  ==================================================  ==================================================
forecast   its forecast                                        find a drift
reference  where it stood for long: a forecast that follows    find a drift, at 1.2 times the threshold, since a
           a slow ramp never errs enough to be found out       slow reference wanders by itself
season     its forecast with the season's pattern moved        find a changed season
River's    its forecast, in standard deviations                second an alert; find a drift if it is the one chosen
scatter    the forecast's own standard deviation               tell by how much demand scatters more than it says
=========  ==================================================  ==================================================

The one rule: when one of them has found a drift, all start again, so that one change is told once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from online_models.drift import DEFAULT_THRESHOLD, REST_PERIODS, DriftFinding, LikelihoodCusum
from online_models.river_detectors import DETECTORS, Way
from online_models.scatter_change import ScatterChange
from online_models.season_change import SeasonChange
from online_models.stack_forecast import StackForecast

CUSUM: Final = "likelihood_cusum"
BESIDE: Final = "page_hinkley"
"""River's detector that runs beside the CUSUM."""
_REFERENCE_SHARE: Final = 1.2
_SEASON_SHARE: Final = 1.15
_NEVER: Final = 255
OPINION_PERIODS: Final = 28
"""For so many judged periods a find of River's detector counts as seen beside."""
_WAYS: Final[tuple[Way, Way]] = ("up", "down")
_STATE = Struct("<BBB")


class Beside(NamedTuple):
    """What was seen beside the detector that speaks.

    Parameters
    ----------
    name
        Of River's detector.
    way, periods_ago
        Its newest find, and how many judged periods ago; None within the last 28 where it found nothing.
    scatter_ratio
        Root mean square of the newest residuals, in standard deviations of their forecasts: 1 is as forecast.
    scatter_way
        Where the newest close found that the scatter has changed.
    """

    name: str
    way: Way | None
    periods_ago: int | None
    scatter_ratio: float
    scatter_way: Way | None


class StackWatch:
    """The detectors.

    Parameters
    ----------
    threshold
        Score that a finding against the forecast must exceed. A setting, not part of the state.
    season
        Slots in a season.
    detector
        Who finds a drift of the level: the CUSUM, or one of River's by name. A setting.
    """

    __slots__ = (
        "detector", "size", "steps", "thresholds",
        "_chosen", "_forecast", "_found_ago", "_found_way", "_reference", "_resting", "_river", "_scatter",
        "_scatter_way", "_season", "_season_threshold",
    )  # fmt: skip

    def __init__(self, threshold: float = DEFAULT_THRESHOLD, season: int = 7, detector: str = CUSUM) -> None:
        self._forecast = LikelihoodCusum(threshold)
        self._reference = LikelihoodCusum(threshold * _REFERENCE_SHARE)
        self._season = SeasonChange(season)
        self._season_threshold = threshold * _SEASON_SHARE
        self.detector = detector
        self._chosen = detector != CUSUM
        self._river = DETECTORS[detector if self._chosen else BESIDE]()
        self._resting = 0
        self._found_ago, self._found_way = _NEVER, 0
        self._scatter = ScatterChange()
        self._scatter_way: Way | None = None
        self.size = 2 * LikelihoodCusum.SIZE + self._season.size + ScatterChange.SIZE + _STATE.size + self._river.size
        #: Thresholds of all scores, in the order of `steps`.
        self.thresholds = (
            *(threshold,) * 2, *(threshold * _REFERENCE_SHARE,) * 2,
            *(self._season_threshold,) * len(self._season.moves),
        )  # fmt: skip
        #: What the newest period added to each score, nats; None where it was not judged. Not state.
        self.steps: Sequence[float] | None = None

    @property
    def score(self) -> float:
        """How near the series is to a drift from its forecast, nats."""
        return self._forecast.score

    @property
    def beside(self) -> Beside:
        """What was seen beside."""
        seen = self._found_ago != _NEVER
        return Beside(
            self._river.name, _WAYS[self._found_way] if seen else None, self._found_ago if seen else None,
            self._scatter.ratio, self._scatter_way,
        )  # fmt: skip

    def update(
        self,
        y: float,
        issued: StackForecast,
        slow_units: float,
        slot: int,
        ratios: Sequence[float],
        caution: float = 1.0,
    ) -> tuple[DriftFinding | None, str | None]:
        """Judge one period; return a finding, and what it was tested against.

        Parameters
        ----------
        y
            Demand, units.
        issued
            Its forecast.
        slow_units
            What the forecast would be at the slow reference level.
        slot, ratios
            Of the period; demand of every slot over the level, below zero where unknown; empty while it is young.
        caution
            What all thresholds are multiplied with.
        """
        mean, dispersion = issued.mean_units, issued.distribution.dispersion
        way = self._look_beside(y - mean, issued.distribution.variance)
        plain = math.inf if self._chosen else caution
        found = self._forecast.update(y, mean, dispersion, plain)
        slowly = self._reference.update(y, slow_units, dispersion, plain)
        if self._chosen and way is not None and not self._resting:
            found = self._forecast.found(way) or DriftFinding(way, 0.0, 0.0, 1, mean, y)
        moved = self._look_at_season(y, mean, dispersion, slot, ratios, caution)
        self._note_steps(slow=self._reference.steps)
        finding, against = (found, "forecast") if found else (slowly, "reference") if slowly else (moved, "season")
        if finding is None:
            return None, None
        self._forecast.rest()
        self._reference.rest()
        self._season.rest()
        self._resting = REST_PERIODS
        return finding, against

    def _look_beside(self, residual: float, variance: float) -> Way | None:
        if self._found_ago < _NEVER:
            self._found_ago = self._found_ago + 1 if self._found_ago < OPINION_PERIODS else _NEVER
        self._scatter_way = None
        if variance <= 0.0:
            return None
        standardised = residual / math.sqrt(variance)
        self._scatter_way = self._scatter.update(standardised)
        way = self._river.update(standardised)
        if way is not None:
            self._found_ago, self._found_way = 0, _WAYS.index(way)
        return way

    def _look_at_season(
        self, y: float, mean: float, dispersion: float, slot: int, ratios: Sequence[float], caution: float
    ) -> DriftFinding | None:
        season = self._season
        if self._resting:
            self._resting -= 1
            return None
        season.update(y, mean, dispersion, slot, ratios)
        threshold = self._season_threshold * caution
        moved = season.found(threshold)
        if moved is None:
            return None
        return DriftFinding("season", moved.score, threshold, moved.periods, mean, mean, moved.slots)

    def _note_steps(self, slow: tuple[float, float] | None) -> None:
        fast = self._forecast.steps
        self.steps = None if fast is None or slow is None else (*fast, *slow, *self._season.steps)

    def encode(self) -> bytes:
        """All detectors."""
        return b"".join(
            (
                self._forecast.encode(), self._reference.encode(), self._season.encode(), self._scatter.encode(),
                _STATE.pack(self._resting, self._found_ago, self._found_way), self._river.encode(),
            )
        )  # fmt: skip

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        size, at = LikelihoodCusum.SIZE, 2 * LikelihoodCusum.SIZE
        self._forecast.restore(state[:size])
        self._reference.restore(state[size:at])
        self._season.restore(state[at : at + self._season.size])
        at += self._season.size
        self._scatter.restore(state[at : at + ScatterChange.SIZE])
        at += ScatterChange.SIZE
        self._resting, self._found_ago, self._found_way = _STATE.unpack_from(state, at)
        self._river.restore(state[at + _STATE.size :])
