"""Do stated risks come true as often as they say? Learnt by demand class from what became of them.

Why: a risk is a product of several laws, each a little wrong for somebody's demand; what it is worth is seen only when
the delivery has come, before or after the last unit went. The one rule: a larger risk never becomes a smaller one.

::

    risk, worked out ──► logit ──► between two knots ──► risk, stated          knots: 0.001 … 0.995, a curve a class
                                       ▲
    outcome, weeks later ──────────────┘  hits and cases at both knots, by nearness; pooled until they never fall

Demand classes after Syntetos and Boylan, by the law's own terms: how often a day has a sale at all (3 days in 4), and
how unequal the days with a sale are (squared coefficient of variation 0.49).

State of all classes::

    version 1 ┆ by class: cases at each knot, hits at each knot: float32

Numbers are held in single precision in memory too: what is stored is what is used.

References
----------
Zadrozny and Elkan (2002), *Transforming classifier scores into accurate multiclass probability estimates* (pooling of
adjacent violators). Syntetos, Boylan and Croston (2005), *On the categorization of demand patterns*, JORS 56(5).
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from typing import Final, Literal

from schemas.errors import StateCorrupt

DemandClass = Literal["smooth", "erratic", "intermittent", "lumpy"]
CLASSES: Final[tuple[DemandClass, ...]] = ("smooth", "erratic", "intermittent", "lumpy")
FORMAT_VERSION: Final = 1
KNOTS: Final = (0.001, 0.01, 0.04, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.995)
#: Outcomes that the risk as worked out weighs at each knot.
PRIOR_CASES: Final = 20.0
#: A knot that has seen more than this forgets in proportion.
MEMORY_CASES: Final = 4_000.0
#: Share of days with a sale, and squared coefficient of variation of those days, that part the classes.
_SOLD_SHARE, _UNEQUAL = 1.0 / 1.32, 0.49
#: Where pooling makes two knots equal, a larger risk still is stated a little larger.
_SLOPE: Final = 1e-3


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))


_PLACES: Final = tuple(_logit(knot) for knot in KNOTS)


def demand_class(mean: float, dispersion: float) -> DemandClass:
    """Class of a negative binomial demand of one day, counted in grains.

    Parameters
    ----------
    mean, dispersion
        `var = mean + dispersion * mean^2`.

    Examples
    --------
    >>> demand_class(20.0, 0.1), demand_class(20.0, 1.0), demand_class(0.3, 0.0), demand_class(0.8, 4.0)
    ('smooth', 'erratic', 'intermittent', 'lumpy')
    """
    if mean <= 0.0:
        return "intermittent"
    none = math.exp(-mean) if dispersion < 1e-9 else math.exp(-math.log1p(dispersion * mean) / dispersion)
    sold = 1.0 - none
    unequal = (1.0 / mean + 1.0 + dispersion) * sold - 1.0 > _UNEQUAL
    if sold >= _SOLD_SHARE:
        return "erratic" if unequal else "smooth"
    return "lumpy" if unequal else "intermittent"


class RiskCalibration:
    """A curve for each demand class, from the risk that was worked out to the one that is stated.

    Examples
    --------
    Risks of 0.2 that come true every second time:

    >>> curves = RiskCalibration()
    >>> curves.stated("lumpy", 0.2)
    0.2
    >>> for case in range(400): curves.learn("lumpy", 0.2, case % 2 == 0)
    >>> round(curves.stated("lumpy", 0.2), 2), curves.stated("smooth", 0.2)
    (0.48, 0.2)
    >>> round(curves.worked_out("lumpy", curves.stated("lumpy", 0.3)), 6)
    0.3
    """

    __slots__ = ("_cases", "_curves", "_dirty", "_hits")

    def __init__(self) -> None:
        blank = bytes(4 * len(KNOTS))
        self._cases = {name: array("f", blank) for name in CLASSES}
        self._hits = {name: array("f", blank) for name in CLASSES}
        self._curves: dict[DemandClass, tuple[float, ...]] = {}
        self._dirty = False

    def learn(self, demand: DemandClass, risk: float, happened: bool) -> None:
        """Book what became of a risk.

        Parameters
        ----------
        demand
            Class of its series then.
        risk
            As worked out, before any calibration.
        happened
            Whether the shelf ran empty in time.
        """
        self._dirty = True
        self._curves.pop(demand, None)
        cases, hits = self._cases[demand], self._hits[demand]
        place, part = _between(risk)
        for knot, weight in ((place, 1.0 - part), (place + 1, part)):
            if weight <= 0.0:
                continue
            if cases[knot] > MEMORY_CASES:
                keep = MEMORY_CASES / (cases[knot] + weight)
                cases[knot], hits[knot] = keep * cases[knot], keep * hits[knot]
            cases[knot] += weight
            hits[knot] += weight * happened

    def stated(self, demand: DemandClass, risk: float) -> float:
        """How often risks like this one have come true.

        Parameters
        ----------
        demand
            Class of the series.
        risk
            As worked out.
        """
        curve = self._curve(demand)
        if curve is KNOTS or risk <= 0.0 or risk >= 1.0:
            return risk
        place, part = _between(risk)
        if risk < KNOTS[0]:
            return curve[0] * risk / KNOTS[0]
        if risk > KNOTS[-1]:
            return 1.0 - (1.0 - curve[-1]) * (1.0 - risk) / (1.0 - KNOTS[-1])
        return curve[place] + part * (curve[place + 1] - curve[place])

    def worked_out(self, demand: DemandClass, stated: float) -> float:
        """The risk that is stated as this one; the opposite of :meth:`stated`.

        Parameters
        ----------
        demand
            Class of the series.
        stated
            Between 0 and 1, both excluded.
        """
        curve = self._curve(demand)
        if curve is KNOTS:
            return stated
        if stated <= curve[0]:
            return KNOTS[0] * stated / curve[0]
        if stated >= curve[-1]:
            return 1.0 - (1.0 - KNOTS[-1]) * (1.0 - stated) / (1.0 - curve[-1])
        place = bisect_right(curve, stated) - 1
        part = (stated - curve[place]) / (curve[place + 1] - curve[place])
        logit = _PLACES[place] + part * (_PLACES[place + 1] - _PLACES[place])
        return 1.0 / (1.0 + math.exp(-logit))

    def _curve(self, demand: DemandClass) -> tuple[float, ...]:
        found = self._curves.get(demand)
        if found is None:
            cases = self._cases[demand]
            found = KNOTS if not any(cases) else _pooled(cases, self._hits[demand])
            self._curves[demand] = found
        return found

    def drain(self) -> bytes | None:
        """The whole state if it changed since the last call, and count it as clean."""
        dirty, self._dirty = self._dirty, False
        return self.encode() if dirty else None

    def encode(self) -> bytes:
        """The whole state."""
        parts = [self._cases[name].tobytes() + self._hits[name].tobytes() for name in CLASSES]
        return bytes((FORMAT_VERSION,)) + b"".join(parts)

    @classmethod
    def decode(cls, state: bytes) -> RiskCalibration:
        """What `encode` wrote.

        Raises
        ------
        StateCorrupt
            Of another format or length.
        """
        size = 4 * len(KNOTS)
        if len(state) != 1 + 2 * size * len(CLASSES) or state[0] != FORMAT_VERSION:
            raise StateCorrupt(f"A risk calibration of another format; this version reads {FORMAT_VERSION}.")
        curves = cls()
        for at, name in enumerate(CLASSES):
            begin = 1 + 2 * size * at
            curves._cases[name] = array("f", state[begin : begin + size])
            curves._hits[name] = array("f", state[begin + size : begin + 2 * size])
        return curves


def _between(risk: float) -> tuple[int, float]:
    """The knot below a risk, and how far it lies on the way to the next, 0 .. 1."""
    if risk <= KNOTS[0]:
        return 0, 0.0
    if risk >= KNOTS[-1]:
        return len(KNOTS) - 2, 1.0
    place = bisect_right(KNOTS, risk) - 1
    return place, (_logit(risk) - _PLACES[place]) / (_PLACES[place + 1] - _PLACES[place])


def _pooled(cases: array[float], hits: array[float]) -> tuple[float, ...]:
    """Shares that came true at each knot, drawn to the knot's own, and pooled until they never fall."""
    blocks: list[tuple[float, float, int]] = []
    for knot, seen, came in zip(KNOTS, cases, hits, strict=True):
        weight, total, width = seen + PRIOR_CASES, came + PRIOR_CASES * knot, 1
        while blocks and blocks[-1][1] / blocks[-1][0] >= total / weight:
            more_weight, more_total, more = blocks.pop()
            weight, total, width = weight + more_weight, total + more_total, width + more
        blocks.append((weight, total, width))
    shares = [total / weight for weight, total, width in blocks for _ in range(width)]
    return tuple([(1.0 - _SLOPE) * share + _SLOPE * knot for share, knot in zip(shares, KNOTS, strict=True)])
