"""What the product tells about itself: every metric by name, with its type, unit, labels and meaning.

::

    pure task ──► counts (since it was made), gauges (as they stand) ──► host, once a second ──► /metrics
                                                                          └── ages are worked out at the scrape

Types as Prometheus knows them, and one of ours: an **age** is handed over as a moment (milliseconds since 1970) and
shown as a gauge of seconds since then, so it goes on growing when whoever should move it hangs.

The one rule: this is the only place where a metric is named. No label names a sku, and what is unknown is absent, never
zero. `docs/metrics.md` is made of this table.

References
----------
Prometheus, *Metric and label naming* and *Instrumentation*, prometheus.io/docs/practices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from streams.task import Task

Kind = Literal["counter", "gauge", "age", "histogram"]

#: Values of the label `scope`: everything, weighted towards the last periods; everything there ever was.
RECENT: Final = "recent"
OVERALL: Final = "overall"
#: Values of the label `model` that are roles and not names of experts.
CHAMPION: Final = "champion"
SEASONAL_NAIVE: Final = "seasonal_naive"
#: The drift detector's name in the label `detector`.
CUSUM: Final = "likelihood_cusum"
#: River's detectors, any of which may be chosen instead; without a choice the first runs beside.
RIVERS: Final = ("page_hinkley", "adwin", "kswin")
SCATTER: Final = "scatter_cusum"
#: At most so many stores are told apart by one process; of more, those with the highest value.
MOST_STORES: Final = 100


class Metric(NamedTuple):
    """One metric.

    Parameters
    ----------
    name
        As it is scraped.
    kind
        Its type.
    unit
        Of its value.
    labels
        Names of its labels, in the order in which samples give their values.
    processes
        The commands whose process shows it.
    meaning
        One sentence for whoever reads a panel.
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    processes: tuple[str, ...]
    meaning: str


class Durations(NamedTuple):
    """Observed durations, cumulative as a histogram shows them.

    Parameters
    ----------
    bounds
        Upper bounds of the buckets, seconds.
    counts
        Observations in each bucket alone, and last those above every bound.
    seconds
        Sum of all.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    seconds: float


class Sample(NamedTuple):
    """One value of one metric; `labels` in the order of the metric's names."""

    metric: Metric
    labels: tuple[str, ...]
    value: float | Durations


#: Metric and label values: what a count belongs to.
Key = tuple[Metric, tuple[str, ...]]
Counts = Mapping[Key, int]


class Publisher(Protocol):
    """Where a host puts what is to be scraped: each source replaces what it said before."""

    def publish(self, source: str, samples: Sequence[Sample]) -> None:
        """Show these samples from now on."""


class Figures(Protocol):
    """How the numbers of one processor's tasks are read; a host asks once a second, between two steps."""

    def counts(self, task: Task) -> Counts:
        """Return what a task has counted since it was made; never goes down."""

    def gauges(self, tasks: Sequence[Task]) -> Sequence[Sample]:
        """Return how all tasks of a process stand together; what is unknown is left out."""


_READERS: Final = ("monitor", "prices", "desk", "feed")
_ENGINE: Final = ("monitor",)
_DESK: Final = ("desk",)
_KEEPERS: Final = ("monitor", "prices", "desk")
_WORKERS: Final = ("monitor", "desk")

BUILD = Metric(
    "demand_build_info", "gauge", "1", ("command", "version"), (*_READERS, "heartbeat"),
    "Always 1; says which command runs in which version.",
)  # fmt: skip
CONSUMED = Metric(
    "demand_events_consumed_total", "counter", "records", ("topic",), _READERS,
    "Records delivered to the tasks, those read again after a doubt included.",
)  # fmt: skip
REJECTED = Metric(
    "demand_events_rejected_total", "counter", "records", ("topic", "reason"), _READERS,
    "Records refused, by reason; all but the feed's lie in quarantine.",
)  # fmt: skip
DUPLICATES = Metric(
    "demand_events_duplicate_total", "counter", "records", (), _ENGINE,
    "Events whose id was seen before; they count for nothing.",
)  # fmt: skip
LATE = Metric(
    "demand_events_late_total", "counter", "records", (), _ENGINE,
    "Events of a period that was closed already: booked as a correction, not learnt.",
)  # fmt: skip
OBSERVED = Metric(
    "demand_price_records_total", "counter", "records", ("fate",), ("prices",),
    "Records of the price desk by what became of them.",
)  # fmt: skip
CLOSED = Metric(
    "demand_periods_closed_total", "counter", "periods", (), _ENGINE,
    "Periods of one series that were closed: scored, learnt and forecast anew.",
)  # fmt: skip
LAG = Metric(
    "demand_consumer_lag_records", "gauge", "records", ("topic",), _KEEPERS,
    "Records on the topic that are not handled yet, over the partitions of this process.",
)  # fmt: skip
EVENT_AGE = Metric(
    "demand_event_age_seconds", "age", "seconds", (), _ENGINE,
    "Since the event time of the newest event handled: how fresh the feeds are.",
)  # fmt: skip
TICK_AGE = Metric(
    "demand_tick_age_seconds", "age", "seconds", (), (*_ENGINE, "heartbeat"),
    "Since the newest tick, of the task that is furthest behind: no ticks, and nothing is handled.",
)  # fmt: skip
TICKS = Metric(
    "demand_ticks_written_total", "counter", "records", (), ("heartbeat",),
    "Ticks written, over all partitions.",
)  # fmt: skip
TASKS = Metric(
    "demand_tasks", "gauge", "tasks", (), _WORKERS,
    "Tasks in this process's memory.",
)  # fmt: skip
DOUBTS = Metric(
    "demand_task_doubts_total", "counter", "tasks", (), _WORKERS,
    "Tasks thrown away and read again from the store: fenced, a gap, a failed delivery, no answer.",
)  # fmt: skip
COMMIT = Metric(
    "demand_commit_seconds", "histogram", "seconds", (), _WORKERS,
    "Duration of a commit: deliveries awaited, and the script of every task that had work.",
)  # fmt: skip
REDIS = Metric(
    "demand_redis_operation_seconds", "histogram", "seconds", ("operation",), _KEEPERS,
    "Duration of one call of the state store.",
)  # fmt: skip
WAPE = Metric(
    "demand_forecast_wape_ratio", "gauge", "ratio", ("model", "scope"), _ENGINE,
    "Sum of |actual − forecast| over sum of actual, each forecast scored before it was learnt from.",
)  # fmt: skip
BIAS = Metric(
    "demand_forecast_bias_ratio", "gauge", "ratio", ("model", "scope"), _ENGINE,
    "Sum of (forecast − actual) over sum of actual; above 0 is too high.",
)  # fmt: skip
COVERAGE = Metric(
    "demand_interval_coverage_ratio", "gauge", "ratio", ("level", "scope"), _ENGINE,
    "Share of actuals inside the central interval of that probability.",
)  # fmt: skip
SCORED_UNITS = Metric(
    "demand_forecast_scored_units", "gauge", "units", ("scope",), _ENGINE,
    "Actual demand behind the ratios of this scope: their weight when several processes are put together.",
)  # fmt: skip
DRIFT_SCORE = Metric(
    "demand_drift_score", "gauge", "nats", ("detector", "scope"), _ENGINE,
    "Highest score of any series in the newest period and the one before, `overall` and by `store:<id>`.",
)  # fmt: skip
DRIFT_THRESHOLD = Metric(
    "demand_drift_threshold", "gauge", "nats", ("detector",), _ENGINE,
    "The score above which demand has drifted, in the class of series with the lowest (setting shop.drift_threshold, "
    "times the calibrated caution).",
)  # fmt: skip
DRIFTS = Metric(
    "demand_drift_detected_total", "counter", "drifts", ("detector", "direction"), _ENGINE,
    "Drifts that were found.",
)  # fmt: skip
MONEY_OVER = Metric(
    "demand_money_over_total", "counter", "units of the currency", ("currency",), _ENGINE,
    "What stocking each forecast's critical quantile would have lost on stock left over: holding and waste.",
)  # fmt: skip
MONEY_UNDER = Metric(
    "demand_money_under_total", "counter", "units of the currency", ("currency",), _ENGINE,
    "What it would have lost on demand that found no stock: the margin.",
)  # fmt: skip
DRIFTS_BESIDE = Metric(
    "demand_drift_beside_total", "counter", "drifts", ("detector", "direction"), _ENGINE,
    "What the detectors beside it have found: River's, and that of a changed scatter. They raise no alerts.",
)  # fmt: skip
DRIFTING = Metric(
    "demand_drift_open_series", "gauge", "series", ("store",), _DESK,
    "Series with an open drift alert, of each store that ever had one.",
)  # fmt: skip
ALERTS_OPEN = Metric(
    "demand_alerts_open", "gauge", "alerts", ("kind", "severity"), _DESK,
    "Alerts that are firing or acknowledged.",
)  # fmt: skip
ALERTS_EMITTED = Metric(
    "demand_alerts_emitted_total", "counter", "alerts", ("kind", "severity"), _DESK,
    "Alerts raised, at the severity of their first revision.",
)  # fmt: skip

METRICS: Final[tuple[Metric, ...]] = (
    BUILD, CONSUMED, REJECTED, DUPLICATES, LATE, OBSERVED, CLOSED, LAG, EVENT_AGE, TICK_AGE, TICKS, TASKS, DOUBTS,
    COMMIT, REDIS, WAPE, BIAS, COVERAGE, SCORED_UNITS, DRIFT_SCORE, DRIFT_THRESHOLD, DRIFTS, MONEY_OVER,
    MONEY_UNDER, DRIFTS_BESIDE, DRIFTING, ALERTS_OPEN, ALERTS_EMITTED,
)  # fmt: skip


def to_samples(counts: Counts) -> list[Sample]:
    """Return counts as samples.

    >>> to_samples({(LATE, ()): 3})[0].value
    3
    """
    return [Sample(metric, labels, number) for (metric, labels), number in counts.items()]


def known(metric: Metric, labels: tuple[str, ...], value: float | None) -> list[Sample]:
    """Return one sample, or none where the value is unknown.

    >>> known(WAPE, (CHAMPION, RECENT), None)
    []
    """
    return [] if value is None else [Sample(metric, labels, value)]


def render_table(metrics: Sequence[Metric] = METRICS) -> str:
    """Return the table of `docs/metrics.md`.

    >>> print(render_table([LATE]).splitlines()[2])
    | `demand_events_late_total` | counter | records |  | monitor | Events of a period that was closed already: \
booked as a correction, not learnt. |
    """
    head = ["| metric | type | unit | labels | processes | meaning |", "|---|---|---|---|---|---|"]
    rows = [
        f"| `{each.name}` | {each.kind} | {each.unit} | {', '.join(f'`{label}`' for label in each.labels)} "
        f"| {', '.join(each.processes)} | {each.meaning} |"
        for each in metrics
    ]
    return "\n".join([*head, *rows]) + "\n"


if __name__ == "__main__":
    print(render_table(), end="")
