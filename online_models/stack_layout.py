"""Where every number of a series' stack lies.

Why: a million series are stored, so a series is one array of 4-byte floats; an assignment to it rounds at once, and so
*what is stored is what is used*. The one rule: a place is found through this file only, and any change of it raises
`STACK_VERSION`.

::

    scalars ┆ run: scalars, frozen forecasts (slots) ┆ issued means (experts) ┆ losses (experts) ┆ levels (9)
            ┆ ratio, slot mean, last (season each) ┆ usual value of each known column
            ┆ the same by slot (seasons up to a week) ┆ own regression: eta, triangle

The features, in the order of every regression. The global one reads up to `known`, the series' own one from `own`::

    slots  one column each (seasons up to a week)
    own    1, fast - mid, mid, mid x ratio, slot mean, last, fast x ratio, mid x category ratio, share
           mid x mean ratio of the two neighbours, of the two next (seasons of more than twelve slots: a week of the
           year is seen once a year, and its neighbours tell of it)
    known  column less its usual value; less its usual value in this slot

Columns in units (lags and moving averages as of the origin) are not read: the states above say the same, and stay true
for every lead. A raw newest value among the features, true for lead one alone, made block forecasts 6 to 13 % worse.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from online_models.columns import COLUMNS, Column
from online_models.conformal import NOMINAL

STACK_VERSION = 3
EXPERTS = ("level", "tsb", "global", "category", "regression")
LEVEL, TSB, GLOBAL, CATEGORY, REGRESSION = range(len(EXPERTS))
INTERMITTENT = (TSB, GLOBAL, CATEGORY)
"""Who may speak for a series that sells in fewer than half of its periods."""

#: Places of the scalars. `ISSUED_MEAN` is below zero where no forecast is out.
(
    SEEN, SCALE, MID, FAST, SHARE, SIZE, SIZES, SOLD_SHARE, NEWEST,
    EXCESS, SQUARE, ERRORS, VARIANCE, LOSS_SEEN, REFERENCE, DIFFERENCES, MEAN_ABSOLUTE, MEAN_SQUARE,
    ISSUED_MEAN, ISSUED_DISPERSION, ISSUED_RATIO, ISSUED_NAIVE, GRAIN_THOUSANDTHS, ISSUED_ANSWER, LEVEL_AGE,
) = range(25)  # fmt: skip
SCALARS = 25
RUN_SCALARS = 11
"""Of the run of periods forecast from one origin; `stack_run.py` names them."""
NEVER = -1.0
HARDLY_SELLS = 0.02
"""Share of periods with a sale below which a series is as good as gone."""
OWN_FEATURES = 9
SHAPED, SLOT_MEAN = 3, 4
"""Places, among the features, of the two halves of the naive level."""
MEMORY_PERIODS = {7: 182.0, 52: 52.0, 12: 8.0}
"""How long what is pooled remembers: days, weeks, months."""
NEIGHBOURS = 2
LONGEST_WITH_SLOT_COLUMNS = 7
LONGEST_SHORT_SEASON = 12


class Layout:
    """Places and widths for one season and one set of columns.

    Parameters
    ----------
    season
        Slots in a season.
    columns
        What a row of features holds.
    extras
        Names of further experts, by order.

    Raises
    ------
    ValueError
        A season of no or of too many slots.
    """

    def __init__(self, season: int, columns: tuple[Column, ...], extras: tuple[str, ...] = ()) -> None:
        if not 1 <= season <= 366:
            raise ValueError(f"a season has 1 to 366 slots, not {season}")
        self.season = season
        self.columns = columns
        self.names = (*EXPERTS, *extras)
        self.experts = len(self.names)
        self.every = tuple(range(self.experts))
        self.intermittent = (*INTERMITTENT, *range(len(EXPERTS), self.experts))
        #: A list, not a tuple: numpy picks columns by it.
        self.known = [i for i, column in enumerate(columns) if not column.in_units]
        first, width = (self.known[0], len(self.known)) if self.known else (0, 0)
        #: The same as one stretch where they lie side by side, as they mostly do: a view, not a copy.
        self.known_stretch = slice(first, first + width) if self.known == list(range(first, first + width)) else None
        self.long_season = season > LONGEST_SHORT_SEASON
        self.by_slot = 1 < season <= LONGEST_WITH_SLOT_COLUMNS
        self.first_own = season if self.by_slot else 0
        self.own_width = self.first_own + OWN_FEATURES + (NEIGHBOURS if self.long_season else 0)
        self.width = self.own_width + len(self.known) * (2 if self.by_slot else 1)
        #: Whether the experts without columns of their own are told of what is known.
        self.answers_known = self.by_slot and bool(self.known)
        self.shaped, self.slot_expectation = self.first_own + SHAPED, self.first_own + SLOT_MEAN
        #: Periods after which the sum of errors from one origin is judged.
        self.run_periods = 8 if self.long_season else 14 if season <= LONGEST_WITH_SLOT_COLUMNS else 6
        self.frozen_slots = min(season, self.run_periods)
        self.memory_periods = MEMORY_PERIODS.get(season, float(max(season, 28)))
        self.feature_names = self._feature_names()
        self._places()
        described = (STACK_VERSION, season, [tuple(column) for column in columns], extras)
        self.signature = zlib.crc32(repr(described).encode())

    def _feature_names(self) -> tuple[str, ...]:
        own = ["one", "fast", "mid", "shaped", "slot_mean", "last", "fast_shaped", "category_shaped", "share"]
        if self.long_season:
            own += ["neighbours", "second_neighbours"]
        slots = [f"slot_{slot}" for slot in range(self.first_own)]
        known = [self.columns[i].name for i in self.known]
        in_slot = [f"{name}_in_slot" for name in known] if self.by_slot else []
        return (*slots, *own, *known, *in_slot)

    def _places(self) -> None:
        season, known = self.season, len(self.known)
        #: Ratios with the promotions in them, for who asks whether the pattern has moved: where nothing is known
        #: beforehand they are the ratios.
        self.pattern = SCALARS
        self.run = self.pattern + (season if self.answers_known else 0)
        self.frozen = self.run + RUN_SCALARS
        self.means = self.frozen + self.frozen_slots
        self.losses = self.means + self.experts
        self.levels = self.losses + self.experts
        self.ratio = self.levels + len(NOMINAL)
        self.slot_mean = self.ratio + season
        self.last = self.slot_mean + season
        self.usual = self.last + season
        self.usual_in_slot = self.usual + known
        # A slot's usual values lie side by side.
        self.eta = self.usual_in_slot + (known * season if self.by_slot else 0)
        mine = self.width - self.first_own
        self.triangle = self.eta + mine
        self.size = self.triangle + mine * (mine + 1) // 2


@lru_cache(maxsize=32)
def layout_of(season: int = 7, columns: tuple[Column, ...] = COLUMNS, extras: tuple[str, ...] = ()) -> Layout:
    """Return the layout, made once."""
    return Layout(season, columns, extras)
