"""Where a task's state stands in Redis, and what is said when a part of it is missing.

::

    {<prefix><task>}:state   hash    field → value, every piece of the task's state
    {<prefix><task>}:marks   string  the marks of the same commit
    {<prefix><task>}:owner   string  worker:epoch of whoever may commit

The one rule: one hash tag a task, so that its keys share a slot of Redis Cluster and one script sees them all.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.errors import BadSetup, StateCorrupt


class TaskKeys(NamedTuple):
    """The three keys of one task."""

    state: str
    marks: str
    owner: str


def keys_of(prefix: str, task: str) -> TaskKeys:
    """Return a task's keys.

    Raises
    ------
    BadSetup
        When the prefix or the task's name holds a brace, which would move the hash tag.

    >>> keys_of("lima-", "engine:3").marks
    '{lima-engine:3}:marks'
    """
    tag = prefix + task
    if "{" in tag or "}" in tag:
        raise BadSetup(f"The prefix {prefix!r} must hold no brace.")
    return TaskKeys(f"{{{tag}}}:state", f"{{{tag}}}:marks", f"{{{tag}}}:owner")


def state_without_marks(task: str) -> StateCorrupt:
    """Return the refusal of a task whose marks are gone while its state is there."""
    return StateCorrupt(
        f"Task {task} has state but no marks, so nobody knows which records it has seen.",
        f"demand-monitor state wipe {task} (it is then rebuilt from the log), or restore a snapshot",
    )
