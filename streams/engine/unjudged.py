"""What has a newest period that was not judged yet, found without looking at all of it at every close.

The one rule: what is due is told in the order of its keys, and once.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K", str, tuple[str, str])


class Unjudged(Generic[K]):
    """Keys with their newest period, until that is over.

    Examples
    --------
    >>> unjudged = Unjudged[str]()
    >>> unjudged.add("milk", 7)
    >>> unjudged.add("bread", 7)
    >>> unjudged.due(7), "milk" in unjudged
    ([], True)
    >>> unjudged.due(8), "milk" in unjudged
    (['bread', 'milk'], False)
    """

    __slots__ = ("_first", "_periods")

    def __init__(self) -> None:
        self._periods: dict[K, int] = {}
        #: The oldest of the periods: at most closes nothing is due, and one comparison says so.
        self._first: int | None = None

    def __contains__(self, key: K) -> bool:
        return key in self._periods

    def add(self, key: K, period: int) -> None:
        """Wait for the end of a period; a newer one of the same key takes its place."""
        self._periods[key] = period
        self._first = period if self._first is None else min(self._first, period)

    def due(self, before: int) -> list[K]:
        """Take out the keys whose period lies before this one."""
        if self._first is None or self._first >= before:
            return []
        keys = sorted(key for key, period in self._periods.items() if period < before)
        for key in keys:
            del self._periods[key]
        self._first = min(self._periods.values(), default=None)
        return keys
