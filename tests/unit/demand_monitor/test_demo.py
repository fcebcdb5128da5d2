"""The demo's parts that need no server: its screens, its hosts' failures, its report."""

import threading
from io import StringIO

import pytest
from rich.console import Console

from adapters.memory_journal import MemoryJournal
from adapters.mock_kafka import MockKafka
from demand_monitor.demo.hosts import Host, HostEnded
from demand_monitor.demo.market_report import judge_run, tell
from demand_monitor.demo.screen import LiveScreen, PlainScreen, Scene
from producers.synth import Market, MarketConfig
from schemas.alerts import Alert, AlertState, Names
from schemas.errors import BadSetup, StoreDown
from schemas.quantities import HOUR_MS, to_datetime
from schemas.signals import Origin
from streams.scorecard import Judgement, Planted

NOON = to_datetime(1_747_760_400_000)


def alert(number: int, revision: int = 1, state: AlertState = "firing") -> Alert:
    return Alert(
        alert_id=f"id{number}",
        revision=revision,
        kind="stockout",
        severity="critical",
        state=state,
        store_id="lima-01",
        sku=f"P{number}",
        names=Names(product=f"Leche {number}", store="Miraflores"),
        opened_at=NOON,
        updated_at=NOON,
        summary=f"Leche {number} is sold out.",
        origin=Origin(topic="sales.v1", partition=0, offset=number),
        at=(0, number, 0),
    )


def scene(day: int, days: int = 100) -> Scene:
    return Scene(day, days, 1_234, 99.5, NOON)


def paper() -> tuple[Console, StringIO]:
    page = StringIO()
    return Console(file=page, width=160, color_system=None), page


def test_plain_lines_are_spread_over_the_days_and_the_rest_is_counted() -> None:
    console, page = paper()
    with PlainScreen(console, lines=5) as screen:
        # One line is allowed at the start, and one more at each quarter: 1 + 4 × day // 100.
        screen.show(scene(0), [alert(1), alert(2), alert(3)], [])
        screen.show(scene(50), [alert(4), alert(5), alert(6)], [])
        screen.show(scene(100), [alert(7)], [])

    lines = page.getvalue().splitlines()
    assert [line.partition("  Leche ")[2][:1] for line in lines[:-1]] == ["1", "4", "5", "7"]
    assert lines[-1] == "… and 3 more"


def test_plain_lines_show_openings_alone() -> None:
    console, page = paper()
    with PlainScreen(console) as screen:
        screen.show(scene(100), [alert(1, revision=2), alert(2, state="suppressed"), alert(3, state="resolved")], [])

    assert page.getvalue() == ""


def test_the_live_screen_counts_open_alerts_and_names_them() -> None:
    page = StringIO()
    console = Console(file=page, width=160, height=40, force_terminal=True, color_system=None)
    board = [alert(1), alert(2, state="resolved"), alert(3, state="acknowledged")]
    with LiveScreen(console) as screen:
        screen.show(scene(7), board[:1], board)

    shown = page.getvalue()
    assert "day 7 of 100" in shown
    assert "1,234 events" in shown
    assert "2 open alerts" in shown
    assert "Leche 3" in shown
    assert "Leche 2" not in shown


def test_a_host_that_fails_says_so_in_one_sentence_with_its_name() -> None:
    journal = MemoryJournal()

    def fail() -> None:
        raise StoreDown("Redis did not answer.")

    host = Host("The alert desk", fail, lambda: None, journal)
    host.start()
    host.stop()

    with pytest.raises(HostEnded, match=r"^The alert desk has ended: Redis did not answer\.$"):
        host.check()
    assert journal.events("host_failed") == [
        {"host": "The alert desk", "error": "StoreDown", "detail": "Redis did not answer."}
    ]


def test_a_host_is_stopped_and_waited_for() -> None:
    told = threading.Event()
    host = Host("The market", lambda: told.wait(30), told.set, MemoryJournal())
    host.start()
    before = host.running

    host.stop()

    assert (before, host.running) == (True, False)
    host.check()


def test_a_mock_broker_refuses_a_topic_twice() -> None:
    with MockKafka() as broker:
        assert broker.bootstrap.startswith("127.0.0.1:")
        broker.create("sales.v1", 4)
        with pytest.raises(BadSetup, match=r"refuses topic sales\.v1"):
            broker.create("sales.v1", 4)


def test_a_judgement_is_told_in_hours_up_to_two_days_and_in_days_beyond() -> None:
    truth = Planted("stockout", "lima-01", "P1", None, 0, HOUR_MS, "the truck is late")

    assert tell(Judgement(truth, "a", 28.4)) == "stockout of P1 at lima-01 (the truck is late): caught 28 hours before"
    assert tell(Judgement(truth, "a", -60.0)) == "stockout of P1 at lima-01 (the truck is late): caught 2.5 days after"
    assert tell(Judgement(truth)) == "stockout of P1 at lima-01 (the truck is late): missed"


def test_the_newest_revision_is_scored_and_the_card_shows_the_opening() -> None:
    market = Market(MarketConfig(seed=3, stores=1, products=6, days=90, mean_units=5.0))
    planted = next(each for each in market.truth() if each.planted and each.kind == "stockout")
    opened = to_datetime(planted.starts_at_ms - 6 * HOUR_MS)
    first = alert(1).model_copy(
        update={"kind": "stockout_risk", "sku": planted.sku, "store_id": planted.store_id, "opened_at": opened}
    )
    second = first.model_copy(update={"revision": 2, "summary": "It got worse."})

    run = judge_run(market, [first, second])

    assert [each.revision for each in run.alerts] == [2]
    assert run.card_alert == first
    assert "Leche 1 is sold out." in run.card
    # Six hours before the shelf ran empty: a quarter of a day.
    assert run.scorecard.median_warning_days == pytest.approx(0.25)
    assert (run.scorecard.caught, run.scorecard.missed) == (1, 2)


def test_a_market_on_which_nothing_was_raised_has_no_card() -> None:
    run = judge_run(Market(MarketConfig(seed=3, stores=1, products=6, days=90, mean_units=5.0)), [])

    assert run.card == ""
    assert run.scorecard.caught == 0
