"""Everything learnt about one series, and the one lesson a closed period gives.

Why: the demand engine holds one of these per store and sku. The one rule: score before learning; a period whose demand
is unknown (no stock, closed, a silent till) teaches nothing and scores nothing.

::

    close(y, x) ──► every expert forecasts ──► y unknown? ── yes ──► Lesson without residual, nothing changes
                                                  │ no
                                                  ▼
                    drift ◄── residual ──► arena (losses, champion) ──► dispersion ──► every expert learns

State::

    magic 2 | version 1 | season 2 | signature of roster and columns 4 | head | length + bytes of every part | CRC-32 4
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct, error
from typing import NamedTuple

from online_models import registry
from online_models.arena import Arena
from online_models.base import Stored, gain
from online_models.columns import COLUMNS, Column, Features
from online_models.dispersion import Dispersion
from online_models.distribution import DemandDistribution
from online_models.drift import DEFAULT_THRESHOLD, DriftFinding, LikelihoodCusum
from online_models.seasonal_naive import SeasonalNaive
from schemas.errors import StateCorrupt

FORMAT_VERSION = 1
DRIFT_WARM_UP_PERIODS = 14
_MAGIC = b"DM"
_PREFIX = Struct("<2sBHI")
_HEAD = Struct("<IdIdd")
_LENGTH = Struct("<H")
_CHECKSUM = Struct("<I")
_SHARE_GAIN = gain(21.0)


class Forecast(NamedTuple):
    """What is expected of one period.

    Parameters
    ----------
    mean_units
        The champion's expected demand.
    distribution
        Of demand, around that mean.
    champion
        Name of the expert that speaks.
    means
        Every expert's expected units, in the order of the roster.
    seasonal_naive
        The yardstick's units.
    """

    mean_units: float
    distribution: DemandDistribution
    champion: str
    means: tuple[float, ...]
    seasonal_naive: float


class Lesson(NamedTuple):
    """What a closed period taught.

    Parameters
    ----------
    forecast
        Made before the period was known; None before the first observation.
    y_units
        Demand; None if unknown.
    residual
        Actual less forecast, units; None if either is unknown.
    standardised
        Residual in standard deviations of the forecast.
    drift
        A finding, in the period that completes it.
    seasonal_mae, seasonal_mse
        Mean absolute and mean squared difference between a slot and its last time, over the past: the yardsticks of
        MASE and RMSSE; None before the first difference.
    """

    forecast: Forecast | None
    y_units: float | None
    residual: float | None
    standardised: float | None
    drift: DriftFinding | None
    seasonal_mae: float | None
    seasonal_mse: float | None


class SeriesModel:
    """Experts, arena, dispersion and drift detector of one series.

    Parameters
    ----------
    season
        Slots in a season: 7 for days, 52 for weeks, 12 for months.
    roster
        Names of the experts, as registered; must hold `seasonal_naive` and `ewma`.
    columns
        What a row of features holds.
    drift_threshold
        Score that a drift finding must exceed. A setting, not part of the state.

    Examples
    --------
    >>> model = SeriesModel(season=7)
    >>> model.forecast(Features(slot=0)) is None
    True
    >>> for day in range(70): lesson = model.close(12.0 if day % 7 < 5 else 30.0, Features(slot=day % 7))
    >>> round(model.forecast(Features(slot=0)).mean_units), round(model.forecast(Features(slot=6)).mean_units)
    (12, 30)
    >>> twin = SeriesModel.decode(model.encode())
    >>> twin.close(14.0, Features(slot=0)) == model.close(14.0, Features(slot=0))
    True
    """

    __slots__ = (
        "arena", "experts", "observed", "season", "share_sold",
        "_columns", "_detector", "_differences", "_naive", "_plan", "_spread", "_sum_absolute", "_sum_square",
    )  # fmt: skip

    def __init__(
        self,
        season: int,
        roster: tuple[str, ...] = registry.ROSTER,
        columns: tuple[Column, ...] = COLUMNS,
        drift_threshold: float = DEFAULT_THRESHOLD,
    ) -> None:
        self._plan = plan = _plan(season, roster, columns)
        self._columns = columns
        self.season = season
        self.observed = 0
        self.share_sold = 1.0
        self.experts = tuple(registry.make(name, season, columns) for name in roster)
        naive = self.experts[plan.naive]
        if not isinstance(naive, SeasonalNaive):
            raise TypeError("the expert named seasonal_naive must be the seasonal naive")
        self._naive = naive
        self.arena = Arena(len(roster), first=plan.first, intermittent=plan.intermittent)
        self._spread = Dispersion()
        self._detector = LikelihoodCusum(drift_threshold)
        self._differences = 0
        self._sum_absolute = self._sum_square = 0.0

    @property
    def champion(self) -> str:
        """Name of the expert that speaks."""
        return self._plan.roster[self.arena.champion]

    @property
    def dispersion(self) -> float:
        """Excess of the series' scatter over Poisson."""
        return self._spread.value

    @property
    def drift_score(self) -> float | None:
        """How near the series is to a drift, nats; None while the detector warms up."""
        return self._detector.score if self.observed > DRIFT_WARM_UP_PERIODS else None

    def forecast(self, x: Features) -> Forecast | None:
        """What is expected of a period.

        Parameters
        ----------
        x
            What is known of it beforehand.

        Returns
        -------
        Forecast or None
            None before the first observation.
        """
        if not self.observed:
            return None
        slot, row = x
        means = tuple([expert.mean(slot, row) or 0.0 for expert in self.experts])
        champion = self.arena.champion
        mean = means[champion]
        distribution = DemandDistribution(mean, self._spread.value)
        return Forecast(mean, distribution, self._plan.roster[champion], means, means[self._plan.naive])

    def horizon_means(self, xs: Sequence[Features]) -> list[float] | None:
        """The champion's expected units for each of several coming periods, all seen from now.

        Parameters
        ----------
        xs
            One per period. Equal ones are forecast once, so a month of days without news costs a week.

        Returns
        -------
        list or None
            None before the first observation.
        """
        if not self.observed:
            return None
        mean = self.experts[self.arena.champion].mean
        known: dict[Features, float] = {}
        for x in xs:
            if x not in known:
                known[x] = mean(x.slot, x.row) or 0.0
        return [known[x] for x in xs]

    def close(self, y_units: float | None, x: Features) -> Lesson:
        """Score and learn a period that is over.

        Parameters
        ----------
        y_units
            Its demand; None if unknown. Net of voids it may be negative and then counts as 0.
        x
            What was known of it beforehand, slot included.

        Returns
        -------
        Lesson
            With the forecast as it stood before learning.

        Raises
        ------
        ValueError
            Demand that is not a finite number.
        """
        forecast = self.forecast(x)
        differences = self._differences
        mae = self._sum_absolute / differences if differences else None
        mse = self._sum_square / differences if differences else None
        if y_units is None:
            return Lesson(forecast, None, None, None, None, mae, mse)
        if not math.isfinite(y_units):
            raise ValueError(f"demand must be a finite number of units, not {y_units}")
        y = float(y_units) if y_units > 0.0 else 0.0
        residual = standardised = finding = None
        if forecast is not None:
            residual = y - forecast.mean_units
            variance = forecast.distribution.variance
            standardised = residual / math.sqrt(variance) if variance > 0.0 else None
            finding = self._judge(y, residual, forecast)
        self._learn(y, x)
        return Lesson(forecast, y, residual, standardised, finding, mae, mse)

    def _judge(self, y: float, residual: float, forecast: Forecast) -> DriftFinding | None:
        mean = forecast.mean_units
        finding = None
        if self.observed >= DRIFT_WARM_UP_PERIODS:
            finding = self._detector.update(y, mean, forecast.distribution.dispersion)
        self.arena.score(y, forecast.means, self.share_sold)
        self._spread.learn(residual, mean)
        return finding

    def _learn(self, y: float, x: Features) -> None:
        slot, row = x
        self.observed += 1
        sold = 1.0 if y > 0.0 else 0.0
        self.share_sold += max(_SHARE_GAIN, 1.0 / self.observed) * (sold - self.share_sold)
        last = self._naive.last(slot)
        if last is not None:
            difference = y - last
            self._differences += 1
            self._sum_absolute += abs(difference)
            self._sum_square += difference * difference
        for expert in self.experts:
            expert.learn(y, slot, row)

    def encode(self) -> bytes:
        """The whole state, with a version and a checksum."""
        head = _HEAD.pack(self.observed, self.share_sold, self._differences, self._sum_absolute, self._sum_square)
        parts = [_PREFIX.pack(_MAGIC, FORMAT_VERSION, self.season, self._plan.signature), head]
        for part in self._parts():
            state = part.encode()
            parts.append(_LENGTH.pack(len(state)))
            parts.append(state)
        body = b"".join(parts)
        return body + _CHECKSUM.pack(zlib.crc32(body))

    def _parts(self) -> tuple[Stored, ...]:
        return (self.arena, self._spread, self._detector, *self.experts)

    @classmethod
    def decode(
        cls,
        state: bytes,
        roster: tuple[str, ...] = registry.ROSTER,
        columns: tuple[Column, ...] = COLUMNS,
        drift_threshold: float = DEFAULT_THRESHOLD,
    ) -> SeriesModel:
        """The model that wrote `state`, equal to it in all later behaviour, bit for bit.

        Parameters
        ----------
        state
            What `encode` wrote.
        roster, columns, drift_threshold
            As given to the model that wrote it.

        Raises
        ------
        StateCorrupt
            Cut off or altered, of another format, or of another roster or other columns.
        """
        model = cls(_check(state, roster, columns), roster, columns, drift_threshold)
        model._take(state)
        return model

    def restore(self, state: bytes) -> None:
        """Become the model that wrote `state`, keeping this object: a host reads one series after another into it.

        Parameters
        ----------
        state
            What `encode` wrote, for the same season, roster and columns.

        Raises
        ------
        StateCorrupt
            As for :meth:`decode`.
        """
        if _check(state, self._plan.roster, self._columns) != self.season:
            raise StateCorrupt("a series' state was written for another season.")
        self._take(state)

    def _take(self, state: bytes) -> None:
        at = _PREFIX.size
        try:
            (self.observed, self.share_sold, self._differences, self._sum_absolute, self._sum_square) = (
                _HEAD.unpack_from(state, at)
            )
            at += _HEAD.size
            for part in self._parts():
                (length,) = _LENGTH.unpack_from(state, at)
                at += _LENGTH.size
                part.restore(state[at : at + length])
                at += length
        except (error, ValueError) as broken:
            raise StateCorrupt(f"a series' state does not read: {broken}") from broken


class _Plan(NamedTuple):
    """What follows from season, roster and columns alone."""

    roster: tuple[str, ...]
    naive: int
    first: int
    intermittent: tuple[int, ...]
    signature: int


@lru_cache(maxsize=32)
def _plan(season: int, roster: tuple[str, ...], columns: tuple[Column, ...]) -> _Plan:
    if not 1 <= season <= 0xFFFF:
        raise ValueError(f"a season has 1 to 65535 slots, not {season}")
    versions = [(name, registry.make(name, season, columns).version) for name in roster]
    signature = zlib.crc32(repr((season, versions, [tuple(column) for column in columns])).encode())
    intermittent = tuple(roster.index(name) for name in registry.INTERMITTENT if name in roster)
    return _Plan(roster, roster.index("seasonal_naive"), roster.index("ewma"), intermittent, signature)


def _check(state: bytes, roster: tuple[str, ...], columns: tuple[Column, ...]) -> int:
    if len(state) < _PREFIX.size + _CHECKSUM.size:
        raise StateCorrupt(f"a series' state of {len(state)} bytes is cut off.")
    if zlib.crc32(memoryview(state)[: -_CHECKSUM.size]) != _CHECKSUM.unpack_from(state, len(state) - _CHECKSUM.size)[0]:
        raise StateCorrupt("a series' state fails its checksum.")
    magic, version, season, signature = _PREFIX.unpack_from(state)
    if magic != _MAGIC or version != FORMAT_VERSION:
        raise StateCorrupt(f"a series' state has format {magic!r} {version}, this version reads {FORMAT_VERSION}.")
    if signature != _plan(season, roster, columns).signature:
        raise StateCorrupt("a series' state was written by other models or for other features.")
    return int(season)
