"""Are sums forecast as well as their parts, and do their bounds hold? One period ahead, by level of the hierarchy.

A node's sum runs over the series that have a forecast and a truth in that period. `independent_90` is the coverage that
adding up the series as if independent would have. `mix_error` is the sum of |share forecast - share sold| over the
series of a category in a store, weighted by its units: 0 is perfect, 2 the worst. The one rule: a period is forecast
for all nodes, then scored, then learnt.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np

from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import Floats, Panel
from streams.evaluation.yardstick_models import seasonal_naive
from streams.rollup import CATEGORY_STORE, LEVELS, Node, SharedError, nodes_of, product_mix, spread_distribution

HIERARCHY: Final = "hierarchy"
_UPPER: Final = 0.9
#: Periods before the tail in which nodes learn what their series share.
_WARM_UP_SEASONS: Final = 8


class LevelScore(NamedTuple):
    """One level of the hierarchy.

    Parameters
    ----------
    nodes, forecasts
        Numbers.
    wape, naive_wape, bias
        Of the nodes' sums.
    upper_90, independent_90
        Randomised coverage, with the shared error and without.
    """

    nodes: int
    forecasts: int
    wape: float | None
    naive_wape: float | None
    bias: float | None
    upper_90: float | None
    independent_90: float | None


class HierarchyResult(NamedTuple):
    """All levels.

    Parameters
    ----------
    levels
        Name to score.
    mix_error
        See the module; None without categories of several series.
    """

    levels: dict[str, LevelScore]
    mix_error: float | None


class _Tally:
    """Sums of one level."""

    def __init__(self) -> None:
        self.nodes: set[Node] = set()
        self.forecasts = 0
        self.units = self.absolute = self.error = self.naive = 0.0
        self.below: list[tuple[bool, bool]] = []

    def score(self) -> LevelScore:
        ratios = [each / self.units if self.units > 0.0 else None for each in (self.absolute, self.naive, self.error)]
        shares = np.array(self.below, float).mean(axis=0) if self.below else (None, None)
        known = [None if share is None else float(share) for share in shares]
        return LevelScore(len(self.nodes), self.forecasts, *ratios, *known)


def hierarchy_plan(panel: Panel, tail: int) -> Plan:
    """Return the plan that the trial needs: one period ahead, from eight weeks (of days) before the tail on.

    Parameters
    ----------
    panel, tail
        The data, and the length of its scored end.
    """
    begin = max(0, panel.n_periods - tail - _WARM_UP_SEASONS * min(panel.season, 7))
    return Plan(HIERARCHY, tuple(range(begin, panel.n_periods)), 1)


def run_hierarchy_trial(
    panel: Panel, forecasts: Forecasts, tail: int, quantum: float = 1.0, seed: int = 7
) -> HierarchyResult:
    """Add forecasts up and score the sums in the tail.

    Parameters
    ----------
    panel
        The data.
    forecasts
        By :func:`hierarchy_plan`.
    tail
        Length of the scored end.
    quantum
        Smallest step of demand, units.
    seed
        Of the randomised coverage.
    """
    start = panel.n_periods - tail
    naive = seasonal_naive(panel, forecasts.plan).means[:, :, 0]
    walk = _Walk(panel, forecasts, naive, quantum, np.random.default_rng(seed))
    for place, period in enumerate(forecasts.plan.origins):
        walk.step(place, scored=period >= start)
    return HierarchyResult(
        {level: tally.score() for level, tally in walk.tallies.items() if tally.forecasts}, walk.mix_error()
    )


class _Walk:
    def __init__(
        self, panel: Panel, forecasts: Forecasts, naive: Floats, quantum: float, random: np.random.Generator
    ) -> None:
        self._actual = forecasts.actuals(panel)[:, :, 0]
        self._means, self._naive = forecasts.means[:, :, 0], naive
        # Of one series: that of counts in its steps, and the excess that its forecast states.
        spread = np.zeros_like(self._means) if forecasts.dispersion is None else np.nan_to_num(forecasts.dispersion)
        self._variances = np.maximum(self._means, 0.0) * quantum + spread * self._means**2
        members: dict[Node, list[int]] = defaultdict(list)
        for i, ((store, _), category) in enumerate(zip(panel.keys, panel.categories, strict=True)):
            for node in nodes_of(store, category or ""):
                members[node].append(i)
        self._members = {node: np.array(rows, np.int64) for node, rows in members.items()}
        self._shared = {node: SharedError() for node in members}
        self._random = random
        self.tallies = {level: _Tally() for level in LEVELS}
        self._mix, self._mix_units = 0.0, 0.0

    def step(self, place: int, *, scored: bool) -> None:
        """Forecast, score and learn one period."""
        actual, means = self._actual[:, place], self._means[:, place]
        known = np.isfinite(actual) & np.isfinite(means)
        for node, rows in self._members.items():
            here = rows[known[rows]]
            if not len(here):
                continue
            units, mean = float(actual[here].sum()), float(means[here].sum())
            variance = float(self._variances[here, place].sum())
            if scored and mean > 0.0:
                naive = float(np.nan_to_num(self._naive[here, place]).sum())
                self._score(node, units, mean, variance, naive)
                if node[0] == CATEGORY_STORE and len(here) > 1 and units > 0.0:
                    self._score_mix(means[here], actual[here])
            self._shared[node].learn(units, mean, variance)

    def _score(self, node: Node, units: float, mean: float, variance: float, naive: float) -> None:
        tally = self.tallies[node[0]]
        tally.nodes.add(node)
        tally.forecasts += 1
        tally.units += units
        tally.absolute += abs(mean - units)
        tally.error += mean - units
        tally.naive += abs(naive - units)
        dice = float(self._random.random())
        shared, alone = self._shared[node].distribution(mean, variance), spread_distribution(mean, variance)
        below, upto = [], []
        for each in (shared, alone):
            below.append(each.cdf(units - each.grain) if units >= each.grain else 0.0)
            upto.append(each.cdf(units))
        pit = [low + dice * (high - low) for low, high in zip(below, upto, strict=True)]
        tally.below.append((pit[0] <= _UPPER, pit[1] <= _UPPER))

    def _score_mix(self, means: Floats, actual: Floats) -> None:
        expected, sold = product_mix(means.tolist()), product_mix(actual.tolist())
        units = float(actual.sum())
        self._mix += units * sum(abs(a - b) for a, b in zip(expected, sold, strict=True))
        self._mix_units += units

    def mix_error(self) -> float | None:
        """Mean absolute error of the shares of a category, weighted by units."""
        return self._mix / self._mix_units if self._mix_units > 0.0 else None
