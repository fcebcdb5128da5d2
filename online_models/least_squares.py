"""Weighted recursive least squares: the regression that many series teach together.

Why: River's Bayesian regression takes no case weights, and a pooled regression needs them, or the noisiest series teach
it most. The one rule: the covariance stays exactly symmetric, so that it may be stored as its upper triangle.

::

    gain = P x / (forgetting / weight + x' P x)     theta += gain * error     P = (P - gain x' P) / forgetting
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import lru_cache
from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt
from river import base

Vector = npt.NDArray[np.float64]

_WIDTH = Struct("<H")


class WeightedLeastSquares(base.Regressor):
    """Least squares over a stream, with case weights and forgetting.

    Parameters
    ----------
    prior_covariance
        Diagonal of the coefficients' covariance before any observation, and its largest value ever: what is not
        excited by the data is forgotten no further than to the prior.
    forgetting
        Weight of the past at each observation, in (0, 1].

    Notes
    -----
    `learn` and `predict` are the fast forms on vectors; all vectors given to one model have one length. Features named
    in River's mappings take the next free place when they are first seen; the mapping form keeps their names.

    References
    ----------
    Ljung and Söderström (1983), *Theory and Practice of Recursive Identification*, chapter 2.

    Examples
    --------
    >>> model = WeightedLeastSquares(prior_covariance=1e6, forgetting=1.0)
    >>> for x in range(5): model.learn_one({"one": 1.0, "x": float(x)}, 3.0 + 2.0 * x)
    >>> round(model.predict_one({"one": 1.0, "x": 10.0}), 3)
    23.0
    """

    def __init__(self, prior_covariance: float = 10.0, forgetting: float = 0.9998) -> None:
        self.prior_covariance = prior_covariance
        self.forgetting = forgetting
        self._place: dict[Hashable, int] = {}
        self._theta: Vector = np.zeros(0)
        self._covariance: Vector = np.zeros((0, 0))

    @property
    def theta(self) -> Vector:
        """The coefficients; not to be changed."""
        return self._theta

    def widen(self, width: int) -> None:
        """Make room for vectors of `width` features; the new ones start at the prior."""
        old = len(self._theta)
        if width <= old:
            return
        theta, covariance = np.zeros(width), np.eye(width) * self.prior_covariance
        theta[:old] = self._theta
        covariance[:old, :old] = self._covariance
        self._theta, self._covariance = theta, covariance

    def predict(self, x: Vector) -> float:
        """Return the prediction at a vector of features."""
        return float(self._theta @ x)

    def learn(
        self, x: Vector, error: float, weight: float = 1.0, forgetting: float | None = None, hold: bool = True
    ) -> None:
        """Correct the coefficients by the error of their own prediction at `x`.

        Parameters
        ----------
        x
            The features, as many as the model has.
        error
            Target less prediction; the caller may have clipped it.
        weight
            Of the observation: 2 teaches as much as the same observation twice.
        forgetting
            Used instead of the model's own.
        hold
            Keep the variances below the prior's; at a slow forgetting, one lesson in many is enough.
        """
        keep = self.forgetting if forgetting is None else forgetting
        covariance = self._covariance
        reach = covariance @ x
        scale = 1.0 / (keep / weight + float(reach @ x))
        self._theta += reach * (error * scale)
        # Of one vector: an element and its mirror are the same product, to the last bit.
        reach *= math.sqrt(scale)
        covariance -= reach[:, None] * reach
        if keep < 1.0:
            covariance *= 1.0 / keep
        if hold and keep < 1.0:
            hold_diagonal(covariance, self.prior_covariance)

    def learn_one(self, x: dict[Hashable, Any], y: float, w: float = 1.0) -> None:
        """Learn one observation in River's form.

        Parameters
        ----------
        x
            Feature name to value; one that is missing counts as 0.
        y
            The target.
        w
            Weight of the observation.
        """
        for name in x:
            self._place.setdefault(name, len(self._place))
        if not self._place:
            return
        self.widen(len(self._place))
        vector = self._vector(x)
        self.learn(vector, y - self.predict(vector), w)

    def predict_one(self, x: dict[Hashable, Any]) -> float:
        """Return the prediction in River's form; names never learnt count nothing."""
        return self.predict(self._vector(x))

    def _vector(self, x: dict[Hashable, Any]) -> Vector:
        vector = np.zeros(len(self._theta))
        for name, value in x.items():
            place = self._place.get(name)
            if place is not None:
                vector[place] = value
        return vector

    def encode(self) -> bytes:
        """Coefficients and the covariance's upper triangle; names of features are the owner's."""
        width = len(self._theta)
        triangle = self._covariance.ravel()[triangle_of(width).rows]
        state: bytes = _WIDTH.pack(width) + self._theta.tobytes() + triangle.tobytes()
        return state

    def restore(self, state: bytes) -> int:
        """Take over what `encode` wrote, from the start of `state`; return how many bytes that was."""
        width: int = _WIDTH.unpack_from(state)[0]
        corner = triangle_of(width)
        at = _WIDTH.size + 8 * width
        self._theta = np.frombuffer(state, count=width, offset=_WIDTH.size).copy()
        self._covariance = np.frombuffer(state, count=len(corner.rows), offset=at)[corner.square]
        return at + 8 * len(corner.rows)


def hold_diagonal(covariance: Vector, largest: float) -> None:
    """Scale rows and columns of a covariance, in place, so that no variance exceeds `largest`.

    Forgetting blows up the variance of what the data no longer excite.
    """
    diagonal = covariance.diagonal()
    if diagonal.max() > largest:
        shrink = np.sqrt(np.minimum(1.0, largest / np.maximum(diagonal, largest * 1e-9)))
        covariance *= np.multiply.outer(shrink, shrink)


class Triangle:
    """Where the upper triangle of a square matrix lies.

    Parameters
    ----------
    width
        Of the matrix.
    """

    __slots__ = ("rows", "square")

    def __init__(self, width: int) -> None:
        rows, columns = np.triu_indices(width)
        #: Flat places of the triangle in the matrix; and for every element of the matrix, its place in the triangle.
        self.rows = rows * width + columns
        self.square = np.zeros((width, width), dtype=np.intp)
        self.square[rows, columns] = self.square[columns, rows] = np.arange(len(rows))


@lru_cache(maxsize=64)
def triangle_of(width: int) -> Triangle:
    """Return the triangle of this width, made once."""
    return Triangle(width)
