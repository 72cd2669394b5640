"""Cells of tables that spreadsheets open: no text of a proposal or rule may run as a formula there."""

from __future__ import annotations

import re
from typing import Final

from readygate_server.adapters.worklists.rows import Cell

LONGEST: Final = 32_000
"""Characters of a cell: somewhat fewer than a spreadsheet holds."""
_STARTS_FORMULA: Final = re.compile(r"[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    r"\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"  # they show text in another order than it has
)


def plain(text: str) -> str:
    """Returns a text without control characters and marks that reorder what is read, and no longer than a cell."""
    cleaned = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return cleaned if len(cleaned) <= LONGEST else f"{cleaned[: LONGEST - 1]}…"


def is_dangerous(text: str) -> bool:
    """True when a spreadsheet could take a text for a formula; a text that is a number is none."""
    return _STARTS_FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None


def guarded(cell: Cell) -> str:
    """Returns a cell of a CSV file: an apostrophe stands before what could be taken for a formula."""
    if not isinstance(cell, str):
        return number_text(cell)
    text = plain(cell)
    return f"'{text}" if is_dangerous(text) else text


def number_text(number: float) -> str:
    """Returns a number as every program reads it."""
    return str(int(number)) if float(number).is_integer() else repr(number)
