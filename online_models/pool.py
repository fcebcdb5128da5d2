"""What the series of one task learn together.

Why: a promotion that one product sees for the first time, its neighbours have seen before. The one rule: a part of the
pool is learnt from in the order of the closes and stored under its own name, so that only what changed is written.

::

    Pool ── common ─────────── G: one regression for all series, without exogenous columns
       └── category "dairy" ── C: regression on what G leaves over, all columns
                               slot ratios, losses of the experts, dispersion, level of a typical series,
                               what errors of one origin have in common

How long a part remembers is said in periods, not in lessons: a task of 10,000 series must not forget last week by noon.
So each part counts its lessons per period.

State of a part::

    magic 2 | version 1 | signature of season and columns 4 | numbers, float64 | regression | CRC-32 4
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Mapping, Sequence
from struct import Struct, error

from online_models.least_squares import WeightedLeastSquares
from online_models.stack_layout import Layout
from schemas.errors import StateCorrupt

FORMAT_VERSION = 2
_MAGIC = b"DP"
_PREFIX = Struct("<2sBI")
_CHECKSUM = Struct("<I")
COMMON, CATEGORY = "common", "category:"

(
    _PERIOD, _COUNT, _PER_PERIOD, _SEEN, _VARIANCE, _LEVEL, _EXCESS, _SQUARE, _SHARED, _PAIRS, _LOSS_SEEN, _LOSSES,
) = range(12)  # fmt: skip
_NO_PERIOD = -(2.0**52)
_LEAST_MEMORY = 800.0
_LEAST_SHORT_MEMORY = 300.0
_SHORT_MEMORY_PERIODS = 28.0
_RATIO_PRIOR = 2.0
_PRIOR_DISPERSION = 0.5
_PRIOR_SHARE, _PRIOR_PAIRS = 0.1, 30.0
"""What errors of one origin share before any run is over, and its weight: that of some three runs of a fortnight."""
_PERIODS_A_RUN = 14
_LARGEST_DISPERSION = 50.0
GLOBAL_PRIOR, CATEGORY_PRIOR = 10.0, 1.0


class Part:
    """What all parts have: a regression, a clock of lessons, and the mean variance of its errors.

    Parameters
    ----------
    layout
        Of the stack.
    width
        Features of the regression.
    prior_covariance
        Of its coefficients.
    slots
        Slots with a ratio of their own; 0 for none.
    """

    __slots__ = ("changed", "model", "numbers", "_layout", "_losses")

    def __init__(self, layout: Layout, width: int, prior_covariance: float, slots: int) -> None:
        self._layout = layout
        self._losses = _LOSSES + layout.experts
        self.numbers = array("d", bytes(8 * (self._losses + 2 * slots)))
        self.numbers[_PERIOD] = _NO_PERIOD
        self.model = WeightedLeastSquares(prior_covariance)
        self.model.widen(width)
        self.changed = False

    @property
    def seen(self) -> int:
        """Lessons learnt."""
        return int(self.numbers[_SEEN])

    @property
    def variance(self) -> float:
        """Mean squared error of the series' one-step forecasts, in squared scales; 0 before any."""
        return self.numbers[_VARIANCE]

    def count(self, period: int) -> None:
        """Count a lesson of a period."""
        numbers = self.numbers
        self.changed = True
        numbers[_SEEN] += 1.0
        if period > numbers[_PERIOD]:
            if numbers[_COUNT] > numbers[_PER_PERIOD]:
                numbers[_PER_PERIOD] = numbers[_COUNT]
            else:
                numbers[_PER_PERIOD] += 0.2 * (numbers[_COUNT] - numbers[_PER_PERIOD])
            numbers[_PERIOD], numbers[_COUNT] = period, 0.0
        numbers[_COUNT] += 1.0

    def memory(self) -> float:
        """Lessons after which one counts 1/e in the regression: those of the layout's `memory_periods`, or a least."""
        return max(_LEAST_MEMORY, self._layout.memory_periods * self.numbers[_PER_PERIOD])

    def short_memory(self) -> float:
        """The same for losses, dispersion and levels, which say how things stand now."""
        periods = min(self._layout.memory_periods, _SHORT_MEMORY_PERIODS)
        return max(_LEAST_SHORT_MEMORY, periods * self.numbers[_PER_PERIOD])

    def note_variance(self, squared: float) -> None:
        """Take the variance of one series' errors into the mean."""
        numbers = self.numbers
        step = max(1.0 / self.short_memory(), 1.0 / max(numbers[_SEEN], 1.0))
        numbers[_VARIANCE] += step * (squared - numbers[_VARIANCE])

    def forgetting(self) -> float:
        """Of the regression at its next lesson."""
        return 1.0 - 1.0 / self.memory()

    def encode(self) -> bytes:
        """Return the part's state, sealed."""
        head = _PREFIX.pack(_MAGIC, FORMAT_VERSION, self._layout.signature)
        body = head + self.numbers.tobytes() + self.model.encode()
        return body + _CHECKSUM.pack(zlib.crc32(body))

    def restore(self, state: bytes, name: str) -> None:
        """Take over what `encode` wrote.

        Raises
        ------
        StateCorrupt
            Cut off or altered, of another format, or of another stack.
        """
        size = _CHECKSUM.size
        if (
            len(state) < _PREFIX.size + size
            or zlib.crc32(memoryview(state)[:-size]) != (_CHECKSUM.unpack_from(state, len(state) - size)[0])
        ):
            raise StateCorrupt(f"the pool's part {name} fails its checksum.")
        if _PREFIX.unpack_from(state) != (_MAGIC, FORMAT_VERSION, self._layout.signature):
            raise StateCorrupt(f"the pool's part {name} was written by another version or for other features.")
        at = _PREFIX.size + 8 * len(self.numbers)
        try:
            self.numbers = array("d", state[_PREFIX.size : at])
            self.model.restore(state[at:-size])
        except (error, ValueError) as broken:
            raise StateCorrupt(f"the pool's part {name} does not read: {broken}") from broken


class Common(Part):
    """What all series of a task share: the global regression."""

    __slots__ = ()

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout, layout.own_width, GLOBAL_PRIOR, 0)


class Category(Part):
    """What the series of one category share."""

    __slots__ = ("common", "name")

    def __init__(self, layout: Layout, common: Common, name: str = "") -> None:
        super().__init__(layout, layout.width, CATEGORY_PRIOR, layout.season)
        self.common = common
        #: "" where nobody knows what the products have in common.
        self.name = name

    @property
    def level(self) -> float:
        """Units per period of a typical series; 0 before any."""
        return self.numbers[_LEVEL]

    @property
    def dispersion(self) -> float:
        """Excess over Poisson of a typical series."""
        square = self.numbers[_SQUARE]
        if square <= 0.0:
            return _PRIOR_DISPERSION
        return min(max(self.numbers[_EXCESS], 0.0) / square, _LARGEST_DISPERSION)

    @property
    def level_share(self) -> float:
        """Variance of the error that periods forecast from one origin share, over that of one period."""
        numbers = self.numbers
        return (numbers[_SHARED] + _PRIOR_PAIRS * _PRIOR_SHARE) / (numbers[_PAIRS] + _PRIOR_PAIRS)

    @property
    def losses(self) -> array[float]:
        """Mean loss of each expert, in scales."""
        return self.numbers[_LOSSES : self._losses]

    @property
    def loss_seen(self) -> float:
        """Losses behind those means."""
        return self.numbers[_LOSS_SEEN]

    def ratio(self, slot: int) -> float:
        """Demand of a slot over the series' levels."""
        at = self._losses + slot
        numbers = self.numbers
        return (numbers[at] + _RATIO_PRIOR) / (numbers[at + self._layout.season] + _RATIO_PRIOR)

    def ratios(self, slots: Sequence[int]) -> list[float]:
        """Return the ratios of several slots."""
        found: dict[int, float] = {slot: self.ratio(slot) for slot in set(slots)}
        return [found[slot] for slot in slots]

    def learn_level(self, slot: int, y: float, level: float, units: float) -> None:
        """Learn the slot's ratio from a series, both numbers in its scales, and the typical level in units."""
        at = self._losses + slot
        numbers = self.numbers
        memory = self.short_memory()
        # A slot comes round once a season: what it keeps is eight of its own visits.
        keep = 1.0 - 1.0 / max(50.0, 8.0 * numbers[_PER_PERIOD])
        numbers[at] = keep * numbers[at] + y
        numbers[at + self._layout.season] = keep * numbers[at + self._layout.season] + level
        numbers[_LEVEL] += max(1.0 / memory, 1.0 / max(numbers[_SEEN], 1.0)) * (units - numbers[_LEVEL])

    def learn_losses(self, losses: list[float]) -> None:
        """Learn the experts' absolute errors of one forecast, in scales."""
        numbers = self.numbers
        self.changed = True
        numbers[_LOSS_SEEN] += 1.0
        step = max(1.0 / self.short_memory(), 1.0 / numbers[_LOSS_SEEN])
        for at, loss in enumerate(losses, _LOSSES):
            numbers[at] += step * (loss - numbers[at])

    def learn_dispersion(self, excess: float, square: float) -> None:
        """Learn squared error less mean, and squared mean, both over the squared scale of the series."""
        numbers = self.numbers
        self.changed = True
        keep = 1.0 - 1.0 / self.short_memory()
        numbers[_EXCESS] = keep * numbers[_EXCESS] + excess
        numbers[_SQUARE] = keep * numbers[_SQUARE] + square

    def learn_level_share(self, excess: float, pairs: float) -> None:
        """Learn from a run: its squared error over its variance, less 1, and what a full share would make of it."""
        numbers = self.numbers
        self.changed = True
        keep = 1.0 - _PERIODS_A_RUN / self.memory()
        numbers[_SHARED] = keep * numbers[_SHARED] + excess
        numbers[_PAIRS] = keep * numbers[_PAIRS] + pairs


class Pool:
    """The pool of one task.

    Parameters
    ----------
    layout
        Of the stack that learns in it.

    Examples
    --------
    >>> from online_models.stack_layout import layout_of
    >>> pool = Pool(layout_of(season=7))
    >>> dairy = pool.category("dairy")
    >>> sorted(pool.writes())    # nothing learnt yet
    []
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.common = Common(layout)
        self._categories: dict[str, Category] = {}

    def category(self, name: str) -> Category:
        """Return the part of a category; a new one has learnt nothing."""
        found = self._categories.get(name)
        if found is None:
            found = self._categories[name] = Category(self._layout, self.common, name)
        return found

    def writes(self) -> dict[str, bytes]:
        """Return the parts that changed since the last call, by name."""
        parts: dict[str, Part] = {COMMON: self.common}
        parts.update({CATEGORY + name: part for name, part in sorted(self._categories.items())})
        found = {}
        for name, part in parts.items():
            if part.changed:
                found[name] = part.encode()
                part.changed = False
        return found

    @classmethod
    def load(cls, layout: Layout, parts: Mapping[str, bytes]) -> Pool:
        """Return the pool that wrote these parts, equal to it in all later behaviour, bit for bit.

        Parameters
        ----------
        layout
            Of the stack.
        parts
            Name to bytes, as `writes` gave them; the newest of each.

        Raises
        ------
        StateCorrupt
            A part that is cut off, altered, or of another stack; or one of an unknown name.
        """
        pool = cls(layout)
        for name, state in parts.items():
            if name == COMMON:
                pool.common.restore(state, name)
            elif name.startswith(CATEGORY):
                pool.category(name[len(CATEGORY) :]).restore(state, name)
            else:
                raise StateCorrupt(f"a pool has no part named {name!r}.")
        return pool
