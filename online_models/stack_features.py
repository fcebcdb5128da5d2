"""What the regressions of the stack read of a period: the series' own states and what is known beforehand.

The one rule: everything is in scales of the series and clipped, so that one regression can serve all series. The order
of the features is that of `stack_layout.py`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from online_models.columns import Features
from online_models.least_squares import Vector
from online_models.pool import Category
from online_models.stack_layout import FAST, MID, NEVER, SCALE, SHARE, Layout

LARGEST = 6.0
_LARGEST_DIFFERENCE = 4.0


class StackFeatures:
    """Builds features from a series' array.

    Parameters
    ----------
    layout
        Of the array.
    """

    __slots__ = ("_layout",)

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def one(self, state: array[float], x: Features, category_ratio: float) -> Vector:
        """Features of one period; the series must have a scale.

        Parameters
        ----------
        state
            The series' array.
        x
            Slot and row; NaN or no row at all where nothing special is known.
        category_ratio
            Of the slot.
        """
        slot, row = x
        layout = self._layout
        inverse = 1.0 / state[SCALE]
        ratio = state[layout.ratio + slot]
        if ratio < 0.0:
            ratio = category_ratio
        mid = min(state[MID] * inverse, LARGEST)
        fast = min(state[FAST] * inverse, LARGEST)
        shaped = min(mid * ratio, LARGEST)
        slot_mean = state[layout.slot_mean + slot]
        slot_mean = min(slot_mean * inverse, LARGEST) if slot_mean >= 0.0 else shaped
        last = state[layout.last + slot]
        last = min(last * inverse, LARGEST) if last >= 0.0 else slot_mean
        values = [
            1.0,
            min(max(fast - mid, -_LARGEST_DIFFERENCE), _LARGEST_DIFFERENCE),
            mid,
            shaped,
            slot_mean,
            last,
            min(fast * ratio, LARGEST),
            min(mid * category_ratio, LARGEST),
            state[SHARE],
        ]
        values += self._rest(state, slot, row, mid, inverse)
        return np.array(values)

    def _rest(self, state: array[float], slot: int, row: Sequence[float], mid: float, inverse: float) -> list[float]:
        layout = self._layout
        high = _LARGEST_DIFFERENCE
        values: list[float] = []
        for i in layout.past:
            value = row[i] * inverse - mid if row else 0.0
            values.append(value if -high <= value <= high else high if value > high else -high if value < -high else 0.0)
        if layout.by_slot:
            slots = [0.0] * layout.season
            slots[slot] = 1.0
            values += slots
        if not row:
            return values + [0.0] * (layout.width - layout.own_width)
        places = [layout.usual]
        if layout.by_slot:
            places.append(layout.usual_in_slot + slot * len(layout.known))
        for place in places:
            for at, i in enumerate(layout.known, place):
                value = row[i] - state[at]
                values.append(
                    value if -high <= value <= high else high if value > high else -high if value < -high else 0.0
                )
        return values

    def many(self, state: array[float], xs: Sequence[Features], category: Category) -> Vector:
        """Features of several periods seen from one origin, a row each; the same numbers as `one`.

        Parameters
        ----------
        state
            The series' array.
        xs
            The periods.
        category
            Of the series.
        """
        return np.array([self.one(state, x, category.ratio(x.slot)) for x in xs])
