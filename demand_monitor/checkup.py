"""The check-up behind `doctor`: what is wrong with an installation, and what to type next.

::

    settings ─► Kafka ─► topics ─► Redis ─► ticks ─► delays ─► contracts ─► state ─► lag
                  │                  │
                  └── no answer: what needs it is left out, for it would only say the same again

The one rule: it reads, and changes nothing; each finding names one thing and, where it is wrong, one next command.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumers.broker_login import read_login
from demand_monitor.settings import masked_url
from demand_monitor.wiring import DESK, DESK_INPUTS, ENGINE, ENGINE_INPUTS, PRICES, Wiring
from producers.tick_log import TickLog, newest_ms
from schemas.errors import BadEvent, BadSetup, Outage
from schemas.export import SCHEMA_VERSION
from schemas.quantities import HOUR_MS, to_iso
from schemas.reading import (
    read_action,
    read_alert,
    read_catalog,
    read_competitor_price,
    read_context,
    read_forecast,
    read_price_input,
    read_sale,
    read_signal,
    read_stock,
)
from schemas.topics import (
    ACTIONS,
    ALERTS,
    CATALOG,
    CONTEXT,
    FORECASTS,
    OBSERVATIONS,
    SALES,
    SIGNALS,
    STOCK,
    TASK_INPUTS,
    TOPICS,
    Topic,
)
from schemas.topics import (
    PRICES as PRICE_TOPIC,
)
from streams.marks import decode_marks
from streams.ports import Place
from streams.sealing import unseal

if TYPE_CHECKING:  # It brings the engine along.
    from demand_monitor.delays import Delay

#: How long a task that lags is watched before it counts as standing still.
_WATCH_SECONDS: Final = 4.0
_PATIENCE_POLLS: Final = 20
#: Newest records of a feed whose delay is measured.
_DELAY_RECORDS: Final = 200
#: Of fewer, what is usual cannot be told.
_FEW_RECORDS: Final = 20
_INPUTS: Final[Mapping[str, Mapping[str, Topic]]] = {
    ENGINE: ENGINE_INPUTS,
    PRICES: {"observations": OBSERVATIONS},
    DESK: DESK_INPUTS,
}
#: The input of each processor that says how far behind it is: the others wait for a tick.
_PACE: Final = {ENGINE: ("ticks",), PRICES: ("observations",), DESK: ("signals", "actions")}
_HOSTS: Final = {ENGINE: "monitor", PRICES: "prices", DESK: "desk"}
_READERS: Final[Mapping[Topic, Callable[[bytes | None], object]]] = {
    SALES: read_sale,
    STOCK: read_stock,
    PRICE_TOPIC: read_competitor_price,
    OBSERVATIONS: read_price_input,
    CONTEXT: read_context,
    CATALOG: read_catalog,
    FORECASTS: read_forecast,
    SIGNALS: read_signal,
    ACTIONS: read_action,
    ALERTS: read_alert,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check-up.

    Parameters
    ----------
    check
        What was looked at.
    is_well
        False when somebody must act.
    text
        What was found.
    next_command
        What to type, where a command helps.
    """

    check: str
    is_well: bool
    text: str
    next_command: str | None = None


class Checkup:
    """Looks at one installation.

    Parameters
    ----------
    wiring
        Its servers.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._admin = wiring.admin()

    def run(self) -> Iterator[Finding]:
        """Yield what is found, one thing after the other."""
        yield self._settings()
        topics_are_well = False
        for finding in self._kafka():
            topics_are_well = finding.check == "topics" and finding.is_well
            yield finding
        redis = self._redis()
        yield redis
        if topics_are_well:
            yield from self._guarded("ticks", self._ticks)
            yield from self._guarded("delay", self._delays)
            yield from self._guarded("contracts", self._contracts)
        if topics_are_well and redis.is_well:
            yield from self._guarded("state", self._state)

    def _settings(self) -> Finding:
        settings = self._wiring.settings
        try:
            # The price desk's client is another one: a property that it cannot follow is told before it starts.
            read_login(settings.kafka_properties())
        except BadSetup as wrong:
            return Finding("settings", False, f"[kafka] {wrong.problem}", "demand-monitor settings")
        shop = f"zone {settings.shop.zone}, period {settings.shop.period}"
        return Finding("settings", True, f"prefix {settings.prefix!r}, P = {settings.partitions}, {shop}")

    def _guarded(self, check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from look()
        except Outage as outage:
            yield Finding(check, False, str(outage))
        except BadSetup as wrong:
            yield Finding(check, False, wrong.problem, wrong.next_command)

    # --- servers --------------------------------------------------------------------------------------------------

    def _kafka(self) -> Iterator[Finding]:
        bootstrap = self._wiring.settings.bootstrap
        try:
            there = self._admin.partitions()
        except Outage as outage:
            text = f"no answer from {bootstrap} (setting bootstrap): {outage}"
            yield Finding("kafka", False, text, self._wiring.command("doctor --bootstrap HOST:PORT"))
            return
        except BadSetup as wrong:
            yield Finding("kafka", False, wrong.problem, wrong.next_command)
            return
        yield Finding("kafka", True, f"{bootstrap} answers")
        yield self._topics(there)

    def _topics(self, there: Mapping[str, int]) -> Finding:
        wiring = self._wiring
        missing = [wiring.topic(topic) for topic in TOPICS if wiring.topic(topic) not in there]
        if missing:
            text = f"{len(missing)} of {len(TOPICS)} are missing: {', '.join(missing)}"
            return Finding("topics", False, text, wiring.command("topics create"))
        torn = [
            f"{name} has {there[name]}, not {wiring.partitions_of(topic)}"
            for topic in TOPICS
            if there[name := wiring.topic(topic)] != wiring.partitions_of(topic)
        ]
        if torn:
            counts = {there[wiring.topic(topic)] for topic in TOPICS if topic.partitions == "tasks"}
            agreed = f"doctor --partitions {counts.pop()}" if len(counts) == 1 else "topics create --prefix NEW-"
            return Finding("topics", False, f"partitions do not agree: {', '.join(torn)}", wiring.command(agreed))
        return Finding("topics", True, f"all {len(TOPICS)} are there, partition counts agree")

    def _redis(self) -> Finding:
        address = masked_url(self._wiring.settings.redis)
        try:
            self._wiring.store.marks("engine:0")
        except Outage as outage:
            text = f"no answer from {address} (setting redis): {outage}"
            return Finding("redis", False, text, self._wiring.command("doctor --redis URL"))
        except BadSetup as wrong:
            return Finding("redis", False, wrong.problem, wrong.next_command)
        return Finding("redis", True, f"{address} answers")

    # --- time -----------------------------------------------------------------------------------------------------

    def _ticks(self) -> Iterator[Finding]:
        wiring = self._wiring
        log = TickLog(self._admin, wiring.inlet(), wiring.settings.prefix)
        ticks = log.newest()
        newest, now_ms = newest_ms(ticks), wiring.clock.now_ms()
        ends = self._admin.ends(log.places())
        waiting = 0
        for task, tick in enumerate(ticks):
            for name in TASK_INPUTS:
                end = ends[Place(log.inputs[name], task)]
                waiting += max(0, end - (0 if tick is None else getattr(tick, name)))
        if newest is None:
            text = f"none was ever written, {waiting:,} records wait for one"
            yield Finding("ticks", waiting == 0, text, wiring.command("heartbeat") if waiting else None)
            return
        age_seconds = (now_ms - newest) / 1_000
        text = f"the newest is of {to_iso(newest)}, {_age(age_seconds)} old; {waiting:,} records wait for a later one"
        is_well = newest <= now_ms + HOUR_MS and not (waiting and age_seconds > 60)
        catch_up = " --catch-up" if age_seconds > 3_600 else ""
        yield Finding("ticks", is_well, text, None if is_well else wiring.command(f"heartbeat{catch_up}"))

    def _delays(self) -> Iterator[Finding]:
        """Yield each feed's usual delay: slack is to be at least the slowest one's."""
        from demand_monitor.delays import measure_delay

        wiring = self._wiring
        ticks = TickLog(self._admin, wiring.inlet(), wiring.settings.prefix).newest_loaded()
        for name, topic in TASK_INPUTS.items():
            places = [Place(wiring.topic(topic), task) for task in range(wiring.settings.partitions)]
            starts, ends = self._admin.starts(places), self._admin.ends(places)
            share = -(-_DELAY_RECORDS // len(places))
            tail = wiring.tail().read({each: (max(starts[each], ends[each] - share), ends[each]) for each in places})
            loaded = {place: getattr(tick, name) for place, tick in zip(places, ticks, strict=True) if tick is not None}
            delay = measure_delay(name, tail, loaded, wiring.settings.shop.dedupe_horizon_ms)
            finding = self._judged(wiring.topic(topic), delay)
            if finding is not None:
                yield finding

    def _judged(self, topic: str, delay: Delay) -> Finding | None:
        """Say what a feed's delay means for the slack; nothing of a feed without records."""
        slack = f"slack is {_length(self._wiring.settings.shop.slack_ms)}"
        if delay.median_ms is not None and delay.p99_ms is not None:
            newest = f"{topic}: of the newest {delay.live:,} live records"
            text = f"{newest} half took {_length(delay.median_ms)}, 99 % at most {_length(delay.p99_ms)}; {slack}"
            if delay.live < _FEW_RECORDS or delay.p99_ms <= self._wiring.settings.shop.slack_ms:
                return Finding("delay", True, text)
            # Slack is part of the state: it is not changed under a task that has learnt with another one.
            wanted = f"{text}: later ones count as corrections. Set shop.slack_ms to {delay.p99_ms:,} or more"
            return Finding("delay", False, wanted, "demand-monitor topics create --prefix NEW-")
        if delay.history:
            return Finding("delay", True, f"{topic}: loaded history, no live records yet; {slack}")
        if delay.unstamped:
            text = f"{topic}: unknown, its records carry their sender's time (message.timestamp.type)"
            return Finding("delay", True, text)
        return None

    # --- state ----------------------------------------------------------------------------------------------------

    def _state(self) -> Iterator[Finding]:
        behind: dict[str, int] = {}
        for task in self._wiring.task_ids():
            finding, lag = self._task(task)
            if finding is not None:
                yield finding
            elif lag:
                behind[task] = lag
        yield from self._lag(behind)

    def _task(self, task: str) -> tuple[Finding | None, int]:
        """Return what is wrong with a task, else how far it is behind."""
        positions = self._positions(task)
        places = self._places(task)
        starts, ends = self._admin.starts(list(places.values())), self._admin.ends(list(places.values()))
        wipe = self._wiring.command(f"state wipe {task}")
        for name, position in (positions or {}).items():
            place = places[name]
            if position >= 0 and not starts[place] <= position <= ends[place]:
                where = f"{place.topic}[{place.partition}] holds {starts[place]} to {ends[place]}"
                return Finding("state", False, f"{task} stands at {position}, but {where}", wipe), 0
        wrong = self._wrong_settings(task) if positions else None
        if wrong is not None:
            return Finding("state", False, f"{task} {wrong}", self._wiring.command("topics create --prefix NEW-")), 0
        paces = [places[name] for name in _PACE[task.partition(":")[0]]]
        at = {places[name]: position for name, position in (positions or {}).items()}
        return None, sum(ends[place] - max(at.get(place, -1), starts[place]) for place in paces)

    def _positions(self, task: str) -> Mapping[str, int] | None:
        marks = self._wiring.store.marks(task)
        return None if marks is None else decode_marks(marks)[0]

    def _places(self, task: str) -> Mapping[str, Place]:
        processor, _, number = task.partition(":")
        return {name: Place(self._wiring.topic(topic), int(number)) for name, topic in _INPUTS[processor].items()}

    def _wrong_settings(self, task: str) -> str | None:
        if not task.startswith(f"{ENGINE}:"):
            return None
        (clock,) = self._wiring.store.fields(task, ["clock"])
        if clock is None:
            return "has marks but no clock"
        stored = json.loads(unseal(clock, "clock"))
        settings = self._wiring.settings
        if stored["tasks"] != settings.partitions:
            return f"was made with P = {stored['tasks']}, and {settings.partitions} is set"
        if stored["settings"] != settings.shop.fingerprint():
            return "was made under other settings of the shop"
        return None

    def _lag(self, behind: Mapping[str, int]) -> Iterator[Finding]:
        before = {task: self._wiring.store.marks(task) for task in behind}
        if behind:
            self._wiring.clock.sleep(_WATCH_SECONDS)
        standing = [task for task in behind if self._wiring.store.marks(task) == before[task]]
        for processor, host in _HOSTS.items():
            late = {task: lag for task, lag in behind.items() if task.startswith(f"{processor}:")}
            if not late:
                yield Finding("lag", True, f"{host}: has handled everything")
            elif any(task in standing for task in late):
                text = f"{host}: {sum(late.values()):,} records behind, and no step in {_WATCH_SECONDS:g} s"
                yield Finding("lag", False, text, self._wiring.command(host))
            else:
                yield Finding("lag", True, f"{host}: {sum(late.values()):,} records behind, and moving")

    # --- contracts ------------------------------------------------------------------------------------------------

    def _contracts(self) -> Iterator[Finding]:
        wiring = self._wiring
        by_topic = {
            topic: [Place(wiring.topic(topic), number) for number in range(wiring.partitions_of(topic))]
            for topic in _READERS
        }
        newest = self._newest([place for places in by_topic.values() for place in places])
        wrong = 0
        for topic, places in by_topic.items():
            for value in (newest[place] for place in places if place in newest):
                try:
                    _READERS[topic](value)
                except BadEvent as error:
                    wrong += 1
                    text = f"the newest record of {wiring.topic(topic)} does not read: {error}"
                    yield Finding("contracts", False, text, wiring.command("quarantine list"))
                    break
        if not wrong:
            yield Finding("contracts", True, f"the newest records read as schema version {SCHEMA_VERSION}")

    def _newest(self, places: Sequence[Place]) -> Mapping[Place, bytes | None]:
        """Return the last record of each place that has one; of a compacted tail or a marker, nothing."""
        starts, ends = self._admin.starts(places), self._admin.ends(places)
        filled = {place: ends[place] - 1 for place in places if ends[place] > starts[place]}
        found: dict[Place, bytes | None] = {}
        if not filled:
            return found
        inlet = self._wiring.inlet()
        inlet.assign(filled)
        missing = set(filled)
        for _ in range(_PATIENCE_POLLS):
            for chunk in inlet.poll(1_000, 0.5):
                found.update((chunk.place, record.value) for record in chunk.records[-1:])
                if chunk.position >= ends[chunk.place]:
                    missing.discard(chunk.place)
            if not missing:
                break
        inlet.close()
        return found


def _age(seconds: float) -> str:
    """Return an age as people say it.

    >>> _age(0.4), _age(90.0), _age(7_200.0), _age(864_000.0)
    ('0 s', '90 s', '2 h', '10 days')
    """
    if seconds < 120:
        return f"{max(0, seconds):.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def _length(milliseconds: int) -> str:
    """Return a length of time as people say it; below zero for events that come from the future.

    >>> _length(1_240), _length(300_000), _length(5_400_000), _length(-2_000)
    ('1.2 s', '5 min', '90 min', '-2 s')
    """
    seconds = milliseconds / 1_000
    if abs(seconds) < 120:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    return f"{seconds / 60:.0f} min" if abs(seconds) < 7_200 else f"{seconds / 3_600:.1f} h".replace(".0 h", " h")
