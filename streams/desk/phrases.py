"""The small change of sentences: numbers, money, moments and names as a supply manager says them.

The one rule: a number that is unknown gives `None`, and whoever builds a sentence leaves its clause out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from schemas.catalog import Product, Store, SupplyTerms
from schemas.currencies import MINOR_DECIMALS
from schemas.signals import Finding

# Not strftime: its names follow the machine's locale, and one log has one result.
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Longest name in a sentence; longer ones end in an ellipsis.
MAX_NAME: Final = 80


def amount(value: float) -> str:
    """Return a number as short as it is useful.

    >>> amount(1234.4), amount(12.34), amount(2.0), amount(0.355)
    ('1,234', '12.3', '2', '0.35')
    """
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def percent(share: float) -> str:
    """Return a share in percent; tiny ones as a bound.

    >>> percent(0.183), percent(0.0000004)
    ('18 %', 'less than 0.1 %')
    """
    if 0 <= share < 0.001:
        return "less than 0.1 %"
    return f"{amount(round(share * 100))} %" if share >= 0.1 else f"{amount(round(share * 100, 1))} %"


def money(value: float, currency: str | None) -> str:
    """Return an amount with its currency and that currency's decimals.

    >>> money(1234.5, "PEN"), money(1234.5, "CLP"), money(3.5, None)
    ('PEN 1,234.50', 'CLP 1,234', '3.50')
    """
    decimals = MINOR_DECIMALS.get(currency, 2) if currency else 2
    text = f"{value:,.{decimals}f}"
    return f"{currency} {text}" if currency else text


def moment(at: datetime) -> str:
    """Return a moment on its own wall clock; UTC is said where it is meant.

    >>> moment(datetime(2026, 5, 12, 17, 5, tzinfo=ZoneInfo("America/Lima")))
    'Tue 12 May 17:05'
    >>> moment(datetime(2026, 5, 12, 17, 5, tzinfo=UTC))
    'Tue 12 May 17:05 UTC'
    """
    text = f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.hour:02d}:{at.minute:02d}"
    return f"{text} UTC" if at.tzname() == "UTC" else text


def clip(text: str, length: int) -> str:
    """Return the text, cut to a length with an ellipsis.

    >>> clip("chocolate", 6)
    'choco…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def zone_of(store: Store | None) -> tzinfo:
    """Return the store's time zone; UTC where it is unknown or no zone has that name."""
    if store is None or store.zone is None:
        return UTC
    try:
        return ZoneInfo(store.zone)
    except (KeyError, ValueError, OSError):  # unknown name; a name that is no name; a name that is a folder
        return UTC


@dataclass(frozen=True, slots=True)
class Scene:
    """A finding and what the catalog knows about it.

    Parameters
    ----------
    finding
        The newest finding of the alert.
    product, store, terms
        Master data as of the finding's event time; None where unknown.
    """

    finding: Finding
    product: Product | None = None
    store: Store | None = None
    terms: SupplyTerms | None = None

    @property
    def product_name(self) -> str:
        """The product by name, else by sku."""
        name = self.product.name.strip() if self.product and self.product.name else None
        return clip(name or self.finding.sku or "an unknown product", MAX_NAME)

    @property
    def store_name(self) -> str:
        """The store by name, else by id."""
        name = self.store.name.strip() if self.store and self.store.name else None
        return clip(name or self.finding.store_id or "an unknown store", MAX_NAME)

    @property
    def source_name(self) -> str:
        """The rival or feed by name."""
        return clip(self.finding.source or "a rival", MAX_NAME)

    @property
    def subject(self) -> str:
        """The product at the store, as far as the finding names them."""
        if self.finding.store_id is None:
            return self.product_name
        return f"{self.product_name} at {self.store_name}" if self.finding.sku else self.store_name

    @property
    def drifting(self) -> str:
        """The subject; or, where a finding is about a group, that group at its store."""
        if self.finding.sku is None and self.finding.source is not None and self.finding.store_id is not None:
            return f"the slow sellers of {self.source_name} at {self.store_name}, taken together,"
        return self.subject

    @property
    def currency(self) -> str | None:
        """The finding's currency, else the store's, else the product's."""
        known = (self.finding.currency, self.store and self.store.currency, self.product and self.product.currency)
        return next((currency for currency in known if currency), None)

    def value(self, name: str) -> float | None:
        """Return a number of the evidence."""
        measure = self.finding.evidence.get(name)
        return None if measure is None else measure.value

    def number(self, name: str) -> str | None:
        """Return a number of the evidence in words' size."""
        value = self.value(name)
        return None if value is None else amount(value)

    def units(self, name: str) -> str | None:
        """Return units of the evidence, with the word.

        One unit is "1 unit".
        """
        text = self.number(name)
        return None if text is None else f"{text} unit" if text == "1" else f"{text} units"

    def days(self, name: str) -> str | None:
        """Return days of the evidence, with the word."""
        text = self.number(name)
        return None if text is None else f"{text} day" if text == "1" else f"{text} days"

    def rate(self, name: str) -> str | None:
        """Return units per period: the measure's unit may name it (`units/week`), else it is a day."""
        text = self.units(name)
        if text is None:
            return None
        period = self.finding.evidence[name].unit.partition("/")[2].strip()
        return f"{text} a {period or 'day'}"

    def span(self, name: str) -> str | None:
        """Return a length of time of the evidence in its own unit: days, hours, periods."""
        text = self.number(name)
        if text is None:
            return None
        unit = self.finding.evidence[name].unit
        return f"{text} {unit.removesuffix('s')}" if text == "1" else f"{text} {unit}"

    def share(self, name: str) -> str | None:
        """Return a share of the evidence in percent."""
        value = self.value(name)
        return None if value is None else percent(value)

    def price(self, name: str) -> str | None:
        """Return a price of the evidence with its currency."""
        value = self.value(name)
        return None if value is None else money(value, self.currency)

    def local(self, at: datetime) -> datetime:
        """Return a moment on the store's wall clock."""
        return at.astimezone(zone_of(self.store))

    def when(self, name: str) -> str | None:
        """Return one of the finding's times, in the store's zone."""
        at = self.finding.times.get(name)
        return None if at is None else moment(self.local(at))
