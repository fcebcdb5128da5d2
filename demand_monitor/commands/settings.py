"""`settings`: every setting, how it is set, and what it is now."""

from __future__ import annotations

import typer

from demand_monitor.options import Json
from demand_monitor.printing import Row, print_json, print_rows
from demand_monitor.settings import ENVIRONMENT_PREFIX, Settings, read_settings
from schemas.errors import BadSetup


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("settings")(show)


def show(as_json: Json = False) -> None:
    """List every setting with its variable, its value now (secrets masked) and its default."""
    try:
        now = read_settings()
    except BadSetup as wrong:
        # Whoever has a wrong setting asks here which ones there are.
        print(wrong.problem)
        now = None
    defaults = Settings.model_construct().shown()
    values = defaults if now is None else now.shown()
    if as_json:
        print_json(values)
        return
    rows: list[Row] = []
    for name, default in defaults.items():
        if isinstance(default, dict) and default:
            rows += [_row(f"{name}.{each}", values[name][each], default[each]) for each in default]
        else:
            rows.append(_row(name, values[name], default))
    print_rows(rows, as_json=False)


def _row(name: str, value: object, default: object) -> Row:
    variable = ENVIRONMENT_PREFIX + name.upper().replace(".", "__")
    return {"setting": name, "now": _text(value), "default": _text(default), "variable": variable}


def _text(value: object) -> str | None:
    return None if value is None or value == {} or value == "" else str(value)
