"""The seam between the demand engine and whatever forecasts: the abstract expert.

Why: an expert (seasonal naive, TSB, a regression, one day a foundation model) must be replaceable without the engine
noticing. The one rule: an expert is River's `Forecaster` plus a codec, and *what is stored is what is used*: after
`restore(encode())` every later answer is the same bit for bit.

::

    River's form (readable)                      fast form (the engine)
    learn_one(y, {"slot": 3, "promotion": 1})    learn(y, slot, row)
    forecast(horizon, xs) -> [units, ...]        mean(slot, row) -> units | None

An expert that has seen nothing answers None, never a plausible zero. Means are units per period, never negative.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

from river.time_series.base import Forecaster

from online_models.columns import COLUMNS, Column, Features, read_features


class Stored(Protocol):
    """A part of a series' state."""

    def encode(self) -> bytes:
        """Everything learnt, compact."""

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""


class Expert(Forecaster):
    """One way to forecast the mean demand of one series.

    A subclass sets `name` and `version` (raised whenever its state or its arithmetic changes), keeps the constructor's
    arguments as attributes of the same name (River clones by them) and counts what it has learnt in `seen`.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    season: int = 1
    columns: tuple[Column, ...] = COLUMNS
    seen: int = 0

    @abc.abstractmethod
    def learn(self, y: float, slot: int, row: Sequence[float]) -> None:
        """Learn the demand of a period that is over.

        Parameters
        ----------
        y
            Demand in units, not negative.
        slot
            Place of the period in the season.
        row
            One float per column, or empty.
        """

    @abc.abstractmethod
    def mean(self, slot: int, row: Sequence[float]) -> float | None:
        """Expected demand of one period in units, or None before the first observation."""

    @abc.abstractmethod
    def encode(self) -> bytes:
        """Everything learnt, compact; the constructor's arguments are not part of it."""

    @abc.abstractmethod
    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote, on an expert made with the same arguments."""

    def learn_one(self, y: float, x: Mapping[str, float] | None = None) -> None:
        """River's form of `learn`.

        Parameters
        ----------
        y
            Demand in units, not negative.
        x
            Feature name to value; without `slot` the slots are taken to follow each other.
        """
        self.learn(y, *self._read(x, 0))

    def forecast(self, horizon: int, xs: Sequence[Mapping[str, float]] | None = None) -> list[float | None]:
        """Expected demand of each of the next `horizon` periods.

        Parameters
        ----------
        horizon
            Number of periods ahead.
        xs
            What is known of each of them; its length is the horizon.

        Returns
        -------
        list
            Units per period; None where nothing was ever observed.
        """
        if xs is not None and len(xs) != horizon:
            raise ValueError(f"forecast of {horizon} periods was given the features of {len(xs)}")
        ahead = range(horizon)
        return [self.mean(*self._read(None if xs is None else xs[i], i)) for i in ahead]

    def _read(self, x: Mapping[str, float] | None, ahead: int) -> Features:
        slot = (self.seen + ahead) % self.season
        return Features(slot) if x is None else read_features(x, self.columns, slot)


def gain(half_life: float) -> float:
    """Weight of the newest value in an exponentially weighted mean.

    Parameters
    ----------
    half_life
        Periods after which a value counts half.

    Examples
    --------
    >>> gain(1.0)
    0.5
    """
    return float(1.0 - 0.5 ** (1.0 / half_life))
