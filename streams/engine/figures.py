"""How the engine's tasks of one process stand, as metrics (:class:`streams.metrics.Figures`).

The one rule: it only reads, in time that grows with stores and models and never with series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from online_models.scores import INTERVALS, Scores
from schemas.reasons import Reason
from schemas.topics import CATALOG, CONTEXT, TASK_INPUTS, TICKS
from streams.engine.engine import EngineTask
from streams.engine.recent import RecentScores
from streams.engine.scoreboard import Scoreboard
from streams.metrics import (
    BIAS,
    CHAMPION,
    CLOSED,
    COVERAGE,
    CUSUM,
    DRIFT_SCORE,
    DRIFT_THRESHOLD,
    DRIFTS,
    DRIFTS_BESIDE,
    DUPLICATES,
    EVENT_AGE,
    LATE,
    MONEY_OVER,
    MONEY_UNDER,
    MOST_STORES,
    OVERALL,
    RECENT,
    REJECTED,
    RIVERS,
    SCATTER,
    SCORED_UNITS,
    SEASONAL_NAIVE,
    TICK_AGE,
    WAPE,
    Counts,
    Key,
    Sample,
    known,
)
from streams.task import Task

_TOPICS: Final = {"catalog": CATALOG, "context": CONTEXT, "ticks": TICKS, **TASK_INPUTS}
_WAYS: Final = ("up", "down")
_FOUND: Final = (*((detector, way) for detector in (CUSUM, *RIVERS) for way in _WAYS), (CUSUM, "season"))
_BESIDE: Final = tuple((detector, way) for detector in (*RIVERS, SCATTER) for way in _WAYS)
_COUNTED: Final = {"duplicate": DUPLICATES, "late": LATE, "periods_closed": CLOSED}


class EngineFigures:
    """Reads the demand engine's numbers."""

    def counts(self, task: Task) -> Counts:
        assert isinstance(task, EngineTask), "a host of the engine holds engine tasks"
        core = task.core
        # Closed lists begin at zero: a counter that appears with its first event has no increase.
        counts: dict[Key, int] = {(REJECTED, (each.name, str(why))): 0 for each in _TOPICS.values() for why in Reason}
        counts |= {(REJECTED, (_TOPICS[name].name, why)): n for (name, why), n in core.tally.rejected.items()}
        now, loaded = core.emitter.counts, core.tally.loaded
        counts |= {(metric, ()): now.get(name, 0) - loaded.get(name, 0) for name, metric in _COUNTED.items()}
        for currency, sums in core.board.money.items():
            over, under = core.tally.loaded_money.get(currency, (0.0, 0.0))
            counts[MONEY_OVER, (currency,)] = int(sums.over - over)
            counts[MONEY_UNDER, (currency,)] = int(sums.under - under)
        counts |= {(DRIFTS_BESIDE, each): core.tally.beside[each] for each in _BESIDE}
        return counts | {(DRIFTS, each): core.tally.drifts[each] for each in _FOUND}

    def gauges(self, tasks: Sequence[Task]) -> Sequence[Sample]:
        engines = [task for task in tasks if isinstance(task, EngineTask)]
        board = Scoreboard()
        for engine in engines:
            board.merge(engine.core.board)
        return [*_times(engines), *_overall(board), *_recent(board.recent), *_drift(engines)]


def _times(engines: Sequence[EngineTask]) -> Iterator[Sample]:
    events = [engine.core.tally.newest_event_ms for engine in engines if engine.core.tally.newest_event_ms >= 0]
    ticks = [engine.core.clock.tick_ms for engine in engines if engine.core.clock.tick_ms >= 0]
    yield from known(EVENT_AGE, (), max(events, default=None))
    yield from known(TICK_AGE, (), min(ticks, default=None))


def _overall(board: Scoreboard) -> Iterator[Sample]:
    for scope, scores in sorted(board.scores.items()):
        kind, name, *model = scope.split("/")
        labels = (model[0], name) if kind == "class" else (name, OVERALL)
        yield from known(WAPE, labels, scores.wape)
        yield from known(BIAS, labels, scores.bias)
    yield from _coverage(board.scores.get(f"overall/{CHAMPION}", Scores()))


def _coverage(scores: Scores) -> Iterator[Sample]:
    for level in INTERVALS:
        yield from known(COVERAGE, (f"{level:g}", OVERALL), scores.coverage(level))


def _recent(recent: RecentScores) -> Iterator[Sample]:
    yield from known(WAPE, (CHAMPION, RECENT), recent.wape)
    yield from known(WAPE, (SEASONAL_NAIVE, RECENT), recent.naive_wape)
    yield from known(BIAS, (CHAMPION, RECENT), recent.bias)
    yield from known(BIAS, (SEASONAL_NAIVE, RECENT), recent.naive_bias)
    yield from known(SCORED_UNITS, (RECENT,), recent.actual_units)
    for place, level in enumerate(INTERVALS):
        yield from known(COVERAGE, (f"{level:g}", RECENT), recent.coverage(place))


def _drift(engines: Sequence[EngineTask]) -> Iterator[Sample]:
    highest: dict[str, float] = {}
    for engine in engines:
        for store_id, score in engine.core.drifts.by_store().items():
            highest[store_id] = max(score, highest.get(store_id, 0.0))
    yield from known(DRIFT_SCORE, (CUSUM, OVERALL), max(highest.values(), default=None))
    for store_id in sorted(highest, key=lambda store_id: (-highest[store_id], store_id))[:MOST_STORES]:
        yield Sample(DRIFT_SCORE, (CUSUM, f"store:{store_id}"), highest[store_id])
    if engines:
        caution = min(min(engine.core.calibration.cautions) for engine in engines)
        yield Sample(DRIFT_THRESHOLD, (CUSUM,), caution * engines[0].core.settings.drift_threshold)
