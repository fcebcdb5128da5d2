"""How late do orders come? A supplier's deliveries against their promised days, learnt one by one.

Why: an order is worth what the chance of its coming in time is, and that chance falls with every day it is overdue.
The one rule: days late are whole local days, `delivered - promised`; earlier than `EARLIEST` or later than `LATEST`
counts as the outermost.

::

    PRIOR_SHARES ◄─ all suppliers of the task ◄─ one supplier        each drawn to what is wider by PRIOR_DELIVERIES

    new order      P(lead time = promised + j) = share(j)
    open order     P(j days late | not here yet) = share(j) / sum of share(i) for all i that are still possible

State of one histogram::

    version 1 ┆ deliveries by days late: float32 each

Numbers are held in single precision in memory too: what is stored is what is used.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from schemas.errors import StateCorrupt

FORMAT_VERSION: Final = 1
EARLIEST, LATEST = -3, 14
BINS: Final = LATEST - EARLIEST + 1
#: What is taken before anything is known: on the promised day, rarely a day or two late, seldom much later.
_FROM_THE_DAY: Final = (
    0.80, 0.13, 0.04, 0.010, 0.006, 0.004, 0.003, 0.002, 0.001, 0.001, 0.001, 0.001, 0.0005, 0.0003, 0.0002,
)  # fmt: skip
PRIOR_SHARES: Final = (0.0,) * -EARLIEST + _FROM_THE_DAY
#: Deliveries that the wider histogram weighs.
PRIOR_DELIVERIES: Final = 10.0
#: A histogram that has seen more than this forgets in proportion.
MEMORY_DELIVERIES: Final = 400.0
#: Shares below this are left out of answers.
_NEGLIGIBLE: Final = 0.01


class Lateness:
    """Deliveries of one supplier, or of all, by days late.

    Examples
    --------
    >>> lateness = Lateness()
    >>> for _ in range(90): lateness.learn(0)
    >>> for _ in range(10): lateness.learn(1)
    >>> shares = lateness.shares(PRIOR_SHARES)
    >>> round(shares[0 - EARLIEST], 2), round(shares[1 - EARLIEST], 2)
    (0.89, 0.1)
    """

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = array("f", bytes(4 * BINS))

    @property
    def deliveries(self) -> float:
        """Deliveries seen, old ones discounted."""
        return sum(self._counts)

    def learn(self, days_late: int) -> None:
        """Book a delivery.

        Parameters
        ----------
        days_late
            Whole days after the promised one; negative: early.
        """
        counts = self._counts
        seen = sum(counts)
        if seen >= MEMORY_DELIVERIES:
            keep = MEMORY_DELIVERIES / (seen + 1.0)
            for place, count in enumerate(counts):
                counts[place] = keep * count
        counts[min(max(days_late, EARLIEST), LATEST) - EARLIEST] += 1.0

    def shares(self, wider: Sequence[float]) -> tuple[float, ...]:
        """Share of each number of days late, from `EARLIEST` on, drawn towards the wider histogram's.

        Parameters
        ----------
        wider
            Shares of all suppliers, or `PRIOR_SHARES`.
        """
        total = self.deliveries + PRIOR_DELIVERIES
        return tuple(
            [(count + PRIOR_DELIVERIES * share) / total for count, share in zip(self._counts, wider, strict=True)]
        )

    def encode(self) -> bytes:
        """The whole state."""
        return bytes((FORMAT_VERSION,)) + self._counts.tobytes()

    @classmethod
    def decode(cls, state: bytes) -> Lateness:
        """What `encode` wrote.

        Raises
        ------
        StateCorrupt
            Of another format or length.
        """
        if len(state) != 1 + 4 * BINS or state[0] != FORMAT_VERSION:
            raise StateCorrupt(f"Lead times of another format; this version reads {FORMAT_VERSION}.")
        lateness = cls()
        lateness._counts = array("f")
        lateness._counts.frombytes(state[1:])
        return lateness


def still_possible(shares: Sequence[float], least_days_late: int) -> tuple[tuple[int, float], ...]:
    """How late an order comes that is not here yet.

    Parameters
    ----------
    shares
        Of days late, from `EARLIEST` on.
    least_days_late
        Arrivals less late than this have not happened.

    Returns
    -------
    tuple
        Pairs of days late and probability, ascending; empty when it is later than any before it.

    Examples
    --------
    Eight in ten came on their day, one a day late, one two days late: of those still out on the next day, half come.

    >>> shares = [0.0] * BINS
    >>> shares[0 - EARLIEST], shares[1 - EARLIEST], shares[2 - EARLIEST] = 0.8, 0.1, 0.1
    >>> still_possible(shares, 1)
    ((1, 0.5), (2, 0.5))
    """
    first = max(least_days_late - EARLIEST, 0)
    left = sum(shares[first:])
    if left <= 1e-9:
        return ()
    return tuple(
        [(EARLIEST + at, share / left) for at, share in enumerate(shares[first:], first) if share > _NEGLIGIBLE * left]
    )


def lead_time_pmf(promised_days: float, shares: Sequence[float]) -> list[float]:
    """P(an order placed now arrives after i + 1 days).

    Parameters
    ----------
    promised_days
        The supplier's lead time.
    shares
        Of days late, from `EARLIEST` on.

    Examples
    --------
    >>> [round(p, 2) for p in lead_time_pmf(2.0, PRIOR_SHARES)][:5]
    [0.0, 0.82, 0.13, 0.04]
    """
    promised = max(1, round(promised_days))
    pmf = [0.0] * (promised + LATEST)
    for days_late, share in still_possible(shares, EARLIEST):
        pmf[max(1, promised + days_late) - 1] += share
    while pmf[-1] <= 0.0:
        pmf.pop()
    total = sum(pmf)
    return [share / total for share in pmf]
