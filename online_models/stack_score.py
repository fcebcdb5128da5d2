"""What a forecast is judged by when its period is over: losses of the experts, spread of the errors, quantiles kept.

The one rule: only the forecast that was issued is judged, in the scales of the series as they stood then.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from online_models import counts
from online_models.base import gain
from online_models.conformal import GAMMA, HIGHEST, LOWEST, NOMINAL, CalibratedDistribution, kept_shares
from online_models.pool import Category
from online_models.stack_layout import ERRORS, EXCESS, HARDLY_SELLS, LOSS_SEEN, SCALE, SHARE, SQUARE, TSB, Layout
from online_models.weights import expert_weights, shrunk

LARGEST_DISPERSION = 50.0
CALIBRATED_FROM = 1.0
"""Grains a period; below, quantiles are asked for at their nominal levels."""
_INTERMITTENT_BELOW = 0.5
_KEEP_LOSS = 1.0 - gain(21.0)
_KEEP_SPREAD = 1.0 - gain(28.0)
_SKIPPED_ERRORS = 5
_LARGEST_IN_VARIANCES = 25.0


class StackScore:
    """Judges forecasts, in a series' array and in its category.

    Parameters
    ----------
    layout
        Of the array.
    """

    __slots__ = ("_layout",)

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def allowed(self, state: array[float]) -> Sequence[int]:
        """Return the experts that may speak."""
        share = state[SHARE]
        if share >= _INTERMITTENT_BELOW:
            return self._layout.every
        return self._layout.intermittent if share >= HARDLY_SELLS else (TSB,)

    def weights(self, state: array[float], category: Category) -> list[float]:
        """Return the experts' weights."""
        allowed = self.allowed(state)
        layout = self._layout
        if len(allowed) == 1:
            return [float(k == allowed[0]) for k in layout.every]
        own = state[layout.losses : layout.levels]
        return expert_weights(shrunk(own, state[LOSS_SEEN], category.losses, category.loss_seen), allowed)

    def champion(self, state: array[float]) -> str:
        """Return the name of the expert that has erred least."""
        layout = self._layout
        losses = state[layout.losses : layout.levels]
        return layout.names[min(self.allowed(state), key=losses.__getitem__)]

    def dispersion(self, state: array[float], category: Category) -> float:
        """Return the series' own moments' dispersion, with one observation of its category."""
        square = max(state[SCALE], 1e-9) ** 2
        value = (state[EXCESS] + category.dispersion * square) / (state[SQUARE] + square)
        return min(max(value, 0.0), LARGEST_DISPERSION)

    def learn(
        self,
        state: array[float],
        y: float,
        means: Sequence[float],
        issued: CalibratedDistribution,
        category: Category,
    ) -> None:
        """Judge a forecast.

        Parameters
        ----------
        state
            The series' array.
        y
            Demand, units.
        means
            Each expert's forecast, units.
        issued
            The forecast.
        category
            Of the series.
        """
        scale = state[SCALE]
        if scale > 0.0:
            self._learn_losses(state, y, means, scale, category)
            self._learn_spread(state, y - issued.mean_units, issued, scale, category)
        if issued.mean_units >= CALIBRATED_FROM * issued.grain:
            self._calibrate(state, y, issued)

    def _learn_losses(
        self, state: array[float], y: float, means: Sequence[float], scale: float, category: Category
    ) -> None:
        losses = [abs(y - mean) / scale for mean in means]
        state[LOSS_SEEN] = weight = _KEEP_LOSS * state[LOSS_SEEN] + 1.0
        for place, loss in enumerate(losses, self._layout.losses):
            state[place] += (loss - state[place]) / weight
        if state[SHARE] >= HARDLY_SELLS:
            category.learn_losses(losses)

    def _learn_spread(
        self, state: array[float], residual: float, issued: CalibratedDistribution, scale: float, category: Category
    ) -> None:
        mean = issued.mean_units
        state[ERRORS] += 1.0
        # The first errors are those of an empty model.
        if state[ERRORS] <= _SKIPPED_ERRORS or mean <= 0.0:
            return
        square = mean * mean
        # A mean near zero would cap every error to nothing; one squared grain is always allowed to count.
        cap = _LARGEST_IN_VARIANCES * max(issued.variance, issued.grain * issued.grain)
        excess = min(residual * residual, cap) - issued.grain * mean
        state[EXCESS] = _KEEP_SPREAD * state[EXCESS] + excess
        state[SQUARE] = _KEEP_SPREAD * state[SQUARE] + square
        if state[SHARE] >= HARDLY_SELLS:
            category.learn_dispersion(excess / (scale * scale), square / (scale * scale))

    def _calibrate(self, state: array[float], y: float, issued: CalibratedDistribution) -> None:
        first, end = self._layout.levels, self._layout.ratio
        below, at_most = counts.cdf_around(issued.steps(y), issued.mean_units / issued.grain, issued.dispersion)
        levels = state[first:end]
        low = LOWEST
        moved = []
        for nominal, level, kept in zip(NOMINAL, levels, kept_shares(levels, below, at_most), strict=True):
            level += GAMMA * (nominal - kept)
            # Levels never cross: each is held at or above the one before it.
            low = low if level < low else level if level < HIGHEST else HIGHEST
            moved.append(low)
        state[first:end] = array("f", moved)
