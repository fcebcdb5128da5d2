"""`topics create | list`: the topic table on the broker."""

from __future__ import annotations

import typer

from demand_monitor.options import Json, with_settings
from demand_monitor.printing import Row, print_rows
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup
from schemas.topics import TOPICS


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Create and list the topics.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_topics)
    app.add_typer(group, name="topics")


@with_settings
def create(settings: Settings, as_json: Json = False) -> None:
    """Create every topic that is missing, each with its partitions, retention and compaction."""
    wiring = Wiring(settings)
    admin = wiring.admin()
    there = admin.partitions()
    torn = [
        f"{name} has {there[name]} partitions, not {wiring.partitions_of(topic)}"
        for topic in TOPICS
        if (name := wiring.topic(topic)) in there and there[name] != wiring.partitions_of(topic)
    ]
    if torn:
        raise BadSetup(
            f"Topics of this prefix exist with other partitions: {', '.join(torn)}. P is fixed for a topic set: use "
            "another --prefix, or --partitions as they are.",
            wiring.command("topics list"),
        )
    rows: list[Row] = []
    for topic in TOPICS:
        name, partitions = wiring.topic(topic), wiring.partitions_of(topic)
        created = name not in there and admin.create(name, partitions, topic.config())
        rows.append({"topic": name, "partitions": partitions, "created": created})
    print_rows(rows, as_json)


@with_settings
def list_topics(settings: Settings, as_json: Json = False) -> None:
    """List the topics: what each is keyed by, how it is kept, and how many partitions it has on the broker."""
    wiring = Wiring(settings)
    there = wiring.admin().partitions()
    rows: list[Row] = [
        {
            "topic": wiring.topic(topic),
            "partitions": there.get(wiring.topic(topic)),
            "wanted": wiring.partitions_of(topic),
            "key": topic.key,
            "retention_days": topic.retention_days,
            "compacted": topic.compacted,
        }
        for topic in TOPICS
    ]
    print_rows(rows, as_json)
