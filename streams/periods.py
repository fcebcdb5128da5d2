"""Hours and periods in the shop's zone: which one a moment lies in, and when each begins and ends.

A period is named by an ordinal, so that neighbours differ by one:

======  ==========================================  =============================
period  ordinal                                     slot of the season
======  ==========================================  =============================
day     proleptic ordinal of the local date         weekday, Monday 0 … Sunday 6
week    ordinal of its Monday, divided by seven     ordinal mod 52
month   year × 12 + month − 1                       month, January 0 … December 11
======  ==========================================  =============================

The one rule: an hour is an hour of UTC (local clocks repeat one a year), a period is one of the local calendar.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schemas.errors import BadSetup
from schemas.quantities import HOUR_MS, to_datetime, to_ms

if TYPE_CHECKING:
    from streams.settings import Period

#: Zones change their offset at multiples of a quarter of an hour, so one look-up serves the whole quarter.
QUARTER_MS = HOUR_MS // 4
_CACHE_LIMIT = 200_000


class Periods:
    """Calendar arithmetic for one zone and one kind of period.

    Parameters
    ----------
    zone
        IANA name.
    period
        "day", "week" or "month".

    >>> lima = Periods("America/Lima", "day")
    >>> monday = lima.of(to_ms(datetime.fromisoformat("2024-01-02T03:00:00+00:00")))   # still Monday in Lima
    >>> lima.slot(monday), to_datetime(lima.end_ms(monday)).isoformat()
    (0, '2024-01-02T05:00:00+00:00')
    """

    def __init__(self, zone: str, period: Period = "day") -> None:
        try:
            self.zone = ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise BadSetup(f"The setting `zone` names no time zone: {zone!r}.") from error
        self.period = period
        self._ordinals: dict[int, int] = {}
        self._starts: dict[int, int] = {}

    def of(self, ms: int) -> int:
        """Return the ordinal of the period in which a moment lies."""
        quarter = ms // QUARTER_MS
        found = self._ordinals.get(quarter)
        if found is None:
            if len(self._ordinals) > _CACHE_LIMIT:
                self._ordinals.clear()
            found = self._ordinals[quarter] = self._ordinal(to_datetime(ms).astimezone(self.zone).date())
        return found

    def _ordinal(self, day: date) -> int:
        if self.period == "day":
            return day.toordinal()
        if self.period == "week":
            return (day.toordinal() - 1) // 7
        return day.year * 12 + day.month - 1

    def first_day(self, ordinal: int) -> date:
        """Return the first local date of a period."""
        if self.period == "day":
            return date.fromordinal(ordinal)
        if self.period == "week":
            return date.fromordinal(ordinal * 7 + 1)
        return date(ordinal // 12, ordinal % 12 + 1, 1)

    def start_ms(self, ordinal: int) -> int:
        """Return the moment at which a period begins."""
        found = self._starts.get(ordinal)
        if found is None:
            found = self._starts[ordinal] = to_ms(datetime.combine(self.first_day(ordinal), time(), self.zone))
        return found

    def end_ms(self, ordinal: int) -> int:
        """Return the moment at which a period ends: the next one's begin."""
        return self.start_ms(ordinal + 1)

    def slot(self, ordinal: int) -> int:
        """Return the period's place in its season."""
        if self.period == "day":
            return (ordinal - 1) % 7
        return ordinal % (52 if self.period == "week" else 12)

    def days(self, ordinal: int) -> int:
        """Return the number of local days in a period."""
        return self.first_day(ordinal + 1).toordinal() - self.first_day(ordinal).toordinal()

    def day_number(self, ms: int) -> int:
        """Return the ordinal of the local date, whatever the period."""
        return to_datetime(ms).astimezone(self.zone).date().toordinal()

    def midnight_ms(self, ms: int) -> int:
        """Return the begin of the local day, whatever the period."""
        return to_ms(datetime.combine(to_datetime(ms).astimezone(self.zone).date(), time(), self.zone))

    def day_hours(self, ms: int) -> float:
        """Return the hours since local midnight by the wall clock, in which hours of UTC bear their begin's name."""
        start_ms = ms - ms % HOUR_MS
        if self.day_number(start_ms) != self.day_number(ms):
            return 0.0  # In zones off by half an hour, an hour of UTC begins before midnight.
        return self.local_hour(start_ms) + (ms - start_ms) / HOUR_MS

    def local_hour(self, ms: int) -> int:
        """Return the hour of the local day, 0 … 23."""
        return to_datetime(ms).astimezone(self.zone).hour
