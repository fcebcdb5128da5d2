"""From readings to figures: what a process took between two shares of its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.usage import median


class TooFew(Exception):
    """The run was over before anything could be measured: more events are needed."""


class Sample(NamedTuple):
    """One reading, taken when a commit was seen: events handled, the clock, and CPU seconds so far."""

    events: int
    at_seconds: float
    cpu_seconds: float
    redis_cpu_seconds: float
    broker_cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One run between two counts.

    Parameters
    ----------
    events, seconds, cpu_seconds
        Handled, on the wall, and user and system of the whole process (of all processes, where there are two).
    redis_cpu_seconds, broker_cpu_seconds
        Of the servers meanwhile, where they are ours to look at; the broker's includes nobody else's work.
    peak_megabytes
        Largest resident memory of one process.
    """

    events: int
    seconds: float
    cpu_seconds: float
    redis_cpu_seconds: float | None = None
    broker_cpu_seconds: float | None = None
    peak_megabytes: float | None = None

    @property
    def cpu_us_per_event(self) -> float:
        """CPU of the whole process per event, microseconds."""
        return self.cpu_seconds / self.events * 1e6

    @property
    def events_per_second(self) -> float:
        """Events per second on the wall."""
        return self.events / self.seconds


def measure_between(samples: Sequence[Sample], events: int, begin: float, end: float, peak: float) -> Measured:
    """Return what lies between the first sample at or above `begin` and the last at or below `end`.

    A run of so few events that no two samples lie there is measured from its first sample to its last.

    Raises
    ------
    TooFew
        When nothing was handled between any two samples.

    >>> readings = [Sample(n, n / 10, n / 20, 0.0, 0.0) for n in (0, 15, 50, 85, 100)]
    >>> measure_between(readings, 100, 0.1, 0.9, 0.0).events
    70
    """
    inside = [sample for sample in samples if begin * events <= sample.events <= end * events]
    if len(inside) < 2:
        inside = list(samples)
    first, last = inside[0], inside[-1]
    if last.events == first.events:
        raise TooFew("all was handled before two readings could be taken: more events are needed")
    return Measured(
        last.events - first.events,
        last.at_seconds - first.at_seconds,
        last.cpu_seconds - first.cpu_seconds,
        last.redis_cpu_seconds - first.redis_cpu_seconds,
        last.broker_cpu_seconds - first.broker_cpu_seconds,
        peak,
    )


def summary(rounds: Sequence[Measured]) -> dict[str, object]:
    """Return the medians of some rounds, and the rounds' own figures."""
    found: dict[str, object] = {
        "cpu_us_per_event": median([each.cpu_us_per_event for each in rounds]),
        "events_per_second": median([each.events_per_second for each in rounds], 0),
        "rounds_cpu_us_per_event": [round(each.cpu_us_per_event, 2) for each in rounds],
        "events_measured": [each.events for each in rounds],
    }
    for name in ("redis_cpu", "broker_cpu"):
        values = [(each, getattr(each, f"{name}_seconds")) for each in rounds]
        shares = [seconds / each.events * 1e6 for each, seconds in values if seconds]
        if shares:
            found[f"{name}_us_per_event"] = median(shares)
    peaks = [each.peak_megabytes for each in rounds if each.peak_megabytes]
    if peaks:
        found["peak_megabytes"] = median(peaks, 0)
    return found
