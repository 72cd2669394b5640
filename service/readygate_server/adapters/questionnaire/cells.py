"""Reads the cells of a workbook that was looked at before, without evaluating anything."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any, Final

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError
from readygate_server.adapters.questionnaire.answers import BLANKS, Answer, Cell, Returned, Spot
from readygate_server.adapters.questionnaire.form import MARK
from readygate_server.adapters.questionnaire.sheet_names import ANSWERS, FACT, HIDDEN, letters

MAX_ROWS: Final = 5_000
"""Rows of a sheet. A section of a form has at most some hundred."""
MAX_COLUMNS: Final = 60
MAX_SHEETS: Final = 1_000
MAX_ALL_ROWS: Final = 40_000
"""Rows of all sheets. A form about 600 assets has 16,000."""
MAX_TEXT: Final = 40_000
MAX_ALL_TEXT: Final = 8 << 20
"""Characters of all cells that are read. A text that stands once in a file may be shown by many cells."""
_KEY_OF: Final[Mapping[str, str]] = {heading.lower(): key for key, heading in ANSWERS}
_PERCENTAGE: Final = re.compile(r'%(?=(?:[^"]*"[^"]*")*[^"]*$)')
_PLAIN: Final = (type(None), bool, int, float, str, date, clock, timedelta)
_Row = Sequence[Any]


def read_cells(path: Path) -> Returned:
    """Returns what a form says.

    Raises:
      ArtefactError: when the workbook is no form.
    """
    import openpyxl  # late: only who reads a workbook needs the reader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it leaves out, such as rules for cells
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            message = f"the workbook is damaged ({type(error).__name__})"
            raise ArtefactError(ArtefactFault(path.name, message, way_out="save it again as .xlsx")) from None
        try:
            return _Reader(path.name).read(book)
        finally:
            book.close()


class _Reader:
    """Reads one workbook, within limits."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._left = MAX_ALL_ROWS
        self._text_left = MAX_ALL_TEXT

    def read(self, book: Any) -> Returned:
        if HIDDEN not in book.sheetnames:
            raise ArtefactError(
                ArtefactFault(
                    self._place,
                    "the workbook is no questionnaire of readygate",
                    f"no sheet named {HIDDEN}",
                    way_out="fill in the file as it was sent; answers that were copied elsewhere can not be told apart",
                )
            )
        if len(book.sheetnames) > MAX_SHEETS:
            raise self._too_much("too many sheets", f"at most {MAX_SHEETS}")
        head, assets, facts = self._about(book[HIDDEN])
        answers: list[Answer] = []
        for number, sheet in enumerate(book.worksheets):
            if sheet.title != HIDDEN:
                answers += self._sheet(sheet, number)
        return Returned(head, assets, facts, tuple(answers))

    def _about(self, sheet: Any) -> tuple[Mapping[str, str], tuple[tuple[str, str, str], ...], tuple[str, ...]]:
        head: dict[str, str] = {}
        assets: list[tuple[str, str, str]] = []
        facts: list[str] = []
        for _, row in self._rows(sheet, most=MAX_ALL_ROWS):
            texts = [str(cell.value)[:MAX_TEXT] if cell.value is not None else "" for cell in row[:4]]
            self._count(texts)
            key, value, *more = [*texts, "", "", "", ""][:4]
            if key == "asset":
                assets.append((value, more[0], more[1]))
            elif key == "fact":
                facts.append(value)
            elif key:
                head.setdefault(key, value)
        if MARK not in head:
            message, advice = "the workbook is no questionnaire of readygate", "fill in the file as it was sent"
            raise ArtefactError(ArtefactFault(f"{self._place}!{HIDDEN}", message, way_out=advice))
        return head, tuple(assets), tuple(facts)

    def _sheet(self, sheet: Any, number: int) -> Iterator[Answer]:
        """Yields the answers of a sheet; one without the headings of a form is somebody's own."""
        rows = self._rows(sheet, most=MAX_ROWS)
        columns: Mapping[int, str] = {}
        fact = -1
        for row_number, row in rows:
            if fact < 0:
                headings = [str(cell.value).strip(BLANKS).lower() if cell.value is not None else "" for cell in row]
                if FACT.lower() not in headings or not _KEY_OF.keys() & set(headings):
                    return
                fact = headings.index(FACT.lower())
                columns = {place: _KEY_OF[text] for place, text in enumerate(headings) if text in _KEY_OF}
                if "value" not in columns.values():
                    raise self._without_values(sheet.title)
                continue
            yield from self._answer(row, fact, columns, (sheet.title, number, row_number))

    def _answer(
        self, row: _Row, fact: int, columns: Mapping[int, str], where: tuple[str, int, int]
    ) -> Iterator[Answer]:
        named = row[fact].value if fact < len(row) else None
        name = "" if named is None else str(named)[:MAX_TEXT].strip(BLANKS)
        found = {key: _cell(row[place], _spot(place, where)) for place, key in columns.items() if place < len(row)}
        cells = {key: cell for key, cell in found.items() if not cell.is_blank}
        if name or cells:
            self._count((name, *(cell.value for cell in cells.values() if isinstance(cell.value, str))))
            yield Answer(name, _spot(fact, where), cells)

    def _rows(self, sheet: Any, *, most: int) -> Iterator[tuple[int, _Row]]:
        # What a sheet says of its size is not believed.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(max_row=most + 1, max_col=MAX_COLUMNS), 1):
            if number > most:
                raise self._too_much(f"the sheet {sheet.title!r} has too many rows", f"at most {most:,}")
            self._left -= 1
            if self._left < 0:
                raise self._too_much("the workbook has too many rows", f"at most {MAX_ALL_ROWS:,}")
            if row:
                yield number, row

    def _without_values(self, title: str) -> ArtefactError:
        way_out = "give the column with the answers its heading 'Value' again"
        return ArtefactError(ArtefactFault(f"{self._place}!{title}", "no column has the answers", way_out=way_out))

    def _count(self, texts: Iterable[str]) -> None:
        self._text_left -= sum(map(len, texts))
        if self._text_left < 0:
            raise self._too_much("the workbook has too much text", f"at most {MAX_ALL_TEXT:,} characters")

    def _too_much(self, message: str, expected: str) -> ArtefactLimitError:
        return ArtefactLimitError(ArtefactFault(self._place, message, expected=expected))


def _cell(cell: Any, spot: Spot) -> Cell:
    value = cell.value
    if cell.data_type == "f" or not isinstance(value, _PLAIN):
        return Cell("formula", "a formula", spot)
    if cell.data_type == "e":
        return Cell("error", str(value)[:40], spot)
    if isinstance(value, bool):
        return Cell("flag", value, spot)
    if isinstance(value, (int, float)):
        return Cell("number", value, spot, _PERCENTAGE.search(cell.number_format or "") is not None)
    if isinstance(value, str) or value is None:
        return Cell("text", value and value[:MAX_TEXT], spot)
    if isinstance(value, datetime) and value.time() == clock():
        return Cell("day", value.date().isoformat(), spot)
    kind = "day" if isinstance(value, date) and not isinstance(value, datetime) else "moment"
    return Cell(kind, str(value), spot)


def _spot(column: int, where: tuple[str, int, int]) -> Spot:
    sheet, number, row = where
    return Spot(number * (MAX_ROWS + 2) + row, column + 1, f"{sheet}!{letters(column)}{row}")
