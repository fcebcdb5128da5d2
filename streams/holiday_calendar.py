"""Which local days are holidays where a store stands.

::

    the country's public holidays (package `holidays`) ─┐
    the shop's own days, from its calendar file ────────┴─► holiday? how far to the next, since the last?

The one rule: a country that nobody knows has no holidays of its own; nothing here refuses a store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import holidays

#: Holidays are looked for at most so many days ahead of a day, and behind it.
NEAR_DAYS = 3
_CACHE_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A line of a shop's own calendar.

    Parameters
    ----------
    day
        The local date.
    where
        A store's id, a country's two letters, or "" for everywhere.
    holiday
        False strikes a public holiday off: a day on which everybody works here.
    """

    day: date
    where: str = ""
    holiday: bool = True


class HolidayCalendar:
    """Holidays by country and store; every answer is worked out once.

    Parameters
    ----------
    own_days
        Of the shop; they win over the country's, a store's over the country's own, and the later line over the earlier.

    Examples
    --------
    >>> calendar = HolidayCalendar()
    >>> calendar.is_holiday("PE", "s1", date(2024, 7, 28)), calendar.is_holiday("PE", "s1", date(2024, 7, 26))
    (True, False)
    >>> calendar.days_until("PE", "s1", date(2024, 7, 26)), calendar.days_until("", "s1", date(2024, 7, 26))
    (2, None)
    """

    def __init__(self, own_days: Sequence[OwnDay] = ()) -> None:
        self._own = {(own.where, own.day): own.holiday for own in own_days}
        self._public: dict[tuple[str, int], frozenset[date]] = {}
        self._until: dict[tuple[str, str, date], int | None] = {}

    def is_holiday(self, country: str, store_id: str, day: date) -> bool:
        """Return whether a local date is a holiday in a store."""
        if self._own:
            for where in (store_id, country, ""):
                found = self._own.get((where, day))
                if found is not None:
                    return found
        return day in self._of_year(country, day.year)

    def days_until(self, country: str, store_id: str, day: date) -> int | None:
        """Return how many days a date stands before the next holiday, 0 on one; None where none is near."""
        # Stores without days of their own share the answers of their country.
        key = (country, store_id if self._own else "", day)
        if key not in self._until:
            if len(self._until) >= _CACHE_LIMIT:
                self._until.clear()
            self._until[key] = self._look(lambda ahead: self.is_holiday(country, store_id, day + timedelta(ahead)))
        return self._until[key]

    @staticmethod
    def _look(is_holiday: Callable[[int], bool]) -> int | None:
        return next((ahead for ahead in range(NEAR_DAYS + 1) if is_holiday(ahead)), None)

    def _of_year(self, country: str, year: int) -> frozenset[date]:
        found = self._public.get((country, year))
        if found is None:
            found = self._public[country, year] = _public_holidays(country, year)
        return found


def _public_holidays(country: str, year: int) -> frozenset[date]:
    if not country:
        return frozenset()
    try:
        return frozenset(holidays.country_holidays(country, years=year, expand=False))
    except NotImplementedError:
        return frozenset()
