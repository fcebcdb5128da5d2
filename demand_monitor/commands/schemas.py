"""`schemas export`: the contracts as JSON Schema files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demand_monitor.options import Json
from demand_monitor.printing import Row, print_rows
from schemas.errors import BadSetup
from schemas.export import render, schemas

Folder = Annotated[Path, typer.Argument(help="Where the files go; made if it is not there.", metavar="DIR")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The contracts of the topics.", no_args_is_help=True)
    group.command("export")(export)
    app.add_typer(group, name="schemas")


def export(folder: Folder, as_json: Json = False) -> None:
    """Write one JSON Schema file for each topic."""
    rows: list[Row] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas().items():
            path = folder / f"{name}.json"
            path.write_text(render(schema), encoding="utf-8")
            rows.append({"topic": name, "file": str(path)})
    except OSError as error:
        raise BadSetup(f"The schemas cannot be written to {folder}: {error.strerror}.") from None
    print_rows(rows, as_json)
