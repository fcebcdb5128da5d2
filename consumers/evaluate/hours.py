"""Hours of a data set, made once from the project's own mappings and kept on disk beside its panel of days.

The one rule: what is kept is named by the digest of its files and mappings and by the version of the builder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from consumers.evaluate.panels import Arrays, Source, keep, pack, unpack
from streams.evaluation.hour_panel import HourBuilder, HourPanel

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
    return keep(path, source, HourBuilder(name, source.zone), _pack, _unpack)


def _pack(panel: HourPanel) -> Arrays:
    return {**pack(panel.days), "sold": panel.sold, "out": panel.out, "told": panel.told}


def _unpack(kept: Arrays) -> HourPanel:
    return HourPanel(unpack(kept), kept["sold"], kept["out"], kept["told"])
