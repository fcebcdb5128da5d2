"""Why, in words: the causes that a finding names and the changes that it quotes.

The one rule: what is only likely is called likely, and a number that is unknown leaves its words out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from schemas.signals import Cause, CauseLabel, Contribution
from streams.desk.phrases import Scene, amount, clip, moment, money

#: Longest name of a rival in a sentence.
_MAX_DETAIL: Final = 40
_MOST_CAUSES: Final = 2
_PLAIN: Final = {"level": "recent level"}
#: Drivers of demand that are quoted beside the terms of the stock.
_DEMAND: Final = ("level", "season", "promotion", "own price", "rival price", "calendar", "weather")

Words = Callable[[Scene, Cause], str]


def causes_in_words(scene: Scene) -> str:
    """Return a clause that names the likely causes, with a comma before it; "" where the finding names none."""
    causes = scene.finding.causes[:_MOST_CAUSES]
    if not causes:
        return ""
    if causes[0].label == "unknown":
        return "; nothing that is known has changed so that it would explain this"
    return f"; likely cause: {' and '.join(_WORDS[each.label](scene, each) for each in causes)}"


def changes_in_words(scene: Scene) -> str:
    """Return the quoted changes in brackets, with a blank before; "" where nothing is quoted."""
    quoted = [_quote(each) for each in scene.finding.reasons]
    return f" ({', '.join(quoted)} units)" if quoted else ""


def demand_in_words(scene: Scene) -> str:
    """Return what moves demand, beside the stock's terms, in brackets; "" where nothing is quoted."""
    quoted = [_quote(each) for each in scene.finding.reasons if each.driver in _DEMAND]
    return f" (until then, against the usual: {', '.join(quoted)} units)" if quoted else ""


def _quote(reason: Contribution) -> str:
    return f"{_PLAIN.get(reason.driver, reason.driver)} {_signed(reason.units)}"


def _signed(units: float) -> str:
    sign = "-" if units < 0 else "+"
    return f"{sign}{amount(abs(units))}"


def _since(scene: Scene, cause: Cause, verb: str) -> str:
    return "" if cause.since is None else f" {verb} {moment(scene.local(cause.since))}"


def _number(cause: Cause, name: str) -> float | None:
    measure = cause.evidence.get(name)
    return None if measure is None else measure.value


def _promotion(scene: Scene, cause: Cause) -> str:
    verb = "that ended" if cause.detail == "ended" else "since"
    text = f"the promotion{_since(scene, cause, verb)}"
    more = _number(cause, "incremental_units")
    return text if more is None or more <= 0 else f"{text} ({amount(more)} units more than without it so far)"


def _own_price(scene: Scene, cause: Cause) -> str:
    before, after = _number(cause, "price_before"), _number(cause, "price_after")
    if before is None or after is None:
        return "our own price"
    return f"our price, {money(after, scene.currency)} instead of {money(before, scene.currency)}"


def _rival_price(scene: Scene, cause: Cause) -> str:
    who = clip(cause.detail or "a rival", _MAX_DETAIL)
    before, after = _number(cause, "price_before"), _number(cause, "price_after")
    if after is None or before is None:
        return f"{who} having none to sell"
    return f"{who}'s price, {money(after, scene.currency)} instead of {money(before, scene.currency)}"


def _supply(scene: Scene, cause: Cause) -> str:
    return f"an empty shelf{_since(scene, cause, 'since')}"


def _season(_: Scene, __: Cause) -> str:
    return "another pattern over the week"


def _data_fault(scene: Scene, cause: Cause) -> str:
    before, after = _number(cause, "step_before_units"), _number(cause, "step_after_units")
    if before is None or after is None:
        return f"a fault in the data (the till was not heard{_since(scene, cause, 'from')})"
    return f"a fault in the data (counted in steps of {amount(after)} instead of {amount(before)})"


def _unknown(_: Scene, __: Cause) -> str:
    return "unknown"


_WORDS: Final[Mapping[CauseLabel, Words]] = {
    "promotion": _promotion,
    "own_price": _own_price,
    "rival_price": _rival_price,
    "supply": _supply,
    "season": _season,
    "data_fault": _data_fault,
    "unknown": _unknown,
}
