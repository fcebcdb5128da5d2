"""Why a record was refused: the closed list behind every quarantine and every `reason` label.

The one rule: a reason is added here before anything may be refused for it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class Reason(StrEnum):
    """Closed list of reasons for quarantine."""

    INVALID_JSON = "invalid_json"
    SCHEMA = "schema"
    UNKNOWN_VERSION = "unknown_version"
    EMPTY_KEY = "empty_key"
    KEY_MISMATCH = "key_mismatch"
    TOMBSTONE = "tombstone"
    TOO_LARGE = "too_large"
    NOT_FINITE = "not_finite"
    NEGATIVE_PRICE = "negative_price"
    NAIVE_TIME = "naive_time"
    AHEAD_OF_CLOCK = "ahead_of_clock"
    BEYOND_HORIZON = "beyond_horizon"
    UNKNOWN_CURRENCY = "unknown_currency"
    IMPLAUSIBLE = "implausible"
    NON_PRODUCT = "non_product"


_PRICE_FIELDS = frozenset({"unit_price", "price", "reference_price", "unit_cost", "value"})


def reason_of(error: ValidationError) -> tuple[Reason, str]:
    """Name the reason and the first field behind a pydantic refusal.

    Parameters
    ----------
    error
        What pydantic raised for one record.

    Returns
    -------
    tuple
        The reason, and one line naming the field and the complaint.
    """
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    field = str(first["loc"][-1]) if first["loc"] else ""
    return _classify(first["type"], field), f"{where}: {first['msg']}" if where else first["msg"]


def _classify(kind: str, field: str) -> Reason:
    if kind == "json_invalid":
        return Reason.INVALID_JSON
    if field == "schema_version":
        return Reason.UNKNOWN_VERSION
    if kind == "timezone_aware":
        return Reason.NAIVE_TIME
    if kind == "finite_number":
        return Reason.NOT_FINITE
    if field in _PRICE_FIELDS and kind in {"greater_than_equal", "greater_than"}:
        return Reason.NEGATIVE_PRICE
    if kind in {"less_than_equal", "greater_than", "greater_than_equal"}:
        return Reason.IMPLAUSIBLE
    return Reason.SCHEMA
