"""`state show | wipe`: what the tasks have committed, and how one is made to begin again."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from demand_monitor.options import Json, with_settings
from demand_monitor.printing import Row, print_json, print_rows
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup
from schemas.quantities import to_iso
from streams.marks import decode_marks
from streams.sealing import unseal

Tasks = Annotated[list[str] | None, typer.Argument(help="Such as engine:3, prices:0, desk:0.", metavar="TASK...")]
Size = Annotated[bool, typer.Option("--size", help="Count fields and bytes too; reads the whole state.")]
All = Annotated[bool, typer.Option("--all", help="Every task.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="See what the tasks have committed, or make them begin again.", no_args_is_help=True)
    group.command("show")(show)
    group.command("wipe")(wipe)
    app.add_typer(group, name="state")


@with_settings
def show(settings: Settings, task: Tasks = None, size: Size = False, as_json: Json = False) -> None:
    """Show how far each task has come."""
    wiring = Wiring(settings)
    rows = [_row(wiring, each, size) for each in _known(wiring, task) or wiring.task_ids()]
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, as_json=False)


@with_settings
def wipe(
    settings: Settings, task: Tasks = None, everything: All = False, yes: Yes = False, as_json: Json = False
) -> None:
    """Forget tasks: their workers notice, and rebuild them from the log."""
    wiring = Wiring(settings)
    chosen = wiring.task_ids() if everything else _known(wiring, task)
    if not chosen:
        raise BadSetup("No task was named.", wiring.command("state wipe --all"))
    if not yes and not typer.confirm(f"Forget the state of {', '.join(chosen)} in Redis?", err=True):
        raise typer.Exit(1)
    for each in chosen:
        wiring.store.wipe(each)
    if as_json:
        print_json({"wiped": chosen})
    else:
        print(f"Forgotten: {', '.join(chosen)}.")


def _known(wiring: Wiring, tasks: list[str] | None) -> list[str]:
    known = wiring.task_ids()
    for each in tasks or ():
        if each not in known:
            raise BadSetup(f"There is no task {each}; there are {', '.join(known)}.", wiring.command("state show"))
    return list(tasks or ())


def _row(wiring: Wiring, task: str, with_size: bool) -> Row:
    marks = wiring.store.marks(task)
    positions, step = decode_marks(marks) if marks is not None else ({}, None)
    text = " ".join(f"{name}={position}" for name, position in sorted(positions.items()))
    row: dict[str, str | int | None] = {"task": task, "step": step, "positions": text or None}
    row["newest_time"] = _newest_time(wiring, task)
    if with_size:
        fields = wiring.store.all_fields(task)
        row |= {"fields": len(fields), "bytes": sum(map(len, fields.values()))}
    return row


def _newest_time(wiring: Wiring, task: str) -> str | None:
    """Return the newest time that an engine task has handled; other tasks keep their clock elsewhere."""
    if not task.startswith("engine:"):
        return None
    (clock,) = wiring.store.fields(task, ["clock"])
    if clock is None:
        return None
    newest_ms = int(json.loads(unseal(clock, "clock"))["clock"]["newest_ms"])
    return to_iso(newest_ms) if newest_ms >= 0 else None
