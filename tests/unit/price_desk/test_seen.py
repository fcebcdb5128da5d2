"""The window of event ids: exact, bounded, and the same after a restart."""

import pytest

from schemas.errors import StateCorrupt
from streams.price_desk.seen import PAGE_IDS, SEEN_IDS, SeenIds


def digest(number: int) -> bytes:
    return number.to_bytes(16, "big")


def filled(count: int) -> SeenIds:
    seen = SeenIds(0, {})
    for number in range(count):
        seen.add(digest(number))
    return seen


def test_oldest_id_is_forgotten_when_the_window_is_full() -> None:
    seen = filled(SEEN_IDS)
    assert digest(0) in seen
    seen.add(digest(SEEN_IDS))
    assert digest(0) not in seen
    assert digest(1) in seen


def test_only_changed_pages_are_written() -> None:
    seen = filled(PAGE_IDS + 1)
    assert sorted(seen.writes()) == ["seen:000", "seen:001"]
    seen.add(digest(10_000))
    assert seen.dirty_fields() == 1
    assert list(seen.writes()) == ["seen:001"]
    assert seen.writes() == {}


@pytest.mark.parametrize("count", [0, 1, PAGE_IDS, PAGE_IDS + 1, SEEN_IDS, SEEN_IDS + 300])
def test_restart_remembers_the_same(count: int) -> None:
    before = filled(count)
    after = SeenIds(count, before.writes())
    for number in range(max(0, count - SEEN_IDS - 2), count + 2):
        assert (digest(number) in after) == (digest(number) in before)
    assert after.count == count


def test_missing_page_is_refused() -> None:
    pages = filled(PAGE_IDS + 1).writes()
    del pages["seen:000"]
    with pytest.raises(StateCorrupt, match="seen:000"):
        SeenIds(PAGE_IDS + 1, pages)
