"""Has the season's pattern changed while the level stands? One CUSUM for each way in which it may have moved.

Why: a week whose Saturday became its Thursday has the same sum; no test of the level sees it. The one rule: each period
adds the log of how much better "the pattern has moved by so many slots" explains it than "the level has moved, if
anything" does; its own slot ratios say what a moved pattern would have been, its newest sums where the level is.

::

    slots that trade     Mon  Tue  Wed  Thu  Fri  Sat        forecast of Thursday 95, its ratio 0.95
    ratios               1.2  1.0  .95  .95  1.0  .90        moved by three: Thursday sells as Monday did,
                                                             95 x 1.2 / 0.95 = 120
    level taken out      mean x (sum of newest demand / sum of newest forecasts, both faded by a seventh a period)

A season of up to twelve slots may have moved by any number of them; of a year's weeks, by up to four either way.

References
----------
Page (1954), *Continuous inspection schemes*, Biometrika 41. Lorden (1971), *Procedures for reacting to a change in
distribution*: one CUSUM for each alternative, the largest decides.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

LONGEST_TURNED: Final = 12
"""Slots of a season that may turn by any number of them."""
FARTHEST: Final = 4
"""Slots by which the pattern of a longer season may move, either way."""
LEAST_SLOTS: Final = 4
LARGEST_STEP: Final = 3.0
_POISSON: Final = 1e-9
_SMALLEST_TURN, _LARGEST_TURN = 0.1, 10.0
_KEEP_LEVEL: Final = 1.0 - 1.0 / 7.0
_LOWEST_LEVEL, _HIGHEST_LEVEL = 0.2, 5.0
_LEVELS_BYTES: Final = 8
_LONGEST_RUN: Final = 255


class Moved(NamedTuple):
    """The pattern has moved.

    Parameters
    ----------
    slots
        By how many, forwards in time; of trading slots, in a season of up to twelve.
    score
        Of that move, nats.
    periods
        Since when, in judged periods.
    """

    slots: int
    score: float
    periods: int


def moves_of(season: int) -> tuple[int, ...]:
    """Return the moves that are looked for.

    >>> moves_of(7), moves_of(52), moves_of(1)
    ((1, 2, 3, 4, 5, 6), (-4, -3, -2, -1, 1, 2, 3, 4), ())
    """
    if season <= LONGEST_TURNED:
        return tuple(range(1, season))
    return tuple(move for move in range(-FARTHEST, FARTHEST + 1) if move)


_WARM_UP_PERIODS: Final = {7: 56, 52: 78, 12: 36}


def season_warm_up(season: int) -> int:
    """Return after how many periods a pattern is known well enough to see that it has moved.

    >>> season_warm_up(7), season_warm_up(24)
    (56, 72)
    """
    return _WARM_UP_PERIODS.get(season, 3 * season)


class SeasonChange:
    """Scores of all moves of one series' pattern.

    Parameters
    ----------
    season
        Slots in a season.

    Examples
    --------
    >>> change = SeasonChange(7)
    >>> week = [10, 10, 10, 10, 20, 30, 0.5]
    >>> for day in range(21):
    ...     slot = day % 7
    ...     sold = week[slot] if day < 7 else week[(slot - 2) % 7]
    ...     change.update(sold, week[slot], 0.05, slot, [units / 13 for units in week])
    ...     if moved := change.found(threshold=6.0): break
    >>> moved.slots, day
    (2, 11)
    """

    __slots__ = ("moves", "steps", "_level", "_nothing", "_runs", "_scores", "_season")

    def __init__(self, season: int) -> None:
        self.moves = moves_of(season)
        self._season = season
        self._scores = array("f", bytes(4 * len(self.moves)))
        self._runs = bytearray(len(self.moves))
        #: Faded sums of demand and of its forecasts; single precision, as stored.
        self._level = array("f", (0.0, 0.0))
        #: What the newest period added to each score, nats. Not state.
        self.steps: Sequence[float] = (0.0,) * len(self.moves)
        self._nothing = self.steps

    @property
    def size(self) -> int:
        """Bytes that `encode` gives."""
        return _LEVELS_BYTES + 5 * len(self.moves)

    @property
    def score(self) -> float:
        """The highest of the scores, nats."""
        return max(self._scores, default=0.0)

    def found(self, threshold: float) -> Moved | None:
        """Return the move that explains best what was seen, if its score exceeds a threshold.

        Fewer periods than `LEAST_SLOTS` cannot tell a pattern from a level.
        """
        scores, runs = self._scores, self._runs
        best = None
        for at, score in enumerate(scores):
            if score > threshold and runs[at] >= LEAST_SLOTS and (best is None or score > best.score):
                best = Moved(self.moves[at], score, runs[at])
        return best

    def update(self, y: float, mean: float, dispersion: float, slot: int, ratios: Sequence[float]) -> None:
        """Take a period.

        Parameters
        ----------
        y
            Demand, units.
        mean, dispersion
            Of its forecast, made before.
        slot
            Of the period.
        ratios
            Demand of every slot over the level; below zero where a slot was never seen. Empty: not known well enough.
        """
        mean *= self._follow_level(y, mean)
        own = ratios[slot] if ratios else 0.0
        theirs = self._moved(slot, ratios) if own > 0.0 else []
        if not theirs:
            self.steps = self._nothing
            return
        # Inlined for speed: `online_models.drift.log_ratio` of every move.
        log = math.log
        scaled = dispersion * mean
        plain = dispersion < _POISSON
        weight = 0.0 if plain else y + 1.0 / dispersion
        base = mean if plain else weight * log(1.0 + scaled)
        scores, runs, steps = self._scores.tolist(), self._runs, list(self._nothing)
        for at, their in enumerate(theirs):
            if their <= 0.0:
                continue
            turn = their / own
            turn = _SMALLEST_TURN if turn < _SMALLEST_TURN else _LARGEST_TURN if turn > _LARGEST_TURN else turn
            step = y * log(turn) + base - (mean * turn if plain else weight * log(1.0 + turn * scaled))
            steps[at] = step = -LARGEST_STEP if step < -LARGEST_STEP else LARGEST_STEP if step > LARGEST_STEP else step
            score = scores[at] + step
            if score <= 0.0:
                scores[at], runs[at] = 0.0, 0
            else:
                scores[at] = score
                if runs[at] < _LONGEST_RUN:
                    runs[at] += 1
        self._scores = array("f", scores)
        self.steps = steps

    def _follow_level(self, y: float, mean: float) -> float:
        """Return how the newest demand stood to its forecasts before this period; then take the period in."""
        level = self._level
        sold, expected = level
        level[0], level[1] = _KEEP_LEVEL * sold + y, _KEEP_LEVEL * expected + mean
        return min(max(sold / expected, _LOWEST_LEVEL), _HIGHEST_LEVEL) if expected > 0.0 else 1.0

    def _moved(self, slot: int, ratios: Sequence[float]) -> list[float]:
        """Return, for each move, the ratio that this slot would have; fewer than there are moves leave the rest out."""
        season = self._season
        if season > LONGEST_TURNED:
            return [ratios[(slot - move) % season] for move in self.moves]
        known = [ratio for ratio in ratios if ratio >= 0.0]
        trading = len(known)
        if trading < LEAST_SLOTS:
            return []
        place = slot if trading == season else sum([ratio >= 0.0 for ratio in ratios[:slot]])
        # From the slot before this one backwards; a negative place counts from the end of the season.
        return [known[place - move] for move in range(1, trading)]

    def rest(self) -> None:
        """Start all scores again."""
        self._scores = array("f", bytes(4 * len(self.moves)))
        self._runs = bytearray(len(self.moves))

    def encode(self) -> bytes:
        """Return level, scores and runs."""
        return self._level.tobytes() + self._scores.tobytes() + bytes(self._runs)

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""
        split = _LEVELS_BYTES + 4 * len(self.moves)
        self._level = array("f", state[:_LEVELS_BYTES])
        self._scores = array("f", state[_LEVELS_BYTES:split])
        self._runs = bytearray(state[split:])
