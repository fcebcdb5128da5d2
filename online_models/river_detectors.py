"""River's drift detectors on a series' standardised residuals: one of them beside the CUSUM, or in its place.

Why: whoever knows River knows what PageHinkley says. The one rule: what is stored is numbers in a layout of our own;
a detector read from its bytes decides from then on as one that was never stored.

============  ====================================================  ========================================
name          River's class, set for residuals                      what is stored
============  ====================================================  ========================================
page_hinkley  `PageHinkley(delta=0.3, threshold=10)`                its numbers, 45 bytes
adwin         `ADWIN(delta=0.05, clock=1)`                          the newest 64 residuals since it found one
kswin         `KSWIN(alpha=1e-4, window_size=60, stat_size=20)`     the newest 60 residuals since it found one
============  ====================================================  ========================================

ADWIN keeps its buckets in compiled code and KSWIN a generator of random numbers, which nobody can read or write; so
both are made anew from their residuals at every close, KSWIN with the same seed. That costs 30 to 300 µs: they are
there to be compared with. River's defaults are in units of the input and wait for hundreds of values; one value a day
wants others.

References
----------
Page (1954), *Continuous inspection schemes*, Biometrika 41. Bifet and Gavaldà (2007), *Learning from time-changing data
with adaptive windowing*. Raab, Heusinger and Schleif (2020), *Reactive soft prototype computing for concept drift
streams*.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from struct import Struct
from typing import Final, Literal, Protocol

from river import drift
from river.base import DriftDetector

Way = Literal["up", "down"]

#: Of residuals in standard deviations: one wild day is no drift.
LARGEST_RESIDUAL: Final = 3.0
_PAGE_HINKLEY = Struct("<Iddddd?")
_COUNT = Struct("<B")


class ResidualDetector(Protocol):
    """One of River's detectors, and its codec."""

    @property
    def name(self) -> str:
        """As in the table."""

    @property
    def size(self) -> int:
        """Bytes that `encode` gives."""

    def update(self, residual: float) -> Way | None:
        """Take the residual of a period, in standard deviations; say which way demand has drifted, if it has."""

    def encode(self) -> bytes:
        """Return the whole state."""

    def restore(self, state: bytes) -> None:
        """Take over what `encode` wrote."""


class PageHinkleyDetector:
    """River's Page-Hinkley test, both ways.

    Examples
    --------
    >>> detector = PageHinkleyDetector()
    >>> said = [detector.update(residual) for residual in [0.0] * 40 + [-2.0] * 10]
    >>> [(day - 40, way) for day, way in enumerate(said) if way]    # 6 x (2 - 0.3) > 10, the mean following a little
    [(6, 'down')]
    """

    __slots__ = ("_river",)

    name = "page_hinkley"
    size = _PAGE_HINKLEY.size

    def __init__(self) -> None:
        self._river = drift.PageHinkley(min_instances=30, delta=0.3, threshold=10.0)

    def update(self, residual: float) -> Way | None:
        """See :class:`ResidualDetector`."""
        river = self._river
        river.update(min(max(residual, -LARGEST_RESIDUAL), LARGEST_RESIDUAL))  # type: ignore[no-untyped-call]
        if not river.drift_detected:
            return None
        return "up" if river._sum_increase - river._min_increase > river.threshold else "down"

    def encode(self) -> bytes:
        """See :class:`ResidualDetector`."""
        river = self._river
        mean = river._x_mean
        return _PAGE_HINKLEY.pack(
            int(mean.n), mean._mean, river._sum_increase, river._sum_decrease, river._min_increase,
            river._max_decrease, river._drift_detected,
        )  # fmt: skip

    def restore(self, state: bytes) -> None:
        """See :class:`ResidualDetector`."""
        river = self._river
        mean = river._x_mean
        (
            seen, mean._mean, river._sum_increase, river._sum_decrease, river._min_increase,
            river._max_decrease, river._drift_detected,
        ) = _PAGE_HINKLEY.unpack(state)  # fmt: skip
        mean.n = float(seen)


class WindowDetector:
    """One of River's detectors that is made anew from the newest residuals at every close.

    Parameters
    ----------
    name
        As in the table.
    window
        Residuals kept, 255 at most.
    make
        Maker of River's detector.
    """

    __slots__ = ("name", "size", "_make", "_residuals", "_window")

    def __init__(self, name: str, window: int, make: Callable[[], DriftDetector]) -> None:
        self.name = name
        self.size = _COUNT.size + 4 * window
        self._make = make
        self._window = window
        self._residuals = array("f")

    def update(self, residual: float) -> Way | None:
        """See :class:`ResidualDetector`."""
        residuals = self._residuals
        residuals.append(min(max(residual, -LARGEST_RESIDUAL), LARGEST_RESIDUAL))
        if len(residuals) > self._window:
            del residuals[0]
        river = self._make()
        for each in residuals:
            river.update(each)
            if river.drift_detected:
                break
        else:
            return None
        # Not only at the newest: with the oldest gone, ADWIN's buckets lie otherwise, and it may see it further back.
        newest = residuals[-_NEWEST:]
        way: Way = "up" if sum(newest) >= 0.0 else "down"
        self._residuals = array("f")
        return way

    def encode(self) -> bytes:
        """See :class:`ResidualDetector`."""
        return (_COUNT.pack(len(self._residuals)) + self._residuals.tobytes()).ljust(self.size, b"\0")

    def restore(self, state: bytes) -> None:
        """See :class:`ResidualDetector`."""
        (count,) = _COUNT.unpack_from(state)
        self._residuals = array("f")
        self._residuals.frombytes(state[_COUNT.size : _COUNT.size + 4 * count])


def _make_adwin() -> DriftDetector:
    return drift.ADWIN(delta=0.05, clock=1)  # type: ignore[no-untyped-call]


#: Residuals whose mean says which way it went.
_NEWEST = 14

DETECTORS: Final[Mapping[str, Callable[[], ResidualDetector]]] = {
    "page_hinkley": PageHinkleyDetector,
    "adwin": lambda: WindowDetector("adwin", 64, _make_adwin),
    "kswin": lambda: WindowDetector("kswin", 60, lambda: drift.KSWIN(alpha=1e-4, window_size=60, stat_size=20, seed=7)),
}
"""Name to maker."""
