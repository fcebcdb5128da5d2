"""Three pictures of an evaluation, as PNG and SVG: forecast band, calibration, drift timeline.

The one rule: a picture is drawn from the very arrays that are scored, of series chosen by volume, not by looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from schemas.errors import BadSetup
from streams.evaluation.calibration import CLASSES, draw_pit, volume_classes
from streams.evaluation.changes import draw_starts, plant
from streams.evaluation.forecaster import LEVELS, FleetMaker
from streams.evaluation.forecasts import Plan
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import Run, run_fleet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SERIES_OF_DRIFT: Final = 60
_SIZE: Final = (9.0, 4.0)
_BAND: Final = (0.05, 0.95)


def draw_all(panel: Panel, make: FleetMaker, tail: int, folder: Path, seed: int) -> list[Path]:
    """Run the fleet once more and draw all pictures into `folder`.

    Parameters
    ----------
    panel, make, tail
        The data, our fleet's maker, and the scored end.
    folder
        Where to.
    seed
        Of the randomised PIT and of planted changes.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    BadSetup
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise BadSetup("Plots need matplotlib: install the extra `evaluation`.") from None
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan("day_ahead", tuple(range(panel.n_periods - tail, panel.n_periods)), 1)
    run = run_fleet(panel, make, (plan,))
    written: list[Path] = []
    for name in ("band", "calibration", "drift"):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        if name == "band":
            _draw_band(axes, panel, run)
        elif name == "calibration":
            _draw_calibration(axes, panel, run, tail, seed)
        else:
            _draw_drift(axes, panel, make, tail, seed)
        written += _save(figure, folder / f"{panel.name}-{name}")
    return written


def _save(figure: Figure, stem: Path) -> list[Path]:
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    for path in paths:
        figure.savefig(path, dpi=120)
    return paths


def _draw_band(axes: Axes, panel: Panel, run: Run) -> None:
    """The series of median volume: demand, mean, and the band between its 5 and 95 % quantiles."""
    volume = np.nansum(panel.demand, axis=1)
    series = int(np.argsort(volume, kind="stable")[len(volume) // 2])
    forecasts = run.forecasts[0]
    origins = list(forecasts.plan.origins)
    days = np.array(panel.starts_on())[origins]
    if forecasts.quantiles is not None:
        low, high = (forecasts.quantiles[series, :, 0, LEVELS.index(level)] for level in _BAND)
        axes.fill_between(days, low, high, alpha=0.3, linewidth=0, label="5–95 %")
    axes.plot(days, forecasts.means[series, :, 0], label="forecast")
    axes.plot(days, panel.demand[series, origins], ".", color="black", label="demand")
    axes.set_title(f"{panel.name}: store {panel.stores[series]}, {panel.skus[series]}, one {panel.period} ahead")
    axes.set_ylabel("units")
    axes.legend()


def _draw_calibration(axes: Axes, panel: Panel, run: Run, tail: int, seed: int) -> None:
    """Stated level against the share of randomised PIT below it, by volume class."""
    forecasts = run.forecasts[0]
    pit = draw_pit(forecasts, forecasts.actuals(panel), seed)
    classes = volume_classes(panel, tail)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    for place, name in enumerate(CLASSES):
        values = pit[classes == place]
        values = values[np.isfinite(values)]
        if len(values):
            axes.plot(LEVELS, [(values <= level).mean() for level in LEVELS], marker="o", label=f"{name} volume")
    axes.set_title(f"{panel.name}: calibration, one {panel.period} ahead")
    axes.set_xlabel("stated level")
    axes.set_ylabel("share at or below")
    axes.legend()


def _draw_drift(axes: Axes, panel: Panel, make: FleetMaker, tail: int, seed: int) -> None:
    """One line a series: the planted halving and the alarms."""
    sample = panel.sample(_SERIES_OF_DRIFT, seed)
    starts = draw_starts(sample, tail, seed)
    alarms = run_fleet(plant(sample, "half", starts).panel, make, ()).alarms
    days = np.array(sample.starts_on())
    rows, periods = np.nonzero(alarms[:, -tail:])
    axes.plot(days[periods + sample.n_periods - tail], rows, "|", color="tab:red", label="alarm")
    changed = np.flatnonzero(starts >= 0)
    axes.plot(days[starts[changed]], changed, ".", color="black", markersize=4, label="demand halves")
    axes.set_title(f"{panel.name}: planted changes and alarms")
    axes.set_ylabel("series")
    # Beside the picture: a legend inside would hide a change.
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
