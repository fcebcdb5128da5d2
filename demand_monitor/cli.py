"""The command line: `demand-monitor`, one module under `demand_monitor.commands` for each group.

The one rule: this file holds no command; it joins them, and ends each one by the table in `demand_monitor.endings`.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Annotated, Final

import typer

from demand_monitor.endings import end
from schemas.errors import DemandError

#: In the order of `--help`.
_MODULES: Final = (
    "demo",
    "topics",
    "load",
    "synth",
    "mapping",
    "heartbeat",
    "monitor",
    "prices",
    "desk",
    "feed",
    "alerts",
    "replay",
    "evaluate",
    "quarantine",
    "doctor",
    "state",
    "schemas",
    "settings",
)
#: A host keeps millions of small objects for good and leaves few cycles behind; with Python's defaults the search for
#: cycles took a third of the time of a replay.
_GC_THRESHOLDS: Final = (50_000, 20, 50)
_COMMANDS: Final = "demand_monitor.commands"


def build_app() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(
        name="demand-monitor",
        help="Sales, stock and rival prices on Kafka become stockout and drift alerts.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in _MODULES:
        if find_spec(f"{_COMMANDS}.{name}") is not None:
            import_module(f"{_COMMANDS}.{name}").register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit."""
    run(build_app(), arguments)


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> None:
    """Run a command of an app; what a user can mend ends in a sentence and an exit code, never in a traceback."""
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        # Typer ends what is its own: help, unknown options, Ctrl-C.
        app(args=None if arguments is None else list(arguments))
    except DemandError as error:
        end(error)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        print(version("demand-monitor"))
    except PackageNotFoundError:
        print("unknown: it is not installed as a package")
    raise typer.Exit


def _root(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


if __name__ == "__main__":
    main()
