"""Why a forecast is what it is: its mean taken apart, in units, by what drives it.

Why: every expert is linear in what it reads, and so is their weighted mean; only where an expert is held above zero or
below its largest target it is not. The one rule: the parts sum to the mean; whatever no driver accounts for is `rest`.

::

    level       what the series would sell on a flat week with nothing special known
    season      what the slot (weekday, week, month) adds to that
    promotion, own price, rival price, calendar, weather, each signal
                what its columns add, against their usual values
    rest        clipping, and experts that are no sum of features

Contributions are those of SHAP's linear explainer with one background row: the same series on a flat season, with every
known column at its usual value.

References
----------
Lundberg and Lee (2017), *A unified approach to interpreting model predictions*, section 4 (linear SHAP).
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from online_models.columns import Column, Features
from online_models.least_squares import Vector
from online_models.pool import Category
from online_models.stack_features import LARGEST, StackFeatures
from online_models.stack_layout import (
    CATEGORY,
    FAST,
    GLOBAL,
    LEVEL,
    MID,
    REFERENCE,
    REGRESSION,
    SCALE,
    SHARE,
    SIZE,
    TSB,
    Layout,
)

LEVEL_PART: Final = "level"
SEASON_PART: Final = "season"
PROMOTION: Final = "promotion"
OWN_PRICE: Final = "own price"
RIVAL_PRICE: Final = "rival price"
CALENDAR: Final = "calendar"
WEATHER: Final = "weather"
REST: Final = "rest"
#: Beginnings of columns' names, and whose part they are; any other column is a signal of its own.
_BEGINNINGS: Final = (
    ("promotion", PROMOTION), ("price_promo", PROMOTION), ("after_promotion", PROMOTION), ("promo", PROMOTION),
    ("own_price", OWN_PRICE), ("discount", OWN_PRICE),
    ("price_gap", RIVAL_PRICE), ("rival", RIVAL_PRICE), ("competitor", RIVAL_PRICE),
    ("month_edge", CALENDAR), ("holiday", CALENDAR), ("near_holiday", CALENDAR), ("before_holiday", CALENDAR),
    ("after_holiday", CALENDAR), ("payday", CALENDAR), ("school", CALENDAR), ("calendar", CALENDAR),
    ("weather", WEATHER), ("temperature", WEATHER), ("rain", WEATHER), ("snow", WEATHER), ("wind", WEATHER),
    ("humidity", WEATHER),
)  # fmt: skip
#: Places of the own features whose value hangs on the slot, and of `mid`, which they have on a flat season.
_MID, _SHAPED, _SLOT_MEAN, _LAST, _FAST_SHAPED, _CATEGORY_SHAPED = 2, 3, 4, 5, 6, 7
_FIRST_NEIGHBOUR = 9


class Explanation(NamedTuple):
    """A mean, taken apart.

    Parameters
    ----------
    mean_units
        What is explained.
    parts
        Driver to units; they sum to the mean.
    usual_units
        What the mean is a distance from; 0 where it stands for itself.
    """

    mean_units: float
    parts: dict[str, float]
    usual_units: float = 0.0

    def largest(self, count: int = 3, least_units: float = 0.0) -> list[tuple[str, float]]:
        """Return the largest parts by size, the largest first; of equal ones, by name.

        >>> Explanation(5.0, {"level": 6.0, "promotion": -1.0, "rest": 0.0}).largest(2)
        [('level', 6.0), ('promotion', -1.0)]
        """
        found = [(driver, units) for driver, units in self.parts.items() if abs(units) > least_units]
        return sorted(found, key=lambda part: (-abs(part[1]), part[0]))[:count]


def lifted(found: Explanation, shares: Mapping[str, float], factor: float) -> Explanation:
    """Return an explanation after the mean was multiplied by what signals make of it.

    Parameters
    ----------
    found
        Of the mean before.
    shares
        Signal to what it adds, as a share of the mean before.
    factor
        What the mean was multiplied by: 1 and the sum of the shares, held within bounds.

    Examples
    --------
    >>> lifted(Explanation(10.0, {"level": 10.0, "rest": 0.0}), {"search_interest": 0.2}, 1.2).parts
    {'level': 10.0, 'rest': 0.0, 'search interest': 2.0}
    """
    parts = dict(found.parts)
    for name, share in shares.items():
        driver = driver_of(name)
        parts[driver] = parts.get(driver, 0.0) + found.mean_units * share
    mean = found.mean_units * factor
    parts[REST] = parts.get(REST, 0.0) + (mean - sum(parts.values()))
    return Explanation(mean, parts, found.usual_units)


def driver_of(column: str) -> str:
    """Return whose part a column's contribution is.

    >>> driver_of("promotion_depth"), driver_of("price_gap"), driver_of("search_interest")
    ('promotion', 'rival price', 'search interest')
    """
    for beginning, driver in _BEGINNINGS:
        if column.startswith(beginning):
            return driver
    return column.replace("_", " ")


def neutral(columns: Sequence[Column], x: Features, drivers: Sequence[str]) -> Features:
    """Return a period with the columns of some drivers at the value that says "nothing special".

    Parameters
    ----------
    columns
        What a row holds.
    x
        The period.
    drivers
        Whose columns.

    Examples
    --------
    >>> neutral((Column("promotion"), Column("own_price_ratio", neutral=1.0)), Features(2, (1.0, 0.8)), ["promotion"])
    Features(slot=2, row=(0.0, 0.8))
    """
    if not x.row:
        return x
    row = [
        column.neutral if not column.in_units and driver_of(column.name) in drivers else value
        for column, value in zip(columns, x.row, strict=True)
    ]
    return Features(x.slot, tuple(row))


def take_apart(
    layout: Layout,
    state: array[float],
    x: Features,
    category: Category,
    weights: Sequence[float],
    means: Sequence[float],
    own: Vector,
) -> Explanation:
    """Take apart the weighted mean of the experts.

    Parameters
    ----------
    layout, state
        The series' array.
    x
        The period.
    category
        Of the series.
    weights, means
        Of every expert: its weight, and its expected units of the period.
    own
        Coefficients of the series' own regression.

    Returns
    -------
    Explanation
        Of which the parts sum to the weighted mean.
    """
    mean = sum([weight * each for weight, each in zip(weights, means, strict=True)])
    line = linear_part(layout, state, x, category, weights, own)
    parts = {LEVEL_PART: line.intercept + float(line.coefficients @ line.flat), SEASON_PART: 0.0}
    for name, units in zip(line.names, (line.coefficients * (line.row - line.flat)).tolist(), strict=True):
        driver = SEASON_PART if name is None else driver_of(name)
        parts[driver] = parts.get(driver, 0.0) + units
    parts[REST] = mean - sum(parts.values())
    return Explanation(mean, parts)


class LinearPart(NamedTuple):
    """The weighted mean as a linear model, where nothing is clipped.

    Parameters
    ----------
    names
        Of the features: a column's, or None for what the season moves.
    coefficients, intercept
        Units for one of each feature; units whatever they are.
    row, flat
        The features of the period; those of the same series on a flat season, every known column at its usual value.
    """

    names: tuple[str | None, ...]
    coefficients: Vector
    intercept: float
    row: Vector
    flat: Vector


def linear_part(
    layout: Layout, state: array[float], x: Features, category: Category, weights: Sequence[float], own: Vector
) -> LinearPart:
    """Return the weighted mean as a linear model: the arguments are those of `take_apart`.

    The last feature is the ratio of the slot, by which the expert of the level multiplies.
    """
    scale, share, mid = state[SCALE], state[SHARE], state[MID]
    steady = weights[TSB] * share * state[SIZE]
    if scale <= 0.0:
        return LinearPart((), np.zeros(0), steady, np.zeros(0), np.zeros(0))
    row = StackFeatures(layout).one(state, x, category.ratio(x.slot))
    coefficients = np.append(scale * _coefficients(layout, category, weights, own, share), weights[LEVEL] * mid)
    known = [layout.columns[column].name for column in layout.known]
    names = [None] * layout.own_width + known * (2 if layout.by_slot else 1) + [None]
    ratio = _ratio(layout, state, x.slot, category)
    flat = _flat(layout, state, row)
    return LinearPart(tuple(names), coefficients, steady, np.append(row, ratio), np.append(flat, 1.0))


def _ratio(layout: Layout, state: array[float], slot: int, category: Category) -> float:
    own = state[layout.ratio + slot]
    return own if own >= 0.0 else category.ratio(slot)


def _coefficients(layout: Layout, category: Category, weights: Sequence[float], own: Vector, share: float) -> Vector:
    """Return what one unit of each feature adds to the weighted mean, in scales, where nothing is clipped."""
    edge, shared, answers = layout.own_width, category.common.model.theta, category.model.theta
    found = np.zeros(layout.width)
    found[:edge] += (weights[GLOBAL] + weights[CATEGORY]) * shared
    found += weights[CATEGORY] * answers
    found[layout.first_own :] += weights[REGRESSION] * own
    for half in (layout.shaped, layout.slot_expectation):
        found[half] += 0.5 * weights[REGRESSION]
    if layout.answers_known:
        told = weights[LEVEL] + weights[TSB] * share + weights[GLOBAL]
        found[edge:] += told * answers[edge:]
    return found


def _flat(layout: Layout, state: array[float], row: Vector) -> Vector:
    """Return the row of the same series on a flat season, with every known column at its usual value."""
    flat = row.copy()
    first = layout.first_own
    if first:
        flat[:first] = 1.0 / first
    mid = row[first + _MID]
    flat[[first + _SHAPED, first + _SLOT_MEAN, first + _LAST, first + _CATEGORY_SHAPED]] = mid
    flat[first + _FAST_SHAPED] = min(state[FAST] / state[SCALE], LARGEST)
    if layout.long_season:
        flat[first + _FIRST_NEIGHBOUR : layout.own_width] = mid
    flat[layout.own_width :] = 0.0
    return flat


def usual_features(layout: Layout, state: array[float], x: Features) -> Features:
    """Return a period with every known column at what is usual in its slot.

    Parameters
    ----------
    layout, state
        The series' array.
    x
        The period.
    """
    if not x.row or not layout.known:
        return x
    first = layout.usual_in_slot + x.slot * len(layout.known) if layout.by_slot else layout.usual
    row = list(x.row)
    for place, column in enumerate(layout.known):
        row[column] = state[first + place]
    return Features(x.slot, tuple(row))


def changes_of(
    layout: Layout, state: array[float], x: Features, category: Category, now: Explanation, usual: Explanation
) -> Explanation:
    """Return how a period differs from what its slot usually brings.

    Parameters
    ----------
    layout, state
        The series' array.
    x
        The period.
    category
        Of the series.
    now, usual
        What is expected of it, and what would be with every known column at its usual value in that slot.

    Returns
    -------
    Explanation
        Of the mean less the slow level in that slot: by driver, and `level` for how far the level itself has moved.
    """
    normal = state[REFERENCE] * _ratio(layout, state, x.slot, category)
    known = {driver for driver in now.parts if driver not in (LEVEL_PART, SEASON_PART, REST)}
    parts = {LEVEL_PART: usual.mean_units - normal}
    parts |= {driver: now.parts[driver] - usual.parts.get(driver, 0.0) for driver in now.parts if driver in known}
    change = now.mean_units - normal
    parts[REST] = change - sum(parts.values())
    return Explanation(change, parts, normal)
