"""One wish, alarms per series-year, turned into the thresholds that keep it: by classes of series, from their own past.

Why: a threshold in nats means another number of false alarms for a steady product than for a lumpy one. The one rule:
thresholds are worked out at fixed moments of event time, from stored samples and seeded draws: one log, one result.

::

    close ──► steps of every score ──► block of a season of a witness ──► reservoir of its class
          └─► score ──► tail of its class ──► p-value                          │ every 28 days
                                     caution of the class ◄── chains of drawn blocks, scored at a grid of cautions

A class is signal-to-noise (four) by how often it sells (two). In a chain of blocks drawn at random no change lasts
longer than a block, so what alarms there is chance. `caution` is what every threshold is multiplied with; until a
class has blocks enough it is 1.

References
----------
Künsch (1989), *The jackknife and the bootstrap for general stationary observations*, Annals of Statistics 17: blocks.
Vitter (1985), *Random sampling with a reservoir*. Phipson and Smyth (2010), *Permutation P-values should never be
zero*.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from struct import Struct
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from online_models.drift import REST_PERIODS

#: Mean over standard deviation of a period's demand.
SIGNAL_EDGES: Final = (0.8, 1.6, 3.0)
#: Share of periods with a sale below which demand is intermittent: an interval of 1.32 (Syntetos and Boylan 2005).
INTERMITTENT_BELOW: Final = 1.0 / 1.32
CLASSES: Final = 2 * (len(SIGNAL_EDGES) + 1)
LEAST_BLOCKS: Final = 96
MOST_BLOCKS: Final = 384
TURN_PERIODS: Final = {7: 28, 52: 16, 12: 12}
"""How often thresholds are worked out anew, by season."""
_USUAL_TURN: Final = 28
GRID: Final = np.geomspace(0.5, 3.0, 12)
"""Cautions that are tried."""
LARGEST_STEP: Final = 3.0
#: After so many fillings of the reservoir a block is replaced as likely as ever: what lies far back fades.
_FILLINGS: Final = 4
_WITNESSES: Final = 32
_CHAINS: Final = 128
_TO_BYTE: Final = 127.0 / LARGEST_STEP
LEAST_NEWS: Final = 1.0
"""Nats from which a score is given a p-value."""
_BINS: Final = 64
_BIN_NATS: Final = 0.25
_KEEP_TAIL: Final = 0.7
_HEAD = Struct("<HfIIIii")
_OPEN = Struct("<IB")
BLOCK_PERIODS: Final = {7: 7, 52: 12}
"""Periods in a block, by season: long enough that what wanders by itself is in it."""
_SHORT_BLOCK: Final = 4
_PERIODS_A_YEAR: Final = {7: 365.25, 52: 365.25 / 7, 12: 12.0}

Floats = npt.NDArray[np.float32]


def class_of(signal_to_noise: float, share_sold: float) -> int:
    """Return the class of a series.

    >>> class_of(5.0, 1.0), class_of(0.5, 0.3)
    (6, 1)
    """
    return 2 * bisect_right(SIGNAL_EDGES, signal_to_noise) + (share_sold < INTERMITTENT_BELOW)


def alarm_rates(blocks: Floats, cautions: npt.NDArray[np.float64], periods: int, seed: int) -> npt.NDArray[np.float64]:
    """Alarms per period of scores that run over randomly chained blocks, for several cautions at once.

    Parameters
    ----------
    blocks
        Block x period x score: what each period adds to each score, in thresholds.
    cautions
        Multiples of the threshold to try.
    periods
        Length of a chain; whole blocks are drawn.
    seed
        Of the draws.
    """
    random = np.random.default_rng(seed)
    length = blocks.shape[1]
    draws = random.integers(len(blocks), size=(-(-periods // length), _CHAINS))
    scores = np.zeros((blocks.shape[2], _CHAINS, len(cautions)), np.float32)
    resting = np.zeros(scores.shape[1:], np.int32)
    alarms = np.zeros(len(cautions))
    limits = cautions.astype(np.float32)
    by_score = np.ascontiguousarray(blocks.transpose(1, 2, 0))
    for drawn in draws:
        for steps in by_score:
            scores += steps[:, drawn, None]
            np.maximum(scores, 0.0, out=scores)
            scores *= resting == 0
            np.maximum(resting - 1, 0, out=resting)
            hit = scores.max(axis=0) > limits
            if hit.any():
                alarms += hit.sum(axis=0)
                scores *= ~hit
                resting[hit] = REST_PERIODS
    return np.asarray(alarms / (_CHAINS * len(draws) * length), np.float64)


def caution_for(rates: npt.NDArray[np.floating], wish: float) -> float:
    """Return the caution at which the rate is the wish, between two points of the grid on a logarithmic scale."""
    logs = np.log(np.minimum.accumulate(np.maximum(rates, 1e-9)))
    return float(np.interp(-np.log(wish), -logs, GRID))


class ClassCalibration:
    """What one class has shown: a reservoir of blocks, a tail of scores, and the caution made of them.

    Parameters
    ----------
    length
        Periods in a block.
    width
        Scores in a period.
    turn
        Periods between two workings out.
    """

    __slots__ = ("blocks", "caution", "changed", "open", "tail", "_entered", "_entered_before", "_epoch", "_length",
                 "_seen", "_turn", "_turned", "_width")  # fmt: skip

    def __init__(self, length: int, width: int, turn: int) -> None:
        self._length, self._width, self._turn = length, width, turn
        self.blocks = bytearray()
        self.tail = array("f", bytes(4 * _BINS))
        self.caution = 1.0
        #: Blocks that are under way: series to periods known, and steps.
        self.open: dict[int, tuple[int, bytearray]] = {}
        self._epoch = self._turned = -1
        self._seen = self._entered = self._entered_before = 0
        self.changed = False

    @property
    def count(self) -> int:
        """Blocks in the reservoir."""
        return len(self.blocks) // (self._length * self._width)

    def rank(self, score: float) -> float:
        """Return the share of past scores at or above this one, itself among them; then take it in.

        Parameters
        ----------
        score
            In nats, not below zero. Below `LEAST_NEWS` it is no news, and the share is said to be 1.
        """
        at = min(int(score / _BIN_NATS), _BINS - 1)
        tail = self.tail
        p = (1.0 + sum(tail[at:])) / (1.0 + sum(tail)) if score >= LEAST_NEWS else 1.0
        tail[at] += 1.0
        self.changed = True
        return p

    def note(self, series: int, period: int, steps: Sequence[float] | None) -> None:
        """Take the steps of a series in a period, if it is a witness of this block.

        Parameters
        ----------
        series
            Number of the series (a CRC of its name).
        period
            Its ordinal.
        steps
            What it added to each score, nats; None where nothing was judged.
        """
        epoch, place = divmod(period, self._length)
        if epoch > self._epoch:
            self._close_blocks(epoch)
        known = self.open.get(series)
        if known is None:
            if place or epoch < self._epoch or not self._chosen(series):
                return
            known = (0, bytearray(self._length * self._width))
            self.open[series] = known
        if steps is None:
            return
        count, block = known
        for at, step in enumerate(steps, place * self._width):
            block[at] = round(min(max(step, -LARGEST_STEP), LARGEST_STEP) * _TO_BYTE) & 0xFF
        self.open[series] = (count + 1, block)
        self.changed = True

    def _chosen(self, series: int) -> bool:
        self._entered += 1
        every = max(1, self._entered_before // _WITNESSES)
        return len(self.open) < 2 * _WITNESSES and crc32(self._epoch.to_bytes(8, "little"), series) % every == 0

    def _close_blocks(self, epoch: int) -> None:
        self._epoch = epoch
        self._entered_before, self._entered = self._entered, 0
        for series, (known, block) in self.open.items():
            if 2 * known > self._length:
                self._keep(series, block)
        self.open.clear()
        self.changed = True

    def _keep(self, series: int, block: bytearray) -> None:
        size = len(block)
        self._seen = min(self._seen + 1, _FILLINGS * MOST_BLOCKS)
        if self.count < MOST_BLOCKS:
            self.blocks += block
            return
        at = crc32(block, series ^ self._epoch) % self._seen
        if at < MOST_BLOCKS:
            self.blocks[at * size : (at + 1) * size] = block

    def turn(self, period: int, wish: float, thresholds: Sequence[float], periods_a_year: float) -> bool:
        """At the first close of every turn: let the tail fade, and work out the caution anew.

        Parameters
        ----------
        period
            Ordinal of the period that is closed.
        wish
            Alarms per series-year.
        thresholds
            Of the scores at a caution of 1, nats.
        periods_a_year
            Periods in a year.

        Returns
        -------
        bool
            Whether the caution was worked out.
        """
        now = period // self._turn
        if now <= self._turned:
            return False
        self._turned, self.changed = now, True
        self.tail = array("f", [_KEEP_TAIL * number for number in self.tail])
        if self.count < LEAST_BLOCKS:
            return False
        steps = np.frombuffer(bytes(self.blocks), np.int8).reshape(-1, self._length, self._width)
        over = steps.astype(np.float32) / (np.float32(_TO_BYTE) * np.array(thresholds, np.float32))
        rates = alarm_rates(over, GRID, round(periods_a_year), now) * periods_a_year
        self.caution = float(np.float32(caution_for(rates, wish)))
        return True

    def encode(self) -> bytes:
        """Return the whole state."""
        head = _HEAD.pack(
            len(self.open), self.caution, self._seen, self._entered, self._entered_before, self._epoch, self._turned
        )
        opened = [_OPEN.pack(series, known) + bytes(block) for series, (known, block) in self.open.items()]
        return b"".join([head, self.tail.tobytes(), *opened, bytes(self.blocks)])

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        opened, self.caution, self._seen, self._entered, self._entered_before, self._epoch, self._turned = (
            _HEAD.unpack_from(state)
        )
        at = _HEAD.size + 4 * _BINS
        self.tail = array("f", state[_HEAD.size : at])
        size = self._length * self._width
        self.open = {}
        for _ in range(opened):
            series, known = _OPEN.unpack_from(state, at)
            at += _OPEN.size
            self.open[series] = (known, bytearray(state[at : at + size]))
            at += size
        self.blocks = bytearray(state[at:])


class DriftCalibration:
    """The calibration of all classes of one task.

    Parameters
    ----------
    season
        Slots in a season.
    wish
        Alarms per series-year; None leaves every caution at 1.
    thresholds
        Of the scores at a caution of 1, nats.

    Examples
    --------
    >>> calibration = DriftCalibration(7, None, (5.0, 5.0))
    >>> for day in range(400):
    ...     p = calibration.note(6, 17, day, day % 8 * 0.5, (0.1, -0.1))
    >>> p    # one of eight scores is as high
    0.125
    """

    def __init__(self, season: int, wish: float | None, thresholds: Sequence[float]) -> None:
        self._wish = wish
        self._thresholds = tuple(thresholds)
        self._periods_a_year = _PERIODS_A_YEAR.get(season, float(season))
        length = BLOCK_PERIODS.get(season, _SHORT_BLOCK)
        turn = TURN_PERIODS.get(season, _USUAL_TURN)
        self._classes = tuple(ClassCalibration(length, len(self._thresholds), turn) for _ in range(CLASSES))
        #: Of each class; whoever judges reads this list.
        self.cautions = [1.0] * CLASSES

    def note(self, group: int, series: int, period: int, score: float, steps: Sequence[float] | None) -> float:
        """Take what a close has shown.

        Parameters
        ----------
        group
            Class of the series.
        series
            Its number (a CRC of its name).
        period
            Ordinal of the period.
        score
            The detector's score after it, nats.
        steps
            What the period added to each score; None where nothing was judged.

        Returns
        -------
        float
            p-value of the score: the share of scores of the class at or above it.
        """
        one = self._classes[group]
        if self._wish is not None:
            if one.turn(period, self._wish, self._thresholds, self._periods_a_year):
                self.cautions[group] = one.caution
            one.note(series, period, steps)
        return one.rank(score)

    def writes(self) -> dict[str, bytes]:
        """Return the classes that changed since the last call, by number."""
        found = {}
        for number, one in enumerate(self._classes):
            if one.changed:
                found[str(number)] = one.encode()
                one.changed = False
        return found

    def take(self, number: str, state: bytes) -> None:
        """Take over what `writes` gave for a class."""
        one = self._classes[int(number)]
        one.restore(state)
        self.cautions[int(number)] = one.caution
