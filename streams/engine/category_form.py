"""How a category's forecasts have been lately, and whether that is bad enough, for long enough, to tell people.

::

    close ──► sums of its category, faded by half every seven periods
    period over ──► error >= seasonal naive?  upper 90 % kept too rarely, too often?  bias?
                        any: one bad period more          none: one good period more
                        14 bad ones running ─► opened     7 good ones running ─► cleared

The one rule: a period is judged once, when all its closes are done, on what was forecast before it was learnt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from streams.engine.unjudged import Unjudged
from streams.sealing import seal, unseal

if TYPE_CHECKING:
    from streams.settings import ShopSettings

FIELD: Final = "form"
UPPER: Final = 0.9
"""The quantile whose coverage is judged."""
_FADE: Final = 0.5 ** (1 / 7)
#: Faded number of series-periods from which errors and bias, and from which coverage, say something.
_LEAST_SCORED: Final = 10.0
_LEAST_COVERED: Final = 30.0
#: A coverage is off its level only beyond so many standard errors.
_STANDARD_ERRORS: Final = 3.0
#: A count of less cannot be cut at 90 %: its coverage is too high by nature.
LEAST_GRAINS: Final = 10.0

_SCORED, _ACTUAL, _ABSOLUTE, _ERROR, _NAIVE, _JUDGED, _KEPT, _SQUARES = range(8)


class Ailment(NamedTuple):
    """What is wrong with a category's forecasts; a number is None where that is in order.

    Parameters
    ----------
    error, naive_error
        Sums of absolute errors over demand, ours and the seasonal naive's.
    coverage
        Share of demand at or below its 90 % quantile.
    bias
        Sum of forecast less demand, over demand.
    """

    error: float | None
    naive_error: float | None
    coverage: float | None
    bias: float | None

    def __bool__(self) -> bool:
        return any(value is not None for value in self)


class Verdict(NamedTuple):
    """What a period that is over says of a category.

    Parameters
    ----------
    category
        Its name.
    period
        The period's ordinal.
    phase
        `opened` or `cleared`.
    since
        The period in which the episode was opened.
    ailment
        What is wrong.
    """

    category: str
    period: int
    phase: str
    since: int
    ailment: Ailment


class CategoryForm:
    """The sums of one category, and its runs of bad and good periods."""

    __slots__ = ("bad", "good", "period", "since", "sums")

    def __init__(self) -> None:
        self.period = -1
        self.sums = [0.0] * 8
        self.bad = self.good = 0
        self.since: int | None = None

    def ailment(self, settings: ShopSettings) -> Ailment:
        """Return what is wrong now."""
        sums = self.sums
        actual = sums[_ACTUAL]
        error = naive = coverage = bias = None
        if sums[_SCORED] >= _LEAST_SCORED and actual > 0.0:
            if sums[_ABSOLUTE] >= sums[_NAIVE] > 0.0:
                error, naive = sums[_ABSOLUTE] / actual, sums[_NAIVE] / actual
            if abs(sums[_ERROR]) > settings.degraded_bias * actual:
                bias = sums[_ERROR] / actual
        if sums[_JUDGED] >= _LEAST_COVERED:
            kept = sums[_KEPT] / sums[_JUDGED]
            low, high = settings.degraded_coverage
            noise = math.sqrt(UPPER * (1.0 - UPPER) * sums[_SQUARES]) / sums[_JUDGED]
            if not low <= kept <= high and abs(kept - UPPER) > _STANDARD_ERRORS * noise:
                coverage = kept
        return Ailment(error, naive, coverage, bias)

    def end(self, settings: ShopSettings) -> tuple[str, Ailment] | None:
        """Judge the newest period, which is over; return what there is to say."""
        ailment = self.ailment(settings)
        self.bad, self.good = (self.bad + 1, 0) if ailment else (0, self.good + 1)
        if self.since is None and self.bad >= settings.degraded_periods:
            self.since = self.period
            return "opened", ailment
        if self.since is not None and self.good >= settings.recovered_periods:
            return "cleared", ailment
        return None


class CategoryForms:
    """All categories of one task."""

    def __init__(self) -> None:
        self._forms: dict[str, CategoryForm] = {}
        #: Categories with a newest period that was not judged yet.
        self._unjudged = Unjudged[str]()
        self._dirty = False

    def add(self, category: str, period: int, actual: float, forecast: float, naive: float, kept: bool | None) -> None:
        """Score one forecast; periods that are over are to be judged before.

        Parameters
        ----------
        category
            Of the series.
        period
            Ordinal.
        actual, forecast, naive
            Units sold, and what we and the seasonal naive had expected.
        kept
            Whether demand stayed within the 90 % quantile; None where that cannot be judged.
        """
        form = self._forms.get(category)
        if form is None:
            form = self._forms[category] = CategoryForm()
        if period > form.period:
            fade = _FADE ** (period - form.period) if form.period >= 0 else 0.0
            form.sums = [fade * value for value in form.sums]
            form.sums[_SQUARES] *= fade
            form.period = period
            self._unjudged.add(category, period)
        sums = form.sums
        sums[_SCORED] += 1.0
        sums[_ACTUAL] += actual
        sums[_ABSOLUTE] += abs(forecast - actual)
        sums[_ERROR] += forecast - actual
        sums[_NAIVE] += abs(naive - actual)
        if kept is not None:
            sums[_JUDGED] += 1.0
            sums[_SQUARES] += 1.0
            sums[_KEPT] += kept
        self._dirty = True

    def over(self, before: int, settings: ShopSettings) -> Iterator[Verdict]:
        """Judge every category whose newest period lies before this one, once; yield what there is to say.

        Parameters
        ----------
        before
            Ordinal: periods before it are over, all their closes done.
        settings
            The shop's.
        """
        for category in self._unjudged.due(before):
            form = self._forms[category]
            self._dirty = True
            said = form.end(settings)
            if said is not None:
                phase, ailment = said
                yield Verdict(category, form.period, phase, form.period if form.since is None else form.since, ailment)
                if phase == "cleared":
                    form.since = None

    def writes(self) -> dict[str, bytes | None]:
        """Return the field if it changed, and count it as clean."""
        if not self._dirty:
            return {}
        self._dirty = False
        state = {
            name: [form.period, form.sums, form.bad, form.good, form.since, name in self._unjudged]
            for name, form in self._forms.items()
        }
        return {FIELD: seal(json.dumps(state, separators=(",", ":"), sort_keys=True).encode())}

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> CategoryForms:
        """Return the categories in a snapshot."""
        forms = cls()
        if (field := state.get(FIELD)) is None:
            return forms
        for name, (period, sums, bad, good, since, waiting) in json.loads(unseal(field, FIELD)).items():
            form = forms._forms[name] = CategoryForm()
            form.period, form.sums, form.bad, form.good, form.since = period, sums, bad, good, since
            if waiting:
                forms._unjudged.add(name, period)
        return forms
