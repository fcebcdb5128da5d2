"""A file's rows in chunks of columns: CSV (also compressed) and Parquet, only the columns that a mapping names.

The one rule: what a mapping does not name is never read, so a customer's column cannot leak into an event or a
quarantined row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from producers.mappings.columns import Codes, Column, Value
from producers.mappings.mapping import FileRule
from schemas.errors import BadSetup, UnknownMapping

_PARQUET = (".parquet", ".pq")
#: What the two readers raise of a file that is absent, cut off, in another encoding or no such file at all.
_UNREADABLE = (
    OSError,
    EOFError,
    pa.ArrowException,
    pd.errors.ParserError,
    pd.errors.EmptyDataError,
    UnicodeDecodeError,
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file.

    Parameters
    ----------
    columns
        By name.
    rows
        The rows' numbers in the file, from 0.
    """

    columns: dict[str, Column]
    rows: Codes

    def take(self, index: Codes) -> Chunk:
        """Return the rows at `index`."""
        return Chunk({name: column.take(index) for name, column in self.columns.items()}, self.rows[index])


def read_chunks(path: Path, names: frozenset[str], rule: FileRule, size: int | None) -> Iterator[Chunk]:
    """Yield a file's rows.

    Parameters
    ----------
    path
        A CSV file (`.gz`, `.bz2`, `.zip`, `.xz` too) or a Parquet file.
    names
        The columns wanted.
    rule
        How the file is written.
    size
        Rows a chunk; None gives them all at once.

    Raises
    ------
    UnknownMapping
        When the file lacks a column.
    BadSetup
        When it cannot be read.
    """
    try:
        here = read_headers(path, rule)
        lacking = sorted(names - set(here))
        if lacking:
            raise UnknownMapping(f"{path.name} has no column {', '.join(lacking)}; it has {', '.join(here)}.")
        wanted = [name for name in here if name in names]
        yield from _read_parquet(path, wanted, rule, size) if _is_parquet(path) else _read_csv(path, wanted, rule, size)
    except _UNREADABLE as error:
        raise BadSetup(f"The file {path} cannot be read: {error}.") from error


def read_headers(path: Path, rule: FileRule) -> list[str]:
    """Return the names of a file's columns.

    Raises
    ------
    BadSetup
        When it cannot be read.
    """
    try:
        if _is_parquet(path):
            return list(pq.ParquetFile(path).schema_arrow.names)
        return list(pd.read_csv(path, sep=rule.delimiter, encoding=rule.encoding, dtype=str, nrows=0).columns)
    except _UNREADABLE as error:
        raise BadSetup(f"The file {path} cannot be read: {error}.") from error


def read_head(path: Path, rule: FileRule, rows: int) -> tuple[list[str], list[list[str]]]:
    """Return the names of a file's columns and its first rows as text, for a guess at its mapping."""
    headers = read_headers(path, rule)
    chunk = next(read_chunks(path, frozenset(headers), rule, rows), None)
    if chunk is None:
        return headers, []
    columns = [chunk.columns[name].to_list() for name in headers]
    return headers, [
        ["" if cell is None else str(cell) for cell in row] for row in islice(zip(*columns, strict=True), rows)
    ]


def digest_file(path: Path) -> str:
    """Return a file's SHA-256, in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadSetup(f"The file {path} cannot be read: {error.strerror}.") from error


def _is_parquet(path: Path) -> bool:
    return path.suffix in _PARQUET


def _read_csv(path: Path, names: list[str], rule: FileRule, size: int | None) -> Iterator[Chunk]:
    frames = pd.read_csv(
        path,
        sep=rule.delimiter,
        encoding=rule.encoding,
        usecols=names,
        dtype="category",
        na_filter=False,
        chunksize=size or 1 << 40,
    )
    done = 0
    with frames:
        for frame in frames:
            rows = np.arange(done, done + len(frame), dtype=np.int64)
            done += len(frame)
            yield Chunk({name: _of_category(frame[name], rule.missing) for name in names}, rows)


def _of_category(series: pd.Series, missing: Sequence[str]) -> Column:
    unknown = frozenset(missing)
    values: list[Value] = [None if text in unknown else str(text) for text in series.cat.categories.tolist()]
    # A short line leaves its last fields without a category: code -1, which is the last value.
    return Column(series.cat.codes.to_numpy().astype(np.int64), [*values, None])


def _read_parquet(path: Path, names: list[str], rule: FileRule, size: int | None) -> Iterator[Chunk]:
    file = pq.ParquetFile(path)
    done = 0
    for batch in file.iter_batches(batch_size=size or max(1, file.metadata.num_rows), columns=names):
        rows = np.arange(done, done + batch.num_rows, dtype=np.int64)
        done += batch.num_rows
        yield Chunk({name: _of_arrow(batch.column(name), rule.missing) for name in names}, rows)


def _of_arrow(array: pa.Array, missing: Sequence[str]) -> Column:
    if pa.types.is_list(array.type):
        return Column.of([None if cell is None else tuple(cell) for cell in array.to_pylist()])
    if pa.types.is_temporal(array.type):
        array = array.cast(pa.string())
    coded = array.dictionary_encode(null_encoding="encode")
    unknown = frozenset(missing)
    values: list[Value] = [
        None if cell in unknown else _plain(cell, array.type) for cell in coded.dictionary.to_pylist()
    ]
    return Column(coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), values)


def _plain(cell: Value, kind: pa.DataType) -> Value:
    # A 32-bit float such as 0.1 reads as 0.10000000149 in 64 bits; the writer meant its shortest text.
    return float(str(np.float32(cell))) if pa.types.is_float32(kind) and isinstance(cell, float) else cell
