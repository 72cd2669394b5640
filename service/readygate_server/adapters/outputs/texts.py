"""Texts that people wrote, made fit to stand in outputs: no control characters, no marks that reorder what is read."""

from __future__ import annotations

import re
from typing import Final

_UNWANTED: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed; XML has none of them
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"  # they show text in another order than it has
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"  # halves of characters, and what is none
)
_SPACE: Final = re.compile(r"\s+")
_CARRIAGE_RETURN: Final = re.compile(r"\r\n?")


def clean(text: str) -> str:
    """Returns a text with line feeds only, and a replacement character for everything that no output can show."""
    return _UNWANTED.sub("\ufffd", _CARRIAGE_RETURN.sub("\n", text))


def one_line(text: str, limit: int = 1_000) -> str:
    """Returns a clean text on one line, cut with an ellipsis where it is longer than `limit`."""
    line = _SPACE.sub(" ", clean(text)).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def sentence(text: str) -> str:
    """Returns a text that ends with a full stop."""
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."
