"""How much more than Poisson a series scatters, learnt from its own forecast errors.

The one rule: a discounted moment estimate, `dispersion = sum(error^2 - mean) / sum(mean^2)`, never below zero. The
first five errors belong to an empty model and are left out; a squared error counts at most 25 variances, so one bulk
order does not widen the intervals for weeks.
"""

from __future__ import annotations

from struct import Struct

from online_models.base import gain

_STATE = Struct("<Idd")
SKIPPED_ERRORS = 5
PRIOR = 0.5
LARGEST = 50.0
_LARGEST_IN_VARIANCES = 25.0
_KEEP = 1.0 - gain(28.0)


class Dispersion:
    """Discounted moment estimate of the negative binomial's dispersion.

    Before any error counts it is 0.5, which then weighs as one observation and fades.

    Examples
    --------
    >>> spread = Dispersion()
    >>> spread.value
    0.5
    >>> for _ in range(400): spread.learn(residual=6.0, mean=12.0)   # (36 - 12) / 144
    >>> round(spread.value, 3)
    0.167
    """

    __slots__ = ("seen", "_excess", "_square")

    SIZE = _STATE.size

    def __init__(self) -> None:
        self.seen = 0
        self._excess = 0.0
        self._square = 0.0

    @property
    def value(self) -> float:
        """The dispersion, 0 .. 50."""
        if self._square <= 0.0:
            return PRIOR
        # One sale after a year without any would otherwise divide by the square of a faded mean.
        return min(self._excess / self._square, LARGEST) if self._excess > 0.0 else 0.0

    def learn(self, residual: float, mean: float) -> None:
        """Take one forecast error.

        Parameters
        ----------
        residual
            Actual less forecast, units.
        mean
            The forecast, units.
        """
        self.seen += 1
        if self.seen <= SKIPPED_ERRORS or mean <= 0.0:
            return
        square = mean * mean
        if self._square <= 0.0:
            self._excess, self._square = PRIOR * square, square
        # A mean near zero would cap every error to nothing; one squared unit is always allowed to count.
        cap = _LARGEST_IN_VARIANCES * max(mean + self.value * square, 1.0)
        self._excess = _KEEP * self._excess + min(residual * residual, cap) - mean
        self._square = _KEEP * self._square + square

    def encode(self) -> bytes:
        """Count and the two sums."""
        return _STATE.pack(self.seen, self._excess, self._square)

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        self.seen, self._excess, self._square = _STATE.unpack(state)
