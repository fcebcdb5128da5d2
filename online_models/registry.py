"""Name to expert: who may join the five of the stack.

The one rule: a series' stored state names nobody; it carries a signature of the roster, so the order of a roster is as
much part of the state as its names. A package adds experts through the entry point group `demand_monitor.models`: each
entry point is a factory of the signature below and is named as the expert.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

from online_models.base import Expert
from online_models.columns import Column
from online_models.ewma import Ewma
from online_models.regression import Regression
from online_models.seasonal_naive import SeasonalNaive
from online_models.tsb import Tsb

ENTRY_POINT_GROUP = "demand_monitor.models"

Factory = Callable[[int, tuple[Column, ...]], Expert]
"""Season and columns to a new expert."""

FACTORIES: dict[str, Factory] = {
    SeasonalNaive.name: lambda season, columns: SeasonalNaive(season),
    Ewma.name: lambda season, columns: Ewma(season),
    Tsb.name: lambda season, columns: Tsb(),
    Regression.name: Regression,
}

ROSTER: tuple[str, ...] = tuple(FACTORIES)
"""The plain set: yardsticks, and examples of what an expert is."""


def make(name: str, season: int, columns: tuple[Column, ...]) -> Expert:
    """A new expert.

    Parameters
    ----------
    name
        As registered.
    season
        Number of slots.
    columns
        What a row holds.

    Raises
    ------
    KeyError
        No expert of that name; the message lists those there are.
    """
    if name not in FACTORIES:
        raise KeyError(f"no model named {name!r}; there are {', '.join(sorted(FACTORIES))}")
    return FACTORIES[name](season, columns)


def register(name: str, factory: Factory) -> None:
    """Add an expert; a name is never given twice, since a roster is stored by name."""
    if name in FACTORIES:
        raise ValueError(f"a model named {name!r} is already registered")
    FACTORIES[name] = factory


def register_installed() -> tuple[str, ...]:
    """Add the experts of installed packages, in order of name; returns the names added."""
    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)
    added = [entry for entry in found if entry.name not in FACTORIES]
    for entry in added:
        register(entry.name, entry.load())
    return tuple(entry.name for entry in added)
