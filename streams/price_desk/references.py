"""All references of a task, by rival, product, region and currency.

The one rule: prices of two currencies never meet; a product that changes its currency begins a new reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.prices import PriceObservation
from streams.price_desk.reference import Reference
from streams.price_desk.rules import PriceRules

_PREFIX: Final = "reference:"
#: What a field weighs at most, for the estimate of a commit.
_FIELD_BYTES: Final = 256


class References:
    """The rolling references.

    Parameters
    ----------
    state
        Fields of the snapshot.

    Raises
    ------
    StateCorrupt
        When a field is broken.
    """

    def __init__(self, state: Mapping[str, bytes]) -> None:
        self._references = {
            field: Reference.decode(field, value) for field, value in state.items() if field.startswith(_PREFIX)
        }
        self._dirty: set[str] = set()

    def price(self, observation: PriceObservation) -> int | None:
        """Return the reference that an observation is measured against, in millionths; None where there is none."""
        reference = self._references.get(_field(observation))
        return None if reference is None else reference.price()

    def believes(self, observation: PriceObservation, price: int, rules: PriceRules) -> bool:
        """Judge an observation's price (in millionths) and remember it."""
        field = _field(observation)
        self._dirty.add(field)
        return self._references.setdefault(field, Reference()).believes(price, rules)

    def dirty_fields(self) -> int:
        """Return how many fields have changed since the last :meth:`writes`."""
        return len(self._dirty)

    def dirty_bytes(self) -> int:
        """Return an estimate of what :meth:`writes` would weigh."""
        return len(self._dirty) * _FIELD_BYTES

    def writes(self) -> dict[str, bytes]:
        """Return the fields that changed since the last call."""
        fields = sorted(self._dirty)
        self._dirty.clear()
        return {field: self._references[field].encode() for field in fields}


def _field(observation: PriceObservation) -> str:
    region, currency = observation.region or "", observation.currency or ""
    return f"{_PREFIX}{observation.rival}|{observation.rival_product}|{region}|{currency}"
