"""Replays of an installation's topics and of the source they came from, and what both are held to."""

from adapters.clock import SystemClock
from consumers.replay import Replay
from consumers.topic_log import TopicLog
from producers.rows import RowSource
from producers.ticking import TickPlan
from schemas.reading import read_alert, read_forecast
from schemas.topics import FORECASTS, SIGNALS, Topic
from streams.at import at_of
from streams.chain import Chain, ChainSettings
from streams.engine.table import canonical_state
from streams.outcome import Output
from streams.report import Collector
from tests.broker.installation import Installation

Pairs = list[tuple[bytes | None, bytes | None]]


class Ear:
    """Takes every output of a chain, by topic."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Output]] = {}

    def take(self, output: Output) -> None:
        self.heard.setdefault(output.topic.name, []).append(output)

    def pairs(self, topic: Topic) -> Pairs:
        return [(output.key, output.value) for output in self.heard.get(topic.name, [])]


def replay_topics(
    live: Installation, recompute_prices: bool = False, window_records: int = 50_000
) -> tuple[Chain, Ear]:
    """Play the topics from the oldest record to the last tick."""
    ear, settings = Ear(), live.settings
    shape = ChainSettings(settings.partitions, settings.shop, settings.prefix, recompute_prices=recompute_prices)
    chain = Chain(shape, ear.take)
    log = TopicLog(live.wiring.inlet(), live.wiring.admin(), settings.prefix, settings.partitions, window_records)
    Replay(chain, Collector(), SystemClock()).read(log, None)
    return chain, ear


def replay_source(live: Installation, source: RowSource) -> Ear:
    """Play the source itself, under the same settings."""
    ear, settings = Ear(), live.settings
    chain = Chain(ChainSettings(settings.partitions, settings.shop), ear.take)
    replay = Replay(chain, Collector(), SystemClock())
    replay.play(TickPlan(source.zone, source.period).cut(source.batches()), source.name, source.digest())
    return ear


def by_task(pairs: Pairs) -> dict[int, Pairs]:
    """Return what each task has said, in its order, what was said twice once."""
    said: dict[int, Pairs] = {}
    newest: dict[int, tuple[int, int, int]] = {}
    for key, value in pairs:
        at = at_of(value)
        if at > newest.get(at[0], (at[0], -1, -1)):
            newest[at[0]] = at
            said.setdefault(at[0], []).append((key, value))
    return said


def recorded(live: Installation, topic: Topic) -> Pairs:
    """Return what stands on a topic, partition by partition."""
    return [(record.key, record.value) for records in live.records(topic).values() for record in records]


def revisions(pairs: Pairs) -> dict[tuple[str, int], set[bytes]]:
    """Return every content that a revision was told with."""
    found: dict[tuple[str, int], set[bytes]] = {}
    for _, value in pairs:
        alert = read_alert(value)
        found.setdefault((alert.alert_id, alert.revision), set()).add(value or b"")
    return found


def closes(pairs: Pairs) -> set[str]:
    """Return forecasts without their place in the order: another recording has other offsets."""
    return {read_forecast(value).model_dump_json(exclude={"at"}) for _, value in pairs}


def raised_at_closes(pairs: Pairs) -> dict[str, tuple[str, str]]:
    """Return kind and begin of the alerts that no single sale has raised, by id."""
    alerts = [read_alert(value) for _, value in pairs]
    early = {each.alert_id for each in alerts if each.early}
    return {each.alert_id: (each.kind, each.opened_at.isoformat()) for each in alerts if each.alert_id not in early}


def check_state(live: Installation, chain: Chain) -> None:
    """Hold fields and marks of every engine task to what Redis holds."""
    for task, engine in enumerate(chain.engines):
        stored = live.wiring.store.all_fields(f"engine:{task}")
        marks, fields = engine.marks, {name: value for name, value in engine.writes().items() if value is not None}
        mine, theirs = canonical_state(fields), canonical_state(stored)
        assert mine.keys() == theirs.keys()
        assert [name for name, value in mine.items() if theirs[name] != value] == []
        assert marks == live.wiring.store.marks(f"engine:{task}")


def check_words(live: Installation, ear: Ear) -> None:
    """Hold what every engine task says to what it has said."""
    for topic in (FORECASTS, SIGNALS):
        told = by_task(recorded(live, topic))
        assert len(told) == live.settings.partitions, "a task that said nothing proves nothing"
        assert by_task(ear.pairs(topic)) == told
