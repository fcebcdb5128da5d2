"""What the categories of each store sold in the newest periods, and what each series is in its assortment.

::

    x:<store>   category ─► newest period ┆ units of the 43 newest periods, float32 (a ring)
    abc         currency ─► limits between A, B and C

A category's period is whole once its series have closed it; a close of period t reads up to t - 1, which is. The one
rule: what is summed is what was sold, in the order of the closes.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Mapping, Sequence

from online_models.abc_sketch import AbcClass, AbcSketch
from online_models.product_mix import ShareMove, share_moved
from schemas.signals import Measure
from streams.sealing import seal, unseal

#: Three weeks before a change, two since, and the period that is still open, in whole weeks and one.
KEPT = 43
ABC_FIELD = "abc"
_PREFIX = "x:"
_HEAD = struct.Struct("<Hi")
#: Every series notes its money once in so many periods.
_ROUND_PERIODS = 7


class _Ring:
    """Units of the newest periods of one category in one store."""

    __slots__ = ("newest", "units")

    def __init__(self, newest: int, units: array[float]) -> None:
        self.newest, self.units = newest, units

    def add(self, period: int, units: float) -> None:
        if period > self.newest:
            for passed in range(max(self.newest + 1, period - KEPT + 1), period + 1):
                self.units[passed % KEPT] = 0.0
            self.newest = period
        if period > self.newest - KEPT:
            self.units[period % KEPT] += units

    def until(self, period: int) -> list[float]:
        """Units of the kept periods before a period, the oldest first."""
        return [
            self.units[each % KEPT] if each <= self.newest else 0.0
            for each in range(self.newest - KEPT + 1, period)
        ]  # fmt: skip


class MixTable:
    """Categories and classes of one task.

    Examples
    --------
    >>> mix = MixTable()
    >>> for day in range(30):
    ...     mix.add("lima-01", "dairy", 738_000 + day, 4.0)
    ...     mix.add("lima-01", "dairy", 738_000 + day, 6.0)
    >>> mix.totals("lima-01", "dairy", 738_030)[-2:]
    [10.0, 10.0]
    """

    def __init__(self) -> None:
        self._stores: dict[str, dict[str, _Ring]] = {}
        self._sketches: dict[str, AbcSketch] = {}
        self._dirty: set[str] = set()
        self._noted = False

    # --- product mix ------------------------------------------------------------------------------------------

    def add(self, store_id: str, category: str, period: int, units: float) -> None:
        """Add what a series sold in a period that it closes."""
        rings = self._stores.setdefault(store_id, {})
        ring = rings.get(category)
        if ring is None:
            ring = rings[category] = _Ring(period, array("f", bytes(4 * KEPT)))
        ring.add(period, units)
        self._dirty.add(store_id)

    def totals(self, store_id: str, category: str, period: int) -> list[float]:
        """Return what a category sold in the kept periods before a period, the oldest first."""
        ring = self._stores.get(store_id, {}).get(category)
        return [] if ring is None else ring.until(period)

    def moved(
        self, store_id: str, category: str, own: Sequence[float | None], period: int, since_periods: int, season: int
    ) -> ShareMove | None:
        """Return how a series' share of its category has moved since a change.

        Parameters
        ----------
        store_id, category
            Of the series.
        own
            Its units by period, the newest last: that before `period`.
        period
            The period that it closes.
        since_periods
            Periods since the change, `period` included.
        season
            Periods in a season.
        """
        return share_moved(own, self.totals(store_id, category, period), since_periods - 1, season)

    # --- ABC --------------------------------------------------------------------------------------------------

    def note(self, currency: str, money: float, period: int) -> None:
        """Take what a series makes a period, in the period that is its turn.

        Parameters
        ----------
        currency
            Of the money; "" where it is units.
        money
            A period.
        period
            The period.
        """
        self._sketches.setdefault(currency, AbcSketch()).note(money, period // _ROUND_PERIODS)
        self._noted = True

    def is_turn(self, period: int, turn: int) -> bool:
        """Return whether a series notes its money in this period; `turn` spreads the series over seven periods."""
        return (period + turn) % _ROUND_PERIODS == 0

    def abc(self, currency: str, money: float) -> AbcClass | None:
        """Return the class of a series that makes so much a period; None before a first round of all is over."""
        sketch = self._sketches.get(currency)
        return None if sketch is None else sketch.of(money)

    # --- snapshot ---------------------------------------------------------------------------------------------

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields that changed, and count them as clean."""
        fields: dict[str, bytes | None] = {
            f"{_PREFIX}{store}": seal(_encode(self._stores[store])) for store in sorted(self._dirty)
        }
        self._dirty.clear()
        if self._noted:
            state = {currency: sketch.state() for currency, sketch in sorted(self._sketches.items())}
            fields[ABC_FIELD] = seal(json.dumps(state, separators=(",", ":")).encode())
            self._noted = False
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> MixTable:
        """Return the table in a snapshot."""
        table = cls()
        for name in sorted(name for name in state if name.startswith(_PREFIX)):
            table._stores[name[len(_PREFIX) :]] = _decode(unseal(state[name], name))
        if (field := state.get(ABC_FIELD)) is not None:
            sketches = json.loads(unseal(field, ABC_FIELD))
            table._sketches = {currency: AbcSketch.of_state(each) for currency, each in sketches.items()}
        return table


def evidence_of(moved: ShareMove, rate: str) -> dict[str, Measure]:
    """Return a moved share as evidence; `substituted_units` is there only where it is substitution.

    Parameters
    ----------
    moved
        The share.
    rate
        Unit of units a period.
    """
    numbers = {
        "mix_share_before": (moved.share_before, "share"),
        "mix_share_after": (moved.share_after, "share"),
        "category_change": (moved.category_change_share, "share"),
    }
    if moved.substitution:
        numbers["substituted_units"] = (moved.substituted_units, rate)
    return {name: Measure(value=round(value, 6), unit=unit) for name, (value, unit) in numbers.items()}


def _encode(rings: Mapping[str, _Ring]) -> bytes:
    parts = []
    for category, ring in sorted(rings.items()):
        name = category.encode()
        parts += [_HEAD.pack(len(name), ring.newest), name, ring.units.tobytes()]
    return b"".join(parts)


def _decode(payload: bytes) -> dict[str, _Ring]:
    rings: dict[str, _Ring] = {}
    at = 0
    while at < len(payload):
        size, newest = _HEAD.unpack_from(payload, at)
        at += _HEAD.size
        name = payload[at : at + size].decode()
        at += size
        units = array("f")
        units.frombytes(payload[at : at + 4 * KEPT])
        at += 4 * KEPT
        rings[name] = _Ring(newest, units)
    return rings
