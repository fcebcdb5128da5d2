"""Why demand has changed: causes with their evidence, and the reasons that an alert quotes.

::

    periods before ┐
                   ├─► moves (which drivers moved, what each would do) ─► plausible? ─► causes, the likeliest first
    periods since ─┘            └── the trade's habit, and what the model has learnt of this very series

A move is plausible when it goes the way demand went and would do a fifth of it or more. Two that are plausible are both
named; where none is, the cause is `unknown`.

The one rule: no cause is named whose driver did not move; every cause carries the numbers that show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from online_models.columns import Features
from online_models.explanation import OWN_PRICE, PROMOTION, REST, RIVAL_PRICE, driver_of
from schemas.quantities import to_datetime
from schemas.signals import Cause, CauseLabel, Contribution, Measure
from streams.engine.driver_days import DriverDay, DriverRecord
from streams.engine.moves import Change, Move, find_moves, measure_change, sharpen, slot_means
from streams.features import HISTORY_PERIODS, past_features

if TYPE_CHECKING:
    from online_models.pool import Category
    from online_models.stack import SeriesStack
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.series import Series

#: Reasons that an alert quotes.
QUOTED: Final = 3
#: A move that would do less than this share of the change is no cause of it.
PLAUSIBLE: Final = 0.2
_BEFORE_PERIODS: Final = 56
_LEVEL_PERIODS: Final = 28
#: A change of demand smaller than this share of its level is none.
_LEAST_CHANGE: Final = 0.05
_CERTAIN: Final = 2.0
#: Weight of the trade's habit beside what the model has learnt.
_HABIT: Final = 2.0 / 3.0
#: Share of the level from which an effect is felt.
_FELT: Final = 0.12
#: Share of the usual demand below which a change is not worth quoting.
_LEAST_REASON: Final = 0.05
_DRIVERS: Final[Mapping[CauseLabel, str]] = {
    "promotion": PROMOTION, "own_price": OWN_PRICE, "rival_price": RIVAL_PRICE,
}  # fmt: skip


class Why(NamedTuple):
    """What a finding says of the reasons behind it.

    Parameters
    ----------
    reasons
        The largest changes, units a period: first what the causes account for, then what else the forecast has moved.
    causes
        The likeliest first; one `unknown` where no driver that moved explains the change.
    change
        As it was measured for them.
    first
        Period in which it most likely began.
    """

    reasons: tuple[Contribution, ...] = ()
    causes: tuple[Cause, ...] = ()
    change: Change | None = None
    first: int = 0


class Causes:
    """Looks for causes, in one task.

    Parameters
    ----------
    core, facts
        Of the task.
    """

    def __init__(self, core: Core, facts: Facts) -> None:
        self._core = core
        self._facts = facts
        self._record = DriverRecord(core, facts)

    def of_run(
        self,
        series: Series,
        history: History,
        model: SeriesStack,
        first: int,
        last: int,
        now_ms: int,
        newest: float | None = None,
        detected: Detected | None = None,
    ) -> Why:
        """Explain a change of demand.

        Parameters
        ----------
        series, history, model
            Whose; the model as it stands.
        first, last
            The periods since the change, both included.
        now_ms
            What was not known by then is not used.
        newest
            Demand of the period after the newest of the history; None where `last` is in the history.
        detected
            A changed pattern of the season that a test of its own has found.
        """
        days = self._record.days(series, history, first - _BEFORE_PERIODS, last, now_ms, newest)
        scene = _Scene(self._core, self._facts, series, history, model, last)
        told = self._tell(days, first, scene, now_ms, detected)
        if last > first and (sharper := sharpen(days, first)) != first:
            # A detector dates a change to within days; what explains more of it knows better when it was.
            other = self._tell(days, sharper, scene, now_ms, detected)
            told = max(told, other, key=lambda one: one.closeness)
        causes = [_to_cause(each, told.before, told.after, told.change) for each in told.judged]
        reasons = _reasons(told.judged, scene, told.change)
        return Why(reasons, tuple(causes) or (Cause(label="unknown"),), told.change, told.first)

    def _tell(
        self, days: Sequence[DriverDay], first: int, scene: _Scene, now_ms: int, detected: Detected | None
    ) -> _Told:
        """Look for causes of a change that began in a given period."""
        before = [day for day in days if day.period < first]
        after = [day for day in days if day.period >= first]
        change = measure_change(before[-_LEVEL_PERIODS:], after)
        moves = find_moves(before, after, change)
        if detected is not None:
            moves = [move for move in moves if move.label != "season"] + [detected.move(change)]
        learnt = {move.label: scene.learnt(move, now_ms) for move in moves if move.label in _DRIVERS}
        return _Told(first, before, after, change, judge(moves, learnt, change))

    def drivers(
        self, series: Series, history: History, model: SeriesStack, first: int, periods: int
    ) -> tuple[Contribution, ...]:
        """Return what moves the demand of some coming periods away from what is usual on those days, the largest first.

        Parameters
        ----------
        series, history, model
            Whose.
        first, periods
            The first of them, and how many.
        """
        scene = _Scene(self._core, self._facts, series, history, model, first)
        total: dict[str, float] = {}
        usual = 0.0
        for period in range(first, first + periods):
            changes = model.changes(scene.features(period), scene.category)
            if changes is None:
                return ()
            for driver, units in changes.parts.items():
                total[driver] = total.get(driver, 0.0) + units
            usual += changes.usual_units
        total.pop(REST, None)
        found = sorted(total.items(), key=lambda part: (-abs(part[1]), part[0]))[:QUOTED]
        return tuple(
            Contribution(driver=driver, units=round(units, 3))
            for driver, units in found
            if abs(units) > max(_LEAST_REASON * usual, 1e-3)
        )


class _Scene:
    """One series at one moment: its rows of features, and what its model makes of them."""

    def __init__(
        self, core: Core, facts: Facts, series: Series, history: History, model: SeriesStack, last: int
    ) -> None:
        self._core, self._facts, self._series = core, facts, series
        self.model, self.last = model, last
        self._past = past_features(history.units(HISTORY_PERIODS))
        self._origin_ms = core.periods.start_ms(last)
        self.category: Category = core.pool.category(facts.category(series, self._origin_ms))

    def features(self, period: int) -> Features:
        """What is known of a period at its begin, or at the scene's if that is earlier."""
        return self._features(period, min(self._core.periods.start_ms(period), self._origin_ms))

    def _features(self, period: int, origin_ms: int) -> Features:
        return self._facts.features(self._series, self._past, period, origin_ms)

    def learnt(self, move: Move, now_ms: int) -> float | None:
        """Return what the model expects of a move, units; None where it has no column for it."""
        columns = self.model.layout.columns
        driver = _DRIVERS[move.label]
        chosen = [at for at, column in enumerate(columns) if not column.in_units and driver_of(column.name) == driver]
        if not chosen or move.since_ms is None:
            return None
        # A price of noon holds at the begin of the next period; a promotion may be over by then.
        newest = self.last if move.label == "promotion" else self.last + 1
        now = self._features(newest, now_ms)._replace(slot=self._core.periods.slot(self.last))
        was = self.features(self._core.periods.of(move.since_ms) - 1)
        if not now.row or not was.row:
            return None
        row = list(now.row)
        for at in chosen:
            row[at] = was.row[at]
        with_it, without = (self.model.explain(x, self.category) for x in (now, now._replace(row=tuple(row))))
        return None if with_it is None or without is None else with_it.mean_units - without.mean_units


class Detected(NamedTuple):
    """A changed pattern of the season, found by a test of its own: that test is the evidence.

    Parameters
    ----------
    score, threshold
        Of the test.
    since_ms
        When the pattern changed.
    """

    score: float
    threshold: float
    since_ms: int

    def move(self, change: Change) -> Move:
        """Return it as a driver that moved; a pattern explains whatever its days have brought."""
        evidence = {
            "pattern_score": Measure(value=round(self.score, 3), unit="nats"),
            "pattern_threshold": Measure(value=round(self.threshold, 3), unit="nats"),
        }
        return Move("season", change.units or 0.0, self.since_ms, evidence, None, True)


class _Told(NamedTuple):
    """What a change that began in one period comes from."""

    first: int
    before: list[DriverDay]
    after: list[DriverDay]
    change: Change
    judged: list[Judged]

    @property
    def closeness(self) -> float:
        """Of its likeliest cause; 0 without one."""
        return self.judged[0].closeness if self.judged else 0.0


class Judged(NamedTuple):
    """A plausible move.

    Parameters
    ----------
    move
        The driver.
    units
        What it would do by itself, by habit and by the model.
    closeness
        How near that is to the change seen, 1: just as much.
    """

    move: Move
    units: float
    closeness: float


def judge(moves: Sequence[Move], learnt: Mapping[CauseLabel, float | None], change: Change) -> list[Judged]:
    """Return the moves that could have done what was seen, the likeliest first.

    Parameters
    ----------
    moves
        Drivers that moved.
    learnt
        What the model expects of a move, where it has a column for it.
    change
        What was seen.
    """
    found = []
    for move in moves:
        told = learnt.get(move.label)
        units = move.units if told is None or move.is_certain else _HABIT * move.units + (1.0 - _HABIT) * told
        found.append(Judged(move, units, _closeness(units, change) * (_CERTAIN if move.is_certain else 1.0)))
    found.sort(key=lambda each: (-each.closeness, each.move.label))
    likely = [each for each in found if each.closeness >= PLAUSIBLE]
    # Beside a cause that explains much, one that is sure to be felt is named too.
    felt = [each for each in found if 0.0 < each.closeness < PLAUSIBLE]
    return likely + [each for each in felt if likely and abs(each.units) >= _FELT * change.level_units]


def _closeness(units: float, change: Change) -> float:
    """How near one effect comes to the change; 0 where it goes the other way."""
    if change.units is None:
        return 1.0
    if abs(change.units) < _LEAST_CHANGE * change.level_units:
        # Hardly any change of the level: only what leaves it where it is can be behind a finding.
        return 1.0 if abs(units) <= abs(change.units) else 0.0
    ratio = units / change.units
    if ratio <= 0.0:
        return 0.0
    return ratio if ratio <= 1.0 else max(1.0 / ratio, PLAUSIBLE)


def _to_cause(judged: Judged, before: Sequence[DriverDay], after: Sequence[DriverDay], change: Change) -> Cause:
    move = judged.move
    evidence = dict(move.evidence)
    if move.label == "promotion":
        evidence |= _promotion_sums(before, after)
    return Cause(
        label=move.label,
        units=round(_accounted(judged, change), 3),
        since=None if move.since_ms is None else to_datetime(move.since_ms),
        detail=move.detail,
        evidence=evidence,
    )


def _accounted(judged: Judged, change: Change) -> float:
    """What a cause accounts for: no more than there was."""
    if change.units is None or judged.units * change.units <= 0.0:
        return judged.units
    return judged.units if abs(judged.units) <= abs(change.units) else change.units


def _promotion_sums(before: Sequence[DriverDay], after: Sequence[DriverDay]) -> dict[str, Measure]:
    """Baseline and incremental units of the promotion's days so far, against the slots' means without one."""
    usual = slot_means([day for day in before if day.promotion == 0.0])
    days = [day for day in [*before[-_LEVEL_PERIODS:], *after] if day.promotion > 0.0 and day.slot in usual]
    units = [(day.units, usual[day.slot]) for day in days if day.units is not None]
    if not units:
        return {}
    baseline = sum(base for _, base in units)
    sold = sum(one for one, _ in units)
    return {
        "promotion_periods": Measure(value=float(len(units)), unit="periods"),
        "baseline_units": Measure(value=round(baseline, 3), unit="units"),
        "incremental_units": Measure(value=round(sold - baseline, 3), unit="units"),
    }


def _reasons(judged: Sequence[Judged], scene: _Scene, change: Change) -> tuple[Contribution, ...]:
    """What the causes account for, then the other drivers that the forecast has moved by."""
    found = [
        Contribution(driver=each.move.label.replace("_", " "), units=round(_accounted(each, change), 3))
        for each in judged
    ]
    named = {one.driver for one in found}
    changes = scene.model.changes(scene.features(scene.last), scene.category)
    others = [] if changes is None else [part for part in changes.largest(len(changes.parts)) if part[0] not in named]
    least = max(_LEAST_REASON * change.level_units, 1e-3)
    found += [
        Contribution(driver=driver, units=round(units, 3))
        for driver, units in others
        if driver != REST and abs(units) > least
    ]
    return tuple(found[:QUOTED])
