"""Panels of data sets, made once from the project's own mappings and kept on disk.

The one rule: a kept panel is named by the digest of its files and mappings and by the version of the builder, so
none is ever stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from schemas.topics import Topic
from streams.evaluation.panel import Panel
from streams.evaluation.panel_builder import PanelBuilder
from streams.settings import Grain, Period

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
    if path.exists():
        return _read(path)
    builder = PanelBuilder(name, source.zone, period, grain)
    for batch in source.batches():
        builder.feed((event.event_time_ms, event.topic, event.value) for event in batch)
    panel = builder.build()
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, panel)
    return panel


def _write(path: Path, panel: Panel) -> None:
    head = {
        "name": panel.name, "period": panel.period, "first_period": panel.first_period, "stores": panel.stores,
        "skus": panel.skus, "categories": panel.categories, "columns": panel.columns,
    }  # fmt: skip
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, head=np.array(json.dumps(head)), demand=panel.demand, exposure=panel.exposure, known=panel.known
    )
    part.replace(path)


def _read(path: Path) -> Panel:
    with np.load(path) as kept:
        head = json.loads(str(kept["head"]))
        return Panel(
            head["name"], head["period"], head["first_period"], tuple(head["stores"]), tuple(head["skus"]),
            tuple(head["categories"]), kept["demand"], kept["exposure"], kept["known"], tuple(head["columns"]),
        )  # fmt: skip
