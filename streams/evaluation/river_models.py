"""River's own forecasters and trees, as a user would set them up: measured beside ours, carried by nothing live.

=============  ==========================================================  ===============================
name           River's class                                               learns
=============  ==========================================================  ===============================
blr            BayesianLinearRegression, alpha 2, beta 500,                one model a series, the residual
               smoothing 0.998 (years) or beta 1, none (shorter)           of a naive level
hoeffding      HoeffdingAdaptiveTreeRegressor                              one tree for all series
forest         ARFRegressor, 10 trees                                      one forest for all series
holt_winters   HoltWinters, additive, 0.1 / 0.01 / 0.1                     one model a series
snarimax       SNARIMAX p 2, q 1, sp 2, with what is known                 one model a series
=============  ==========================================================  ===============================

Traps that are stepped around here: `smoothing` weighs a new point by `(1 - smoothing) beta`, so beta is its inverse;
the prior mean of a Bayesian regression is zero, so it learns a residual, not demand; `multiplicative=True` divides by
zero sales; SGD is in units of the input, so demand is scaled. The one rule: settings stand in this file only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from river import forest, linear_model, optim, preprocessing, time_series, tree

#: Periods from which a history counts as long: with less, forgetting leaves too little to learn from.
_LONG_HISTORY: Final = 400
_SEED: Final = 7


class RiverModel(NamedTuple):
    """One of River's models.

    Parameters
    ----------
    name
        As reports know it.
    kind
        "residual": a regression of what a naive level leaves; "regression": of demand itself; "forecaster": River's
        time series.
    shared
        Whether one model serves all series of a task.
    make
        Season and length of the history to a new model.
    """

    name: str
    kind: str
    shared: bool
    make: Callable[[int, int], Any]


def _blr(season: int, periods: int) -> Any:
    if periods < _LONG_HISTORY:
        return linear_model.BayesianLinearRegression(alpha=2.0, beta=1.0)
    return linear_model.BayesianLinearRegression(alpha=2.0, beta=500.0, smoothing=0.998)


def _hoeffding(season: int, periods: int) -> Any:
    return tree.HoeffdingAdaptiveTreeRegressor(seed=_SEED)


def _forest(season: int, periods: int) -> Any:
    return forest.ARFRegressor(n_models=10, seed=_SEED)


def _holt_winters(season: int, periods: int) -> Any:
    return time_series.HoltWinters(  # type: ignore[no-untyped-call]
        alpha=0.1, beta=0.01, gamma=0.1, seasonality=season
    )


def _snarimax(season: int, periods: int) -> Any:
    regression = linear_model.LinearRegression(optimizer=optim.SGD(0.01), intercept_lr=0.05)
    return time_series.SNARIMAX(p=2, d=0, q=1, m=season, sp=2, regressor=preprocessing.StandardScaler() | regression)


RIVER: Final[dict[str, RiverModel]] = {
    each.name: each
    for each in (
        RiverModel("blr", "residual", False, _blr),
        RiverModel("hoeffding", "regression", True, _hoeffding),
        RiverModel("forest", "regression", True, _forest),
        RiverModel("holt_winters", "forecaster", False, _holt_winters),
        RiverModel("snarimax", "forecaster", False, _snarimax),
    )
}
