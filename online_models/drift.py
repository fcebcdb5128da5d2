"""Has demand changed for good? A likelihood-ratio CUSUM on the forecast's own distribution.

Why: what is tested matters more than the detector's name; errors against the forecast already have promotions, season
and price taken out. The one rule: each period adds the log of how much better "60 % more" (or "40 % less") explains it
than the forecast does.

::

    watching ── score up or down > threshold ──► finding ──► resting (14 periods, scores stay 0) ──► watching
        └── a score that falls below 0 starts again at 0: its run, and the levels reported, begin there
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from struct import Struct
from typing import Literal

_STATE = Struct("<IdIddIddd")
_LARGEST_STEP = 3.0
_POISSON = 1e-9
UP_FACTOR, DOWN_FACTOR = 1.6, 0.6
DEFAULT_THRESHOLD = 5.0
REST_PERIODS = 14


@dataclass(frozen=True, slots=True)
class DriftFinding:
    """Demand has left its forecast, for longer and farther than chance explains.

    Parameters
    ----------
    direction
        `up` or `down`; `season` where the level stands and the pattern of the season has changed.
    score, threshold
        Sum of clipped log likelihood ratios, and what it had to exceed.
    since_periods
        Length of the run that led here, observed periods, the newest included.
    level_before, level_after
        Mean forecast and mean demand over that run, units per period; the standing level, where the season changed.
    shift_slots
        By how many slots the season's pattern has moved; None where the level has changed.
    """

    direction: Literal["up", "down", "season"]
    score: float
    threshold: float
    since_periods: int
    level_before: float
    level_after: float
    shift_slots: int | None = None


class LikelihoodCusum:
    """Two one-sided CUSUMs of negative binomial log likelihood ratios.

    Parameters
    ----------
    threshold
        Score to exceed; higher is rarer and later.

    References
    ----------
    Page (1954), *Continuous inspection schemes*, Biometrika 41. Hawkins and Olwell (1998), *Cumulative Sum Charts and
    Charting for Quality Improvement*, chapter 6.

    Examples
    --------
    >>> detector = LikelihoodCusum()
    >>> for units in (20, 18, 23, 8, 9, 11):
    ...     finding = detector.update(units, mean=20.0, dispersion=0.05)
    ...     if finding: print(finding.direction, finding.since_periods, round(finding.level_after, 1))
    down 3 9.3
    """

    __slots__ = ("steps", "threshold", "_resting", "_up", "_up_run", "_down", "_down_run")

    SIZE = _STATE.size

    def __init__(self, threshold: float = DEFAULT_THRESHOLD) -> None:
        self.threshold = threshold
        #: What the newest period added to the score up and down; None where it rested. Not state.
        self.steps: tuple[float, float] | None = None
        self._resting = 0
        self._up = self._down = 0.0
        self._up_run: tuple[int, float, float] = (0, 0.0, 0.0)
        self._down_run: tuple[int, float, float] = (0, 0.0, 0.0)

    @property
    def score(self) -> float:
        """The higher of both scores, nats; 0 while it rests."""
        return max(self._up, self._down)

    def update(self, y: float, mean: float, dispersion: float, caution: float = 1.0) -> DriftFinding | None:
        """Judge one period.

        Parameters
        ----------
        y
            Demand, units.
        mean, dispersion
            Of its forecast, made before.
        caution
            Times the threshold is what the score must exceed.

        Returns
        -------
        DriftFinding or None
            A finding resets both scores and rests for 14 periods.
        """
        self.steps = None
        if self._resting:
            self._resting -= 1
            return None
        self.steps = up_step, down_step = _both_ratios(y, mean, dispersion)
        self._up, self._up_run = _advance(self._up, self._up_run, up_step, y, mean)
        self._down, self._down_run = _advance(self._down, self._down_run, down_step, y, mean)
        threshold = self.threshold * caution
        if self._up <= threshold and self._down <= threshold:
            return None
        finding = self.found("up" if self._up >= self._down else "down", threshold)
        self.rest()
        return finding

    def found(self, way: Literal["up", "down"], threshold: float | None = None) -> DriftFinding | None:
        """Return the run of one side as a finding; None where there is no run."""
        score, run = (self._up, self._up_run) if way == "up" else (self._down, self._down_run)
        periods, sold, expected = run
        if not periods:
            return None
        limit = self.threshold if threshold is None else threshold
        return DriftFinding(way, score, limit, periods, expected / periods, sold / periods)

    def rest(self) -> None:
        """Start both scores again, and judge nothing for 14 periods."""
        self._resting = REST_PERIODS
        self._up = self._down = 0.0
        self._up_run = self._down_run = (0, 0.0, 0.0)

    def encode(self) -> bytes:
        """Rest, scores and runs; the runs' forecast sums included."""
        return _STATE.pack(self._resting, self._up, *self._up_run, *self._down_run, self._down)

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        values = _STATE.unpack(state)
        self._resting, self._up = values[0], values[1]
        self._up_run, self._down_run = values[2:5], values[5:8]
        self._down = values[8]


def log_ratio(y: float, mean: float, dispersion: float, factor: float) -> float:
    """Log likelihood of demand `y` under `factor * mean` less that under `mean`, clipped to +-3.

    Both hypotheses have the same dispersion, so the binomial coefficient cancels and no gamma function is needed.

    Parameters
    ----------
    y
        Demand, units.
    mean, dispersion
        Of the forecast.
    factor
        The suspected change of the level.

    Examples
    --------
    >>> round(log_ratio(10, 10.0, 0.0, 0.5), 3)    # 10 ln 0.5 + 10 * 0.5
    -1.931
    """
    step = y * math.log(factor)
    if dispersion < _POISSON:
        step -= mean * (factor - 1.0)
    else:
        scaled = dispersion * mean
        step -= (y + 1.0 / dispersion) * math.log((1.0 + factor * scaled) / (1.0 + scaled))
    return min(max(step, -_LARGEST_STEP), _LARGEST_STEP)


_LOG_UP, _LOG_DOWN = math.log(UP_FACTOR), math.log(DOWN_FACTOR)


def _both_ratios(y: float, mean: float, dispersion: float) -> tuple[float, float]:
    """Return `log_ratio` for both factors; what they share is worked out once."""
    if dispersion < _POISSON:
        return log_ratio(y, mean, dispersion, UP_FACTOR), log_ratio(y, mean, dispersion, DOWN_FACTOR)
    scaled = dispersion * mean
    weight = y + 1.0 / dispersion
    base = weight * math.log(1.0 + scaled)
    up = y * _LOG_UP + base - weight * math.log(1.0 + UP_FACTOR * scaled)
    down = y * _LOG_DOWN + base - weight * math.log(1.0 + DOWN_FACTOR * scaled)
    up = -_LARGEST_STEP if up < -_LARGEST_STEP else _LARGEST_STEP if up > _LARGEST_STEP else up
    down = -_LARGEST_STEP if down < -_LARGEST_STEP else _LARGEST_STEP if down > _LARGEST_STEP else down
    return up, down


def _advance(
    score: float, run: tuple[int, float, float], step: float, y: float, mean: float
) -> tuple[float, tuple[int, float, float]]:
    score += step
    if score <= 0.0:
        return 0.0, (0, 0.0, 0.0)
    return score, (run[0] + 1, run[1] + y, run[2] + mean)
