"""Demand that found no stock: what the hidden part of a period would have brought.

Why: sales are not demand once a shelf is empty. The one rule: the hidden part is judged by the forecast *and* by the
part that was seen: a period that emptied its shelf by noon was a busy one.

::

    rate of the period ~ Gamma, mean mu, shape r         what was seen: q in a share e of the period
    rate given q, e    ~ Gamma, mean mu (r + q) / (r + e mu)
    hidden             = (1 - e) mu (r + q) / (r + e mu)                r without end: (1 - e) mu

It does not matter whether the hours were hidden by chance or because demand itself emptied the shelf: what was seen
says the same of the rate (the likelihood principle), and so neither kind of cut biases what is learnt.
"""

from __future__ import annotations

LEAST_SHAPE = 16.0
"""A period's own rate is never trusted further than this: buyers come in groups, and hours are hidden in lumps."""


def hidden_units(seen_units: float, exposure: float, mean_units: float, dispersion: float, grain: float = 1.0) -> float:
    """Expected demand of the part of a period that was not seen.

    Parameters
    ----------
    seen_units
        What the seen part sold.
    exposure
        Share of the period's usual demand that could be seen, 0 .. 1.
    mean_units
        Forecast of the whole period.
    dispersion
        Excess of its scatter over Poisson.
    grain
        The step in which it is sold, units.

    Examples
    --------
    Ten expected, half seen. Five sold, as expected: five more. Nine sold, and the shape is 1 / 0.05 = 20: the rate is
    taken to be 10 (20 + 9) / (20 + 5) = 11.6, and half of it is hidden.

    >>> hidden_units(5.0, 0.5, 10.0, 0.05)
    5.0
    >>> round(hidden_units(9.0, 0.5, 10.0, 0.05), 3)
    5.8
    """
    plain = (1.0 - exposure) * mean_units
    if plain <= 0.0:
        return 0.0
    trust = min(dispersion, 1.0 / LEAST_SHAPE) / grain
    return plain * (1.0 + trust * seen_units) / (1.0 + trust * exposure * mean_units)
