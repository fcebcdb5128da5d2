"""What is stored of one series, and what can be read from it: the array behind the stack, its parts, its codec.

::

    magic, season, signature ┆ detectors ┆ the array, 4-byte floats (`stack_layout`) ┆ registered experts ┆ CRC-32

The one rule: what is stored is what is used. The array is the state; nothing is kept beside it that an answer needs.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from struct import Struct, error

import numpy as np

from online_models import registry
from online_models.columns import COLUMNS, Column
from online_models.conformal import NOMINAL, CalibratedDistribution
from online_models.demand_class import DemandClass, class_of_forecast
from online_models.distribution import LEVEL_SHARE
from online_models.drift import DEFAULT_THRESHOLD
from online_models.drift_calibration import CLASSES
from online_models.season_change import season_warm_up
from online_models.stack_experts import StackExperts
from online_models.stack_forecast import StackForecast
from online_models.stack_layout import (
    GRAIN_THOUSANDTHS,
    ISSUED_DISPERSION,
    ISSUED_MEAN,
    ISSUED_NAIVE,
    ISSUED_RATIO,
    NEVER,
    SCALE,
    SEEN,
    SOLD_SHARE,
    layout_of,
)
from online_models.stack_levels import StackLevels
from online_models.stack_run import RUN_ISSUED, RUN_SHARE, RUN_SLOT, StackRun
from online_models.stack_score import CALIBRATED_FROM, StackScore
from online_models.stack_watch import CUSUM, Beside, StackWatch
from schemas.errors import StateCorrupt

DRIFT_WARM_UP_PERIODS = 14
#: Thousandths in a piece: grains are kept as whole numbers.
PIECE = 1000
#: Of the gamma distribution of levels within a category: products of one category differ much.
COLD_SHAPE = 0.5
_MAGIC = b"DS"
_PREFIX = Struct("<2sHI")
_LENGTH = Struct("<H")
_CHECKSUM = Struct("<I")


class StackState:
    """The state of one series' stack.

    Parameters
    ----------
    season, columns, extras, drift_threshold, drift_detector
        As :class:`online_models.stack.SeriesStack` has them.
    """

    __slots__ = (
        "extras", "layout", "_cautions", "_experts", "_levels", "_numbers", "_run", "_score", "_season_from", "_state",
        "_watch",
    )  # fmt: skip

    def __init__(
        self,
        season: int = 7,
        columns: tuple[Column, ...] = COLUMNS,
        extras: tuple[str, ...] = (),
        drift_threshold: float = DEFAULT_THRESHOLD,
        drift_detector: str = CUSUM,
    ) -> None:
        self.layout = layout = layout_of(season, columns, extras)
        self.extras = tuple(registry.make(name, season, columns) for name in extras)
        self._experts = StackExperts(layout)
        self._levels = StackLevels(layout)
        self._run = StackRun(layout)
        self._score = StackScore(layout)
        self._state = state = array("f", bytes(4 * layout.size))
        #: The same memory, for what is done on whole stretches.
        self._numbers = np.frombuffer(state, dtype=np.float32)
        self._season_from = season_warm_up(season)
        self._watch = StackWatch(drift_threshold, season, drift_detector)
        self._cautions: Sequence[float] = (1.0,) * CLASSES
        self._start()

    def _start(self) -> None:
        layout, state = self.layout, self._state
        state[ISSUED_MEAN] = state[ISSUED_RATIO] = NEVER
        state[ISSUED_DISPERSION] = 1.0 / COLD_SHAPE
        state[GRAIN_THOUSANDTHS] = PIECE
        state[layout.run + RUN_SLOT] = state[layout.run + RUN_ISSUED] = NEVER
        state[layout.run + RUN_SHARE] = LEVEL_SHARE
        state[layout.levels : layout.ratio] = array("f", NOMINAL)
        for place in (*range(layout.pattern, layout.run), *range(layout.ratio, layout.usual)):
            state[place] = NEVER
        neutral = array("f", [layout.columns[i].neutral for i in layout.known])
        if neutral:
            state[layout.usual : layout.eta] = neutral * (1 + layout.season * layout.by_slot)
        state[layout.triangle :] = array("f", self._experts.regression.blank())
        self._open_regression()

    def _open_regression(self) -> None:
        layout, numbers = self.layout, self._numbers
        self._experts.regression.read(numbers[layout.eta : layout.triangle], numbers[layout.triangle :])

    # --- what is known ----------------------------------------------------------------------------------------

    @property
    def observed(self) -> int:
        """Periods learnt."""
        return int(self._state[SEEN])

    @property
    def share_sold(self) -> float:
        """Discounted share of periods with a sale."""
        return self._state[SOLD_SHARE] if self._state[SEEN] else 1.0

    @property
    def never_sold(self) -> bool:
        """Whether no sale was ever learnt."""
        return self._state[SCALE] <= 0.0

    @property
    def usual_units(self) -> float:
        """What a period sells in the long run; 0 before the first observation."""
        return self._state[SCALE]

    @property
    def demand_class(self) -> DemandClass | None:
        """Smooth, erratic, intermittent or lumpy; None before the first sale."""
        mean = self._state[SCALE]
        if mean <= 0.0:
            return None
        return class_of_forecast(self.share_sold, mean, self.grain * mean + self.dispersion * mean * mean)

    @property
    def grain(self) -> float:
        """The step in which the series sells, units, 1 at most."""
        return self._state[GRAIN_THOUSANDTHS] / PIECE

    @property
    def dispersion(self) -> float:
        """Excess of the scatter over Poisson, as of the forecast issued last."""
        return self._state[ISSUED_DISPERSION]

    @property
    def level_share(self) -> float:
        """Variance of the error that coming periods share, over that of one of them, as of the forecast issued last."""
        return self._state[self.layout.run + RUN_SHARE]

    @property
    def levels(self) -> tuple[float, ...]:
        """Calibrated level of each of the nominal ones, ascending."""
        return tuple(self._state[self.layout.levels : self.layout.ratio])

    @property
    def champion(self) -> str:
        """Name of the expert that has erred least."""
        return self._score.champion(self._state)

    @property
    def drift_score(self) -> float | None:
        """How near the series is to a drift from its forecast, nats; None while the detectors warm up."""
        return self._watch.score if self._state[SEEN] > DRIFT_WARM_UP_PERIODS else None

    @property
    def drift_steps(self) -> Sequence[float] | None:
        """What the newest close added to every score, nats; None where it was not judged."""
        return self._watch.steps

    @property
    def drift_thresholds(self) -> Sequence[float]:
        """What each of those scores must exceed, at a caution of 1."""
        return self._watch.thresholds

    @property
    def beside(self) -> Beside:
        """What the detectors beside the one that speaks have seen."""
        return self._watch.beside

    def heed(self, cautions: Sequence[float]) -> None:
        """Multiply thresholds from now on with the caution of the series' class; the list is read at each close."""
        self._cautions = cautions

    @property
    def issued(self) -> StackForecast | None:
        """The forecast that is out for the next period; None if none is."""
        state, layout = self._state, self.layout
        mean = state[ISSUED_MEAN]
        if mean < 0.0:
            return None
        means = tuple(state[layout.means : layout.losses])
        return StackForecast(mean, self.distribution(mean), self.champion, means, state[ISSUED_NAIVE])

    def distribution(self, mean_units: float) -> CalibratedDistribution:
        """Demand of a period around a mean, scattered and calibrated as of the forecast issued last."""
        grain = self.grain
        levels = self.levels if mean_units >= CALIBRATED_FROM * grain else NOMINAL
        return CalibratedDistribution(mean_units, self._state[ISSUED_DISPERSION], grain, self.level_share, levels)

    # --- storing ----------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        """The whole state, with a version and a checksum."""
        parts = [
            _PREFIX.pack(_MAGIC, self.layout.season, self.layout.signature),
            self._watch.encode(),
            self._state.tobytes(),
        ]
        for expert in self.extras:
            state = expert.encode()
            parts += [_LENGTH.pack(len(state)), state]
        body = b"".join(parts)
        return body + _CHECKSUM.pack(zlib.crc32(body))

    def restore(self, state: bytes) -> None:
        """Become the stack that wrote `state`, keeping this object: a host reads one series after another into it.

        Parameters
        ----------
        state
            What `encode` wrote, for the same season, columns and extras.

        Raises
        ------
        StateCorrupt
            Cut off or altered, of another format, of another season or other columns.
        """
        end = len(state) - _CHECKSUM.size
        if end < _PREFIX.size or zlib.crc32(memoryview(state)[:end]) != _CHECKSUM.unpack_from(state, end)[0]:
            raise StateCorrupt("a series' state is cut off, or fails its checksum.")
        if _PREFIX.unpack_from(state) != (_MAGIC, self.layout.season, self.layout.signature):
            raise StateCorrupt("a series' state was written by another version or for other features.")
        try:
            self._take(state)
        except (error, ValueError) as broken:
            raise StateCorrupt(f"a series' state does not read: {broken}") from broken

    def _take(self, state: bytes) -> None:
        at = _PREFIX.size
        self._watch.restore(state[at : at + self._watch.size])
        at += self._watch.size
        self._numbers[:] = np.frombuffer(state, np.float32, self.layout.size, at)
        at += 4 * self.layout.size
        for expert in self.extras:
            (length,) = _LENGTH.unpack_from(state, at)
            at += _LENGTH.size
            expert.restore(state[at : at + length])
            at += length
        self._open_regression()
