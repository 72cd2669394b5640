"""What was concluded before, for as long as it is asked for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Memory(Generic[_T]):
    """Keeps what was concluded under a key that says everything it was concluded from.

    Bounded by number, in two generations: what was not asked for while a whole generation was filled is forgotten. An
    entry is never wrong, as it follows from its key; to forget one only costs time.
    """

    def __init__(self, generation: int) -> None:
        """Takes how many entries a generation has; twice as many are kept at most."""
        self._generation = generation
        self._young: dict[Hashable, _T | None] = {}
        self._old: dict[Hashable, _T | None] = {}

    def recall(self, key: Hashable) -> _T | None:
        """Returns what was kept, or None."""
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self._put(key, found)
        return found

    def is_known(self, key: Hashable) -> bool:
        """True when a key for which nothing is kept was asked about before; the first time it is only noted.

        Most of what is asked once is never asked again. To keep it would cost time, and push out what is.
        """
        known = key in self._young or key in self._old
        if not known:
            self._put(key, None)
        return known

    def keep(self, key: Hashable, entry: _T) -> None:
        """Keeps an entry."""
        self._put(key, entry)

    def _put(self, key: Hashable, entry: _T | None) -> None:
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[key] = entry

    def __len__(self) -> int:
        """Returns how many keys there are; one that was asked for again may count twice."""
        return len(self._young) + len(self._old)
