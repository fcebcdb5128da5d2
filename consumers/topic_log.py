"""The topics of one installation as a replay reads them: window by window, by places assigned by hand.

::

    ticks     ─┬─[ window: some ticks ]──[ window ]──[ …      one task at a time, as far as the record of signals asks
    sales      ├─ up to the window's ends ┆                   each window is handled before the next one is read
    stock      ├─                         ┆
    prices     └─                         ┆ (recomputed: the observations behind them are read first)
    catalog, context ─ whole, before everything; signals ─ where each one stood; actions ─ from the range's begin

The one rule: what is held of the keyed inputs is bounded by the window, however long the range and however many records
stand below one tick.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from schemas.errors import BadEvent, BadSetup, BrokerDown
from schemas.quantities import to_ms
from schemas.reading import read_action
from schemas.ticks import TICK_INPUTS, Tick
from schemas.topics import (
    ACTIONS,
    CATALOG,
    CONTEXT,
    OBSERVATIONS,
    PRICES,
    SALES,
    SIGNALS,
    STOCK,
    TICKS,
    Topic,
    full_name,
)
from streams.at import At, at_of
from streams.chain import Chain
from streams.engine.blank import blank_snapshot
from streams.ports import Inlet, Place, Record, Snapshot, TopicAdmin
from streams.price_desk.recomputed import RecomputedPrices
from streams.settings import ShopSettings

_POLL_RECORDS = 20_000
_POLL_SECONDS = 0.5
_PATIENCE_POLLS = 120
#: Records of one window, a few megabytes.
_WINDOW_RECORDS = 50_000
#: As many ticks are looked through one by one; of more, the middle is asked for.
_SCANNED_TICKS = 10_000
#: Keyed inputs of the engine that a range is read from.
_KEYED = {"sales": SALES, "stock": STOCK, "prices": PRICES}


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the range begins in one task.

    Parameters
    ----------
    tick_offset
        Offset of the first tick of the range.
    before
        What was on the record before it: running maxima of the ticks before; None when there is no such tick, so that
        everything is in the range.
    """

    tick_offset: int
    before: Tick | None


def blank_snapshots(beginnings: Sequence[Beginning], shop: ShopSettings) -> dict[int, Snapshot]:
    """Return a start without any past, by task; a task whose range begins with its first tick needs none.

    A stored snapshot of the same marks fits in its place.
    """
    return {
        task: blank_snapshot(task, len(beginnings), shop, each.tick_offset, each.before)
        for task, each in enumerate(beginnings)
        if each.before is not None
    }


def starts_at_ms(beginnings: Sequence[Beginning]) -> int | None:
    """Return the time at which tasks without a past begin; None when none does."""
    return max((each.before.t_ms for each in beginnings if each.before is not None), default=None)


@dataclass(slots=True)
class _Lane:
    """One keyed input of one task: how far it was fed, and how far the window goes."""

    topic: Topic
    place: Place
    fed: int
    end: int = 0


@dataclass(slots=True)
class _Track:
    """One task: where its ticks are read, which of them wait, and its lanes."""

    tick_place: Place
    tick_at: int
    tick_end: int
    lanes: dict[str, _Lane]
    waiting: list[Record] = field(default_factory=list)
    is_over: bool = False


class TopicLog:
    """The topics of one prefix.

    Parameters
    ----------
    inlet, admin
        The ports; the inlet may be used for nothing else.
    prefix
        The installation's.
    tasks
        Number of partitions (P).
    window_records
        How many records are read before they are handled.
    """

    def __init__(
        self, inlet: Inlet, admin: TopicAdmin, prefix: str, tasks: int, window_records: int = _WINDOW_RECORDS
    ) -> None:
        self._inlet, self._admin, self._prefix, self._tasks = inlet, admin, prefix, tasks
        self._window_records = window_records

    # --- where a range begins -------------------------------------------------------------------------------------

    def beginnings(self, since_ms: int) -> list[Beginning]:
        """Return, by task, where the range begins: at the first tick of this time or later."""
        return [self._beginning(self._place(TICKS, task), since_ms) for task in range(self._tasks)]

    def _beginning(self, place: Place, since_ms: int) -> Beginning:
        low, high = self._admin.starts([place])[place], self._admin.ends([place])[place]
        end = high
        while high - low > _SCANNED_TICKS:
            middle = (low + high) // 2
            found = next(self._records(place, middle, end, room=1), None)
            if found is None or _time_of(found) >= since_ms:
                high = middle
            else:
                low = found.offset
        before: Tick | None = None
        for record in self._records(place, low, end):
            tick = _decoded(record)
            if tick is not None and tick.t_ms >= since_ms:
                return Beginning(record.offset, before)
            if tick is not None:
                before = tick if before is None else _newest(before, tick)
        return Beginning(end, before)

    # --- playing it -----------------------------------------------------------------------------------------------

    def read_into(self, chain: Chain, until_ms: int | None, since_ms: int | None = None) -> None:
        """Play every record below the ends of the last tick before `until_ms`, and the ticks themselves.

        Parameters
        ----------
        chain
            Its engine tasks say where they begin: at the oldest record, or at their snapshot's marks.
        until_ms
            The first tick above it ends the range; None goes on to the last one.
        since_ms
            What people clicked before this is not heard; None hears all.

        Raises
        ------
        BadSetup
            When there is no tick in the range.
        """
        tracks = [self._track(chain, task) for task in range(self._tasks)]
        for track in tracks:
            self._look_ahead(track, until_ms)
        if not any(track.waiting for track in tracks):
            raise BadSetup("There is no tick in the range, so nothing is in order.", "demand-monitor heartbeat")
        self._feed_whole(chain)
        if chain.settings.recompute_prices:
            chain.recomputed = RecomputedPrices(self._tasks, drops_older=since_ms is not None)
        observed = self._observed(chain)

        def more(task: int) -> int | None:
            track = tracks[task]
            self._look_ahead(track, until_ms)
            if not track.waiting:
                return None
            return self._play_window(chain, task, track, observed)

        chain.run_as_recorded(self._spoken(), self._clicked(since_ms, until_ms), more)
        if until_ms is None:
            ends = self._admin.ends(list(observed))
            self._observe(chain, observed, {place.partition: end for place, end in ends.items()})

    def _place(self, topic: Topic, partition: int = 0) -> Place:
        return Place(full_name(topic, self._prefix), partition)

    def _track(self, chain: Chain, task: int) -> _Track:
        starts = chain.engines[task].starts()
        places = {name: self._place(topic, task) for name, topic in {**_KEYED, "ticks": TICKS}.items()}
        oldest = self._admin.starts(list(places.values()))
        begins = {name: max(starts[name], oldest[place]) for name, place in places.items()}
        for name, topic in _KEYED.items():
            chain.feed(topic, task, (), begins[name])
        lanes = {name: _Lane(topic, places[name], begins[name]) for name, topic in _KEYED.items()}
        ticks = places["ticks"]
        return _Track(ticks, begins["ticks"], self._admin.ends([ticks])[ticks], lanes)

    def _look_ahead(self, track: _Track, until_ms: int | None) -> None:
        """Read some ticks where none wait; the first one above `until_ms` ends the range."""
        while not track.waiting and not track.is_over and track.tick_at < track.tick_end:
            room = min(self._window_records, _SCANNED_TICKS)
            for _, records, position in self._fetch({track.tick_place: (track.tick_at, track.tick_end)}, room):
                track.waiting.extend(records)
                track.tick_at = position
            if until_ms is None:
                continue
            above = next((at for at, record in enumerate(track.waiting) if _time_of(record) > until_ms), None)
            if above is not None:
                del track.waiting[above:]
                track.is_over = True

    def _play_window(self, chain: Chain, task: int, track: _Track, observed: dict[Place, int]) -> int:
        """Let one task handle its next ticks; return the newest of them."""
        window = self._cut_window(track)
        chain.feed(TICKS, task, window, window[-1].offset + 1)
        while True:
            chain.run_engine(task)
            behind = self._behind(chain, task, track)
            if not behind:
                return window[-1].offset
            by_place = {lane.place: lane for lane in behind}
            wanted = {place: (lane.fed, lane.end) for place, lane in by_place.items()}
            for place, records, position in self._fetch(wanted, self._window_records):
                lane = by_place[place]
                lane.fed = position
                if lane.topic is PRICES and chain.recomputed is not None:
                    self._observe(chain, observed, chain.recomputed.needed(records))
                    records = chain.recomputed.place(task, records)
                chain.feed(lane.topic, task, records, position)

    def _cut_window(self, track: _Track) -> list[Record]:
        """Take the waiting ticks whose ends lie within a window's records; one at least."""
        taken = 0
        for record in track.waiting:
            tick = _decoded(record)
            ends = (
                {} if tick is None else {name: max(lane.end, getattr(tick, name)) for name, lane in track.lanes.items()}
            )
            size = sum(max(0, end - track.lanes[name].fed) for name, end in ends.items())
            if taken and size > self._window_records:
                break
            for name, end in ends.items():
                track.lanes[name].end = end
            taken += 1
        window = track.waiting[:taken]
        del track.waiting[:taken]
        return window

    def _behind(self, chain: Chain, task: int, track: _Track) -> list[_Lane]:
        """Return the lanes that the window still wants; one with many records waiting lets the others catch up."""
        handled = chain.engines[task].starts()
        behind = [(name, lane) for name, lane in track.lanes.items() if lane.fed < lane.end]
        hungry = [lane for name, lane in behind if lane.fed - handled[name] <= self._window_records // 2]
        return hungry or [lane for _, lane in behind]

    # --- what is no keyed input -----------------------------------------------------------------------------------

    def _feed_whole(self, chain: Chain) -> None:
        for topic in (CATALOG, CONTEXT):
            place = self._place(topic)
            start, end = self._admin.starts([place])[place], self._admin.ends([place])[place]
            chain.feed(topic, 0, (), start)
            while start < end:
                for _, records, position in self._fetch({place: (start, end)}, self._window_records):
                    chain.feed(topic, 0, records, position)
                    start = position

    def _observed(self, chain: Chain) -> dict[Place, int]:
        """Return where the observations begin; nothing where the recorded prices are taken."""
        if not chain.settings.recompute_prices:
            return {}
        places = [self._place(OBSERVATIONS, task) for task in range(self._tasks)]
        return dict(self._admin.starts(places))

    def _observe(self, chain: Chain, observed: dict[Place, int], ends: Mapping[int, int]) -> None:
        """Let the price desks handle the observations below some ends."""
        for partition, end in ends.items():
            place = self._place(OBSERVATIONS, partition)
            while observed[place] < end:
                for _, records, position in self._fetch({place: (observed[place], end)}, self._window_records):
                    chain.feed(OBSERVATIONS, partition, records, position)
                    observed[place] = position
                chain.run_prices(partition)

    def _spoken(self) -> Iterator[tuple[int, At]]:
        """Yield where each signal stands on its topic: between tasks that order is nowhere else."""
        place = self._place(SIGNALS)
        for record in self._records(place, self._admin.starts([place])[place], self._admin.ends([place])[place]):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                at = at_of(record.value)
                if 0 <= at[0] < self._tasks:
                    yield record.offset, at

    def _clicked(self, since_ms: int | None, until_ms: int | None) -> list[tuple[int, Record]]:
        """Return what people clicked in the range, with its time; what cannot be read is heard at once, and refused."""
        place = self._place(ACTIONS)
        found: list[tuple[int, Record]] = []
        for record in self._records(place, self._admin.starts([place])[place], self._admin.ends([place])[place]):
            t_ms = 0
            with contextlib.suppress(BadEvent):
                t_ms = to_ms(read_action(record.value).event_time)
            is_heard = since_ms is None or found or t_ms >= since_ms
            if is_heard and (until_ms is None or t_ms <= until_ms):
                found.append((t_ms, record))
        return found

    # --- reading --------------------------------------------------------------------------------------------------

    def _records(self, place: Place, start: int, end: int, room: int | None = None) -> Iterator[Record]:
        """Yield the records of one place, read in windows."""
        while start < end:
            for _, records, position in self._fetch({place: (start, end)}, room or self._window_records):
                start = position
                yield from records

    def _fetch(self, wanted: Mapping[Place, tuple[int, int]], room: int) -> list[tuple[Place, list[Record], int]]:
        """Return records of some places, each from its position to its end at most, and about `room` in all.

        Raises
        ------
        BrokerDown
            When nothing comes any more.
        """
        ends = {place: end for place, (start, end) in wanted.items() if start < end}
        self._inlet.assign({place: wanted[place][0] for place in ends})
        found: list[tuple[Place, list[Record], int]] = []
        silent = 0
        while ends and room > 0:
            chunks = self._inlet.poll(min(room, _POLL_RECORDS), _POLL_SECONDS)
            silent = 0 if chunks else silent + 1
            if silent > _PATIENCE_POLLS:
                lacking = ", ".join(f"{place.topic}[{place.partition}] up to {end}" for place, end in ends.items())
                raise BrokerDown(f"{lacking} could not be read.")
            for chunk in chunks:
                room -= len(chunk.records)
                end = ends.get(chunk.place)
                if end is None:
                    continue
                below = [record for record in chunk.records if record.offset < end]
                found.append((chunk.place, below, min(chunk.position, end)))
                if chunk.position >= end:
                    del ends[chunk.place]
                    self._inlet.pause([chunk.place])
        self._inlet.assign({})
        return found


def _decoded(record: Record) -> Tick | None:
    try:
        return Tick.decode(record.value or b"")
    except BadEvent:
        return None


def _time_of(record: Record) -> int:
    tick = _decoded(record)
    return -1 if tick is None else tick.t_ms


def _newest(one: Tick, other: Tick) -> Tick:
    """Return the running maxima of time and ends."""
    ends = {name: max(getattr(one, name), getattr(other, name)) for name in TICK_INPUTS}
    return replace(one, t_ms=max(one.t_ms, other.t_ms), source=None, **ends)
