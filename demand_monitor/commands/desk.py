"""`desk`: the alert desk. One works; a second one stands by."""

from __future__ import annotations

import typer

from demand_monitor.hosting import run_worker
from demand_monitor.observing import observed
from demand_monitor.options import with_served_settings
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("desk")(desk)


@with_served_settings
def desk(settings: Settings) -> None:
    """Turn findings and people's clicks into alerts until told to stop."""
    wiring = Wiring(settings)
    wiring.check_topics()
    worker = wiring.desk_worker()
    with observed(wiring, "desk", worker.positions):
        run_worker(wiring, worker)
