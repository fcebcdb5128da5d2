"""`feed`: alerts as they fire."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, TypeVar, get_args

import typer

from demand_monitor.endings import Flag, stopping
from demand_monitor.observing import observed
from demand_monitor.options import with_served_settings
from demand_monitor.printing import console
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.alerts import Alert, AlertState
from schemas.errors import BadSetup
from schemas.signals import AlertKind, Severity
from schemas.topics import ALERTS
from streams.ports import Place

if TYPE_CHECKING:
    from consumers.feed import Feed, Filter

T = TypeVar("T")

_OPEN: Final = ("firing", "acknowledged")
_POLL_SECONDS: Final = 0.5

Stores = Annotated[list[str] | None, typer.Option("--store", "-s", help="Only this store; repeat for more.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", "-k", help="Only this kind; repeat for more.")]
Severities = Annotated[list[str] | None, typer.Option("--severity", help="critical, warning or info; repeat for more.")]
States = Annotated[
    list[str] | None, typer.Option("--state", help="firing, acknowledged, suppressed or resolved; repeat for more.")
]
AsLines = Annotated[bool, typer.Option("--json", help="One line of JSON an alert.")]
AsCards = Annotated[bool, typer.Option("--card", help="The full card of each alert.")]
Once = Annotated[bool, typer.Option("--once", help="Print what there is and exit.")]
Everything = Annotated[bool, typer.Option("--all", help="Every revision since the topic began, resolved ones too.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("feed")(feed)


@with_served_settings
def feed(
    settings: Settings,
    store: Stores = None,
    kind: Kinds = None,
    severity: Severities = None,
    state: States = None,
    as_json: AsLines = False,
    card: AsCards = False,
    once: Once = False,
    everything: Everything = False,
) -> None:
    """Print the alerts that are open now, then each change as it comes, until told to stop."""
    wanted = _filter(store or (), kind or (), severity or (), state or ())
    wiring = Wiring(settings)
    wiring.check_topics()
    end = wiring.admin().ends([Place(wiring.topic(ALERTS), 0)])[Place(wiring.topic(ALERTS), 0)]
    reader = wiring.feed(wanted)
    flag = Flag()
    if wiring.metrics is not None:
        wiring.metrics.watch("feed", reader.samples)
    with stopping(flag.set), observed(wiring, "feed"):
        for alert in _standing(reader, wanted, end, flag, everything, bool(state)):
            _print(alert, as_json, card)
        while not once and not flag.is_raised():
            for alert in reader.poll(timeout_seconds=_POLL_SECONDS):
                _print(alert, as_json, card)


def _standing(reader: Feed, wanted: Filter, end: int, flag: Flag, everything: bool, any_state: bool) -> Sequence[Alert]:
    """Return what stood on the topic when the feed began: open alerts, or every revision."""
    revisions: list[Alert] = []
    while reader.position < end and not flag.is_raised():
        revisions.extend(reader.poll(timeout_seconds=_POLL_SECONDS))
    if everything:
        return revisions
    return [alert for alert in reader.board.alerts(wanted) if any_state or alert.state in _OPEN]


def _print(alert: Alert, as_json: bool, card: bool) -> None:
    from consumers.cards import render_card, render_line, to_card, to_json_line, to_line

    if as_json:
        print(to_json_line(alert), flush=True)
    elif sys.stdout.isatty():
        console().print(to_card(alert) if card else to_line(alert))
    else:
        print(render_card(alert) if card else render_line(alert), flush=True)


def _filter(stores: Sequence[str], kinds: Sequence[str], severities: Sequence[str], states: Sequence[str]) -> Filter:
    from consumers.feed import Filter

    return Filter(
        frozenset(stores),
        _known("kind", kinds, get_args(AlertKind)),
        _known("severity", severities, get_args(Severity)),
        _known("state", states, get_args(AlertState)),
    )


def _known(option: str, given: Sequence[str], choices: tuple[T, ...]) -> frozenset[T]:
    for each in given:
        if each not in choices:
            raise BadSetup(f"--{option} {each} is none of {', '.join(map(str, choices))}.")
    return frozenset(each for each in choices if each in given)
