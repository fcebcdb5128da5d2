"""What the regressions of the stack read of a period: the series' own states and what is known beforehand.

The one rule: everything is in scales of the series and clipped, so that one regression can serve all series. The order
of the features is that of `stack_layout.py`.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from online_models.columns import Features
from online_models.least_squares import Vector
from online_models.pool import Category
from online_models.stack_layout import FAST, MID, SCALE, SHARE, Layout

Floats = npt.NDArray[np.float32]
Slots = npt.NDArray[np.intp]
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
        values = [0.0] * layout.first_own
        if values:
            values[slot] = 1.0
        values += (
            1.0,
            _clipped(fast - mid),
            mid,
            shaped,
            slot_mean,
            last,
            min(fast * ratio, LARGEST),
            min(mid * category_ratio, LARGEST),
            state[SHARE],
        )
        if layout.long_season:
            values += [mid * self._neighbours(state, slot, ratio, away) for away in (1, 2)]
        if layout.known:
            # What is known works on top of the naive level: a promotion sells more on a day that sells more.
            values += self._known(state, slot, row, min(0.5 * (shaped + slot_mean), _LARGEST_DIFFERENCE))
        return np.array(values)

    def _neighbours(self, state: array[float], slot: int, ratio: float, away: int) -> float:
        """Mean ratio of the slots before and after; this slot's own where they were never seen."""
        season, first = self._layout.season, self._layout.ratio
        before, after = state[first + (slot - away) % season], state[first + (slot + away) % season]
        mean = 0.5 * ((before if before >= 0.0 else ratio) + (after if after >= 0.0 else ratio))
        return mean if mean < LARGEST else LARGEST

    def _known(self, state: array[float], slot: int, row: Sequence[float], base: float) -> list[float]:
        layout = self._layout
        known = layout.known
        if not row:
            return [0.0] * (layout.width - layout.own_width)
        at = layout.usual
        now = [row[i] for i in known]
        usual = [_clipped(value - usual) for value, usual in zip(now, state[at : at + len(known)], strict=True)]
        if not layout.by_slot:
            # Weekly and monthly ratios have last year's promotions in them: on top of those it would count twice.
            return usual
        values = [base * value for value in usual]
        at = layout.usual_in_slot + slot * len(known)
        values += [_clipped(value - usual) for value, usual in zip(now, state[at : at + len(known)], strict=True)]
        return values

    def many(self, numbers: Floats, xs: Sequence[Features], category: Category) -> Vector:
        """Features of several periods seen from one origin, a row each: those of `one`, worked out column by column.

        Parameters
        ----------
        numbers
            The series' array.
        xs
            The periods.
        category
            Of the series.
        """
        layout = self._layout
        known = layout.known
        table = None
        given = [x.row for x in xs]
        told = known and any(given)
        if told and set(map(len, given)) == {len(layout.columns)}:
            table = np.array(given)[:, layout.known_stretch or known]
        # A sum is no number as soon as one of its terms is none.
        if told and (table is None or math.isnan(table.sum())):
            state = array("f", numbers.tobytes())
            return np.array([self.one(state, x, category.ratio(x.slot)) for x in xs])
        season = layout.season
        each = [x.slot for x in xs]
        slots = np.array(each)
        scale = float(numbers[SCALE])
        inverse = 1.0 / scale
        mid, fast = min(float(numbers[MID]) * inverse, LARGEST), min(float(numbers[FAST]) * inverse, LARGEST)
        categories = np.array(category.ratios(each))
        states = numbers[layout.ratio : layout.usual].astype(np.float64).reshape(3, season)
        ratio, slot_mean, last = states.take(slots, axis=1)
        young = states.min() < 0.0
        if young:
            ratio = np.where(ratio < 0.0, categories, ratio)
        shaped = np.minimum(mid * ratio, LARGEST)
        if young:
            slot_mean = np.where(slot_mean < 0.0, shaped * scale, slot_mean)
            last = np.where(last < 0.0, slot_mean, last)
        slot_mean = np.minimum(slot_mean * inverse, LARGEST)
        rows = np.zeros((len(xs), layout.width))
        if layout.by_slot:
            rows[np.arange(len(xs)), slots] = 1.0
        own = rows[:, layout.first_own :]
        own[:, :3] = (1.0, _clipped(fast - mid), mid)
        own[:, 3] = shaped
        own[:, 4] = slot_mean
        own[:, 5] = np.minimum(last * inverse, LARGEST)
        own[:, 6] = np.minimum(fast * ratio, LARGEST)
        own[:, 7] = np.minimum(mid * categories, LARGEST)
        own[:, 8] = numbers[SHARE]
        if layout.long_season:
            for away in (1, 2):
                sides = [states[0].take((slots + step) % season) for step in (-away, away)]
                before, after = (np.where(side < 0.0, ratio, side) for side in sides)
                own[:, 8 + away] = mid * np.minimum(0.5 * (before + after), LARGEST)
        if table is not None:
            self._many_known(rows, numbers, table, slots, shaped + slot_mean)
        return rows

    def _many_known(self, rows: Vector, numbers: Floats, now: Vector, slots: Slots, base: Vector) -> None:
        """Fill in what is known beforehand; `base` is twice the naive level."""
        layout = self._layout
        width = len(layout.known)
        usual = _all_clipped(now - numbers[layout.usual : layout.usual_in_slot])
        if layout.by_slot:
            usual *= np.minimum(0.5 * base, _LARGEST_DIFFERENCE)[:, None]
            in_slot = numbers[layout.usual_in_slot : layout.eta].reshape(layout.season, width)
            rows[:, layout.own_width + width :] = _all_clipped(now - in_slot.take(slots, axis=0))
        rows[:, layout.own_width : layout.own_width + width] = usual


def _all_clipped(values: Vector) -> Vector:
    """Return what `_clipped` does, of many that are all numbers."""
    clipped: Vector = np.minimum(np.maximum(values, -_LARGEST_DIFFERENCE), _LARGEST_DIFFERENCE)
    return clipped


def _clipped(value: float) -> float:
    """Held within the largest difference; 0 for NaN, of which all comparisons are false."""
    if -_LARGEST_DIFFERENCE <= value <= _LARGEST_DIFFERENCE:
        return value
    return _LARGEST_DIFFERENCE if value > 0.0 else -_LARGEST_DIFFERENCE if value < 0.0 else 0.0
