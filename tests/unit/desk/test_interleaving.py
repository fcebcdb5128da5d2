"""What one task says makes the same alerts, revision by revision, however far the other tasks lag behind it."""

from schemas.signals import Finding, Progress
from tests.unit.desk.bench import Till, finding, progress

#: Task 0: a surge is over at 10:00 (which holds 2 h), fires again at 13:00, is over at 14:00; heard up to 20:00.
FIRST: tuple[Finding | Progress, ...] = (
    finding("opened", 9.0, "demand_surge"),
    finding("cleared", 10.0, "demand_surge", started=9.0),
    progress(12.5, 0, 2),
    finding("opened", 13.0, "demand_surge"),
    finding("cleared", 14.0, "demand_surge", started=13.0),
    progress(20.0, 0, 2),
)
SECOND = tuple(progress(at_hour, 1, 2) for at_hour in (9.5, 12.0, 16.0, 20.0))


def spoken(*order: Finding | Progress) -> list[tuple[int, str]]:
    """Return (revision, state) of everything said."""
    return [(alert.revision, alert.state) for alert in Till().say(*order)]


def test_a_surge_that_fires_again_was_resolved_first_whoever_lags() -> None:
    # By hand: opened; resolved as of 12:00; open again at 13:00; resolved as of 16:00. Clearing (2 and 5) is told too.
    expected = [(1, "firing"), (2, "firing"), (3, "resolved"), (4, "firing"), (5, "firing"), (6, "resolved")]
    assert spoken(*SECOND, *FIRST) == expected
    assert spoken(*FIRST, *SECOND) == expected
    together = [signal for pair in zip(FIRST, (*SECOND, *SECOND[-2:]), strict=True) for signal in pair]
    assert spoken(*together) == expected


def test_what_is_over_and_comes_again_within_its_hold_stays_one_alert() -> None:
    again = (*FIRST[:2], finding("opened", 11.5, "demand_surge"))
    assert spoken(*again, *SECOND[:1]) == [(1, "firing"), (2, "firing"), (3, "firing")]
