"""Suppliers: how late each delivers, learnt when an order comes, pooled in the task.

::

    order delivered ─► days late ─► its supplier's histogram, and that of all ─► odds of new and of open orders
                               └─► its newest days against its past ─► lead_time_deviation
    order placed    ─► promised days ─► its supplier's mean, where the catalog names no lead time

    field l:            all suppliers            field l:s:<supplier>   one

The one rule: an order counts by its promised day; one that nobody promised is promised by the usual lead time.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Final

from online_models.lead_times import PRIOR_SHARES, Lateness
from online_models.punctuality import Punctuality
from streams.sealing import seal, unseal

_POOLED: Final = "l:"
_ONE: Final = "l:s:"
_HEAD: Final = Struct("<ffq")
_SINGLE: Final = Struct("<f")
#: Orders after which the mean promise of a supplier is taken for its lead time.
_LEAST_PROMISES: Final = 5.0
_PROMISE_GAIN: Final = 0.05
_NEVER: Final = -(1 << 63)


class Supplier:
    """What a task knows of one supplier."""

    __slots__ = ("deviates_since", "lateness", "promised_days", "promises", "punctuality")

    def __init__(self) -> None:
        self.lateness = Lateness()
        self.punctuality = Punctuality()
        self.promised_days = 0.0
        self.promises = 0.0
        self.deviates_since: int | None = None

    def encode(self) -> bytes:
        """Return the sealed field."""
        since = _NEVER if self.deviates_since is None else self.deviates_since
        lateness = self.lateness.encode()
        return seal(_HEAD.pack(self.promised_days, self.promises, since) + lateness + self.punctuality.encode())

    @classmethod
    def decode(cls, field: bytes, name: str) -> Supplier:
        """Return the supplier in a sealed field."""
        payload = unseal(field, name)
        one = cls()
        one.promised_days, one.promises, since = _HEAD.unpack_from(payload)
        one.deviates_since = None if since == _NEVER else since
        end = _HEAD.size + len(one.lateness.encode())
        one.lateness = Lateness.decode(payload[_HEAD.size : end])
        one.punctuality = Punctuality.decode(payload[end:])
        return one


class SupplierTable:
    """All suppliers of a task; what has no supplier is known by all of them together."""

    def __init__(self) -> None:
        self._all = Lateness()
        self._by_name: dict[str, Supplier] = {}
        self._dirty: set[str] = set()
        #: Shares that were worked out since a supplier's last delivery.
        self._shares: dict[str, tuple[float, ...]] = {}

    def promised(self, name: str | None, days: float) -> None:
        """Book that an order is promised for so many days after it was placed."""
        if name is None:
            return
        one = self._of(name)
        one.promises = min(one.promises + 1.0, 1.0 / _PROMISE_GAIN)
        mean = one.promised_days + (days - one.promised_days) / one.promises
        (one.promised_days,) = _SINGLE.unpack(_SINGLE.pack(mean))

    def lead_days(self, name: str | None) -> float | None:
        """Return the mean promise of a supplier, in days; None while too few orders were placed."""
        one = self._by_name.get(name or "")
        return None if one is None or one.promises < _LEAST_PROMISES else one.promised_days

    def delivered(self, name: str | None, day: int, days_late: int) -> Supplier | None:
        """Book that an order came so many days late; return its supplier."""
        self._all.learn(days_late)
        self._dirty.add("")
        self._shares.clear()
        if name is None:
            return None
        one = self._of(name)
        one.lateness.learn(days_late)
        one.punctuality = one.punctuality.learn(day, days_late).rounded()
        return one

    def shares(self, name: str | None) -> tuple[float, ...]:
        """Return the shares of days late of a supplier, see :mod:`online_models.lead_times`."""
        key = "" if name is None else name
        found = self._shares.get(key)
        if found is None:
            found = self._all.shares(PRIOR_SHARES)
            one = self._by_name.get(key)
            if one is not None:
                found = one.lateness.shares(found)
            self._shares[key] = found
        return found

    def _of(self, name: str) -> Supplier:
        self._dirty.add(name)
        return self._by_name.setdefault(name, Supplier())

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields that changed, and count them as clean."""
        fields: dict[str, bytes | None] = {}
        for name in sorted(self._dirty):
            if name:
                fields[_ONE + name] = self._by_name[name].encode()
            else:
                fields[_POOLED] = seal(self._all.encode())
        self._dirty.clear()
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> SupplierTable:
        """Return the table in a snapshot."""
        table = cls()
        if (field := state.get(_POOLED)) is not None:
            table._all = Lateness.decode(unseal(field, _POOLED))
        for name in sorted(name for name in state if name.startswith(_ONE)):
            table._by_name[name[len(_ONE) :]] = Supplier.decode(state[name], name)
        return table
