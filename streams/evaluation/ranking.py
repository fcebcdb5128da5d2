"""How good are stated risks? Ranking, squared error, and whether they come true as often as they say.

The one rule: a score with nothing behind it (no event, or nothing but events) is None.

References
----------
Hanley and McNeil (1982), *The meaning and use of the area under a ROC curve*. Brier (1950), *Verification of forecasts
expressed in terms of probability*.
"""

from __future__ import annotations

import numpy as np

from streams.evaluation.panel import Bools, Floats

_BINS = 10


def area_under_curve(scores: Floats, happened: Bools) -> float | None:
    """Chance that a case with the event has a higher score than one without; ties count half.

    Parameters
    ----------
    scores, happened
        By case.

    >>> area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    events = int(happened.sum())
    others = len(happened) - events
    if not events or not others:
        return None
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = (last - (count - 1) / 2.0)[place]
    return float((rank[happened].sum() - events * (events + 1) / 2.0) / (events * others))


def average_precision(scores: Floats, happened: Bools) -> float | None:
    """Precision averaged over the events, in the order of falling scores; ties enter together.

    Parameters
    ----------
    scores, happened
        By case.
    """
    events = int(happened.sum())
    if not events:
        return None
    values, place = np.unique(-scores, return_inverse=True)
    hits = np.bincount(place, weights=happened, minlength=len(values))
    cases = np.bincount(place, minlength=len(values))
    precision = np.cumsum(hits) / np.cumsum(cases)
    return float((precision * hits).sum() / events)


def brier(risks: Floats, happened: Bools) -> float | None:
    """Mean squared difference between risk and event; None of no case."""
    return float(((risks - happened) ** 2).mean()) if len(risks) else None


def brier_skill(risks: Floats, happened: Bools) -> float | None:
    """One minus the Brier score over that of the base rate; None where the base rate is 0 or 1."""
    if not len(risks) or happened.all() or not happened.any():
        return None
    base = float(happened.mean())
    return 1.0 - float(((risks - happened) ** 2).mean()) / (base * (1.0 - base))


def calibration_error(risks: Floats, happened: Bools) -> float | None:
    """Expected calibration error: mean |stated - seen| over ten bins of equal width, by their cases.

    Parameters
    ----------
    risks, happened
        By case.

    >>> round(calibration_error(np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, False])), 3)
    0.25
    """
    if not len(risks):
        return None
    bins = np.minimum((risks * _BINS).astype(np.int64), _BINS - 1)
    stated = np.bincount(bins, weights=risks, minlength=_BINS)
    seen = np.bincount(bins, weights=happened, minlength=_BINS)
    return float(np.abs(stated - seen).sum() / len(risks))


def reliability(risks: Floats, happened: Bools) -> list[tuple[float, float, int]]:
    """Stated risk, share that came true, and cases, for each bin that has any."""
    bins = np.minimum((risks * _BINS).astype(np.int64), _BINS - 1)
    found = []
    for place in range(_BINS):
        inside = bins == place
        if inside.any():
            found.append((float(risks[inside].mean()), float(happened[inside].mean()), int(inside.sum())))
    return found
