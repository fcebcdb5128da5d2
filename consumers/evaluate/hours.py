"""Hours of a data set, made once from the project's own mappings and kept on disk beside its panel of days.

The one rule: what is kept is named by the digest of its files and mappings and by the version of the builder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np

from consumers.evaluate.panels import Source
from streams.evaluation.hour_panel import HourBuilder, HourPanel
from streams.evaluation.panel import Panel

#: Raised when the builder books anything otherwise.
VERSION: Final = 1


def load_hours(name: str, source: Source, folder: Path) -> HourPanel:
    """Return the hours of a source, from `folder` if they were made before.

    Parameters
    ----------
    name
        Of the data set.
    source
        Its files.
    folder
        Where panels are kept.
    """
    path = folder / f"hours-{name}-{source.digest()[:16]}-v{VERSION}.npz"
    if path.exists():
        return _read(path)
    builder = HourBuilder(name, source.zone)
    for batch in source.batches():
        builder.feed((event.event_time_ms, event.topic, event.value) for event in batch)
    panel = builder.build()
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, panel)
    return panel


def _write(path: Path, panel: HourPanel) -> None:
    days = panel.days
    head = {
        "name": days.name, "period": days.period, "first_period": days.first_period, "stores": days.stores,
        "skus": days.skus, "categories": days.categories, "columns": days.columns,
    }  # fmt: skip
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, head=np.array(json.dumps(head)), demand=days.demand, exposure=days.exposure, known=days.known,
        sold=panel.sold, out=panel.out, told=panel.told,
    )  # fmt: skip
    part.replace(path)


def _read(path: Path) -> HourPanel:
    with np.load(path) as kept:
        head = json.loads(str(kept["head"]))
        days = Panel(
            head["name"], head["period"], head["first_period"], tuple(head["stores"]), tuple(head["skus"]),
            tuple(head["categories"]), kept["demand"], kept["exposure"], kept["known"], tuple(head["columns"]),
        )  # fmt: skip
        return HourPanel(days, kept["sold"], kept["out"], kept["told"])
