"""Texts that people wrote, made fit to be shown: they look like what they are, and like nothing else."""

from __future__ import annotations

import re
from typing import Final

_HIDDEN: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but for the tabulator and the line feed; XML has none of them
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff"  # turn the direction, or have no width
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # halves of characters, and what is none
    "\U000e0000-\U000e007f"  # tags, which nobody sees
    "]"
)
_CARRIAGE_RETURN: Final = re.compile(r"\r\n?")


def plain(text: str) -> str:
    """Returns a text in which a mark stands for each character that could make it look like another text."""
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def clean(text: str) -> str:
    """Returns a plain text whose lines end with line feeds, however they ended."""
    return plain(_CARRIAGE_RETURN.sub("\n", text))


def sentence(text: str) -> str:
    """Returns a text that ends with a full stop."""
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."
