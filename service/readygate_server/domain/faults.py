"""Faults of what people write, each with its place, so that all of them can be shown at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

_LONGEST_WORD: Final = 100
_left: ContextVar[list[int]] = ContextVar("readygate_suggestions_left")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault with its place; lines and columns count from 1, and line 0 means that it is in no line."""

    file: str
    line: int
    column: int
    message: str
    got: str = ""
    expected: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        """Returns `file:line:column: message: got X, expected Y; did you mean Z?`, without the empty parts."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        parts = [f"got {self.got}"] if self.got else []
        parts += [f"expected {self.expected}"] if self.expected else []
        details = f": {', '.join(parts)}" if parts else ""
        question = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{place}: {self.message}{details}{question}"


class FaultsError(Exception):
    """Reports every fault that was found, sorted by place."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Sorts the faults and drops repeated ones."""
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


@contextmanager
def few_suggestions(most: int = 10) -> Iterator[None]:
    """Lets `suggest` answer only so often within the block, blocks inside it included.

    To look for one word takes about 2 ms, and a request of 1 MiB has room for 50,000 unknown words.
    """
    if _left.get(None) is not None:
        yield
        return
    token = _left.set([most])
    try:
        yield
    finally:
        _left.reset(token)


def suggest(word: str, candidates: Iterable[str]) -> str:
    """Returns the candidate that was probably meant, or nothing when none is close or `few_suggestions` are used up."""
    left = _left.get(None)
    if len(word) > _LONGEST_WORD or left == [0]:
        return ""
    if left is not None:
        left[0] -= 1
    plain = {candidate.lower(): candidate for candidate in sorted(candidates)}
    asked = word.strip().lower().replace("-", "_").replace(" ", "_")
    if asked in plain:
        return plain[asked]
    close = difflib.get_close_matches(asked, list(plain), n=1, cutoff=0.6)
    return plain[close[0]] if close else ""
