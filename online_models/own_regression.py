"""A series' own regression: River's Bayesian linear regression of what its naive level leaves unexplained.

Why: how a series answers to promotion, price and season is its own affair. The one rule: it learns the *residual* of
the naive level, so that with a short history its prior, zero, means "as the naive level has it".

::

    (y - base) / scale  ~  BayesianLinearRegression(alpha=2, beta=1)        base = (mid x ratio + slot mean) / 2

Two things River's class does not offer are had without leaving it: a case weight `w` (features and target times the
root of w: the same normal equations) and cheap forgetting (`smoothing` inverts a matrix at each step and weighs each
point by `1 - smoothing`; here the covariance is divided, and the natural mean multiplied, by the forgetting factor).
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
from river import linear_model

from online_models.least_squares import Vector, hold_diagonal, triangle_of

Floats = npt.NDArray[np.float32]
ALPHA = 2.0
FORGETTING = 0.9995
_REMEMBER = 1.0 / FORGETTING


class OwnRegression:
    """A workbench: River's model, and the codec between it and a series' array of 4-byte floats.

    Parameters
    ----------
    names
        Of the features, in their order.
    """

    __slots__ = ("names", "river", "_eta", "_rows", "_square", "_triangle")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.river = river = linear_model.BayesianLinearRegression(alpha=ALPHA, beta=1.0, smoothing=None)
        width = len(names)
        corner = triangle_of(width)
        self._rows, self._square = corner.rows, corner.square
        index: dict[Hashable, int] = {name: i for i, name in enumerate(names)}
        # All features are named once, so that River never grows its arrays. Its precision matrix is only read when it
        # grows or learns in mini-batches; neither happens here, so it is not stored.
        river._idx = index
        river._cap = width
        river._ss_arr = np.zeros((width, width))
        river._ss_inv_arr = np.eye(width, order="F") / ALPHA
        river._eta_arr = np.zeros(width)
        river._m_dirty = True
        self._eta: Floats = np.zeros(width, dtype=np.float32)
        self._triangle: Floats = river._ss_inv_arr.ravel()[corner.rows].astype(np.float32)

    def blank(self) -> list[float]:
        """Return the covariance's triangle before any observation."""
        found: list[float] = (np.eye(len(self.names)) / ALPHA).ravel()[self._rows].tolist()
        return found

    def read(self, eta: Floats, triangle: Floats) -> None:
        """Become the regression stored in these parts of a series' array, and write to them from now on."""
        river = self.river
        self._eta, self._triangle = eta, triangle
        river._eta_arr = eta.astype(np.float64)
        # Symmetric, so its transpose is itself in the memory order that River's update wants.
        river._ss_inv_arr = triangle.take(self._square).astype(np.float64).T
        river._m_dirty = True

    @property
    def coefficients(self) -> Vector:
        """The posterior mean; not to be changed."""
        self.river._ensure_m()
        mean: Vector = self.river._m_arr
        return mean

    def predict(self, x: Vector) -> float:
        """Return what `predict_one` returns, up to rounding."""
        return float(self.coefficients @ x)

    def learn(self, x: Vector, target: float, weight: float, hold: bool = True) -> None:
        """Learn one observation, forget a little, and store what is now known.

        Parameters
        ----------
        x, target
            Features and target, in scales.
        weight
            Case weight, 0 .. 1.
        hold
            Keep the variances below the prior's; one lesson in many is enough.
        """
        river = self.river
        if weight != 1.0:
            root = math.sqrt(weight)
            x, target = x * root, target * root
        features = dict(zip(self.names, x.tolist(), strict=True))
        river.learn_one(features, target)  # type: ignore[no-untyped-call]
        covariance = river._ss_inv_arr
        covariance *= _REMEMBER
        if hold:
            hold_diagonal(covariance, 1.0 / ALPHA)
        river._eta_arr *= FORGETTING
        self._store()

    def reopen(self, variance: float) -> None:
        """Add to the variance of every coefficient: demand has changed, the past says less."""
        river = self.river
        mean: npt.NDArray[np.floating[Any]] = self.coefficients
        covariance = river._ss_inv_arr
        covariance[np.diag_indices(len(self.names))] += variance
        hold_diagonal(covariance, 1.0 / ALPHA)
        # The natural mean that gives the same coefficients under the wider covariance.
        river._eta_arr = np.linalg.solve(covariance, mean)
        self._store()

    def _store(self) -> None:
        """Round to what is stored, in memory too; of two sides of one matrix only one is stored."""
        river = self.river
        self._eta[:] = river._eta_arr
        # Transposed, its memory lies in a row and is not copied.
        self._triangle[:] = river._ss_inv_arr.T.ravel().take(self._rows)
        self.read(self._eta, self._triangle)
