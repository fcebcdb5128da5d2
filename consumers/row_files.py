"""What a replay forecast, learnt and raised, as Parquet: rows for notebooks.

==================  =========================================================================================
file                a row for each
==================  =========================================================================================
forecasts.parquet   forecast issued: store, sku, origin, target, mean, q10, q50, q90, q95, seasonal naive, model
residuals.parquet   close: store, sku, category, ABC and demand class, target, demand (null: unknown), exposure, mean,
                    residual, standardised, drift, units lost to an empty shelf, outlier (z, iqr, both),
                    seen (whole, part, missing), costs
features.parquet    close: store, sku, target, slot, and every column of the models
alerts.parquet      revision of an alert, the fields that are numbers or words
rollups.parquet     category in a store, category, store, all: forecast, quantiles, demand; by period, week, month
mix.parquet         product's share of its category in a store, forecast and sold, with ABC and demand class
==================  =========================================================================================

The one rule: rows go to disk in runs; a file appears with its first row, and is whole once `close` has returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from online_models.columns import COLUMNS
from online_models.outliers import outlier_of
from schemas.quantities import to_datetime
from schemas.reading import read_alert, read_forecast
from schemas.topics import ALERTS, FORECASTS
from streams.engine.watch import WatchedClose
from streams.outcome import Output
from streams.rollup_book import NodeRow, RollupBook, ShareRow

_RUN_ROWS: Final = 20_000
Cell = str | float | int | bool | object | None


class RowFiles:
    """Writes the files into a folder; use it in a `with` statement.

    Parameters
    ----------
    folder
        Made if it is not there; files of the same names are replaced.
    since_ms
        Closes and forecasts of periods before this, and alerts opened before it, are left out; None keeps all.
    """

    def __init__(self, folder: Path, since_ms: int | None = None) -> None:
        self._folder, self._since_ms = folder, since_ms
        self._rows: dict[str, list[dict[str, Cell]]] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._book = RollupBook()
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take(self, output: Output) -> None:
        """Take one output of the chain."""
        if output.value is None:
            return
        if output.topic is FORECASTS:
            one = read_forecast(output.value)
            if self._since_ms is None or one.target >= to_datetime(self._since_ms):
                self._put(
                    "forecasts",
                    {
                        "store": one.store_id, "sku": one.sku, "origin": one.origin, "target": one.target,
                        "mean": one.mean_units, "q10": one.q10, "q50": one.q50, "q90": one.q90, "q95": one.q95,
                        "seasonal_naive": one.seasonal_naive_units, "dispersion": one.dispersion, "model": one.model,
                        "abc": one.abc, "demand_class": one.demand_class,
                    },
                )  # fmt: skip
        elif output.topic is ALERTS:
            alert = read_alert(output.value)
            if self._since_ms is None or alert.opened_at >= to_datetime(self._since_ms):
                self._put(
                    "alerts",
                    {
                        "alert_id": alert.alert_id, "revision": alert.revision, "kind": alert.kind,
                        "severity": alert.severity, "state": alert.state, "early": alert.early,
                        "store": alert.store_id, "sku": alert.sku, "opened_at": alert.opened_at,
                        "updated_at": alert.updated_at, "resolved_at": alert.resolved_at, "summary": alert.summary,
                        "money_at_risk": alert.money_at_risk, "currency": alert.currency,
                    },
                )  # fmt: skip

    def watch(self, close: WatchedClose) -> None:
        """Take one close of a period."""
        if self._since_ms is not None and close.start_ms < self._since_ms:
            return
        lesson = close.lesson
        head: dict[str, Cell] = {"store": close.store_id, "sku": close.sku, "target": to_datetime(close.start_ms)}
        forecast = lesson.forecast
        self._put(
            "residuals",
            {
                **head, "category": close.category, "abc": close.abc, "demand_class": close.demand_class,
                "demand": lesson.y_units, "exposure": close.exposure,
                "mean": None if forecast is None else forecast.mean_units,
                "seasonal_naive": None if forecast is None else forecast.seasonal_naive,
                "residual": lesson.residual, "standardised": lesson.standardised,
                "drift": None if lesson.drift is None else lesson.drift.direction,
                "lost": lesson.lost_units, "outlier": outlier_of(lesson),
                "seen": "whole" if close.exposure >= 1.0 else "part" if close.exposure > 0.0 else "missing",
                **_money(close),
            },
        )  # fmt: skip
        self._book.add(close)
        self._put_rollups(self._book.over())
        names = (column.name for column in COLUMNS)
        self._put(
            "features", {**head, "slot": close.features.slot, **dict(zip(names, close.features.row, strict=False))}
        )

    def close(self) -> None:
        """Write what is left and close the files."""
        self._put_rollups(self._book.rest())
        for name in list(self._rows):
            self._write(name)
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _put_rollups(self, rows: Iterable[NodeRow | ShareRow]) -> None:
        for row in rows:
            self._put("rollups" if isinstance(row, NodeRow) else "mix", row._asdict())

    def _put(self, name: str, row: dict[str, Cell]) -> None:
        rows = self._rows.setdefault(name, [])
        rows.append(row)
        if len(rows) >= _RUN_ROWS:
            self._write(name)

    def _write(self, name: str) -> None:
        rows = self._rows.pop(name, [])
        if not rows:
            return
        schema = _schema(name, list(rows[0]))
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self._folder / f"{name}.parquet", schema)
        self._writers[name].write_table(pa.Table.from_pylist(rows, schema=schema))


def _money(close: WatchedClose) -> dict[str, Cell]:
    """What stocking the forecast's critical quantile would have lost, on stock left over and on demand unmet."""
    forecast, y = close.lesson.forecast, close.lesson.y_units
    if close.costs is None or forecast is None or y is None:
        return {"over_cost": None, "under_cost": None, "currency": None}
    costs, currency = close.costs
    stock = forecast.distribution.quantile(costs.critical_ratio)
    lost = costs.lost(stock, y)
    return {"over_cost": lost if stock > y else 0.0, "under_cost": 0.0 if stock > y else lost, "currency": currency}


#: Files whose target is a local day.
_BY_DAY: Final = frozenset({"rollups", "mix"})
_TIMES: Final = frozenset({"origin", "target", "opened_at", "updated_at", "resolved_at"})
_WORDS: Final = frozenset(
    {
        "store", "sku", "model", "drift", "alert_id", "kind", "severity", "state", "summary", "currency", "outlier",
        "seen", "category", "abc", "demand_class", "level", "node", "span",
    }
)  # fmt: skip


def _schema(name: str, columns: Sequence[str]) -> pa.Schema:
    """Types by name: a column that is empty in the first run must not lose its type."""
    types = []
    for column in columns:
        if name in _BY_DAY and column == "target":
            kind = pa.date32()
        elif column in _TIMES:
            kind = pa.timestamp("ms", tz="UTC")
        elif column in _WORDS:
            kind = pa.string()
        elif column in ("revision", "slot", "series"):
            kind = pa.int64()
        else:
            kind = pa.bool_() if column == "early" else pa.float64()
        types.append((column, kind))
    return pa.schema(types)
