"""The core: everything that one task of the engine knows, in one place, for the parts that act on it.

::

    table      hot series          h:, n:      clock    where the task stands in time      clock
    archive    histories, models   m:          board    scores                             score, recent
    dedupe     event ids           d:          stores   open, closed, silent               s:
    market     prices              r:          drifts   highest drift scores               drift
    curves     shares by hour      c:      calibration    drift thresholds             q:
    forms      poor categories     form    groups         drift of the slow sellers    groups

The one rule: what is not written by `writes` is not state; `tally` is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from online_models.day_curve import DayCurves
from online_models.drift_calibration import DriftCalibration
from online_models.pool import Pool
from online_models.stack import SeriesStack
from schemas.errors import StateCorrupt, TornTask
from streams.engine.agenda import Agenda
from streams.engine.archive import Archive
from streams.engine.category_form import CategoryForms
from streams.engine.dedupe import DedupeIndex
from streams.engine.drift_groups import DriftGroups
from streams.engine.drift_scores import DriftScores
from streams.engine.emitter import Emitter
from streams.engine.history import History
from streams.engine.market import MarketTable
from streams.engine.scoreboard import Scoreboard
from streams.engine.stores import StoreTable
from streams.engine.table import SeriesTable
from streams.engine.tally import EngineTally
from streams.engine.watch import Watch
from streams.periods import Periods
from streams.reference import Reference, View
from streams.sealing import seal, unseal
from streams.settings import ShopSettings

if TYPE_CHECKING:
    from streams.engine.promotion_book import PromotionBook

CLOCK_FIELD = "clock"
_CURVES = "c:"
#: Prefix of the pool's parts: what the series of the task learn together.
_POOL = "g:"
#: Prefix of the calibration's classes.
_CAUTIONS = "q:"
_WEEKDAYS = 7


@dataclass(slots=True)
class TaskClock:
    """Where a task stands in time.

    Parameters
    ----------
    newest_ms
        The newest time handled, never above the tick in hand; the watermark is this less the slack.
    tick_ms
        Running maximum of the ticks' times.
    ends
        Running maxima of the ticks' ends, by input.
    tick_offset, tick_index
        The tick in hand, and how many outputs it has caused.
    said_hour
        The last hour for which progress was said.
    catalog_seen, context_seen
        Offsets below which refused facts were put in quarantine.
    tests_run
        Drift tests since the last progress.
    p_values
        Of those tests, the small ones, by series.
    """

    newest_ms: int = -1
    tick_ms: int = -1
    ends: dict[str, int] = field(default_factory=dict)
    tick_offset: int = -1
    tick_index: int = 0
    said_hour: int = -1
    catalog_seen: int = 0
    context_seen: int = 0
    tests_run: int = 0
    p_values: dict[str, float] = field(default_factory=dict)


class Core:
    """State of one task.

    Parameters
    ----------
    task, tasks
        Number of this task and how many there are (P).
    settings
        The shop's.
    reference
        Master data and context, shared by the tasks of a process.
    """

    def __init__(self, task: int, tasks: int, settings: ShopSettings, reference: Reference) -> None:
        self.settings = settings
        self.reference = reference
        self.view: View = reference.view(0, 0)
        self.periods = Periods(settings.zone, settings.period)
        self.emitter = Emitter(task, tasks)
        self.clock = TaskClock()
        self.table = SeriesTable()
        self.stores = StoreTable()
        self.market = MarketTable()
        self.dedupe = DedupeIndex()
        self.board = Scoreboard()
        self.drifts = DriftScores()
        self.forms = CategoryForms()
        self.groups = DriftGroups(settings.drift_threshold)
        self.tally = EngineTally()
        self.agenda = Agenda()
        self.archive = Archive()
        self.curves = DayCurves(*settings.trading_hours, _WEEKDAYS)
        self.score_from_ms: int | None = None
        #: Told every close; nothing that it does can come back.
        self.watch: Watch | None = None
        #: Adds up promotions where a replay asks for it; no state, and nothing decides by it.
        self.promotions: PromotionBook | None = None
        #: How far back movements are kept one by one: an hour's close still finds the on-hand of the hour's end.
        self.kept_ms = settings.slack_ms + settings.hour_spread_ms
        self._bench = SeriesStack(
            settings.season,
            extras=settings.extra_models,
            drift_threshold=settings.drift_threshold,
            drift_detector=settings.drift_detector,
        )
        self._blank = self._bench.encode()
        self.pool = Pool(self._bench.layout)
        self.calibration = DriftCalibration(
            settings.season, settings.drift_alarms_per_series_year, self._bench.drift_thresholds
        )
        self._bench.heed(self.calibration.cautions)

    def model(self, history: History) -> SeriesStack:
        """Return a series' model, read from its stored bytes into the task's one workbench: use it, then let it go."""
        self._bench.restore(history.model or self._blank)
        return self._bench

    # --- snapshot ---------------------------------------------------------------------------------------------

    def dirty_bytes(self) -> int:
        """Return an estimate of what :meth:`writes` would give."""
        hot = self.table.dirty_bytes() + self.dedupe.dirty_bytes()
        return hot + self.archive.dirty_bytes() + self.curves.dirty_bytes()

    def writes(self) -> dict[str, bytes | None]:
        """Return every field that changed, and count them as clean."""
        return {
            **self.table.writes(),
            **self.archive.writes(),
            **self.stores.writes(),
            **self.market.writes(),
            **self.dedupe.writes(),
            **self.board.writes(),
            **self.drifts.writes(),
            **self.forms.writes(),
            **self.groups.writes(),
            **{f"{_POOL}{name}": field for name, field in self.pool.writes().items()},
            **{f"{_CAUTIONS}{name}": seal(field) for name, field in self.calibration.writes().items()},
            **{f"{_CURVES}{name}": seal(field) for name, field in self.curves.writes().items()},
            CLOCK_FIELD: self._encode_clock(),
        }

    def _encode_clock(self) -> bytes:
        self.clock.tick_offset, self.clock.tick_index = self.emitter.tick_offset, self.emitter.index
        state = {
            "clock": asdict(self.clock),
            "counts": self.emitter.counts,
            "tasks": self.emitter.tasks,
            "settings": self.settings.fingerprint(),
        }
        return seal(json.dumps(state, separators=(",", ":"), sort_keys=True).encode())

    def load(self, state: Mapping[str, bytes]) -> None:
        """Take the state of a snapshot.

        Raises
        ------
        TornTask
            When it was made for another number of tasks.
        StateCorrupt
            When it was made under other settings, or does not read.
        """
        if CLOCK_FIELD not in state:
            raise StateCorrupt("The state has no clock.", "demand-monitor state wipe, then let it rebuild from the log")
        stored = json.loads(unseal(state[CLOCK_FIELD], CLOCK_FIELD))
        if stored["tasks"] != self.emitter.tasks:
            raise TornTask(
                f"The state was made with {stored['tasks']} partitions, the topics have {self.emitter.tasks}.",
                "replay into a new --prefix",
            )
        if stored["settings"] != self.settings.fingerprint():
            raise StateCorrupt("The state was made under other shop settings.", "replay into a new --prefix")
        self.clock = TaskClock(**stored["clock"])
        self.emitter.counts = stored["counts"]
        self.tally.loaded = dict(stored["counts"])
        self.emitter.tick_offset, self.emitter.index = self.clock.tick_offset, self.clock.tick_index
        self.table = SeriesTable.load(state)
        self.stores = StoreTable.load(state)
        self.market = MarketTable.load(state)
        self.dedupe = DedupeIndex.load(state)
        self.board = Scoreboard.load(state)
        self.tally.loaded_money = {currency: (sums.over, sums.under) for currency, sums in self.board.money.items()}
        self.drifts = DriftScores.load(state)
        self.forms = CategoryForms.load(state)
        self.groups = DriftGroups.load(state, self.settings.drift_threshold)
        self.archive = Archive.load(state)
        parts = {name[len(_POOL) :]: value for name, value in state.items() if name.startswith(_POOL)}
        self.pool = Pool.load(self._bench.layout, parts)
        for name, value in state.items():
            if name.startswith(_CURVES):
                self.curves.take(name[len(_CURVES) :], unseal(value, name))
            elif name.startswith(_CAUTIONS):
                self.calibration.take(name[len(_CAUTIONS) :], unseal(value, name))
