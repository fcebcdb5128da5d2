"""The options that every command shares, stated once and put into each command's signature.

The one rule: an option of the command line is a setting under another spelling; its meaning stands in
`demand_monitor.settings`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Concatenate, Final, ParamSpec

import typer

from demand_monitor.settings import Settings, masked_url, read_settings
from schemas.errors import BadSetup, BrokerDown, Outage, StoreDown

P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

#: A command of ours and nothing else, of those that take `--prefix`.
_PLAIN_COMMAND: Final = re.compile(r"demand-monitor (?!mapping|settings|schemas)[A-Za-z0-9_:./ -]+")
_PANEL: Final = "Where"
_Option = tuple[str, type, str, str, str]
_SHARED: Final[tuple[_Option, ...]] = (
    ("config", Path, "--config", "TOML file of settings (also DEMAND_CONFIG).", "FILE"),
    ("bootstrap", str, "--bootstrap", "Kafka brokers (also DEMAND_BOOTSTRAP).", "HOST:PORT"),
    ("redis", str, "--redis", "Redis URL: redis://, rediss:// or unix:// (also DEMAND_REDIS).", "URL"),
    ("prefix", str, "--prefix", "Prefix of topics, groups and keys (also DEMAND_PREFIX).", "TEXT"),
    ("partitions", int, "--partitions", "P, the number of tasks (also DEMAND_PARTITIONS).", "P"),
    ("log_level", str, "--log-level", "Life-cycle events on standard error: info, warning or none.", "LEVEL"),
)
_SERVED: Final[tuple[_Option, ...]] = (
    *_SHARED,
    ("metrics_port", int, "--metrics-port", "Show /metrics on this port (also DEMAND_METRICS_PORT).", "PORT"),
)


def with_settings(command: Callable[Concatenate[Settings, P], None]) -> Callable[P, None]:
    """Return a command whose first parameter is filled from the shared options, the environment and the file.

    Parameters
    ----------
    command
        Takes the settings first, then its own arguments and options.
    """
    return _filled(command, _SHARED)


def with_served_settings(command: Callable[Concatenate[Settings, P], None]) -> Callable[P, None]:
    """Return a command as :func:`with_settings` does, for a process that runs on and can be looked at."""
    return _filled(command, _SERVED)


def _filled(command: Callable[Concatenate[Settings, P], None], options_shared: Sequence[_Option]) -> Callable[P, None]:
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind | None, typer.Option(flag, help=text, metavar=meta, rich_help_panel=_PANEL)],
        )
        for name, kind, flag, text, meta in options_shared
    ]

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        options = {name: kwargs.pop(name, None) for name, *_ in options_shared}
        config = options.pop("config")
        settings = read_settings(options, config if isinstance(config, Path) else None)
        try:
            command(settings, *args, **kwargs)
        except BadSetup as wrong:
            wrong.next_command = with_prefix(wrong.next_command, settings.prefix)
            raise
        except BrokerDown as down:
            raise BrokerDown(f"Kafka at {settings.bootstrap} did not answer: {_cause(down)}") from down
        except StoreDown as down:
            raise StoreDown(f"Redis at {masked_url(settings.redis)} did not answer: {_cause(down)}") from down

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own] + shared
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def with_prefix(command: str | None, prefix: str) -> str | None:
    """Return a next command for the installation in use; whoever raised it did not know which one that is.

    >>> with_prefix("demand-monitor heartbeat --catch-up", "lima-")
    'demand-monitor heartbeat --catch-up --prefix lima-'
    >>> with_prefix("demand-monitor mapping list", "lima-")
    'demand-monitor mapping list'
    """
    if command is None or not prefix or "--prefix" in command or not _PLAIN_COMMAND.fullmatch(command):
        return command
    return f"{command} --prefix {prefix}"


def _cause(down: Outage) -> str:
    """Return what an adapter has said, without the words that are said here already."""
    return str(down).removeprefix("Redis did not answer: ")
