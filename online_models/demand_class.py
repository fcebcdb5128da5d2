"""What kind of demand a series has: smooth, intermittent, erratic or lumpy.

::

                          sizes alike (CV2 < 0.49)    sizes scattered
    often (ADI < 1.32)    smooth                      erratic
    seldom                intermittent                lumpy

ADI is the mean number of periods from one sale to the next, CV2 the squared coefficient of variation of the demand of
periods that sold. The one rule: the class is a word for people and tables; no model decides by it.

References
----------
Syntetos, Boylan and Croston (2005), *On the categorization of demand patterns*, JORS 56(5).
"""

from __future__ import annotations

from typing import Final, Literal

DemandClass = Literal["smooth", "erratic", "intermittent", "lumpy"]
DEMAND_CLASSES: Final[tuple[DemandClass, ...]] = ("smooth", "erratic", "intermittent", "lumpy")
SELDOM_FROM_PERIODS: Final = 1.32
SCATTERED_FROM: Final = 0.49


def demand_class(interval_periods: float, size_cv_squared: float) -> DemandClass:
    """Return the class of a series.

    Parameters
    ----------
    interval_periods
        ADI, 1 for a series that sells in every period.
    size_cv_squared
        CV2 of the demand of periods that sold.

    Examples
    --------
    >>> demand_class(1.0, 0.1), demand_class(1.0, 0.8), demand_class(2.0, 0.1), demand_class(2.0, 0.8)
    ('smooth', 'erratic', 'intermittent', 'lumpy')
    """
    if interval_periods < SELDOM_FROM_PERIODS:
        return "smooth" if size_cv_squared < SCATTERED_FROM else "erratic"
    return "intermittent" if size_cv_squared < SCATTERED_FROM else "lumpy"


def class_of_forecast(share_sold: float, mean_units: float, variance: float) -> DemandClass:
    """Return the class that a series' own states tell, so that none need be kept for it.

    Parameters
    ----------
    share_sold
        Share of periods with a sale.
    mean_units, variance
        Of its forecast.

    Notes
    -----
    With a sale in a share p of the periods, of mean size z and variance v: mean = p z, and the second moment is
    variance + mean^2 = p (v + z^2). So CV2 = v / z^2 = p (variance / mean^2 + 1) - 1. What is known beforehand
    (weekday, promotion) is in the mean and scatters nothing: a series is erratic if it cannot be foreseen.

    Examples
    --------
    Half of the periods sell 4 or 6 with equal chance: mean 2.5, variance 0.5 x 26 - 6.25 = 6.75; CV2 = 1 / 25.

    >>> class_of_forecast(0.5, 2.5, 6.75)
    'intermittent'
    >>> class_of_forecast(1.0, 10.0, 10.0), class_of_forecast(1.0, 10.0, 60.0)
    ('smooth', 'erratic')
    """
    share = min(max(share_sold, 1e-6), 1.0)
    if mean_units <= 0.0:
        return demand_class(1.0 / share, 0.0)
    return demand_class(1.0 / share, max(0.0, share * (variance / (mean_units * mean_units) + 1.0) - 1.0))
