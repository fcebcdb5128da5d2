"""Has a product lost (or won) its demand to its neighbours? Its share moved while its category stood still.

::

    own demand      ▇▇▇▇▇▇▇▇▇▇▂▂▂▂        the change, since k periods
    the others      ▅▅▅▅▅▅▅▅▅▅███▇        how much of it they took up:  offset = - others' change / own change
    the category    ════════════════      stood still: at least half of the own change was taken up, and its own change
                                          is at most half of what it would have been without that

Each period since the change is compared with the same slot of the seasons before the change, so a weekday is never
compared with another. The one rule: nothing is called substitution that the others' own noise explains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

#: Part of the own change that the others must have taken up, and of which the category may still show.
_TAKEN_UP: Final = 0.5
_STANDARD_ERRORS: Final = 2.0
#: Seasons before the change that are looked at, and periods since it.
_SEASONS: Final = 3
_MOST_SINCE: Final = 14


class ShareMove(NamedTuple):
    """How a product's share of its category moved.

    Parameters
    ----------
    share_before, share_after
        Of the category's demand.
    own_change_units, others_change_units
        A period, since the change.
    category_change_share
        Change of the whole category, product included, over what it was.
    substitution
        Whether the others took up what the product lost, or lost what it won.
    """

    share_before: float
    share_after: float
    own_change_units: float
    others_change_units: float
    category_change_share: float
    substitution: bool

    @property
    def substituted_units(self) -> float:
        """Units a period that went to the others (negative: came from them); 0 without substitution."""
        return self.others_change_units if self.substitution else 0.0


def share_moved(
    own: Sequence[float | None], category: Sequence[float], since_periods: int, season: int
) -> ShareMove | None:
    """Compare the periods since a change with those before it.

    Parameters
    ----------
    own
        Units of the product by period, the newest last; None where unknown.
    category
        Units of its whole category, the product included, in the same periods; 0 where nobody sold (closed).
    since_periods
        Newest periods that lie after the change; of more than 14 the newest 14 are read.
    season
        Periods in a season; the change is compared with the same slots of the seasons before. From a season of more
        than 12 (weeks of a year) the periods just before are read instead.

    Returns
    -------
    ShareMove or None
        None where fewer than two periods since the change, or nothing before it, are known.

    Examples
    --------
    Ten a day become five; the others' forty become forty-five, give or take one.

    >>> own = [10.0] * 21 + [5.0] * 7
    >>> others = [40.0 + day % 2 for day in range(21)] + [45.0 + day % 2 for day in range(7)]
    >>> moved = share_moved(own, [a + b for a, b in zip(own, others)], since_periods=7, season=7)
    >>> round(moved.share_before, 2), round(moved.share_after, 2), moved.substitution
    (0.2, 0.1, True)
    >>> share_moved(own, [a + 40.0 for a in own], since_periods=7, season=7).substitution
    False
    """
    step = season if season <= 12 else 1
    pairs = _pairs(own, category, min(since_periods, _MOST_SINCE), step)
    if len(pairs) < 2:
        return None
    count = len(pairs)
    own_before, own_after, others_before, others_after = (sum(column) / count for column in zip(*pairs, strict=True))
    before, after = own_before + others_before, own_after + others_after
    if before <= 0.0 or after <= 0.0:
        return None
    own_change, others_change = own_after - own_before, others_after - others_before
    differences = [pair[3] - pair[2] for pair in pairs]
    scatter = sum((difference - others_change) ** 2 for difference in differences) / (count - 1)
    sure = abs(others_change) > _STANDARD_ERRORS * math.sqrt(scatter / count)
    taken_up = -others_change * math.copysign(1.0, own_change) >= _TAKEN_UP * abs(own_change)
    still = abs(after - before) <= _TAKEN_UP * abs(own_change)
    return ShareMove(
        own_before / before, own_after / after, own_change, others_change, after / before - 1.0,
        bool(own_change and sure and taken_up and still),
    )  # fmt: skip


def _pairs(
    own: Sequence[float | None], category: Sequence[float], since: int, step: int
) -> list[tuple[float, float, float, float]]:
    """For each period since the change: own before and after, others before and after."""
    length = min(len(own), len(category))
    own, category = own[len(own) - length :], category[len(category) - length :]
    found = []
    for at in range(max(length - since, 0), length):
        mine = own[at]
        if mine is None or category[at] <= 0.0:
            continue
        # The nearest seasons that lie wholly before the change; a season of one period reads the periods just before.
        first = at - step * math.ceil((at - (length - since) + 1) / step)
        back = [(own[k], category[k]) for k in range(first, max(first - step * _SEASONS, -1), -step) if k >= 0]
        past = [(units, total) for units, total in back if units is not None and total > 0.0]
        if past:
            mine_before = sum(units for units, _ in past) / len(past)
            others_before = sum(total - units for units, total in past) / len(past)
            found.append((mine_before, mine, others_before, category[at] - mine))
    return found
