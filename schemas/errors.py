"""Every error this product raises on purpose, sorted by who must act.

::

    DemandError
    ├── BadEvent              the sender must act: the record goes to quarantine with its reason, nothing is lost
    ├── BadSetup              the operator must act: refuse to start, naming the setting and the next command
    │   ├── UnknownMapping    a mapping file that does not fit its data
    │   ├── TornTask          partitions of one task were given to different workers, or P has changed
    │   ├── StateCorrupt      a snapshot whose checksum or version does not fit: rebuild from the log
    │   └── LogTruncated      a mark lies before the log's start: restore a snapshot or rebuild
    ├── Outage                nobody yet: back off and try again, then exit non-zero
    │   ├── BrokerDown        Kafka did not answer, or a delivery failed
    │   └── StoreDown         Redis did not answer, or its answer is unknown
    ├── Fenced                another worker owns the task now: throw the task's memory away
    └── Gap                   the store's marks are not the ones expected: throw the memory away and seek back

The one rule: whatever is not in this tree is a bug. It is never caught; the process crashes, restarts and replays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.reasons import Reason


class DemandError(Exception):
    """Root of every error that this product raises on purpose."""


class BadEvent(DemandError):
    """A record that cannot be used; the sender must mend it.

    Parameters
    ----------
    reason
        Why it was refused, one of a closed list, fit for a metric's label.
    detail
        One sentence for the person who mends it.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class BadSetup(DemandError):
    """A setting or an environment that the operator must mend.

    Parameters
    ----------
    problem
        What is wrong, in one sentence that names the setting.
    next_command
        What to type next, where a command helps.
    """

    def __init__(self, problem: str, next_command: str | None = None) -> None:
        super().__init__(problem if next_command is None else f"{problem} Next: {next_command}")
        self.problem = problem
        self.next_command = next_command


class UnknownMapping(BadSetup):
    """A mapping that does not exist or does not fit the file it is used on."""


class TornTask(BadSetup):
    """Partitions of one task are not together, or their number differs from the one stored with the state."""


class StateCorrupt(BadSetup):
    """A snapshot that fails its checksum, its version or its marks."""


class LogTruncated(BadSetup):
    """A mark older than the start of its log: the records between are gone."""


class Outage(DemandError):
    """A server that does not answer; back off, try again, then exit non-zero."""


class BrokerDown(Outage):
    """Kafka did not answer in time, or refused a delivery."""


class StoreDown(Outage):
    """Redis did not answer in time, or its answer was lost."""


class Fenced(DemandError):
    """Another worker has taken this task; whatever is in memory is worthless."""


class Gap(DemandError):
    """The store's marks are neither the expected nor the new ones: it was rolled back or written elsewhere."""
