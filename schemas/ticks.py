"""`ticks.v1`: the order of everything, on the record. One partition per task.

A tick says: at time `t`, partition p of every input ended *here*. It is the only clock that processors have.

::

    byte  0        1..8    9..16  17..24  25..32  33..40   41..48   49..
          version  t (ms)  sales  stock   prices  context  catalog  source (UTF-8 JSON, only from `load` and `synth`)

The one rule: `t` and `ends` count as running maxima, so two heartbeats may run and neither can turn time back.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

from schemas.errors import BadEvent
from schemas.reasons import Reason

_LAYOUT = struct.Struct("<B6q")
_VERSION = 1

#: The inputs whose ends a tick holds, in the order of the bytes.
TICK_INPUTS = ("sales", "stock", "prices", "context", "catalog")


@dataclass(frozen=True, slots=True)
class TickSource:
    """Where a recorded tick came from, so that a load that died is finished by running it again.

    Parameters
    ----------
    name
        The file's name, or the synthetic market's.
    digest
        SHA-256 of the source, in hexadecimal.
    rows
        Rows of the source already sent when the tick was written.
    done
        True on the last tick of the source.
    """

    name: str
    digest: str
    rows: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark on the record: a time and where every input ended then.

    Parameters
    ----------
    t_ms
        The tick's time, milliseconds since 1970.
    sales, stock, prices
        End offsets of the same partition of `sales.v1`, `stock.v1` and `competitor-prices.v1`.
    context, catalog
        End offsets of the single partition of `context.v1` and `catalog.v1`.
    source
        Where it came from; None from a heartbeat.
    """

    t_ms: int
    sales: int
    stock: int
    prices: int
    context: int
    catalog: int
    source: TickSource | None = None

    def encode(self) -> bytes:
        """Return the record's value, at most 64 bytes without a source.

        >>> len(Tick(0, 1, 2, 3, 4, 5).encode())
        49
        """
        head = _LAYOUT.pack(_VERSION, self.t_ms, self.sales, self.stock, self.prices, self.context, self.catalog)
        if self.source is None:
            return head
        fields = [self.source.name, self.source.digest, self.source.rows, self.source.done]
        return head + json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, value: bytes) -> Tick:
        """Return the tick in a record's value.

        Raises
        ------
        BadEvent
            When the bytes are no tick of a known version.

        >>> Tick.decode(Tick(0, 1, 2, 3, 4, 5).encode()).prices
        3
        """
        if len(value) < _LAYOUT.size or value[0] != _VERSION:
            raise BadEvent(Reason.UNKNOWN_VERSION, "not a tick of version 1")
        _, t_ms, sales, stock, prices, context, catalog = _LAYOUT.unpack_from(value)
        source = None
        if len(value) > _LAYOUT.size:
            try:
                source = TickSource(*json.loads(value[_LAYOUT.size :]))
            except (ValueError, TypeError) as error:
                raise BadEvent(Reason.SCHEMA, f"a tick's source is unreadable: {error}") from error
        return cls(t_ms, sales, stock, prices, context, catalog, source)
