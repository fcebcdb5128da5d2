"""Panels of data sets, made once from the project's own mappings and kept on disk.

The one rule: a kept panel is named by the digest of its files and mappings and by the version of the builder, so
none is ever stale.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from schemas.topics import Topic
from streams.evaluation.panel import Panel
from streams.evaluation.panel_builder import PanelBuilder
from streams.settings import Grain, Period

T = TypeVar("T", covariant=True)
Arrays = Mapping[str, Any]

#: Raised when the builder books anything otherwise.
VERSION: Final = 1


class Event(Protocol):
    """One event of a file."""

    @property
    def event_time_ms(self) -> int:
        """When."""

    @property
    def topic(self) -> Topic:
        """Where it belongs."""

    @property
    def value(self) -> bytes:
        """The event."""


class Source(Protocol):
    """Files with their mappings."""

    @property
    def zone(self) -> str:
        """The zone in which days begin."""

    def digest(self) -> str:
        """Digest of files and mappings."""

    def batches(self) -> Iterator[Sequence[Event]]:
        """All events in order of time."""


class Builder(Protocol[T]):
    """Whoever makes something of events."""

    def feed(self, events: Iterable[tuple[int, Topic, bytes]]) -> None:
        """Take events in order of time: when, where they belong, what they say."""

    def build(self) -> T:
        """Return what was made."""


def load_panel(name: str, source: Source, period: Period, grain: Grain, folder: Path) -> Panel:
    """Return the panel of a source, from `folder` if it was made before.

    Parameters
    ----------
    name
        Of the data set.
    source
        Its files.
    period, grain
        Of the panel, and of the source.
    folder
        Where panels are kept.
    """
    path = folder / f"panel-{name}-{period}-{source.digest()[:16]}-v{VERSION}.npz"
    return keep(path, source, PanelBuilder(name, source.zone, period, grain), pack, unpack)


def keep(
    path: Path, source: Source, builder: Builder[T], pack: Callable[[T], Arrays], unpack: Callable[[Arrays], T]
) -> T:
    """Return what a builder makes of a source, from its file if it was made before.

    Parameters
    ----------
    path
        The file; its name tells stale from fresh.
    source, builder
        The events, and who makes something of them.
    pack, unpack
        To and from named arrays.
    """
    if path.exists():
        with np.load(path) as kept:
            return unpack(kept)
    for batch in source.batches():
        builder.feed((event.event_time_ms, event.topic, event.value) for event in batch)
    built = builder.build()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **pack(built))
    part.replace(path)
    return built


def pack(panel: Panel) -> Arrays:
    """Return a panel as named arrays."""
    head = {
        "name": panel.name, "period": panel.period, "first_period": panel.first_period, "stores": panel.stores,
        "skus": panel.skus, "categories": panel.categories, "columns": panel.columns,
    }  # fmt: skip
    return {
        "head": np.array(json.dumps(head)), "demand": panel.demand, "exposure": panel.exposure, "known": panel.known,
    }  # fmt: skip


def unpack(kept: Arrays) -> Panel:
    """Return the panel of such arrays."""
    head = json.loads(str(kept["head"]))
    return Panel(
        head["name"], head["period"], head["first_period"], tuple(head["stores"]), tuple(head["skus"]),
        tuple(head["categories"]), kept["demand"], kept["exposure"], kept["known"], tuple(head["columns"]),
    )  # fmt: skip
