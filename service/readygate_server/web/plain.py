"""Text that shows what it holds: nothing that turns the direction of writing, hides, or is no character of a page."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup

_HIDDEN: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but for the tabulator and the line feed
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # turn the direction, or have no width
    "\ud800-\udfff\ufffe\uffff"  # no characters of XML
    "\U000e0000-\U000e007f"  # tags, which nobody sees
    "]"
)
_INSTEAD: Final = "\ufffd"


def plain(text: str) -> str:
    """Returns a text in which a mark stands for each character that could make it look like another text."""
    return _HIDDEN.sub(_INSTEAD, text)


def finalize(value: object) -> object:
    """Makes what a template prints plain; drawings, which are markup already, stay as they are."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
