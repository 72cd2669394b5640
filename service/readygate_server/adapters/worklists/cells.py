"""Cells of tables that spreadsheets open: no text of a proposal or rule may run as a formula there."""

from __future__ import annotations

import re
from typing import Final

from readygate_server.adapters.worklists.rows import Cell
from readygate_server.domain.texts import clean

LONGEST: Final = 32_000
"""Characters of a cell: somewhat fewer than a spreadsheet holds."""
_STARTS_FORMULA: Final = re.compile(r"[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def cell_text(text: str) -> str:
    """Returns a text that shows what it holds, and is no longer than a cell."""
    cleaned = clean(text)
    return cleaned if len(cleaned) <= LONGEST else f"{cleaned[: LONGEST - 1]}…"


def is_dangerous(text: str) -> bool:
    """True when a spreadsheet could take a text for a formula; a text that is a number is none."""
    return _STARTS_FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None


def guarded(cell: Cell) -> str:
    """Returns a cell of a CSV file: an apostrophe stands before what could be taken for a formula."""
    if not isinstance(cell, str):
        return number_text(cell)
    text = cell_text(cell)
    return f"'{text}" if is_dangerous(text) else text


def number_text(number: float) -> str:
    """Returns a number as every program reads it."""
    return str(int(number)) if float(number).is_integer() else repr(number)
