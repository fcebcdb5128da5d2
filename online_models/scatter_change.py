"""Does demand scatter more, or less, than its forecasts say? A CUSUM on squared standardised residuals.

Why: an order point rests on the scatter as much as on the mean; a product turned erratic has no drift of the level.
The one rule: it tells and never alarms; the forecast's own dispersion follows within a month.

References
----------
Hawkins and Olwell (1998), *Cumulative Sum Charts and Charting for Quality Improvement*, chapter 4: variability.
"""

from __future__ import annotations

import math
from array import array
from typing import Final, Literal

from online_models.base import gain

UP_RATIO: Final = 1.6
DOWN_RATIO: Final = 0.6
THRESHOLD: Final = 8.0
"""Nats; residuals of counts have longer tails than the normal law that is tested."""
LARGEST_STEP: Final = 2.0
_LARGEST_SQUARE: Final = 9.0
_GAIN: Final = gain(14.0)


#: A step is half of `square * (1 - 1 / ratio^2)` less the log of the ratio.
_UP_SLOPE, _UP_COST = 0.5 * (1.0 - 1.0 / UP_RATIO**2), math.log(UP_RATIO)
_DOWN_SLOPE, _DOWN_COST = 0.5 * (1.0 - 1.0 / DOWN_RATIO**2), math.log(DOWN_RATIO)


class ScatterChange:
    """Two one-sided CUSUMs of normal log likelihood ratios, and the scatter of the newest residuals.

    Examples
    --------
    >>> change = ScatterChange()
    >>> said = [change.update(z) for z in [1.0, -1.0] * 20 + [2.5, -2.5] * 5]
    >>> [day - 40 for day, way in enumerate(said) if way == "up"], round(change.ratio, 1)
    ([5], 1.7)
    """

    __slots__ = ("_state",)

    SIZE = 12

    def __init__(self) -> None:
        #: Score up, score down, mean square; single precision, as it is stored.
        self._state = array("f", (0.0, 0.0, 1.0))

    @property
    def ratio(self) -> float:
        """Root mean square of the newest residuals: 1 is as the forecasts say."""
        return math.sqrt(self._state[2])

    def update(self, standardised: float) -> Literal["up", "down"] | None:
        """Take a residual, in standard deviations of its forecast; say which way the scatter has changed."""
        state = self._state
        square = standardised * standardised
        square = square if square < _LARGEST_SQUARE else _LARGEST_SQUARE
        state[2] += _GAIN * (square - state[2])
        step = _UP_SLOPE * square - _UP_COST
        up = state[0] + (step if step < LARGEST_STEP else LARGEST_STEP)
        step = _DOWN_SLOPE * square - _DOWN_COST
        down = state[1] + (step if step > -LARGEST_STEP else -LARGEST_STEP)
        state[0] = up if up > 0.0 else 0.0
        state[1] = down if down > 0.0 else 0.0
        if up <= THRESHOLD and down <= THRESHOLD:
            return None
        way: Literal["up", "down"] = "up" if state[0] >= state[1] else "down"
        state[0] = state[1] = 0.0
        return way

    def encode(self) -> bytes:
        """Return both scores and the scatter."""
        return self._state.tobytes()

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        self._state = array("f", state)
