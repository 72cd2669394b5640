"""Work lists as CSV and as a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from readygate_server.adapters.worklists.books import new_book
from readygate_server.adapters.worklists.cells import cell_text, guarded, is_dangerous
from readygate_server.adapters.worklists.rows import Row, columns

_WIDE: Final = {"title": 44, "done_when": 60, "proved_by": 60, "finding": 60, "provenance": 60, "ruleset_digest": 40}
_USUAL: Final = 16
_FIRST_DAY: Final = datetime(1980, 1, 1)  # noqa: DTZ001 -- a workbook has no zones
SHEET: Final = "Work"


def csv_text(rows: Iterable[Row]) -> str:
    """Returns the list as RFC 4180 has it: UTF-8, commas, CRLF, quotes where they are needed."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns())
    writer.writerows([guarded(cell) for _, cell in row.cells] for row in rows)
    return file.getvalue()


def workbook(rows: Sequence[Row]) -> bytes:
    """Returns the list as a workbook; the same rows give the same bytes."""
    file = io.BytesIO()
    days = [row.as_of for row in rows if row.as_of]
    book = new_book(file, "Work list", datetime.fromisoformat(max(days)) if days else _FIRST_DAY)
    sheet = book.add_worksheet(SHEET)
    head = book.add_format({"bold": True, "bottom": 1, "valign": "top", "text_wrap": True})
    usual = {"valign": "top", "text_wrap": True}
    # The mark that a typed apostrophe leaves: a cell that is edited or saved as CSV stays text.
    formats = (book.add_format(usual), book.add_format({**usual, "quote_prefix": True}))
    for column, name in enumerate(columns()):
        sheet.set_column(column, column, _WIDE.get(name, _USUAL))
        sheet.write_string(0, column, name, head)
    for number, row in enumerate(rows, 1):
        for column, (_, cell) in enumerate(row.cells):
            if isinstance(cell, str):
                text = cell_text(cell)
                sheet.write_string(number, column, text, formats[is_dangerous(text)])
            else:
                sheet.write_number(number, column, cell, formats[0])
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(1, len(rows)), len(columns()) - 1)
    book.close()
    return file.getvalue()
