"""The core: everything that one task of the engine knows, in one place, for the parts that act on it.

::

    table      hot series          h:, n:      clock    where the task stands in time      clock
    archive    histories, models   m:          board    scores                             score, recent
    dedupe     event ids           d:          stores   open, closed, silent               s:
    market     prices              r:          drifts   highest drift scores               drift
    curves     shares by hour      c:    suppliers  lead times                             l:
    risk_scale what risks became   risk  silences   how long shelves are silent            silence

The one rule: what is not written by `writes` is not state; `tally` is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from online_models.day_curve import DayCurves
from online_models.pool import Pool
from online_models.risk_calibration import RiskCalibration
from online_models.stack import SeriesStack
from online_models.zero_run import SilenceScale
from schemas.errors import StateCorrupt, TornTask
from streams.engine.agenda import Agenda
from streams.engine.archive import Archive
from streams.engine.dedupe import DedupeIndex
from streams.engine.drift_scores import DriftScores
from streams.engine.emitter import Emitter
from streams.engine.history import History
from streams.engine.market import MarketTable
from streams.engine.scoreboard import Scoreboard
from streams.engine.stores import StoreTable
from streams.engine.suppliers import SupplierTable
from streams.engine.table import SeriesTable
from streams.engine.tally import EngineTally
from streams.engine.watch import Watch
from streams.periods import Periods
from streams.reference import Reference, View
from streams.sealing import seal, unseal
from streams.settings import ShopSettings

CLOCK_FIELD = "clock"
RISK_FIELD, SILENCE_FIELD = "risk", "silence"
_CURVES = "c:"
#: Prefix of the pool's parts: what the series of the task learn together.
_POOL = "g:"
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
        self.tally = EngineTally()
        self.agenda = Agenda()
        self.archive = Archive()
        self.curves = DayCurves(*settings.trading_hours, _WEEKDAYS)
        self.suppliers = SupplierTable()
        self.risk_scale = RiskCalibration()
        self.silences = SilenceScale()
        self.score_from_ms: int | None = None
        #: Told every close; nothing that it does can come back.
        self.watch: Watch | None = None
        #: How far back movements are kept one by one: an hour's close still finds the on-hand of the hour's end.
        self.kept_ms = settings.slack_ms + settings.hour_spread_ms
        self._bench = SeriesStack(
            settings.season, extras=settings.extra_models, drift_threshold=settings.drift_threshold
        )
        self._blank = self._bench.encode()
        self.pool = Pool(self._bench.layout)

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
            **self.suppliers.writes(),
            **self._risk_writes(),
            **{f"{_POOL}{name}": field for name, field in self.pool.writes().items()},
            **{f"{_CURVES}{name}": seal(field) for name, field in self.curves.writes().items()},
            CLOCK_FIELD: self._encode_clock(),
        }

    def _risk_writes(self) -> dict[str, bytes | None]:
        states = {RISK_FIELD: self.risk_scale.drain(), SILENCE_FIELD: self.silences.drain()}
        return {name: seal(state) for name, state in states.items() if state is not None}

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
        self.drifts = DriftScores.load(state)
        self.suppliers = SupplierTable.load(state)
        if (field := state.get(RISK_FIELD)) is not None:
            self.risk_scale = RiskCalibration.decode(unseal(field, RISK_FIELD))
        if (field := state.get(SILENCE_FIELD)) is not None:
            self.silences = SilenceScale.decode(unseal(field, SILENCE_FIELD))
        self.archive = Archive.load(state)
        parts = {name[len(_POOL) :]: value for name, value in state.items() if name.startswith(_POOL)}
        self.pool = Pool.load(self._bench.layout, parts)
        for name, value in state.items():
            if name.startswith(_CURVES):
                self.curves.take(name[len(_CURVES) :], unseal(value, name))
