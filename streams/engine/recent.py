"""How good the forecasts were lately: the champion's and the seasonal naive's error, faded by half every seven periods.

Why: sums since the beginning hardly move when a year lies in them; who looks for drift wants the last weeks. A decayed
sum needs no ring of days, and any number of tasks can be added up.

::

    weight of a period = 0.5 ** (its age in periods / 7)

The one rule: the weight depends on the period alone, so the order of the closes matters to no more than the last bits.

References
----------
Gama, Sebastião and Rodrigues (2013), *On evaluating stream learning algorithms*, Machine Learning 90: fading factors.
"""

from __future__ import annotations

from collections.abc import Sequence

from online_models.scores import INTERVALS

HALF_LIFE_PERIODS = 7
_FADE = 0.5 ** (1 / HALF_LIFE_PERIODS)
#: Places of the sums; after them, one sum of hits for each interval.
_WEIGHT, _ACTUAL, _ABSOLUTE, _ERROR, _NAIVE_ABSOLUTE, _NAIVE_ERROR = range(6)
_SUMS = 6 + len(INTERVALS)
#: Where in `online_models.scores.LEVELS` the ends of each interval stand.
_ENDS = ((2, 4), (1, 5), (0, 6))


class RecentScores:
    """Decayed sums over closed periods.

    Examples
    --------
    Seven periods ago 8 of 10 units were forecast, now 6 of 6: the old period weighs one half.

    >>> recent = RecentScores()
    >>> recent.add(0, 10.0, 8.0, 10.0, (0, 0, 0, 8, 20, 20, 20))
    >>> recent.add(7, 6.0, 6.0, 0.0, (0, 0, 0, 6, 5, 7, 7))
    >>> round(recent.wape, 4), round(recent.naive_wape, 4), round(recent.coverage(0), 4)    # 1/11, 6/11, 0.5/1.5
    (0.0909, 0.5455, 0.3333)
    """

    __slots__ = ("_period", "_sums")

    def __init__(self, period: int | None = None, sums: Sequence[float] = (0.0,) * _SUMS) -> None:
        self._period = period
        self._sums = list(sums)

    def add(self, period: int, actual: float, forecast: float, naive: float, quantiles: Sequence[float]) -> None:
        """Score one period of one series.

        Parameters
        ----------
        period
            Its ordinal.
        actual, forecast, naive
            Units sold, and what champion and seasonal naive had expected.
        quantiles
            The forecast's, at `online_models.scores.LEVELS`.
        """
        weight = self._move_to(period)
        error, naive_error = forecast - actual, naive - actual
        values = (1.0, actual, abs(error), error, abs(naive_error), naive_error)
        sums = self._sums
        for place, value in enumerate(values):
            sums[place] += weight * value
        for place, (low, high) in enumerate(_ENDS, start=len(values)):
            if quantiles[low] <= actual <= quantiles[high]:
                sums[place] += weight

    def merge(self, other: RecentScores) -> None:
        """Take in the sums of another task, which are left as they are."""
        if other._period is None:
            return
        weight = self._move_to(other._period)
        self._sums = [mine + weight * theirs for mine, theirs in zip(self._sums, other._sums, strict=True)]

    def _move_to(self, period: int) -> float:
        """Let the sums fade to a newer period; return the weight of this one."""
        if self._period is None:
            self._period = period
        if period <= self._period:
            return float(_FADE ** (self._period - period))
        fade = _FADE ** (period - self._period)
        self._sums = [fade * each for each in self._sums]
        self._period = period
        return 1.0

    @property
    def actual_units(self) -> float | None:
        """Decayed demand behind the ratios; None before the first score."""
        return None if self._period is None else self._sums[_ACTUAL]

    @property
    def wape(self) -> float | None:
        """The champion's weighted absolute percentage error; None where nothing was sold."""
        return self._over_actual(_ABSOLUTE)

    @property
    def bias(self) -> float | None:
        """The champion's forecast less actual, over actual."""
        return self._over_actual(_ERROR)

    @property
    def naive_wape(self) -> float | None:
        """The seasonal naive's weighted absolute percentage error."""
        return self._over_actual(_NAIVE_ABSOLUTE)

    @property
    def naive_bias(self) -> float | None:
        """The seasonal naive's forecast less actual, over actual."""
        return self._over_actual(_NAIVE_ERROR)

    def coverage(self, interval: int) -> float | None:
        """Share inside the interval of that place in `online_models.scores.INTERVALS`."""
        weight = self._sums[_WEIGHT]
        return self._sums[_NAIVE_ERROR + 1 + interval] / weight if weight > 0.0 else None

    def state(self) -> tuple[int | None, list[float]]:
        """Everything, for a codec."""
        return self._period, list(self._sums)

    def _over_actual(self, place: int) -> float | None:
        actual = self._sums[_ACTUAL]
        return self._sums[place] / actual if actual > 0.0 else None
