"""Outliers: residuals far from what the forecast allowed for, flagged and never dropped.

Why: a bulk order or a typing error must not teach much, and must not vanish either. Errors are winsorised where they
are learnt; here they are named. The one rule: a flag changes nothing.

=====  ====================================================================================================
z      more than 4 standard deviations of the forecast from its mean
iqr    outside Tukey's outer fences: 3 interquartile ranges beyond the quartiles that past residuals calibrated
=====  ====================================================================================================

References
----------
Tukey (1977), *Exploratory Data Analysis*, chapter 2 (fences).
"""

from __future__ import annotations

from typing import Final, Literal

from online_models.stack_forecast import StackLesson

Outlier = Literal["z", "iqr", "both"]
Z_LIMIT: Final = 4.0
FENCE_RANGES: Final = 3.0
#: No fence lies nearer than this many standard deviations: quartiles are looked up beyond it only.
_LOOK_FROM = 2.0


def outlier_of(lesson: StackLesson) -> Outlier | None:
    """Return by which rule a lesson's residual is an outlier; None: by none, or nothing was forecast.

    Parameters
    ----------
    lesson
        Of a closed period.
    """
    forecast, score, y = lesson.forecast, lesson.standardised, lesson.demand_units
    if forecast is None or score is None or y is None or abs(score) <= _LOOK_FROM:
        return None
    by_z = abs(score) > Z_LIMIT
    low, high = forecast.distribution.quantiles((0.25, 0.75))
    reach = FENCE_RANGES * (high - low)
    by_range = reach > 0.0 and not low - reach <= y <= high + reach
    if by_z:
        return "both" if by_range else "z"
    return "iqr" if by_range else None
