"""How long text is when drawn, and how it is broken and cut: by estimate, as nobody asks a font here."""

from __future__ import annotations

import unicodedata
from typing import Final

_ELLIPSIS: Final = "…"
_NARROW: Final = frozenset("iljtfrI.,:;'|!()[]/- ")
_BROAD: Final = frozenset("mwMWQOGCD@%&")


BOLD: Final = 13.6
"""Size at which text of size 12 is reckoned when it is bold."""


def width_of(text: str, size: float) -> float:
    """Returns about how wide a text is; rather too wide than too narrow."""
    return size * sum(map(_em, text))


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.4
    if character in _BROAD:
        return 0.98
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1.05
    return 0.72 if character.isupper() else 0.61


def cut(text: str, room: float, size: float) -> str:
    """Returns a text that fits into a width, with an ellipsis where some of it is left out."""
    if width_of(text, size) <= room:
        return text
    return _beginning(text, room - width_of(_ELLIPSIS, size), size).rstrip() + _ELLIPSIS


def cut_within(text: str, room: float, size: float) -> str:
    """Returns an id that fits into a width; what is left out is its middle, as ids that begin alike end otherwise."""
    if width_of(text, size) <= room:
        return text
    left = room - width_of(_ELLIPSIS, size)
    end = _beginning(text[::-1], left / 2, size)[::-1]
    return _beginning(text, left - width_of(end, size), size) + _ELLIPSIS + end


def _beginning(text: str, room: float, size: float) -> str:
    """Returns as much of the beginning of a text as fits."""
    end = 0
    for character in text:
        room -= width_of(character, size)
        if room < 0:
            break
        end += 1
    return text[:end]


def wrapped(text: str, room: float, size: float, lines: int) -> list[str]:
    """Returns a text in at most so many lines, broken between words; the last is cut when there is more."""
    words = text.split()
    found: list[str] = []
    while words and len(found) < lines - 1:
        line = words.pop(0)
        while words and width_of(f"{line} {words[0]}", size) <= room:
            line = f"{line} {words.pop(0)}"
        found.append(cut(line, room, size))
    return [*found, cut(" ".join(words), room, size)] if words else found
