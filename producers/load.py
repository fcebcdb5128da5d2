"""`load`: files onto the topics, in the order of time, with ticks that say where they end.

::

    newest ticks ─► same source, done ──► nothing to do
                 ├► same source ────────► skip the events already sent
                 ├► begins before them ─► refused: another --prefix
                 └► else ───────────────► from the start
    events ─► send … tick due ─► flush ─► [the price desk has handled what was sent] ─► a tick to every partition ─► …

The one rule: a tick is written only when everything before it is delivered, so a load that died is finished by running
it again; what it sent after its last tick is sent again under the same event ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from producers.rows import RowEvent, RowSource
from producers.tick_log import TickLog, newest_ms
from producers.ticking import RECORDS_PER_TICK, DueTick, TickPlan
from schemas.errors import BadSetup
from schemas.quantities import to_iso
from schemas.ticks import Tick, TickSource
from schemas.topics import OBSERVATIONS, PRICES, full_name
from streams.ports import Clock, Inlet, Outlet, Place, TopicAdmin

PricesHandled = Callable[[Mapping[Place, int]], bool]
Progress = Callable[[int, int], None]
_PRICE_POLL_SECONDS = 0.05


@dataclass(slots=True)
class LoadReport:
    """What a load did.

    Parameters
    ----------
    source
        The files' names.
    sent
        Records sent, by topic without prefix; refused rows stand under `quarantine.v1`.
    refused
        Refused rows by reason.
    resumed_after
        Events that an earlier run had sent; None when it began at the start.
    already_done
        True when an earlier run had finished.
    ticks
        Ticks written to each partition.
    last_tick_ms
        Time of the last one.
    """

    source: str
    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    resumed_after: int | None = None
    already_done: bool = False
    ticks: int = 0
    last_tick_ms: int | None = None


class Loader:
    """Sends sources.

    Parameters
    ----------
    outlet, admin, inlet, clock
        The ports; the inlet reads ticks and nothing else.
    prefix
        The installation's.
    prices_handled
        Says whether the price desk has handled the observations below the given ends; None where no desk runs, and then
        price observations are refused.
    progress
        Called at each tick with the events sent so far and the tick's time.
    records_per_tick
        At most so many events between two ticks.
    patience_seconds
        How long the price desk may take for one tick.

    Raises
    ------
    BadSetup
        When the topics are missing or torn.
    """

    def __init__(
        self,
        *,
        outlet: Outlet,
        admin: TopicAdmin,
        inlet: Inlet,
        clock: Clock,
        prefix: str = "",
        prices_handled: PricesHandled | None = None,
        progress: Progress | None = None,
        records_per_tick: int = RECORDS_PER_TICK,
        patience_seconds: float = 120.0,
    ) -> None:
        self._outlet, self._admin, self._clock, self._prefix = outlet, admin, clock, prefix
        self._prices_handled, self._progress = prices_handled, progress
        self._records_per_tick, self._patience_seconds = records_per_tick, patience_seconds
        self._log = TickLog(admin, inlet, prefix)
        self._ends: dict[Place, int] = {}
        self._observed = False

    def load(self, source: RowSource) -> LoadReport:
        """Send a source, or what is left of it.

        Raises
        ------
        BadSetup
            When the source begins before the newest tick, or sends prices and no price desk handles them.
        Outage
            When the broker is away; running it again goes on.
        """
        report = LoadReport(source.name)
        digest = source.digest()
        start = self._find_start(source, digest, report)
        if report.already_done:
            return report
        self._ends = dict(self._admin.ends(self._log.places()))
        plan = TickPlan(source.zone, source.period, self._records_per_tick, self._clock.now_ms())
        count = 0
        for step in plan.cut(source.batches()):
            if isinstance(step, DueTick):
                if step.records >= start:
                    self._tick(step, TickSource(source.name, digest, step.records, step.done), report)
                continue
            self._send(step[max(0, start - count) :], report)
            count += len(step)
        self._outlet.flush()
        return report

    def _find_start(self, source: RowSource, digest: str, report: LoadReport) -> int:
        newest = newest_ms(self._log.newest())
        first_ms = source.first_ms() if newest is not None else None
        if newest is None or first_ms is None or first_ms > newest:
            return 0
        ours = self._log.newest_of(source.name, digest)
        ours_ms = newest_ms(ours)
        if ours_ms is None:
            raise _overtaken(f"{source.name} begins at {to_iso(first_ms)}", newest)
        sources = [tick.source if tick is not None else None for tick in ours]
        if all(each is not None and each.done for each in sources):
            report.already_done = True
        elif ours_ms < newest:
            raise _overtaken(f"{source.name} was sent up to {to_iso(ours_ms)}", newest)
        # A partition that lags behind the others gets the events between once more, under the same ids.
        report.resumed_after = min(each.rows if each is not None else 0 for each in sources)
        return report.resumed_after

    def _send(self, events: Sequence[RowEvent], report: LoadReport) -> None:
        names = {topic: full_name(topic, self._prefix) for topic in {event.topic for event in events}}
        send = self._outlet.send
        for event in events:
            send(names[event.topic], event.key, event.value, event.headers)
            if event.reason is not None:
                report.refused[str(event.reason)] += 1
        report.sent.update(event.topic.name for event in events)
        self._observed = self._observed or OBSERVATIONS in names

    def _tick(self, due: DueTick, source: TickSource, report: LoadReport) -> None:
        self._outlet.flush()
        for place, end in self._outlet.ends().items():
            self._ends[place] = max(end, self._ends.get(place, 0))
        if self._observed:
            self._wait_for_prices()
        for task in range(self._log.tasks):
            tick = Tick(due.t_ms, *self._log.ends_of(task, self._ends), source)
            self._outlet.send(self._log.ticks, None, tick.encode(), (), task)
        if due.done:
            self._outlet.flush()
        report.ticks += 1
        report.last_tick_ms = due.t_ms
        if self._progress is not None:
            self._progress(due.records, due.t_ms)

    def _wait_for_prices(self) -> None:
        handled = self._prices_handled
        if handled is None:
            raise BadSetup("The source holds prices, and no price desk handles them.", "demand-monitor prices")
        topic = full_name(OBSERVATIONS, self._prefix)
        sent = {place: end for place, end in self._ends.items() if place.topic == topic}
        started = self._clock.monotonic_seconds()
        while not handled(sent):
            if self._clock.monotonic_seconds() - started > self._patience_seconds:
                waited = f"{self._patience_seconds:.0f} s"
                raise BadSetup(f"The price desk has not handled what was sent for {waited}.", "demand-monitor prices")
            self._clock.sleep(_PRICE_POLL_SECONDS)
        prices = full_name(PRICES, self._prefix)
        places = [Place(prices, task) for task in range(self._log.tasks)]
        self._ends |= {place: max(end, self._ends.get(place, 0)) for place, end in self._admin.ends(places).items()}
        self._observed = False


def _overtaken(where: str, newest: int) -> BadSetup:
    return BadSetup(
        f"{where}, before the newest tick at {to_iso(newest)}: what follows would be too late. "
        "Load it into topics of their own with --prefix.",
        "demand-monitor topics create --prefix NAME-",
    )
