"""What is made of a value, made once for as long as the value lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_Made = TypeVar("_Made")


class Once:
    """A value that others ask again and again for the same forms of it, as of what is recalled."""

    # No __slots__: what is made is kept in the value itself, and goes with it.

    def once(self, make: Callable[..., _Made], *context: object) -> _Made:
        """Returns what `make` makes of the value.

        `context` has to be the same for a value whenever it is asked, as the table is by which a finding was judged.
        """
        kept = self.__dict__
        name = make.__name__
        if name not in kept:
            kept[name] = make(self, *context)
        made: _Made = kept[name]
        return made
