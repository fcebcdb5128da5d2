"""The ticks that stand on the record: where each partition's newest is, and which source wrote last.

The one rule: this reads, from the end backwards, and never joins a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from schemas.errors import BadEvent, BadSetup, BrokerDown
from schemas.ticks import TICK_INPUTS, Tick
from schemas.topics import CATALOG, CONTEXT, TASK_INPUTS, TICKS, full_name
from streams.ports import Inlet, Place, TopicAdmin

#: How far back from the end of a partition to look, try after try; beyond that lies a day of heartbeats and more.
_WINDOWS = (1, 256, 65_536, 1_048_576)
_PATIENCE_POLLS = 60
_POLL_SECONDS = 0.5
#: The ends in a tick: sales, stock, prices, context, catalog.
Ends = tuple[int, int, int, int, int]


class TickLog:
    """The topics of one prefix, as the writers of ticks see them.

    Parameters
    ----------
    admin
        For partition counts and offsets.
    inlet
        For reading ticks, by hand-assigned places; it may be used for nothing else.
    prefix
        The installation's.

    Raises
    ------
    BadSetup
        When a topic is missing, or the topics of a task have different numbers of partitions.
    """

    def __init__(self, admin: TopicAdmin, inlet: Inlet, prefix: str = "") -> None:
        self._admin, self._inlet = admin, inlet
        self.ticks = full_name(TICKS, prefix)
        self.inputs = {name: full_name(topic, prefix) for name, topic in TASK_INPUTS.items()}
        self.whole = {"context": full_name(CONTEXT, prefix), "catalog": full_name(CATALOG, prefix)}
        self.tasks = self._count_tasks()

    def places(self) -> list[Place]:
        """Return every place whose end stands in a tick."""
        return [
            *(Place(topic, task) for topic in self.inputs.values() for task in range(self.tasks)),
            *(Place(topic, 0) for topic in self.whole.values()),
        ]

    def ends_of(self, task: int, ends: Mapping[Place, int]) -> Ends:
        """Return the ends that a tick of a task holds, in the order of its bytes."""
        by_name = {name: Place(topic, task) for name, topic in self.inputs.items()}
        by_name |= {name: Place(topic, 0) for name, topic in self.whole.items()}
        sales, stock, prices, context, catalog = (ends.get(by_name[name], 0) for name in TICK_INPUTS)
        return sales, stock, prices, context, catalog

    def newest(self) -> list[Tick | None]:
        """Return the newest tick of each partition; None in an empty one.

        Raises
        ------
        BrokerDown
            When the partitions' ends cannot be reached.
        """
        return self._find(lambda tick: True)

    def newest_of(self, name: str, digest: str) -> list[Tick | None]:
        """Return, by partition, the newest tick of one source; None where none is found in the last million ticks.

        Raises
        ------
        BrokerDown
            When the partitions' ends cannot be reached.
        """
        return self._find(
            lambda tick: tick.source is not None and (tick.source.name, tick.source.digest) == (name, digest)
        )

    def newest_loaded(self) -> list[Tick | None]:
        """Return, by partition, the newest tick that names a source; None where none is near the end.

        Raises
        ------
        BrokerDown
            When the partitions' ends cannot be reached.
        """
        return self._find(lambda tick: tick.source is not None, _WINDOWS[:-1])

    def _find(self, wanted: Callable[[Tick], bool], windows: Sequence[int] = _WINDOWS) -> list[Tick | None]:
        places = [Place(self.ticks, task) for task in range(self.tasks)]
        starts, ends = self._admin.starts(places), self._admin.ends(places)
        looked = dict(ends)
        found: dict[Place, Tick] = {}
        for window in windows:
            behind = [place for place in places if place not in found and looked[place] > starts[place]]
            if not behind:
                break
            looked |= {place: max(starts[place], ends[place] - window) for place in behind}
            ticks = self._read_from({place: looked[place] for place in behind}, ends)
            found |= {place: ours[-1] for place in behind if (ours := [tick for tick in ticks[place] if wanted(tick)])}
        return [found.get(place) for place in places]

    def _read_from(self, starts: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[Place, list[Tick]]:
        ticks: dict[Place, list[Tick]] = {place: [] for place in starts}
        position = dict(starts)
        self._inlet.assign(starts)
        for _ in range(_PATIENCE_POLLS):
            for chunk in self._inlet.poll(10_000, _POLL_SECONDS):
                ticks[chunk.place].extend(_decode(record.value for record in chunk.records))
                position[chunk.place] = chunk.position
            if all(position[place] >= ends[place] for place in starts):
                self._inlet.assign({})
                return ticks
        raise BrokerDown(f"The end of {self.ticks} could not be read.")

    def _count_tasks(self) -> int:
        partitions = self._admin.partitions()
        lacking = [name for name in (self.ticks, *self.inputs.values(), *self.whole.values()) if name not in partitions]
        if lacking:
            raise BadSetup(f"There is no topic {', '.join(lacking)}.", "demand-monitor topics create")
        counts = {partitions[name] for name in (self.ticks, *self.inputs.values())}
        if len(counts) > 1:
            raise BadSetup("The topics of a task have different numbers of partitions.", "demand-monitor topics list")
        return counts.pop()


def newest_ms(ticks: Sequence[Tick | None]) -> int | None:
    """Return the time of the newest of some ticks; None when there is none."""
    return max((tick.t_ms for tick in ticks if tick is not None), default=None)


def _decode(values: Iterable[bytes | None]) -> list[Tick]:
    ticks: list[Tick] = []
    for value in values:
        try:
            ticks.append(Tick.decode(value or b""))
        except BadEvent:
            continue  # whatever it is, it is no tick; the engine quarantines it
    return ticks
