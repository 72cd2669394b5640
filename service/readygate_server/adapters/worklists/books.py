"""Workbooks in which every text stays text, and which are the same bytes whenever they are written."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any, Final

_LONGEST_TITLE: Final = 250
_TEXT_STAYS_TEXT: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def new_book(file: io.BytesIO, title: str, created: datetime) -> Any:
    """Returns a workbook, an xlsxwriter.Workbook, that is written to the file when it is closed."""
    import xlsxwriter  # type: ignore[import-untyped]  # late: who writes no workbook needs no writer

    book = xlsxwriter.Workbook(file, {"in_memory": True, **_TEXT_STAYS_TEXT})
    book.set_properties({"title": title[:_LONGEST_TITLE], "created": created})
    return book
