"""How unlikely is it that nobody bought anything for so long? The silence of a shelf, and how much of it is usual.

Why: a shelf that is empty says nothing, and so does one that nobody wants; the difference is what was to be expected in
the meantime. The one rule: what is added up is nats, minus the logarithm of the chance of no purchase, hour by hour as
the day's curve has them and day by day.

::

    nats of a run ──► if demand were as forecast, a run that ends has nats > x with probability exp(-x)
                 ──► real demand has longer silences: exp(-(x - FLOOR) / scale) beyond FLOOR, the scale by demand class,
                     learnt from runs that a sale has ended, those beyond CEILING counted as that long (an empty shelf
                     is no lesson about demand)

    threshold    a run beyond it happens to a shelf with stock `suspicions` times a series-year

State of all classes::

    version 1 ┆ by class: series-days, runs beyond FLOOR, of them below CEILING, nats between the two: float64
"""

from __future__ import annotations

import math
from struct import Struct
from typing import Final

from online_models.nowcast import DayAhead
from online_models.risk_calibration import CLASSES, DemandClass
from schemas.errors import StateCorrupt

FORMAT_VERSION: Final = 1
FLOOR_NATS, CEILING_NATS = 2.0, 9.0
#: Never less, however regular demand has been.
LEAST_NATS: Final = 6.0
_STATE: Final = Struct(f"<B{4 * len(CLASSES)}d")
_DAYS_A_YEAR: Final = 365.25
_ENDLESS: Final = 50.0
#: What is taken for known at first: a scale of 1.3, from so many runs, one beyond FLOOR in a month.
_PRIOR_RUNS, _PRIOR_SCALE, _PRIOR_DAYS = 20.0, 1.3, 600.0
#: Series-days after which the past is forgotten in proportion.
_MEMORY_DAYS: Final = 100_000.0


def silence_nats(day: DayAhead, share: float) -> float:
    """Minus the log of the chance that a share of a day's demand is nothing.

    Parameters
    ----------
    day
        As forecast.
    share
        Of the day's demand, usually.

    Examples
    --------
    Four purchases of two units expected in half a day, Poisson: exp(-4).

    >>> silence_nats(DayAhead(mean_units=16.0, pace_variance=0.0, clump=2.0), 0.5)
    4.0
    """
    purchases = day.mean_units * share / day.clump
    if purchases <= 0.0:
        return 0.0
    variance = day.pace_variance
    return purchases if variance < 1e-9 else math.log1p(variance * purchases) / variance


def silent_share(day: DayAhead, nats: float) -> float | None:
    """Share of a day's demand whose absence weighs so many nats; None where no day could; see :func:`silence_nats`.

    Parameters
    ----------
    day
        As forecast.
    nats
        Wanted.

    Examples
    --------
    >>> day = DayAhead(mean_units=16.0, pace_variance=0.3, clump=2.0)
    >>> round(silence_nats(day, silent_share(day, 1.5)), 9)
    1.5
    """
    if nats <= 0.0:
        return 0.0
    purchases_a_day, variance = day.mean_units / day.clump, day.pace_variance
    if purchases_a_day <= 0.0 or variance * nats > _ENDLESS:
        return None
    purchases = nats if variance < 1e-9 else math.expm1(variance * nats) / variance
    return purchases / purchases_a_day


class SilenceScale:
    """How long silences last that end by themselves, by demand class.

    Examples
    --------
    Runs that end as an exponential law of scale 2 says are twice as long as forecast demand would have them.

    >>> scale = SilenceScale()
    >>> for k in range(1000):
    ...     scale.live("lumpy", 10.0)
    ...     scale.end("lumpy", -2.0 * math.log((k + 0.5) / 1000))
    >>> round(scale.of("lumpy"), 1), scale.of("smooth")
    (2.0, 1.3)
    >>> scale.threshold_nats("lumpy", 1.0) > scale.threshold_nats("smooth", 1.0)
    True
    """

    __slots__ = ("_dirty", "_sums")

    def __init__(self) -> None:
        self._sums: dict[DemandClass, list[float]] = {name: [0.0] * 4 for name in CLASSES}
        self._dirty = False

    def live(self, demand: DemandClass, days: float) -> None:
        """Book days of a series."""
        self._dirty = True
        sums = self._sums[demand]
        if sums[0] > _MEMORY_DAYS:
            sums[:] = [0.5 * each for each in sums]
        sums[0] += days

    def end(self, demand: DemandClass, nats: float) -> None:
        """Book a run that a sale has ended."""
        if nats <= FLOOR_NATS:
            return
        self._dirty = True
        sums = self._sums[demand]
        sums[1] += 1.0
        sums[2] += nats < CEILING_NATS
        sums[3] += min(nats, CEILING_NATS) - FLOOR_NATS

    def of(self, demand: DemandClass) -> float:
        """Scale of the nats beyond `FLOOR_NATS`: 1 if demand were as forecast."""
        _, _, ended, nats = self._sums[demand]
        return max((nats + _PRIOR_RUNS * _PRIOR_SCALE) / (ended + _PRIOR_RUNS), 1.0)

    def threshold_nats(self, demand: DemandClass, suspicions: float) -> float:
        """Nats beyond which a shelf with stock is silent so many times a series-year.

        Parameters
        ----------
        demand
            Class of the series.
        suspicions
            A series-year.
        """
        days, runs, _, _ = self._sums[demand]
        runs_a_year = _DAYS_A_YEAR * (runs + _PRIOR_RUNS) / (days + _PRIOR_DAYS)
        beyond = self.of(demand) * math.log(max(runs_a_year / suspicions, 1.0))
        return max(FLOOR_NATS + beyond, LEAST_NATS)

    def chance(self, demand: DemandClass, nats: float) -> float:
        """How often a run of a shelf with stock comes to be so long, of all that there are.

        Parameters
        ----------
        demand
            Class of the series.
        nats
            Of the run.
        """
        usual = min(nats, FLOOR_NATS)
        return math.exp(-usual - (nats - usual) / self.of(demand))

    def drain(self) -> bytes | None:
        """The whole state if it changed since the last call, and count it as clean."""
        dirty, self._dirty = self._dirty, False
        return self.encode() if dirty else None

    def encode(self) -> bytes:
        """The whole state."""
        return _STATE.pack(FORMAT_VERSION, *(each for name in CLASSES for each in self._sums[name]))

    @classmethod
    def decode(cls, state: bytes) -> SilenceScale:
        """What `encode` wrote.

        Raises
        ------
        StateCorrupt
            Of another format or length.
        """
        if len(state) != _STATE.size or state[0] != FORMAT_VERSION:
            raise StateCorrupt(f"Silences of another format; this version reads {FORMAT_VERSION}.")
        scale = cls()
        numbers = _STATE.unpack(state)[1:]
        for at, name in enumerate(CLASSES):
            scale._sums[name] = list(numbers[4 * at : 4 * at + 4])
        return scale
