"""Which of our skus a rival's product is, as people and rules have decided so far.

The one rule: only a decision makes a match; one that is taken back leaves no trace but in the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from schemas.errors import BadEvent, StateCorrupt
from schemas.prices import MatchDecision
from schemas.quantities import MILLIONTHS
from schemas.reasons import Reason
from streams.sealing import seal, unseal

_VERSION = 1
_PREFIX: Final = "match:"

#: By our sku: what a rival's price is multiplied by, in millionths (packs of other sizes).
Factors = Mapping[str, int]


class Matches:
    """Accepted decisions by rival and rival's product.

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
        self._factors = {field: _decode(field, value) for field, value in state.items() if field.startswith(_PREFIX)}
        self._dirty: set[str] = set()

    def decide(self, decision: MatchDecision) -> None:
        """Take a decision: accepted adds or changes the sku's factor, not accepted removes it.

        Raises
        ------
        BadEvent
            When the factor is too small to be told from zero.
        """
        factor = round(decision.price_factor * MILLIONTHS)
        if factor == 0:
            raise BadEvent(Reason.IMPLAUSIBLE, "price_factor: below half a millionth")
        field = _field(decision.rival, decision.rival_product)
        factors = dict(self._factors.get(field, {}))
        if decision.accepted:
            factors[decision.sku] = factor
        else:
            factors.pop(decision.sku, None)
        self._factors[field] = factors
        self._dirty.add(field)

    def of(self, rival: str, rival_product: str) -> Factors:
        """Return the factor of each of our skus that this product is; empty without a decision."""
        return self._factors.get(_field(rival, rival_product), {})

    def dirty_fields(self) -> int:
        """Return how many fields have changed since the last :meth:`writes`."""
        return len(self._dirty)

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields that changed since the last call; None for a product without a match left."""
        fields = sorted(self._dirty)
        self._dirty.clear()
        changed: dict[str, bytes | None] = {field: _encode(self._factors[field]) for field in fields}
        for field in fields:
            if not self._factors[field]:
                del self._factors[field]
        return changed


def _field(rival: str, rival_product: str) -> str:
    return f"{_PREFIX}{rival}|{rival_product}"


def _encode(factors: Factors) -> bytes | None:
    if not factors:
        return None
    return seal(json.dumps(factors, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(), _VERSION)


def _decode(field: str, value: bytes) -> dict[str, int]:
    try:
        return {str(sku): int(factor) for sku, factor in json.loads(unseal(value, field, _VERSION)).items()}
    except (ValueError, AttributeError) as error:
        raise StateCorrupt(f"the price desk's field {field!r} is unreadable: {error}") from error
