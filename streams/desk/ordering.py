"""What to do, how many and by when: the recommended action of an alert.

The one rule: a number of units is one that the supplier delivers: at least the minimum, then whole packs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from schemas.alerts import RecommendedAction
from schemas.quantities import to_thousandths, to_units
from schemas.signals import AlertKind
from streams.desk.phrases import Scene, clip
from streams.desk.sentences import MAX_TEXT, action_of

_ORDERED: Final[frozenset[AlertKind]] = frozenset({"stockout_risk", "stockout"})


def to_order(units: float, multiple: float | None, minimum: float | None) -> float:
    """Return the units to order: raised to the minimum, then up to whole packs.

    Parameters
    ----------
    units
        What is wanted.
    multiple, minimum
        Pack multiple and smallest order, units; None where unknown.

    >>> to_order(31.0, 12.0, 24.0), to_order(5.0, 12.0, 30.0), to_order(31.0, None, None)
    (36.0, 36.0, 31.0)
    """
    wanted = max(to_thousandths(units), to_thousandths(minimum or 0))
    pack = to_thousandths(multiple or 0)
    return to_units(-(-wanted // pack) * pack if pack else wanted)


def recommend(scene: Scene) -> RecommendedAction:
    """Return the recommended action of a finding."""
    if scene.finding.kind not in _ORDERED:
        return RecommendedAction(what=action_of(scene))
    wanted = scene.value("order_units")
    terms = scene.terms
    units = None
    if wanted is not None and wanted > 0:
        multiple, minimum = (terms.pack_multiple_units, terms.minimum_units) if terms else (None, None)
        units = to_order(wanted, multiple, minimum)
    latest = scene.finding.times.get("order_by")
    return _in_time(scene, units, latest)


def _in_time(scene: Scene, units: float | None, latest: datetime | None) -> RecommendedAction:
    """Order as usual while that still helps; else the first faster way whose last moment has not passed."""
    now, what = scene.finding.event_time, action_of(scene)
    if latest is not None and latest <= now:
        what = f"{what} It is late for that already: do it now."
        for hours, faster in _faster_ways(scene):
            last = _last_moment(scene, hours)
            if last is not None and last > now:
                return RecommendedAction(what=faster, units=units, latest_useful_at=scene.local(last))
    return RecommendedAction(
        what=clip(what, MAX_TEXT), units=units, latest_useful_at=None if latest is None else scene.local(latest)
    )


def _faster_ways(scene: Scene) -> list[tuple[float, str]]:
    terms = scene.terms
    ways = []
    if terms is not None and terms.express_hours is not None:
        ways.append((terms.express_hours, f"Order by express from {terms.supplier}: a usual order comes too late."))
    if terms is not None and terms.transfer_hours is not None:
        ways.append((terms.transfer_hours, "Move stock from another store: a usual order comes too late."))
    return ways


def _last_moment(scene: Scene, hours: float) -> datetime | None:
    empty = scene.finding.times.get("runs_out_p50")
    return None if empty is None else empty - timedelta(hours=hours)
