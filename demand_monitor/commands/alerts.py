"""`alerts acknowledge`: a person answers an alert from the terminal."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from demand_monitor.options import Json, with_settings
from demand_monitor.printing import print_json
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup
from schemas.topics import ACTIONS, ALERTS
from streams.ports import Place

if TYPE_CHECKING:
    from schemas.alerts import Alert

AlertId = Annotated[str, typer.Argument(help="The alert's id, or enough of its beginning.", metavar="ID")]
Revision = Annotated[
    int | None, typer.Option("--revision", help="The revision that you saw; refused if the alert has moved on.", min=1)
]
Actor = Annotated[str | None, typer.Option("--actor", help="Who you are; your login without it.")]
Note = Annotated[str | None, typer.Option("--note", help="A word for the others.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Answer alerts.", no_args_is_help=True)
    group.command("acknowledge")(acknowledge)
    app.add_typer(group, name="alerts")


@with_settings
def acknowledge(
    settings: Settings,
    alert_id: AlertId,
    revision: Revision = None,
    actor: Actor = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Say that you have seen an alert and take care of it; it stays so until it gets worse."""
    from consumers.actions import acknowledge as build
    from consumers.actions import send_action

    wiring = Wiring(settings)
    wiring.check_topics()
    alert = _find(wiring, alert_id)
    if revision is not None and revision != alert.revision:
        raise BadSetup(
            f"You saw revision {revision} of the alert, and it is at revision {alert.revision} now: {alert.summary}",
            wiring.command(f"alerts acknowledge {alert.alert_id} --revision {alert.revision}"),
        )
    action = build(alert, actor or getpass.getuser(), wiring.clock.now_ms(), note)
    send_action(wiring.outlet(), action, wiring.topic(ACTIONS))
    if as_json:
        print_json({"alert_id": alert.alert_id, "revision": alert.revision, "actor": action.actor})
    else:
        print(f"Acknowledged by {action.actor} at revision {alert.revision}: {alert.summary}")


def _find(wiring: Wiring, alert_id: str) -> Alert:
    place = Place(wiring.topic(ALERTS), 0)
    end = wiring.admin().ends([place])[place]
    feed = wiring.feed()
    while feed.position < end:
        feed.poll()
    alert = feed.board.get(alert_id)
    if alert is None:
        raise BadSetup(f"There is no alert {alert_id}, or more than one begins so.", wiring.command("feed --once"))
    return alert
