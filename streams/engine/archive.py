"""The archive: the histories of a task's series, read from their bytes at first use, written when they have changed.

::

    field m:<series>   history.py

The one rule: a history in memory and its bytes hold the same, so it makes no difference which of them was used.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.engine.history import History
from streams.engine.series import Series


class Archive:
    """Histories by series name."""

    def __init__(self) -> None:
        self._kept: dict[str, History | bytes] = {}
        self._dirty: set[str] = set()
        self._dirty_bytes = 0

    def holds(self, series: Series) -> bool:
        """Return whether anything of a series was ever closed."""
        return series.name in self._kept

    def of(self, series: Series) -> History:
        """Return a series' past; hand it to :meth:`keep` after a change."""
        kept = self._kept.get(series.name)
        if isinstance(kept, bytes):
            kept = self._kept[series.name] = History.decode(kept, f"m:{series.name}")
        return History() if kept is None else kept

    def keep(self, series: Series, history: History) -> None:
        """Remember that a series' past is this one now."""
        name = series.name
        self._kept[name] = history
        if name not in self._dirty:
            self._dirty.add(name)
            self._dirty_bytes += history.size()

    def dirty_bytes(self) -> int:
        """Return an estimate of what :meth:`writes` would give."""
        return self._dirty_bytes

    def writes(self) -> dict[str, bytes | None]:
        """Return the fields that changed, and count them as clean."""
        fields: dict[str, bytes | None] = {}
        for name in sorted(self._dirty):
            kept = self._kept[name]
            fields[f"m:{name}"] = kept if isinstance(kept, bytes) else kept.encode()
        self._dirty.clear()
        self._dirty_bytes = 0
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> Archive:
        """Return the archive in a snapshot."""
        archive = cls()
        archive._kept = {name[2:]: value for name, value in state.items() if name.startswith("m:")}
        return archive
