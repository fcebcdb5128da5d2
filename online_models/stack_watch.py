"""Two detectors on one series: a drift away from the forecast, and one away from where demand stood for long.

Why: a forecast that follows a slow ramp never errs enough to be found out; the slow reference does. The one rule: when
one of them has found a drift, both start again, so that one change is told once.
"""

from __future__ import annotations

from online_models.drift import DEFAULT_THRESHOLD, DriftFinding, LikelihoodCusum
from online_models.stack_forecast import StackForecast

#: A slow reference wanders by itself, so it takes this much more than a drift from the forecast.
_REFERENCE_SHARE = 1.2


class StackWatch:
    """The detectors.

    Parameters
    ----------
    threshold
        Score that a finding against the forecast must exceed. A setting, not part of the state.
    """

    __slots__ = ("_forecast", "_reference")

    SIZE = 2 * LikelihoodCusum.SIZE

    def __init__(self, threshold: float = DEFAULT_THRESHOLD) -> None:
        self._forecast = LikelihoodCusum(threshold)
        self._reference = LikelihoodCusum(threshold * _REFERENCE_SHARE)

    @property
    def score(self) -> float:
        """How near the series is to a drift from its forecast, nats."""
        return self._forecast.score

    def update(self, y: float, issued: StackForecast, slow_units: float) -> tuple[DriftFinding | None, str | None]:
        """Judge one period; return a finding, and what it was tested against.

        Parameters
        ----------
        y
            Demand, units.
        issued
            Its forecast.
        slow_units
            What the forecast would be at the slow reference level.
        """
        mean, dispersion = issued.mean_units, issued.distribution.dispersion
        found = self._forecast.update(y, mean, dispersion)
        slowly = self._reference.update(y, slow_units, dispersion)
        if found is not None:
            self._reference.rest()
            return found, "forecast"
        if slowly is not None:
            self._forecast.rest()
            return slowly, "reference"
        return None, None

    def encode(self) -> bytes:
        """Both detectors."""
        return self._forecast.encode() + self._reference.encode()

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        self._forecast.restore(state[: LikelihoodCusum.SIZE])
        self._reference.restore(state[LikelihoodCusum.SIZE :])
