"""The desk's clock: how far all engine tasks have come, and which of their signals is news.

::

    progress of task 0   ───────────────►│ 14:00
    progress of task 1   ─────────►│ 12:30            now = 12:30, the least of all P
    progress of task 2   (not heard)                  now = unknown until the last of the P is heard

The one rule: time passes only through `progress` on the record, and never goes back.
"""

from __future__ import annotations

from schemas.errors import BadEvent
from schemas.quantities import to_ms
from schemas.reasons import Reason
from schemas.signals import Progress
from streams.at import At


class DeskClock:
    """The least watermark of all tasks.

    Parameters
    ----------
    tasks
        P, the number of engine tasks; None until it is heard.
    newest
        Newest `at` by task.
    watermarks
        Watermark by task, milliseconds.

    >>> DeskClock().now_ms is None
    True
    """

    def __init__(
        self, tasks: int | None = None, newest: dict[int, At] | None = None, watermarks: dict[int, int] | None = None
    ) -> None:
        self.tasks = tasks
        self.newest = dict(newest or {})
        self.watermarks = dict(watermarks or {})

    @property
    def now_ms(self) -> int | None:
        """The desk's time, milliseconds; None until every task was heard."""
        if self.tasks is None or len(self.watermarks) < self.tasks:
            return None
        return min(self.watermarks.values())

    def is_news(self, at: At) -> bool:
        """Remember this `at`; False when its task has been heard that far already."""
        last = self.newest.get(at[0])
        if last is not None and at <= last:
            return False
        self.newest[at[0]] = at
        return True

    def check(self, progress: Progress) -> None:
        """Refuse a progress that cannot come from this set of tasks.

        Raises
        ------
        BadEvent
            When P differs from the one heard before, or the task is none of them.
        """
        if self.tasks is not None and progress.tasks != self.tasks:
            raise BadEvent(Reason.SCHEMA, f"tasks: {progress.tasks}, but this topic set has {self.tasks}")
        if not 0 <= progress.task < progress.tasks or progress.at[0] != progress.task:
            raise BadEvent(Reason.SCHEMA, f"task: {progress.task} is not the sender, or not one of {progress.tasks}")

    def hear(self, progress: Progress) -> None:
        """Take one task's progress, checked before."""
        self.tasks = progress.tasks
        watermark_ms = to_ms(progress.watermark)
        self.watermarks[progress.task] = max(watermark_ms, self.watermarks.get(progress.task, watermark_ms))
