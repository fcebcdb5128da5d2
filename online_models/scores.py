"""How good forecasts were: streaming sums that can be merged.

Why: a report adds up millions of closes, by model and by class, without keeping them. The one rule: a score without
anything behind it is None, never 0. The sums are plain floats: adding in another order changes the last bits only.

=================  =====================================================================================
score              meaning
=================  =====================================================================================
wape               sum |actual - forecast| / sum actual. Rewards forecasting low on intermittent series
bias               sum (forecast - actual) / sum actual: above 0 means forecast too high
mase               mean of |error| / (the series' in-sample mean |seasonal difference|)
mae, rmse          mean |error|, root of the mean error^2; units, so large series count most
mape               mean of |error| / actual, over periods that sold
rmsse              square root of the mean of error^2 / (in-sample mean squared seasonal difference)
pinball            mean quantile loss in units: asymmetric |error| of the quantile, level : 1 - level
coverage           share of actuals inside the central interval of that probability, its ends included
upper_coverage     share of actuals at or below the quantile of that level
=================  =====================================================================================

Counts overcover by nature: a zero cannot be split. Judge means below 1 by their pinball loss.

References
----------
Hyndman and Koehler (2006), *Another look at measures of forecast accuracy*. Makridakis, Spiliotis and Assimakopoulos
(2022), *The M5 accuracy competition*. Gneiting and Raftery (2007), *Strictly proper scoring rules*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LEVELS: tuple[float, ...] = (0.025, 0.05, 0.1, 0.5, 0.9, 0.95, 0.975)
"""The quantile levels that `Scores.add` wants, in this order."""

PINBALL_LEVELS: tuple[float, ...] = (0.5, 0.9, 0.95)
INTERVALS: tuple[float, ...] = (0.8, 0.9, 0.95)
_FIRST_PINBALL = LEVELS.index(0.5)


class Scores:
    """Sums over forecasts and what came true.

    Examples
    --------
    >>> scores = Scores()
    >>> scores.wape is None
    True
    >>> scores.add(y_units=8.0, mean_units=10.0, seasonal_mae=4.0)
    >>> scores.add(y_units=12.0, mean_units=11.0, seasonal_mae=4.0)
    >>> scores.n, scores.wape, scores.bias, scores.mase
    (2, 0.15, 0.05, 0.375)
    """

    __slots__ = (
        "n", "n_percent", "n_quantiles", "n_scaled", "n_squared",
        "_absolute", "_actual", "_covered", "_error", "_percent", "_pinball", "_scaled", "_square", "_squared",
        "_upper",
    )  # fmt: skip

    def __init__(self) -> None:
        self.n = self.n_scaled = self.n_squared = self.n_quantiles = self.n_percent = 0
        self._absolute = self._error = self._actual = self._scaled = self._squared = self._square = self._percent = 0.0
        self._pinball = [0.0] * len(PINBALL_LEVELS)
        self._covered = [0] * len(INTERVALS)
        self._upper = [0] * len(PINBALL_LEVELS)

    def add(
        self,
        y_units: float,
        mean_units: float,
        seasonal_mae: float | None = None,
        seasonal_mse: float | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> None:
        """Score one forecast.

        Parameters
        ----------
        y_units, mean_units
            What came true, and the forecast made before.
        seasonal_mae, seasonal_mse
            The series' in-sample yardsticks; unknown or zero ones leave MASE or RMSSE as they are.
        quantiles
            Forecast quantiles of `LEVELS`, units.
        """
        error = mean_units - y_units
        size = abs(error)
        self.n += 1
        self._absolute += size
        self._error += error
        self._actual += y_units
        self._square += error * error
        if y_units > 0.0:
            self.n_percent += 1
            self._percent += size / y_units
        if seasonal_mae:
            self.n_scaled += 1
            self._scaled += size / seasonal_mae
        if seasonal_mse:
            self.n_squared += 1
            self._squared += error * error / seasonal_mse
        if quantiles is not None:
            self._add_quantiles(y_units, quantiles)

    def _add_quantiles(self, y: float, quantiles: Sequence[float]) -> None:
        self.n_quantiles += 1
        for i, level in enumerate(PINBALL_LEVELS):
            short = y - quantiles[_FIRST_PINBALL + i]
            if short > 0.0:
                self._pinball[i] += level * short
            else:
                self._pinball[i] += (level - 1.0) * short
                self._upper[i] += 1
        low975, low95, low90, _, high90, high95, high975 = quantiles
        self._covered[0] += low90 <= y <= high90
        self._covered[1] += low95 <= y <= high95
        self._covered[2] += low975 <= y <= high975

    def merge(self, other: Scores) -> None:
        """Take in the sums of `other`, which is left as it is."""
        self.n += other.n
        self.n_scaled += other.n_scaled
        self.n_squared += other.n_squared
        self.n_quantiles += other.n_quantiles
        self._absolute += other._absolute
        self._error += other._error
        self._actual += other._actual
        self._scaled += other._scaled
        self._squared += other._squared
        self.n_percent += other.n_percent
        self._square += other._square
        self._percent += other._percent
        self._pinball = [a + b for a, b in zip(self._pinball, other._pinball, strict=True)]
        self._covered = [a + b for a, b in zip(self._covered, other._covered, strict=True)]
        self._upper = [a + b for a, b in zip(self._upper, other._upper, strict=True)]

    @property
    def wape(self) -> float | None:
        """Weighted absolute percentage error; None where nothing was sold."""
        return self._absolute / self._actual if self._actual > 0.0 else None

    @property
    def bias(self) -> float | None:
        """Forecast less actual over actual; above 0 is too high."""
        return self._error / self._actual if self._actual > 0.0 else None

    @property
    def mase(self) -> float | None:
        """Mean absolute scaled error."""
        return self._scaled / self.n_scaled if self.n_scaled else None

    @property
    def mae(self) -> float | None:
        """Mean absolute error, units."""
        return self._absolute / self.n if self.n else None

    @property
    def rmse(self) -> float | None:
        """Root mean squared error, units."""
        return math.sqrt(self._square / self.n) if self.n else None

    @property
    def mape(self) -> float | None:
        """Mean absolute percentage error, over periods that sold; None where none did."""
        return self._percent / self.n_percent if self.n_percent else None

    @property
    def rmsse(self) -> float | None:
        """Root mean squared scaled error."""
        return math.sqrt(self._squared / self.n_squared) if self.n_squared else None

    def pinball(self, level: float) -> float | None:
        """Mean quantile loss in units at one of `PINBALL_LEVELS`."""
        return self._pinball[PINBALL_LEVELS.index(level)] / self.n_quantiles if self.n_quantiles else None

    def coverage(self, probability: float) -> float | None:
        """Share inside the central interval of one of `INTERVALS`."""
        return self._covered[INTERVALS.index(probability)] / self.n_quantiles if self.n_quantiles else None

    def upper_coverage(self, level: float) -> float | None:
        """Share at or below the quantile of one of `PINBALL_LEVELS`."""
        return self._upper[PINBALL_LEVELS.index(level)] / self.n_quantiles if self.n_quantiles else None

    def as_dict(self) -> dict[str, float | int | None]:
        """All scores by the names that a report uses."""
        scores: dict[str, float | int | None] = {
            "n": self.n, "wape": self.wape, "mase": self.mase, "rmsse": self.rmsse, "rmse": self.rmse, "mae": self.mae,
            "mape": self.mape, "bias": self.bias,
        }  # fmt: skip
        scores |= {f"pinball_{level:g}": self.pinball(level) for level in PINBALL_LEVELS}
        scores |= {f"coverage_{probability * 100:g}": self.coverage(probability) for probability in INTERVALS}
        scores |= {f"upper_coverage_{level * 100:g}": self.upper_coverage(level) for level in PINBALL_LEVELS}
        return scores

    def state(self) -> tuple[float, ...]:
        """Every sum, flat, for a codec."""
        return (
            self.n, self.n_scaled, self.n_squared, self.n_quantiles,
            self._absolute, self._error, self._actual, self._scaled, self._squared,
            *self._pinball, *self._covered, *self._upper, self.n_percent, self._square, self._percent,
        )  # fmt: skip

    @classmethod
    def from_state(cls, state: Sequence[float]) -> Scores:
        """The accumulator whose `state` this was."""
        scores = cls()
        scores.n, scores.n_scaled, scores.n_squared, scores.n_quantiles = (int(count) for count in state[:4])
        scores._absolute, scores._error, scores._actual, scores._scaled, scores._squared = state[4:9]
        scores._pinball = list(state[9:12])
        scores._covered = [int(count) for count in state[12:15]]
        scores._upper = [int(count) for count in state[15:18]]
        scores.n_percent, scores._square, scores._percent = int(state[18]), state[19], state[20]
        return scores
