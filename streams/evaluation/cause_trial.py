"""Whether the cause that an alert names is the one that was planted.

The market of `streams.evaluation.cause_plants` goes through the real engine, event by event. Of each case the first
`demand_drift` within 14 days of its plant is judged, as it stands after the second look; where none comes (a promotion
that the forecast knew of is no surprise), the cause is asked for ten days after the plant, of the same state.

===================  ======================================================================================
figure               meaning
===================  ======================================================================================
precision, recall    of a label: planted among the cases that name it, named among those that planted it
macro F1             mean over the labels of their harmonic mean; `unknown` is the label of a planted nothing
first                planted cases whose first named cause was planted
confusion            planted (single) label to first named label, cases
===================  ======================================================================================

The one rule: the plants know nothing of how causes are told, and what is told nothing of the plants.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np

from schemas.quantities import DAY_MS, HOUR_MS, to_ms
from schemas.reading import read_signal
from schemas.signals import Cause, CauseLabel, Finding
from schemas.topics import CATALOG, CONTEXT, PRICES, SALES, SIGNALS, STOCK
from streams.chain import Chain, ChainSettings
from streams.engine.causes import Causes
from streams.engine.facts import Facts
from streams.evaluation.cause_plants import DAYS, FIRST_DAY_MS, SINGLES, Case, Record, draw_cases, records_of
from streams.outcome import Output
from streams.settings import ShopSettings

_ASKED_AFTER: Final = 10
_FOUND_WITHIN: Final = 14
_RANK: Final = {CATALOG.name: 0, CONTEXT.name: 1, PRICES.name: 2, STOCK.name: 3, SALES.name: 4}


Labels = tuple[CauseLabel, ...]


class Named(NamedTuple):
    """What was said of one case.

    Parameters
    ----------
    case
        The case.
    labels
        Causes, the likeliest first.
    by_alarm
        Whether an alarm said so; else it was asked for.
    at_once
        Causes that the alarm named when it was raised, before the second look of a week later.
    """

    case: Case
    labels: Labels
    by_alarm: bool
    at_once: Labels = ()


class LabelScore(NamedTuple):
    """One label over some cases."""

    planted: int
    named: int
    precision: float | None
    recall: float | None
    f1: float | None


class CauseScore(NamedTuple):
    """Some cases together.

    Parameters
    ----------
    cases
        How many.
    macro_f1
        Over the labels that were planted.
    first
        Share of the cases with a planted driver whose first named cause was planted.
    labels
        Each label's score.
    confusion
        Planted label of the single cases to first named label to cases.
    pairs
        Cases with two causes; of them both named, one named.
    """

    cases: int
    macro_f1: float | None
    first: float | None
    labels: dict[CauseLabel, LabelScore]
    confusion: dict[str, dict[str, int]]
    pairs: tuple[int, int, int]


class CauseResult(NamedTuple):
    """What the trial found: all cases; those alone that an alarm told of; and the same as the alarm said it at once."""

    every: CauseScore
    by_alarm: CauseScore
    at_once: CauseScore


def run_cause_trial(each: int = 40, pairs: int = 60, seed: int = 7) -> CauseResult:
    """Plant causes, play them, and judge what is named.

    Parameters
    ----------
    each, pairs
        Cases of every single cause (and of none), and with two.
    seed
        Of everything random.
    """
    named = name_causes(draw_cases(each, pairs, seed), seed)
    told = [one for one in named if one.by_alarm]
    return CauseResult(
        score_causes(named), score_causes(told), score_causes([one._replace(labels=one.at_once) for one in told])
    )


def name_causes(cases: Sequence[Case], seed: int) -> list[Named]:
    """Play the cases through the engine, and return what was named of each.

    Parameters
    ----------
    cases
        To be played, all in one market.
    seed
        Of their sales.
    """
    stage = _Stage(cases)
    random = np.random.default_rng([seed, 1])
    records = sorted((one for case in cases for one in records_of(case, random)), key=_order)
    by_day = {day: list(run) for day, run in groupby(records, key=lambda one: (one.at_ms - FIRST_DAY_MS) // DAY_MS)}
    for day in range(DAYS):
        stage.play(by_day.get(day, []), FIRST_DAY_MS + (day + 1) * DAY_MS + 2 * HOUR_MS)
        stage.ask([case for case in cases if case.day + _ASKED_AFTER == day])
    return stage.named()


def _order(record: Record) -> tuple[int, int, bytes]:
    return record.at_ms, _RANK[record.topic.name], record.key


class _Stage:
    """The engine, and what it said of each case."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = {case.name: case for case in cases}
        #: Of each case its first episode: when it began, and the labels named at once and later.
        self._alarms: dict[str, list[tuple[int, Labels]]] = {}
        self._asked: dict[str, Labels] = {}
        shop = ShopSettings(zone="UTC", grain="day")
        self._chain = Chain(ChainSettings(1, shop, recompute_prices=False), self._take)

    def play(self, records: Sequence[Record], tick_ms: int) -> None:
        """Feed a day, and let it close."""
        for topic, run in groupby(records, key=attrgetter("topic")):
            self._chain.put_all(topic, [(one.key, one.value) for one in run])
        self._chain.tick(tick_ms)

    def _take(self, output: Output) -> None:
        if output.topic is not SIGNALS:
            return
        found = read_signal(output.value)
        if not isinstance(found, Finding) or found.phase == "cleared" or found.kind != "demand_drift":
            return
        case = self._cases.get(f"{found.store_id}|{found.sku}")
        if case is None:
            return
        began = to_ms(found.episode_started_at)
        if not case.day < (began - FIRST_DAY_MS) // DAY_MS <= case.day + _FOUND_WITHIN:
            return
        said = self._alarms.setdefault(case.name, [])
        if not said or said[0][0] == began:
            said.append((began, labels_of(found.causes)))

    def ask(self, cases: Sequence[Case]) -> None:
        """Ask for the causes of cases, of the state as it stands."""
        core = self._chain.engines[0].core
        causes = Causes(core, Facts(core))
        for case in cases:
            series = core.table.by_name[case.name]
            history = core.archive.of(series)
            first = core.periods.of(FIRST_DAY_MS + case.day * DAY_MS)
            last = series.next_period - 1
            now_ms = core.periods.end_ms(last)
            why = causes.of_run(series, history, core.model(history), first, last, now_ms)
            self._asked[case.name] = labels_of(why.causes)

    def named(self) -> list[Named]:
        """Return what was said of every case, in their order."""
        return [
            Named(case, self._said(name, -1), name in self._alarms, self._said(name, 0))
            for name, case in self._cases.items()
        ]

    def _said(self, name: str, place: int) -> Labels:
        return self._alarms[name][place][1] if name in self._alarms else self._asked[name]


def labels_of(causes: Sequence[Cause]) -> Labels:
    """Return the labels of causes, in their order."""
    return tuple(one.label for one in causes)


def score_causes(named: Sequence[Named]) -> CauseScore:
    """Score what was named.

    Parameters
    ----------
    named
        One for each case.
    """
    labels = {label: _score_label(label, named) for label in SINGLES}
    known = [one.f1 for one in labels.values() if one.f1 is not None]
    planted = [one for one in named if "unknown" not in one.case.truth]
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for one in named:
        if len(one.case.truth) == 1:
            confusion[next(iter(one.case.truth))][one.labels[0]] += 1
    pairs = [len(one.case.truth & set(one.labels)) for one in named if len(one.case.truth) == 2]
    return CauseScore(
        len(named),
        sum(known) / len(known) if known else None,
        sum(one.labels[0] in one.case.truth for one in planted) / len(planted) if planted else None,
        dict(labels),
        {label: dict(confusion[label]) for label in SINGLES if label in confusion},
        (len(pairs), sum(hits == 2 for hits in pairs), sum(hits == 1 for hits in pairs)),
    )


def _score_label(label: CauseLabel, named: Sequence[Named]) -> LabelScore:
    planted = sum(label in one.case.truth for one in named)
    told = sum(label in one.labels for one in named)
    hits = sum(label in one.case.truth and label in one.labels for one in named)
    precision = hits / told if told else None
    recall = hits / planted if planted else None
    f1 = 2.0 * hits / (told + planted) if planted else None
    return LabelScore(planted, told, precision, recall, f1)
