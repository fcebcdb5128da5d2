"""Does a supplier still deliver as it used to? Its newest delivery days against its own past.

Why: a truck carries hundreds of products, so their delays are one event, not hundreds. The one rule: what counts is a
day of deliveries, by the mean of its days late.

::

    deliveries of one day ──► mean days late ──► recent (gain 1/4) ─┐ later by half a day, and by four of its
                                             └─► usual  (gain 1/50) ┘ standard errors: the supplier deviates
"""

from __future__ import annotations

import math
from struct import Struct
from typing import Final, NamedTuple

_STATE: Final = Struct("<iffffff?")
_RECENT_GAIN, _USUAL_GAIN = 0.25, 0.02
#: Of a mean that moves with the recent gain, in standard deviations of a day.
_RECENT_ERROR: Final = math.sqrt(_RECENT_GAIN / (2.0 - _RECENT_GAIN))
_KNOWN_DAYS: Final = 15.0
_LEAST_SPREAD_DAYS: Final = 0.25
_OPENS_AT_ERRORS, _OPENS_AT_DAYS = 4.0, 0.5
_CLEARS_AT_ERRORS, _CLEARS_AT_DAYS = 1.5, 0.25
#: One wild day does not make a wild supplier.
_CLIP_SPREADS: Final = 3.0


class Punctuality(NamedTuple):
    """How late a supplier's newest deliveries were, and how late they usually are.

    Parameters
    ----------
    day
        Ordinal of the newest day of deliveries; it is judged when a later one begins.
    late_days, deliveries
        Sum of days late, and number, on that day.
    recent_days, usual_days
        Mean days late of the newest days, and of all.
    variance
        Of a day's mean around the usual, squared days.
    known_days
        Days that were judged.
    deviates
        Whether it is late now against its own past.

    Examples
    --------
    >>> truck = Punctuality()
    >>> for day in range(40): truck = truck.learn(day, day % 7 == 0)
    >>> for day in range(40, 46): truck = truck.learn(day, 2)
    >>> truck.deviates, round(truck.usual_days, 1)
    (True, 0.3)
    """

    day: int = 0
    late_days: float = 0.0
    deliveries: float = 0.0
    recent_days: float = 0.0
    usual_days: float = 0.0
    variance: float = 0.0
    known_days: float = 0.0
    deviates: bool = False

    def learn(self, day: int, days_late: float) -> Punctuality:
        """What is known after one more delivery.

        Parameters
        ----------
        day
            Ordinal of its local day; an earlier one than the newest counts to the newest.
        days_late
            Against the promised day.
        """
        if self.deliveries and day > self.day:
            judged = self._judge(self.late_days / self.deliveries)
            return judged._replace(day=day, late_days=float(days_late), deliveries=1.0)
        return self._replace(
            day=max(day, self.day) if self.deliveries else day,
            late_days=self.late_days + days_late,
            deliveries=self.deliveries + 1.0,
        )

    def _judge(self, late: float) -> Punctuality:
        known = self.known_days + 1.0
        spread = max(math.sqrt(self.variance), _LEAST_SPREAD_DAYS)
        recent = self.recent_days + max(_RECENT_GAIN, 1.0 / known) * (late - self.recent_days)
        error = late - self.usual_days
        if known > _KNOWN_DAYS:
            error = min(max(error, -_CLIP_SPREADS * spread), _CLIP_SPREADS * spread)
        gain = max(_USUAL_GAIN, 1.0 / known)
        usual = self.usual_days + gain * error
        variance = self.variance + gain * (error * error - self.variance) if known > 1.0 else 0.0
        later, errors = recent - usual, (recent - usual) / (spread * _RECENT_ERROR)
        if self.deviates:
            deviates = later >= _CLEARS_AT_DAYS and errors >= _CLEARS_AT_ERRORS
        else:
            deviates = known >= _KNOWN_DAYS and later >= _OPENS_AT_DAYS and errors >= _OPENS_AT_ERRORS
        return Punctuality(self.day, 0.0, 0.0, recent, usual, variance, known, deviates)

    def rounded(self) -> Punctuality:
        """The same in single precision: what is stored is what is used."""
        return self.decode(self.encode())

    def encode(self) -> bytes:
        """The whole state."""
        return _STATE.pack(*self)

    @classmethod
    def decode(cls, state: bytes) -> Punctuality:
        """What `encode` wrote."""
        return cls._make(_STATE.unpack(state))
