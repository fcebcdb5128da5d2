"""River's models behind the port of evaluation, on the features that ours has.

::

    regression   states of the series (level, fast level, slot ratio, slot mean, last of the slot), slot, what is known;
                 all over the series' scale; the states are those of the origin, for every lead
    residual     the same features on (demand - naive level) / scale, naive level = (level x ratio + slot mean) / 2
    forecaster   River keeps its own states; a gap is filled with the last demand of its slot, for it cannot be skipped

The one rule: before a model can speak (a season of history), the naive level speaks for it, so that all are compared on
the same cells.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, Final

from online_models.base import gain
from online_models.slot_level import SlotLevel
from streams.evaluation.forecaster import Closed, Fleet, FleetMaker, FleetPlan, Issued
from streams.evaluation.river_models import RiverModel
from streams.features import PeriodFacts, known_features
from streams.partitioner import partition_of

_LARGEST: Final = 6.0
_LARGEST_TARGET: Final = 8.0
_FAST: Final = gain(5.0)
_SCALE: Final = gain(63.0)
_SLOT: Final = 0.25


class LevelStates:
    """What a series' level is, and where: the states that features are made of.

    Parameters
    ----------
    season
        Slots in a season.
    """

    __slots__ = ("fast", "last", "newest", "scale", "slot_mean", "slots", "seen")

    def __init__(self, season: int) -> None:
        self.slots = SlotLevel(season)
        self.fast = self.scale = self.newest = 0.0
        self.slot_mean: list[float | None] = [None] * season
        self.last: list[float | None] = [None] * season
        self.seen = 0

    def learn(self, y: float, slot: int) -> None:
        """Learn the demand of a period, units."""
        self.seen += 1
        ratio = max(self.slots.ratio[slot], 0.2)
        self.fast += max(_FAST, 1.0 / self.seen) * (y / ratio - self.fast)
        self.scale += max(_SCALE, 1.0 / self.seen) * (y - self.scale)
        mean = self.slot_mean[slot]
        self.slot_mean[slot] = y if mean is None else mean + _SLOT * (y - mean)
        self.last[slot] = self.newest = y
        self.slots.learn(y, slot)

    def naive(self, slot: int) -> float:
        """Half level x ratio, half the mean of the slot, units."""
        shaped, mean = self.slots.mean(slot), self.slot_mean[slot]
        return shaped if mean is None else 0.5 * (shaped + mean)

    def features(self, facts: PeriodFacts) -> dict[Hashable, float]:
        """The features of one period, in scales."""
        slot, scale = facts.slot, max(self.scale, 1e-9)
        shaped, last, mean = self.slots.mean(slot), self.last[slot], self.slot_mean[slot]
        units = {
            "level": self.slots.level, "fast": self.fast, "shaped": shaped,
            "slot_mean": shaped if mean is None else mean, "last": shaped if last is None else last,
        }  # fmt: skip
        found: dict[Hashable, float] = {name: min(value / scale, _LARGEST) for name, value in units.items()}
        found["one"] = 1.0
        if facts.season <= 12:
            found[f"slot_{slot}"] = 1.0
        # A promotion sells more where more sells.
        base = min(self.naive(slot) / scale, _LARGEST)
        for place, value in enumerate(known_features(facts)):
            if math.isfinite(value):
                found[f"known_{place}"] = base * value
        return found


class RegressionSeries:
    """A series forecast by one of River's regressors.

    Parameters
    ----------
    model
        Its own, or the one of all series.
    residual
        Whether it learns what the naive level leaves.
    season
        Slots in a season.
    """

    def __init__(self, model: Any, residual: bool, season: int) -> None:
        self._model, self._residual = model, residual
        self._states = LevelStates(season)
        self._mean: float | None = None

    def begin(self, facts: PeriodFacts) -> None:
        self._mean = self._one(facts) if self._states.seen else None

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued | None:
        return Issued([self._one(facts) for facts in ahead]) if self._states.seen else None

    def _one(self, facts: PeriodFacts) -> float:
        states = self._states
        naive = states.naive(facts.slot)
        if states.seen <= facts.season or states.scale <= 0.0:
            return naive
        said = float(self._model.predict_one(states.features(facts)))
        mean = said * states.scale + (naive if self._residual else 0.0)
        return max(mean, 0.0) if math.isfinite(mean) else naive

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        states = self._states
        closed = Closed(self._mean)
        if demand_units is None:
            return closed
        if states.seen and states.scale > 0.0:
            target = demand_units - (states.naive(facts.slot) if self._residual else 0.0)
            scaled = max(-_LARGEST_TARGET, min(target / states.scale, _LARGEST_TARGET))
            self._model.learn_one(states.features(facts), scaled)
        states.learn(demand_units, facts.slot)
        return closed


class ForecasterSeries:
    """A series forecast by one of River's time series models.

    Parameters
    ----------
    model
        Its own.
    season
        Slots in a season.
    """

    def __init__(self, model: Any, season: int) -> None:
        self._model = model
        self._states = LevelStates(season)
        self._scale = 0.0
        self._mean: float | None = None

    def begin(self, facts: PeriodFacts) -> None:
        issued = self.issue([facts])
        self._mean = None if issued is None else issued.means[0]

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued | None:
        states = self._states
        if not states.seen:
            return None
        naive = [states.naive(facts.slot) for facts in ahead]
        if states.seen <= 2 * ahead[0].season or self._scale <= 0.0:
            return Issued(naive)
        try:
            said = self._model.forecast(horizon=len(ahead), xs=[_exogenous(facts) for facts in ahead])
        except (IndexError, OverflowError, ValueError):
            return Issued(naive)
        # SGD on its own forecasts may run away: what nobody has ever seen nearly as large is not believed.
        highest = _LARGEST * max(states.scale, states.fast)
        means = [float(value) * self._scale for value in said]
        return Issued([min(max(m, 0.0), highest) if math.isfinite(m) else n for m, n in zip(means, naive, strict=True)])

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        states = self._states
        closed = Closed(self._mean)
        if demand_units is not None:
            states.learn(demand_units, facts.slot)
        last = states.last[facts.slot]
        y = demand_units if demand_units is not None else states.newest if last is None else last
        if states.seen and self._scale <= 0.0:
            # Frozen at the first period that sold: a model's own states cannot be scaled anew.
            self._scale = states.scale
        if self._scale > 0.0:
            self._model.learn_one(y / self._scale, _exogenous(facts))
        return closed


def _exogenous(facts: PeriodFacts) -> dict[Hashable, float]:
    return {f"known_{place}": value for place, value in enumerate(known_features(facts)) if math.isfinite(value)}


class RiverFleet:
    """A fleet of one of River's models.

    Parameters
    ----------
    plan
        What it is made for.
    model
        Which.
    periods
        Length of the history.
    """

    def __init__(self, plan: FleetPlan, model: RiverModel, periods: int) -> None:
        shared = [model.make(plan.season, periods) for _ in range(plan.partitions)] if model.shared else []
        self.series: tuple[RegressionSeries | ForecasterSeries, ...] = tuple(
            self._one(plan, model, periods, shared, sku) for _, sku in plan.keys
        )

    @staticmethod
    def _one(
        plan: FleetPlan, model: RiverModel, periods: int, shared: Sequence[Any], sku: str
    ) -> RegressionSeries | ForecasterSeries:
        own = shared[partition_of(sku.encode(), plan.partitions)] if shared else model.make(plan.season, periods)
        if model.kind == "forecaster":
            return ForecasterSeries(own, plan.season)
        return RegressionSeries(own, model.kind == "residual", plan.season)

    def period_over(self) -> None:
        pass


def river_maker(model: RiverModel, periods: int) -> FleetMaker:
    """Return the maker of a fleet of one of River's models.

    Parameters
    ----------
    model
        Which.
    periods
        Length of the history.
    """

    def make(plan: FleetPlan) -> Fleet:
        return RiverFleet(plan, model, periods)

    return make
