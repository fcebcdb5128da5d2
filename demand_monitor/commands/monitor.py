"""`monitor`: the demand engine, in this process or in several."""

from __future__ import annotations

from typing import Annotated

import typer

from demand_monitor.hosting import run_children, run_worker
from demand_monitor.observing import observed
from demand_monitor.options import with_served_settings
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup

Processes = Annotated[int, typer.Option("--processes", "-n", help="Worker processes; at most P have work.", min=1)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("monitor")(monitor)


@with_served_settings
def monitor(settings: Settings, processes: Processes = 1) -> None:
    """Learn demand and watch every shelf until told to stop; workers share the tasks among themselves."""
    wiring = Wiring(settings)
    wiring.check_topics()
    if processes > settings.partitions:
        raise BadSetup(
            f"{processes} processes cannot share {settings.partitions} tasks (setting partitions).",
            f"demand-monitor monitor --processes {settings.partitions}",
        )
    if processes == 1:
        worker = wiring.engine_worker()
        with observed(wiring, "monitor", worker.positions):
            run_worker(wiring, worker)
        return
    # Reachable now means reachable for the children too, and said once.
    wiring.store.marks("engine:0")
    raise typer.Exit(run_children(wiring, ["monitor"], processes))
