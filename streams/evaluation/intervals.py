"""How sure is a score? Series are drawn again, with replacement, by a seed.

Why series and not periods: the errors of one series hang together, those of different series much less. Ratios are
drawn as ratios: both sides get the same draw. The one rule: the same seed gives the same interval.

References
----------
Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13 (percentile intervals).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.evaluation.panel import Floats
from streams.evaluation.sums import Sums, scores

DRAWS: Final = 1_000
PROBABILITY: Final = 0.9


class Interval(NamedTuple):
    """A number and its interval over series; None where there is none."""

    value: float | None
    low: float | None
    high: float | None


def draw_weights(n_series: int, seed: int, draws: int = DRAWS) -> Floats:
    """How often each series is drawn: draw x series.

    Parameters
    ----------
    n_series
        Number of series.
    seed
        Of the generator.
    draws
        Number of draws.

    >>> draw_weights(5, seed=7, draws=2).sum(axis=1).tolist()
    [5.0, 5.0]
    """
    random = np.random.default_rng(seed)
    return random.multinomial(n_series, np.full(n_series, 1.0 / n_series), size=draws).astype(float)


def interval_of(value: float, drawn: Floats) -> Interval:
    """The percentile interval of drawn values around a value."""
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(known):
        return Interval(None, None, None)
    low, high = np.quantile(known, [(1.0 - PROBABILITY) / 2.0, (1.0 + PROBABILITY) / 2.0])
    return Interval(float(value), float(low), float(high))


def ratio_interval(ours: Sums, theirs: Sums, name: str, seed: int, draws: int = DRAWS) -> Interval:
    """Ratio of a score of ours to theirs, with its interval over series.

    Parameters
    ----------
    ours, theirs
        Sums over the same cells.
    name
        Of the score.
    seed, draws
        Of the bootstrap.
    """
    weights = draw_weights(len(ours.table), seed, draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = scores(ours.table.sum(axis=0)[None])[name][0] / scores(theirs.table.sum(axis=0)[None])[name][0]
        drawn = scores(weights @ ours.table)[name] / scores(weights @ theirs.table)[name]
    return interval_of(float(value), drawn)


def score_interval(sums: Sums, name: str, seed: int, draws: int = DRAWS) -> Interval:
    """A score with its interval over series."""
    weights = draw_weights(len(sums.table), seed, draws)
    return interval_of(float(scores(sums.table.sum(axis=0)[None])[name][0]), scores(weights @ sums.table)[name])
