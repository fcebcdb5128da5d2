"""Decisions: who a rival's product is."""

import pytest

from schemas.errors import BadEvent, StateCorrupt
from schemas.prices import MatchDecision
from schemas.reasons import Reason
from streams.price_desk.matches import Matches
from tests.unit.price_desk.facts import NOON


def decision(sku: str, accepted: bool = True, price_factor: float = 1.0) -> MatchDecision:
    return MatchDecision(
        event_id=f"{sku}-{accepted}",
        event_time=NOON,
        rival="nova",
        rival_product="milk-1l",
        sku=sku,
        accepted=accepted,
        decided_by="Rosa",
        price_factor=price_factor,
    )


def test_nothing_is_guessed() -> None:
    assert Matches({}).of("nova", "milk-1l") == {}


def test_product_may_be_several_of_our_skus() -> None:
    matches = Matches({})
    matches.decide(decision("milk"))
    matches.decide(decision("milk-6", price_factor=6.0))
    assert matches.of("nova", "milk-1l") == {"milk": 1_000_000, "milk-6": 6_000_000}


def test_decision_taken_back_leaves_no_field() -> None:
    matches = Matches({})
    matches.decide(decision("milk"))
    assert set(matches.writes()) == {"match:nova|milk-1l"}
    matches.decide(decision("milk", accepted=False))
    assert matches.of("nova", "milk-1l") == {}
    assert matches.writes() == {"match:nova|milk-1l": None}


def test_restart_knows_the_same() -> None:
    matches = Matches({})
    matches.decide(decision("leche-ñ", price_factor=0.333333))
    state = {field: value for field, value in matches.writes().items() if value is not None}
    assert Matches(state).of("nova", "milk-1l") == {"leche-ñ": 333_333}


def test_factor_of_nothing_is_refused() -> None:
    with pytest.raises(BadEvent) as refused:
        Matches({}).decide(decision("milk", price_factor=0.000_000_4))
    assert refused.value.reason is Reason.IMPLAUSIBLE


def test_broken_field_is_refused() -> None:
    with pytest.raises(StateCorrupt):
        Matches({"match:nova|milk-1l": b"\x01{}1234"})
