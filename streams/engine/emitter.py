"""What the engine says, and where it stands in the order: every output carries `at`.

`at` is (task, offset of the tick in hand, index within that tick): a reader of an internal topic keeps one per task and
drops what is not newer, so that sending twice is harmless.

The one rule: the index is part of the state; it counts what the tick has caused, not what a batch has sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.forecasts import ForecastIssued
from schemas.quantities import to_datetime
from schemas.signals import Finding, Measure, Origin, Progress
from schemas.topics import FORECASTS, QUARANTINE, SIGNALS
from streams.outcome import Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from online_models.stack_forecast import StackForecast
    from schemas.quarantine import Refusal
    from schemas.signals import AlertKind, Cause, Contribution, Phase, Severity
    from streams.engine.series import Series

#: Quantile levels of a forecast record, in the order of its fields.
FORECAST_LEVELS = (0.1, 0.5, 0.9, 0.95)


class Emitter:
    """Outputs of one task, in order.

    Parameters
    ----------
    task, tasks
        Number of this task, and how many there are.

    Attributes
    ----------
    cause
        Topic and offset of the record that is being handled; a close is caused by the tick in hand.
    """

    def __init__(self, task: int, tasks: int) -> None:
        self.task = task
        self.tasks = tasks
        self.tick_offset = -1
        self.index = 0
        self.cause = ("", -1)
        self.outputs: list[Output] = []
        self.counts: dict[str, int] = {}

    def begin_tick(self, offset: int) -> None:
        """Start counting for the tick in hand."""
        self.tick_offset = offset
        self.index = 0

    def drain(self) -> list[Output]:
        """Return what was said since the last call."""
        outputs, self.outputs = self.outputs, []
        return outputs

    def count(self, name: str, times: int = 1) -> None:
        """Count something for the report."""
        if times:
            self.counts[name] = self.counts.get(name, 0) + times

    def _at(self) -> tuple[int, int, int]:
        self.index += 1
        return self.task, self.tick_offset, self.index

    def quarantine(self, refusal: Refusal) -> None:
        """Send a refused record aside as it came."""
        self.count(f"quarantined.{refusal.reason}")
        value = b"" if refusal.value is None else refusal.value
        self.outputs.append(Output(QUARANTINE, refusal.key, value, refusal.to_headers(), 0))

    def finding(
        self,
        kind: AlertKind,
        phase: Phase,
        severity: Severity,
        started_ms: int,
        event_ms: int,
        series: Series | None = None,
        *,
        store_id: str | None = None,
        sku: str | None = None,
        source: str | None = None,
        early: bool = False,
        evidence: Mapping[str, Measure] | None = None,
        times: Mapping[str, int] | None = None,
        reasons: Sequence[Contribution] = (),
        causes: Sequence[Cause] = (),
        money: tuple[float, str] | None = None,
        model: tuple[str, int] | None = None,
    ) -> None:
        """Say something about a series, a store or a source."""
        found = Finding(
            kind=kind,
            phase=phase,
            severity=severity,
            early=early,
            store_id=series.store_id if series else store_id,
            sku=series.sku if series else sku,
            source=source,
            episode_started_at=to_datetime(started_ms),
            event_time=to_datetime(event_ms),
            evidence=dict(evidence or {}),
            times={name: to_datetime(ms) for name, ms in (times or {}).items()},
            reasons=tuple(reasons),
            causes=tuple(causes),
            money_at_risk=money[0] if money else None,
            currency=money[1] if money else None,
            model=model[0] if model else None,
            model_version=model[1] if model else None,
            origin=Origin(topic=self.cause[0], partition=self.task, offset=self.cause[1]),
            at=self._at(),
        )
        key = f"{found.store_id or ''}|{found.sku or found.source or ''}"
        self.outputs.append(Output(SIGNALS, key.encode(), found.encode(), (), 0))

    def progress(self, watermark_ms: int, tests_run: int, p_values: Sequence[tuple[str, float]] = ()) -> None:
        """Say how far this task has come, and what its drift tests since have shown."""
        done = Progress(
            task=self.task,
            tasks=self.tasks,
            watermark=to_datetime(watermark_ms),
            tests_run=tests_run,
            p_values=tuple(p_values),
            at=self._at(),
        )
        self.outputs.append(Output(SIGNALS, str(self.task).encode(), done.encode(), (), 0))

    def forecast(self, series: Series, origin_ms: int, target_ms: int, expected: StackForecast) -> None:
        """Publish the forecast of a series' next period."""
        q10, q50, q90, q95 = expected.distribution.quantiles(FORECAST_LEVELS)
        issued = ForecastIssued(
            store_id=series.store_id,
            sku=series.sku,
            origin=to_datetime(origin_ms),
            target=to_datetime(target_ms),
            mean_units=expected.mean_units,
            q10=q10,
            q50=q50,
            q90=q90,
            q95=q95,
            seasonal_naive_units=expected.seasonal_naive,
            dispersion=expected.distribution.dispersion,
            model=expected.champion,
            at=self._at(),
        )
        self.outputs.append(Output(FORECASTS, series.name.encode(), issued.encode(), (), self.task))


def measures(unit: str, **values: float | None) -> dict[str, Measure]:
    """Return the known ones of several numbers of one unit."""
    return {name: Measure(value=round(value, 6), unit=unit) for name, value in values.items() if value is not None}
