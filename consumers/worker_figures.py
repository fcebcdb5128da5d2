"""What a worker itself counts, as metrics.

The one rule: a topic goes by its name without the installation's prefix, so that one dashboard serves them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from consumers.worker_config import WorkerConfig
from consumers.worker_stats import WorkerStats
from streams.metrics import COMMIT, CONSUMED, DOUBTS, TASKS, Sample


def worker_samples(stats: WorkerStats, config: WorkerConfig, tasks: int) -> Sequence[Sample]:
    """Return a worker's own samples, given how many tasks it holds in memory."""
    topics = sorted({*config.inputs.values(), *config.broadcasts.values()})
    consumed = [
        Sample(CONSUMED, (topic.removeprefix(config.prefix),), stats.records_by_topic.get(topic, 0)) for topic in topics
    ]
    return [
        *consumed,
        Sample(TASKS, (), tasks),
        Sample(DOUBTS, (), stats.doubts),
        Sample(COMMIT, (), stats.commit_durations.copy()),
    ]
