"""The feed, its cards and its clicks, on the twins of the ports."""

from __future__ import annotations

import json

import pytest

from adapters.memory_broker import MemoryBroker
from adapters.memory_inlet import MemoryInlet
from adapters.memory_outlet import MemoryOutlet
from consumers.actions import acknowledge, build_action, send_action
from consumers.cards import render_card, render_line, to_json_line
from consumers.feed import Board, Feed, Filter
from schemas.alerts import Alert
from schemas.quantities import to_ms
from schemas.reading import read_action, read_alert
from schemas.signals import Contribution
from schemas.topics import ACTIONS, ALERTS
from streams.ports import Place
from tests.unit.desk.bench import Till, finding, hour
from tests.unit.desk.test_words import RISK, RUNS_OUT

PLACE = Place(ALERTS.name, 0)


def milk_alert() -> Alert:
    (alert,) = Till().say(
        finding(
            "opened",
            14,
            severity="critical",
            evidence={name: RISK[name] for name in ("risk_share", "on_hand_units")},
            times={**RUNS_OUT, "order_by": hour(20)},
            reasons=(Contribution(driver="promotion", units=3.2),),
            money_at_risk=86.5,
        )
    )
    return alert


def test_a_full_card() -> None:
    assert render_card(milk_alert()) == (
        "╭─ ▲ CRITICAL · stockout risk ─────────────────────────────────────────────────────────────────────╮\n"
        "│ Leche Gloria 400 g at Lima Centro will probably run out around Wed 13 May 16:00 (between Wed 13  │\n"
        "│ May 01:00 and Thu 14 May 07:00), before a new order can arrive: 12 units left.                   │\n"
        "│                                                                                                  │\n"
        "│ Product        Leche Gloria 400 g (milk)                                                         │\n"
        "│ Store          Lima Centro (s1)                                                                  │\n"
        "│ Manager        Rosa Quispe                                                                       │\n"
        "│ Runs out       Wed 13 May 16:00 (80 % sure: Wed 13 May 01:00 – Thu 14 May 07:00)                 │\n"
        "│ Money at risk  PEN 86.50                                                                         │\n"
        "│ Evidence       risk 62 %, on hand 12 units                                                       │\n"
        "│ Why            promotion +3.2 units                                                              │\n"
        "│ Do             Order Leche Gloria 400 g from gloria for Lima Centro.                             │\n"
        "│ By             Tue 12 May 15:00                                                                  │\n"
        "│ Clears if      Stock again covers demand until a new order arrives.                              │\n"
        f"╰────────────────────────────────────────────────────────────────────── {milk_alert().alert_id[:12]}"
        " · revision 1 ─╯\n"
    )


def test_a_line_and_a_json_line() -> None:
    alert = milk_alert()
    assert render_line(alert) == (
        "Tue 12 May 09:00  ▲ critical  Leche Gloria 400 g at Lima Centro will probably run out around Wed 13 May 16:00 "
        "(between Wed 13 May 01:00 and Thu 14 May 07:00), before a new order can arrive: 12 units left."
        "  [PEN 86.50 at risk]"
    )
    assert "\n" not in to_json_line(alert)
    assert read_alert(to_json_line(alert).encode()) == alert
    assert json.loads(to_json_line(alert))["times"]["order_by"] == "2026-05-12T15:00:00-05:00"


@pytest.mark.parametrize("width", [60, 100, 140])
def test_a_card_keeps_its_width_whatever_the_names(width: int) -> None:
    alert = milk_alert()
    named = alert.model_copy(update={"summary": "[bold]Piña :smile: " + "ñandú " * 70, "state": "acknowledged"})
    lines = render_card(named, width).splitlines()
    assert {len(line) for line in lines} == {width}
    assert "[bold]Piña :smile:" in lines[1]  # names are no markup
    assert "acknowledged" in lines[0]


def test_a_card_without_numbers() -> None:
    (alert,) = Till().say(finding("opened", 1, "competitor_undercut", store_id=None, source="Tottus"))
    card = render_card(alert)
    assert "Tottus sells Leche Gloria 400 g." in card
    assert "None" not in card
    for absent in ("Runs out", "Money at risk", "Evidence", "Why", "How many", "Store"):
        assert absent not in card


def revisions(broker: MemoryBroker) -> list[Alert]:
    """Milk fires, tea fires, milk gets worse: three records."""
    till = Till()
    found = till.say(
        finding("opened", 1),
        finding("opened", 2, sku="tea"),
        finding("updated", 3, severity="critical"),
    )
    broker.create(ALERTS.name, 1)
    for alert in found:
        broker.append(PLACE, alert.alert_id.encode(), alert.encode())
    return found


def test_the_feed_keeps_the_highest_revision() -> None:
    broker = MemoryBroker()
    milk, tea, worse = revisions(broker)
    broker.append(PLACE, b"x", milk.encode())  # what a restart sent again
    broker.append(PLACE, b"x", b"{")
    broker.append(PLACE, b"x", None)
    feed = Feed(MemoryInlet(broker))
    assert feed.poll(2) == [milk, tea]
    assert feed.poll() == [worse]
    assert feed.poll() == []
    assert (feed.unreadable, feed.position) == (2, 6)
    assert feed.board.alerts() == [tea, worse]


@pytest.mark.parametrize(("wanted", "skus"), [
    (Filter(), ["milk", "tea", "milk"]),
    (Filter(severities=frozenset({"critical"})), ["milk"]),
    (Filter(stores=frozenset({"s1"}), kinds=frozenset({"stockout_risk"})), ["milk", "tea", "milk"]),
    (Filter(stores=frozenset({"s2"})), []),
    (Filter(kinds=frozenset({"demand_drift"})), []),
    (Filter(states=frozenset({"resolved"})), []),
])  # fmt: skip
def test_the_feed_passes_on_what_was_asked_for(wanted: Filter, skus: list[str]) -> None:
    broker = MemoryBroker()
    revisions(broker)
    feed = Feed(MemoryInlet(broker), wanted=wanted)
    assert [alert.sku for alert in feed.poll()] == skus
    assert len(feed.board.alerts()) == 2  # the board knows all


def test_an_alert_is_found_by_the_beginning_of_its_id() -> None:
    board = Board()
    alert = milk_alert()
    assert board.take(alert)
    assert not board.take(alert)
    assert board.get(alert.alert_id) == board.get(alert.alert_id[:8]) == alert
    assert board.get("nobody") is None
    board.take(alert.model_copy(update={"alert_id": alert.alert_id[:-1] + "x"}))
    assert board.get(alert.alert_id[:8]) is None  # two begin so


def test_a_click_carries_what_was_shown() -> None:
    broker = MemoryBroker()
    broker.create(ACTIONS.name, 1)
    alert, now_ms = milk_alert(), to_ms(hour(15))
    send_action(MemoryOutlet(broker), acknowledge(alert, "Rosa", now_ms, note="ordered"))
    (record,) = broker.records(ACTIONS.name)
    action = read_action(record.value)
    assert record.key == alert.alert_id.encode()
    assert (action.kind, action.revision, action.severity, action.actor) == ("acknowledge", 1, "critical", "Rosa")
    assert (action.event_time, action.note) == (hour(15), "ordered")
    assert acknowledge(alert, "Rosa", now_ms).event_id == action.event_id  # sent again, it is the same
    assert acknowledge(alert, "Luis", now_ms).event_id != action.event_id
    assert build_action("snooze", alert, "Rosa", now_ms, until=hour(20)).until == hour(20)
