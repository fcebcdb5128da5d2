"""The wire trips on a broken feed and on nothing else."""

import pytest

from schemas.errors import BadSetup
from streams.tripwire import TripWire


def test_single_bad_records_never_trip() -> None:
    wire = TripWire(0.05, "sales.v1[3]")
    for _ in range(500):
        wire.count(good=19, bad=1)  # exactly 5 %


def test_a_broken_feed_trips_before_a_window_is_full_and_names_the_setting() -> None:
    wire = TripWire(0.05, "sales.v1[3]")
    wire.count(0, 50)
    with pytest.raises(BadSetup, match=r"sales\.v1\[3\].*poison_share"):
        wire.count(0, 1)


def test_old_bad_records_are_forgotten() -> None:
    wire = TripWire(0.05)
    for _ in range(50):
        wire.count(0, 1)
    for _ in range(1_000):
        wire.count(1, 0)
    for _ in range(50):
        wire.count(0, 1)
    with pytest.raises(BadSetup):
        wire.count(0, 1)


def test_one_switches_it_off() -> None:
    TripWire(1.0).count(0, 5_000)
