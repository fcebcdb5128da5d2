"""What a worker is told: its settings, and the ports that it works through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.ports import Clock, Inlet, Journal, Outlet, StateStore, TopicAdmin


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Settings of one worker.

    Parameters
    ----------
    processor
        Whose tasks it hosts: "engine", "desk". Task p is called `<processor>:p`.
    inputs
        The keyed inputs: the name that tasks know → the topic's full name. Partition p of all of them is task p.
    partitions
        P, the number of tasks; the partition count of every keyed input.
    owner
        A name that no other living worker has (host and process id); a restart under the same name is told apart.
    broadcasts
        Inputs of one partition that every task reads whole, from the start: name → full topic name.
    prefix
        The installation's prefix of the topics written to.
    pace
        The keyed input that makes time pass (ticks): an unhandled record of it is a stall, whatever else is waited for.
    commit_interval_seconds, commit_bytes
        A commit is due after so long, or when a task would write so much.
    handle_budget
        Steps a task may do before the next has its turn.
    poll_records, poll_seconds
        The most records fetched at once, and how long to wait for the first when there is nothing to do.
    stall_seconds
        How long work may wait without a single step.
    outage_seconds
        How long troubles may follow each other before the worker gives up and leaves it to its supervisor.
    retry_seconds
        The first pause after a doubt; it doubles, up to 10 s.
    """

    processor: str
    inputs: Mapping[str, str]
    partitions: int
    owner: str
    broadcasts: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    pace: str | None = None
    commit_interval_seconds: float = 1.0
    commit_bytes: int = 1_000_000
    handle_budget: int = 2_000
    poll_records: int = 5_000
    poll_seconds: float = 0.1
    stall_seconds: float = 60.0
    outage_seconds: float = 60.0
    retry_seconds: float = 0.5

    def task_id(self, partition: int) -> str:
        """Return the name of a task in the store.

        >>> WorkerConfig("engine", {"sales": "sales.v1"}, 4, "a").task_id(3)
        'engine:3'
        """
        return f"{self.processor}:{partition}"


@dataclass(frozen=True, slots=True)
class WorkerPorts:
    """The world of one worker; `broadcast_inlet` reads outside the group."""

    inlet: Inlet
    broadcast_inlet: Inlet
    outlet: Outlet
    admin: TopicAdmin
    store: StateStore
    clock: Clock
    journal: Journal
