"""Candidates: what may move the demand of a category, competing online; each counts only while it lowers the error.

Why: weather, a search index, a day before a holiday may help or only add noise, and nobody knows beforehand which. So a
new one needs no code, no column and no new state of any series: it competes in its category, beside the stack.

::

    demand of a period = the stack's mean x (1 + sum over the members of beta x value)          held in [0.4, 2.5]

    candidate ──gain of its loss clearly above 0, over 6 periods or more──► member ──gain below 0──► candidate

Each candidate learns from what the members but itself leave over (backfitting), in relative terms, weighed by the
precision of the forecast. Its loss is the pinball loss at 10, 50 and 90 % in standard deviations, with and without it,
added up by period: series of one day share that day's weather, so periods, not lessons, are what a gain is judged by.

The one rule: what a period is forecast with was learnt from periods that were over for all series. A *version* (betas
and members) is made when the first lesson of a period arrives, of all periods before it; a period is forecast and
scored with the newest version made before that period's own lessons began. So a coefficient never knows what happened
in the very period that it is tested on, and what was issued can be worked out again, without a byte in any series.

References
----------
Buja, Hastie and Tibshirani (1989), "Linear smoothers and additive models", *Annals of Statistics* 17 (backfitting).
Wilson and Hilferty (1931), "The distribution of chi-square", *PNAS* 17 (quantiles of the gamma distribution).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.errors import StateCorrupt

FORMAT_VERSION: Final = 1
LEAST_FACTOR: Final = 0.4
LARGEST_FACTOR: Final = 2.5
LEAST_PERIODS: Final = 6.0
"""Discounted periods with a value before a candidate may become a member."""
_ENTER_ERRORS = 1.645
"""Standard errors above zero that a gain must stand to enter."""
INTERVAL_ERRORS: Final = 1.645
"""Of a two-sided interval of 90 %."""
_PRIOR_PERIODS = 2.0
"""Periods at no effect that a coefficient starts with."""
_PRIOR_PRECISION = 25.0
"""Of the prior, no effect, of a typical value: a standard deviation of a fifth of demand."""
_LARGEST_DEVIATIONS = 4.0
_CLIPPED_AT_SD = 4.0
_LARGEST_WEIGHT = 100.0
_LESSONS_A_PERIOD = 500
_UNKNOWN = (0.0, 0.0, False)
_LEAST_BASE_GRAINS = 0.05
_LEVELS: Final = ((0.1, -1.2815515655), (0.5, 0.0), (0.9, 1.2815515655))


class Standing(NamedTuple):
    """How a candidate stands in its category.

    Parameters
    ----------
    name
        Of the candidate.
    member
        Whether it counts in forecasts now.
    effect
        What one more of its unit does to demand, as a share.
    gain, low, high
        Share of the loss that it takes away, and its interval of 90 % over periods.
    periods
        Discounted periods behind that.
    """

    name: str
    member: bool
    effect: float
    gain: float
    low: float
    high: float
    periods: float


class _Candidate:
    """One candidate of one category; the sums of the open period are kept apart until it is over."""

    __slots__ = (
        "beta", "gain", "gain_square", "loss", "member", "open_gain", "open_loss", "open_sxx", "open_sxy",
        "open_weight", "periods", "sxx", "sxy", "weight",
    )  # fmt: skip

    def __init__(self) -> None:
        self.member = False
        self.beta = self.sxx = self.sxy = self.weight = self.periods = 0.0
        self.gain = self.gain_square = self.loss = 0.0
        self.open_sxx = self.open_sxy = self.open_weight = self.open_gain = self.open_loss = 0.0

    @property
    def scale(self) -> float:
        """Root mean square of its values; 0 before any."""
        return math.sqrt(self.sxx / self.weight) if self.weight > 0.0 else 0.0

    def error(self) -> float:
        """Return the standard error of the mean gain a period."""
        if self.periods <= 1.0:
            return math.inf
        mean = self.gain / self.periods
        return math.sqrt(max(self.gain_square / self.periods - mean * mean, 0.0) / (self.periods - 1.0))

    def fold(self, keep: float) -> None:
        """Take the sums of a period that is over; decide on membership."""
        if self.open_weight > 0.0:
            self.sxx = keep * self.sxx + self.open_sxx
            self.sxy = keep * self.sxy + self.open_sxy
            self.weight = keep * self.weight + self.open_weight
            judged = self.open_loss > 0.0
            if judged:
                self.gain = keep * self.gain + self.open_gain
                self.gain_square = keep * self.gain_square + self.open_gain * self.open_gain
                self.loss = keep * self.loss + self.open_loss
            self.periods = keep * self.periods + judged
            seen = max(self.periods, 1.0)
            if self.sxx > 0.0:
                prior = _PRIOR_PRECISION * self.weight / self.sxx
                self.beta = self.sxy / (self.sxx * (1.0 + _PRIOR_PERIODS / seen) + prior)
            self.open_sxx = self.open_sxy = self.open_weight = self.open_gain = self.open_loss = 0.0
        self._decide()

    def _decide(self) -> None:
        if self.member:
            self.member = self.gain >= 0.0
        elif self.periods >= LEAST_PERIODS:
            self.member = self.gain / self.periods > _ENTER_ERRORS * self.error()

    def standing(self, name: str) -> Standing:
        """Return how it stands."""
        share = self.periods / self.loss if self.loss > 0.0 else 0.0
        mean = self.gain / self.periods * share if self.periods > 0.0 else 0.0
        error = self.error() * share
        half = INTERVAL_ERRORS * error if math.isfinite(error) else 1.0
        return Standing(name, self.member, self.beta, mean, mean - half, mean + half, self.periods)


class _Version(NamedTuple):
    """What forecasts are made with: the period at whose first lesson it was made, and by name beta, scale, member."""

    since: int
    terms: dict[str, tuple[float, float, bool]]


class Candidates:
    """The candidates of one category.

    Parameters
    ----------
    memory_periods
        Informative periods after which one counts 1/e.

    Examples
    --------
    >>> race = Candidates(memory_periods=100.0)
    >>> for day in range(60):
    ...     rain = {"rain": float(day % 3 == 0)}
    ...     for shop in range(5):
    ...         if race.wants(day):
    ...             race.learn(day, 26.0 if rain["rain"] else 20.0, 20.0 * race.factor(day, rain), 0.1, 1.0, rain)
    >>> [(one.name, one.member, round(one.effect, 2)) for one in race.standings()]
    [('rain', True, 0.23)]
    >>> round(race.factor(60, {"rain": 1.0}), 2)
    1.23
    """

    __slots__ = ("changed", "_candidates", "_keep", "_lessons_of", "_offered", "_stride", "_versions")

    def __init__(self, memory_periods: float) -> None:
        self.changed = False
        self._keep = 1.0 - 1.0 / max(memory_periods, 2.0)
        self._candidates: dict[str, _Candidate] = {}
        self._lessons_of: int | None = None
        self._offered, self._stride = 0, 1
        self._versions: list[_Version] = []

    # --- forecasting ------------------------------------------------------------------------------------------

    def factor(self, period: int, values: Mapping[str, float]) -> float:
        """What the members make of the stack's mean.

        Parameters
        ----------
        period
            The ordinal of the period that is forecast.
        values
            Candidate to value; one that is missing says nothing.
        """
        if not values or not self._versions:
            return 1.0
        return _held(1.0 + sum(self.parts(period, values).values()))

    def parts(self, period: int, values: Mapping[str, float]) -> dict[str, float]:
        """Return what each member adds, as a share of the stack's mean, before the sum is held in its bounds."""
        terms = self._terms(period)
        found = {}
        for name, value in values.items():
            term = terms.get(name)
            if term is not None and term[2]:
                found[name] = term[0] * _clipped(value, term[1])
        return found

    @property
    def has_members(self) -> bool:
        """Whether any candidate counts in what is forecast next."""
        return any(member for version in self._versions for _, _, member in version.terms.values())

    def _terms(self, period: int) -> dict[str, tuple[float, float, bool]]:
        for version in reversed(self._versions):
            if version.since < period:
                return version.terms
        return {}

    # --- learning ---------------------------------------------------------------------------------------------

    def wants(self, period: int) -> bool:
        """Return whether a lesson of a period is wanted: some hundreds of them say what thousands say.

        Ask once for each lesson there is, in their order; the first one of a period ends the period before.
        """
        self.changed = True
        if self._lessons_of is None or period > self._lessons_of:
            self._turn(period)
        self._offered += 1
        return self._offered % self._stride == 0

    def learn(
        self, period: int, y: float, mean: float, dispersion: float, grain: float, values: Mapping[str, float]
    ) -> None:
        """Learn one series' period that was seen whole and is wanted, and judge the candidates by it.

        Parameters
        ----------
        period
            Its ordinal.
        y
            Demand, units.
        mean, dispersion, grain
            Of the forecast that was issued: units, excess over Poisson, step.
        values
            Candidate to value, as they were when it was issued.
        """
        terms = self._terms(period)
        known = [(name, value, *terms.get(name, _UNKNOWN)) for name, value in values.items()]
        shares = [beta * _clipped(value, scale) for _, value, beta, scale, _ in known]
        inside = 0.0
        for (*_, member), share in zip(known, shares, strict=True):
            if member:
                inside += share
        base = mean / _held(1.0 + inside)
        if base < _LEAST_BASE_GRAINS * grain:
            return
        variance = dispersion + grain / base
        deviation = math.sqrt(variance)
        limit = _CLIPPED_AT_SD * deviation
        relative = y / base
        surprise = min(relative - 1.0, limit if limit > 1.0 else 1.0)
        weight = min(1.0 / variance, _LARGEST_WEIGHT)
        quantiles = _quantiles(variance)
        issued = _loss(relative, quantiles, _held(1.0 + inside)) / deviation
        for (name, value, _, scale, member), share in zip(known, shares, strict=True):
            found = self._candidates.get(name)
            if found is None:
                found = self._candidates[name] = _Candidate()
            value = _clipped(value, scale)
            others = inside - share if member else inside
            precise = weight * value
            found.open_sxx += precise * value
            found.open_sxy += precise * (surprise - others)
            found.open_weight += weight
            if share:
                other = _loss(relative, quantiles, _held(1.0 + (others if member else others + share))) / deviation
                found.open_gain += other - issued if member else issued - other
                found.open_loss += other if member else issued

    def _turn(self, period: int) -> None:
        """A period is over for all series: fold its sums, and make the version that later periods are forecast with."""
        if self._candidates:
            for candidate in self._candidates.values():
                candidate.fold(self._keep)
            terms = {name: (one.beta, one.scale, one.member) for name, one in self._candidates.items()}
            self._versions = [*self._versions[-1:], _Version(period, terms)]
        self._lessons_of = period
        self._stride = max(1, self._offered // _LESSONS_A_PERIOD)
        self._offered = 0

    def standings(self) -> list[Standing]:
        """Return how all stand, by name."""
        return [self._candidates[name].standing(name) for name in sorted(self._candidates)]

    # --- storing ----------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        """Return the whole state; floats are written so that they read back bit for bit."""
        state = {
            "version": FORMAT_VERSION,
            "lessons": [self._lessons_of, self._offered, self._stride],
            "candidates": {
                name: [getattr(one, field) for field in _Candidate.__slots__] for name, one in self._candidates.items()
            },
            "versions": self._versions,
        }
        return json.dumps(state, separators=(",", ":"), ensure_ascii=False).encode()

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote.

        Raises
        ------
        StateCorrupt
            Of another format, or it does not read.
        """
        try:
            fields = json.loads(state)
            if fields["version"] != FORMAT_VERSION:
                raise StateCorrupt("the candidates of a category were written by another version.")
            self._lessons_of, self._offered, self._stride = fields["lessons"]
            self._candidates = {}
            for name, numbers in fields["candidates"].items():
                one = self._candidates[name] = _Candidate()
                for field, number in zip(_Candidate.__slots__, numbers, strict=True):
                    setattr(one, field, number)
            self._versions = [
                _Version(since, {name: (beta, scale, member) for name, (beta, scale, member) in terms.items()})
                for since, terms in fields["versions"]
            ]
        except (KeyError, TypeError, ValueError) as broken:
            raise StateCorrupt(f"the candidates of a category do not read: {broken}") from broken


def _held(factor: float) -> float:
    return LEAST_FACTOR if factor < LEAST_FACTOR else factor if factor < LARGEST_FACTOR else LARGEST_FACTOR


def _clipped(value: float, scale: float) -> float:
    """Held within some root mean squares, so that one broken reading moves little; free while the scale is unknown."""
    if scale <= 0.0:
        return value
    limit = _LARGEST_DEVIATIONS * scale
    return -limit if value < -limit else value if value < limit else limit


def _quantiles(variance: float) -> tuple[float, ...]:
    """Quantiles of a gamma distribution of mean 1, at the levels of the loss."""
    ninth = variance / 9.0
    root = math.sqrt(ninth)
    return tuple([max(1.0 - ninth + deviate * root, 0.0) ** 3 for _, deviate in _LEVELS])


def _loss(y: float, quantiles: tuple[float, ...], factor: float) -> float:
    """Pinball loss of quantiles times a factor."""
    loss = 0.0
    for (level, _), quantile in zip(_LEVELS, quantiles, strict=True):
        ahead = y - factor * quantile
        loss += level * ahead if ahead > 0.0 else (level - 1.0) * ahead
    return loss
