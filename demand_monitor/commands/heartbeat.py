"""`heartbeat`: ticks from the wall clock, without which nothing that tills send is handled."""

from __future__ import annotations

from typing import Annotated

import typer

from demand_monitor.endings import Flag, stopping
from demand_monitor.observing import observed
from demand_monitor.options import with_served_settings
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring

CatchUp = Annotated[
    bool, typer.Option("--catch-up", help="Tick hour by hour from the newest tick up to now, then go on.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("heartbeat")(heartbeat)


@with_served_settings
def heartbeat(settings: Settings, catch_up: CatchUp = False) -> None:
    """Write ticks from the wall clock until told to stop; two may run at once."""
    wiring = Wiring(settings)
    wiring.check_topics()
    flag = Flag()
    beating = wiring.heartbeat(catch_up)
    if wiring.metrics is not None:
        wiring.metrics.watch("heartbeat", beating.samples)
    with stopping(flag.set), observed(wiring, "heartbeat"):
        wiring.journal.note("heartbeat_started", catch_up=catch_up)
        beating.run(flag.is_raised)
        wiring.journal.note("heartbeat_stopped")
