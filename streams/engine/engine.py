"""One task of the demand engine: feeds the merge, takes steps, keeps marks. The spine that the parts hang on.

::

    tick in hand? ──no──► next tick fed? ──no──► idle
        │ yes
        ▼
    due close? ──► close it                     (newest >= due)
        │ none
    head of the merge below ends? ──► handle it, time moves to it
        │ none left, everything below ends taken
        ▼
    time moves to the tick ──► due closes ──► progress ──► tick done

Every arrow that does something is one step: a budget may end, and a commit may fall, between any two.

The one rule: time is the newest time handled, never above the tick in hand, and never goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import cast

from schemas.errors import BadEvent
from schemas.prices import CompetitorPrice
from schemas.quantities import HOUR_MS
from schemas.ticks import Tick
from streams.engine.admit import ADMISSION, Body, StockBody, refusal
from streams.engine.closes import Closes
from streams.engine.core import Core
from streams.engine.drifts import smallest
from streams.engine.events import Events
from streams.engine.facts import Facts
from streams.engine.gate import Gate
from streams.engine.risk import Risk
from streams.engine.sales import Sales
from streams.engine.windows import Windows
from streams.marks import decode_marks, encode_marks
from streams.merge import Item, Merge, Run
from streams.outcome import Output
from streams.ports import Place, Record, Snapshot
from streams.reference import Reference
from streams.settings import ShopSettings
from streams.tripwire import TripWire

#: Inputs in the order in which ties of event time are broken.
RANKED_INPUTS = ("prices", "stock", "sales")
#: An input with more records waiting than this is not hungry.
_ENOUGH_RECORDS = 20_000
_ENOUGH_TICKS = 2_000


class EngineTask:
    """The demand engine of one partition (a :class:`streams.task.Task`).

    Parameters
    ----------
    task, tasks
        Number of the partition, and how many there are.
    settings
        The shop's.
    reference
        Master data and context; shared, fed through "catalog" and "context".
    topics
        Full topic names by input: "sales", "stock", "prices", "ticks", "catalog", "context".
    snapshot
        Where to go on.
    score_from_ms
        Only periods that begin at or after this are scored; None scores all.
    """

    def __init__(
        self,
        task: int,
        tasks: int,
        settings: ShopSettings,
        reference: Reference,
        topics: Mapping[str, str],
        snapshot: Snapshot,
        score_from_ms: int | None = None,
    ) -> None:
        self.core = Core(task, tasks, settings, reference)
        self.core.score_from_ms = score_from_ms
        self._topics = dict(topics)
        self._wires = {name: TripWire(settings.poison_share, f"{topics[name]}[{task}]") for name in RANKED_INPUTS}
        starts = dict.fromkeys(RANKED_INPUTS, -1)
        self._tick_mark = -1
        self._step = 0
        if snapshot.marks is not None:
            positions, self._step = decode_marks(snapshot.marks)
            self._tick_mark = positions.pop("ticks")
            starts = positions
            self.core.load(snapshot.state)
        facts = Facts(self.core)
        risk = Risk(self.core, facts)
        windows = Windows(self.core)
        self._gate = Gate(self.core, topics)
        self._events = Events(self.core, windows, facts, risk)
        self._sales = Sales(self.core, windows, self._gate, risk)
        self._closes = Closes(self.core, windows, facts, risk)
        self._merge = Merge[Body](RANKED_INPUTS, starts)
        self._ticks: deque[tuple[Record, Tick | BadEvent]] = deque()
        self._tick: Tick | None = None
        #: Runs that were merged and are not handled yet; of the first, those before `_at` are.
        self._runs: deque[Run[Body]] = deque()
        self._at = 0

    # --- the task protocol ------------------------------------------------------------------------------------

    @property
    def marks(self) -> bytes:
        """The marks of all inputs after the last step handled."""
        return encode_marks({**self._positions(), "ticks": self._tick_mark}, self._step)

    def _positions(self) -> dict[str, int]:
        positions = self._merge.positions()
        for name, items in reversed(self._runs):
            positions[name] = items[0].offset
        if self._runs:
            name, items = self._runs[0]
            positions[name] = items[self._at].offset
        return positions

    def starts(self) -> Mapping[str, int]:
        """Return, by input, the offset at which each is to be read."""
        return {**self._merge.positions(), "ticks": self._tick_mark}

    def feed(self, name: str, records: Sequence[Record], position: int) -> None:
        """Take consecutive records of one input."""
        if name in ("catalog", "context"):
            self.core.reference.feed(name, records, position)
        elif name == "ticks":
            for record in records:
                self._feed_tick(record)
        else:
            items = ADMISSION[name](records)
            bad = sum(1 for item in items if isinstance(item[2], BadEvent))
            self._wires[name].count(len(items) - bad, bad)
            self._merge.feed(name, items, position)

    def _feed_tick(self, record: Record) -> None:
        try:
            self._ticks.append((record, Tick.decode(record.value or b"")))
        except BadEvent as error:
            self._ticks.append((record, error))

    def hungry(self) -> Mapping[str, bool]:
        """Return, by input, whether more of it is wanted now."""
        wants = {name: self._merge.pending(name) < _ENOUGH_RECORDS for name in RANKED_INPUTS}
        return {**wants, "ticks": len(self._ticks) < _ENOUGH_TICKS}

    def idle(self) -> bool:
        """Return whether nothing can be done before more is fed. It only looks: a step belongs to `handle`."""
        if self._runs:
            return False
        core = self.core
        if self._tick is None:
            return not self._tick_waits()
        if core.agenda.next_due <= core.clock.newest_ms:
            return False
        return not (self._merge.ready(core.clock.ends) or self._merge.complete(core.clock.ends))

    def dirty_bytes(self) -> int:
        """Return an estimate of the bytes that :meth:`writes` would give."""
        return self.core.dirty_bytes()

    def writes(self) -> Mapping[str, bytes | None]:
        """Return every field that changed since the last call."""
        return self.core.writes()

    # --- steps ------------------------------------------------------------------------------------------------

    def handle(self, budget: int) -> Sequence[Output]:
        """Do at most `budget` steps."""
        core = self.core
        agenda, clock = core.agenda, core.clock
        while budget > 0:
            if self._tick is not None and agenda.next_due <= clock.newest_ms:
                budget -= self._close()
            elif self._runs:
                budget -= self._work(budget)
            elif not self._advance(budget):
                break
            elif not self._runs and self._tick is not None and self._merge.complete(clock.ends):
                budget -= self._finish()
        return core.emitter.drain()

    def _work(self, budget: int) -> int:
        """Handle at most so many of the records that are ready, up to where a close falls due; return how many."""
        name, items = self._runs[0]
        begin, stop = self._at, min(len(items), self._at + budget)
        if name == "sales":
            self._at = self._sales.book(items, begin, stop)
        else:
            self._at = self._go_through(name, items, begin, stop)
        done = self._at - begin
        if self._at == len(items):
            self._runs.popleft()
            self._at = 0
        self._step += done
        return done

    def _go_through(self, name: str, items: Sequence[Item[Body]], at: int, stop: int) -> int:
        agenda, clock = self.core.agenda, self.core.clock
        while at < stop:
            if self._gate.moves_time(items[at].t_ms):
                break
            self._handle(name, items[at])
            at += 1
            if agenda.next_due <= clock.newest_ms:
                break
        return at

    def _close(self) -> int:
        item = self.core.agenda.pop()
        self.core.emitter.cause = (self._topics["ticks"], self._tick_mark)
        if not self._closes.run(item):
            # Done before: a task that was restarted never had this item, so it must not count as a step.
            return 0
        self._step += 1
        return 1

    def _advance(self, budget: int = 1) -> bool:
        """Make something ready; False when nothing can be done before more is fed."""
        if self._runs:
            return True
        if self._tick is None and not self._take_tick():
            return False
        core = self.core
        if core.agenda.next_due <= core.clock.newest_ms:
            return True
        self._runs.extend(self._merge.take(core.clock.ends, max(budget, 256)))
        if self._runs:
            # Merged by time, so the last of a batch is about the newest; for whoever watches, that is near enough.
            newest_ms = min(self._runs[-1][1][-1].t_ms, core.clock.tick_ms)
            core.tally.newest_event_ms = max(core.tally.newest_event_ms, newest_ms)
        return bool(self._runs) or self._merge.complete(core.clock.ends)

    def _tick_waits(self) -> bool:
        """Return whether the next tick can be taken, or refused."""
        for record, found in self._ticks:
            if record.offset >= self._tick_mark:
                return isinstance(found, BadEvent) or self._reference_ready(found)
        return False

    def _take_tick(self) -> bool:
        """Take the next tick in hand, once master data and context are there up to its ends: its closes read them."""
        while self._ticks:
            record, found = self._ticks[0]
            if record.offset < self._tick_mark:
                self._ticks.popleft()
            elif isinstance(found, BadEvent):
                self._ticks.popleft()
                self._gate.refuse("ticks", record, found)
                self._tick_mark = record.offset + 1
            elif not self._reference_ready(found):
                return False
            else:
                self._ticks.popleft()
                self._begin(found, record.offset)
                return True
        return False

    def _begin(self, tick: Tick, offset: int) -> None:
        core, clock = self.core, self.core.clock
        self._tick, self._tick_mark = tick, offset
        if core.emitter.tick_offset != offset:
            core.emitter.begin_tick(offset)
        clock.tick_ms = max(clock.tick_ms, tick.t_ms)
        for name in ("sales", "stock", "prices", "context", "catalog"):
            clock.ends[name] = max(clock.ends.get(name, 0), getattr(tick, name))
        core.view = core.reference.view(clock.ends["catalog"], clock.ends["context"])

    def _reference_ready(self, tick: Tick) -> bool:
        positions, ends = self.core.reference.positions, self.core.clock.ends
        return positions["catalog"] >= max(tick.catalog, ends.get("catalog", 0)) and positions["context"] >= max(
            tick.context, ends.get("context", 0)
        )

    def _finish(self) -> int:
        """Move time to the tick itself, then let it go; closes that fall due come in between."""
        core, clock = self.core, self.core.clock
        clock.newest_ms = max(clock.newest_ms, clock.tick_ms)
        if core.agenda.next_due <= clock.newest_ms:
            return 0
        self._refuse_facts()
        # What is said to be over is closed: the spread of the closes included.
        watermark = clock.newest_ms - core.settings.slack_ms - core.settings.period_spread_ms
        if watermark // HOUR_MS > clock.said_hour:
            clock.said_hour = watermark // HOUR_MS
            core.emitter.cause = (self._topics["ticks"], self._tick_mark)
            self._closes.settle(watermark)
            core.emitter.progress(watermark, clock.tests_run, smallest(clock.p_values))
            clock.tests_run, clock.p_values = 0, {}
            core.dedupe.forget((clock.newest_ms - core.settings.dedupe_horizon_ms) // HOUR_MS)
        self._merge.settle({name: clock.ends[name] for name in RANKED_INPUTS})
        self._tick, self._tick_mark = None, self._tick_mark + 1
        self._step += 1
        return 1

    # --- one record -------------------------------------------------------------------------------------------

    def _handle(self, name: str, item: Item[Body]) -> None:
        t_ms, offset, body, record = item
        try:
            if isinstance(body, BadEvent):
                raise body
            self._gate.check_time(t_ms)
            event = cast("StockBody | CompetitorPrice", body)
            if not self._gate.is_new(t_ms, event.event_id):
                self.core.emitter.count("duplicate")
                return
            self._gate.cause(name, offset)
            try:
                self._events.handle(event, t_ms)
            except BadEvent:
                self._gate.take_back(t_ms)
                raise
            self.core.emitter.count("accepted")
        except BadEvent as error:
            self._gate.refuse(name, record, error)

    def _refuse_facts(self) -> None:
        """Put unreadable master data and context in quarantine, once: task 0 speaks for all."""
        if self.core.emitter.task != 0:
            return
        clock = self.core.clock
        for name, seen in (("catalog", clock.catalog_seen), ("context", clock.context_seen)):
            for fact in self.core.view.refusals(name, seen):
                place = Place(self._topics[name], 0)
                self.core.emitter.quarantine(refusal(place, fact.record, fact.error))
                self.core.tally.rejected[name, str(fact.error.reason)] += 1
        clock.catalog_seen, clock.context_seen = clock.ends["catalog"], clock.ends["context"]
