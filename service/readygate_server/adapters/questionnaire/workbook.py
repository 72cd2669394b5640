"""A form as a workbook: a sheet for each section, in which only the answers can be changed."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any, Final

from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import Kind
from readygate_server.adapters.questionnaire.form import FORMAT, GRADES, MARK, NO_VALUE, Form, Head, Question, Section
from readygate_server.adapters.questionnaire.sheet_names import (
    ANSWERS,
    EXPLAINED,
    FACT,
    HIDDEN,
    START,
    letters,
    sheet_name,
)
from readygate_server.adapters.worklists.books import new_book
from readygate_server.adapters.worklists.cells import cell_text, is_dangerous

_WIDTHS: Final = (38, 44, 16, 34, 22, 34, 22, 22, 24, 18, 34, 34, 14, 14, 22)
_LONGEST_LIST: Final = 255
"""Characters of a list of choices that stands in a cell's own rule; longer ones stand in the hidden sheet."""
_HOW: Final = (
    "Fill in the coloured cells of the other sheets and send the file back; save it as .xlsx.",
    "What is left empty stays unknown, and unknown never passes. Nothing is guessed from an empty cell.",
    "A number is typed as a number, a share as 0.98 or 98 %, a day as a date. Formulas are not read: paste values.",
    "A fact without a value says why: not_applicable (with a reason, and who says so) or not_stated (with a reason).",
    "Where a document says it, give its address and the day that it speaks of; the answer then counts as documented,",
    "and as claimed otherwise. What a tool can measure is measured with `readygate collect`, not here.",
)


def workbook(form: Form) -> bytes:
    """Returns the workbook; the same form gives the same bytes."""
    file = io.BytesIO()
    title = f"Questionnaire about {form.head.title or form.head.proposal}"
    book = new_book(file, cell_text(title), datetime.fromisoformat(form.head.as_of))
    _Writer(book).write(form, title)
    book.close()
    return file.getvalue()


class _Writer:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book
        usual = {"valign": "top", "text_wrap": True}
        answer = {**usual, "locked": False, "bg_color": "#FFF8DC", "border": 1, "border_color": "#C0C0C0"}
        self._head = book.add_format({**usual, "bold": True, "bottom": 1})
        self._text = book.add_format(usual)
        self._quoted = book.add_format({**usual, "quote_prefix": True})
        self._answer = book.add_format(answer)
        self._answer_day = book.add_format({**answer, "num_format": "yyyy-mm-dd"})
        self._answer_text = book.add_format({**answer, "num_format": "@"})
        self._answer_quoted = book.add_format({**answer, "num_format": "@", "quote_prefix": True})
        self._lists: dict[tuple[str, ...], str] = {}
        self._hidden: Any = None

    def write(self, form: Form, title: str) -> None:
        """Writes everything."""
        start = self._book.add_worksheet(START)
        taken = {START.lower(), HIDDEN.lower()}
        sheets = [(section, self._book.add_worksheet(sheet_name(section.name, taken))) for section in form.sections]
        self._hidden = self._book.add_worksheet(HIDDEN)
        self._start(start, form, title)
        for section, sheet in sheets:
            self._section(section, sheet)
        self._about(form)
        start.activate()

    def _start(self, sheet: Any, form: Form, title: str) -> None:
        head = form.head
        sheet.set_column(0, 0, 120)
        self._put(sheet, 0, 0, title, head=True)
        asked = f"Gate {head.gate}, ruleset {head.ruleset}, {sum(1 for _ in form.questions)} questions, {head.as_of}"
        for row, line in enumerate((asked, "", *_HOW), 1):
            self._put(sheet, row, 0, line)
        sheet.protect()

    def _section(self, section: Section, sheet: Any) -> None:
        columns = (FACT, *EXPLAINED, *(heading for _, heading in ANSWERS))
        for column, (heading, width) in enumerate(zip(columns, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            self._put(sheet, 0, column, heading, head=True)
        for row, question in enumerate(section.questions, 1):
            self._question(sheet, row, question)
        sheet.freeze_panes(1, 1)
        sheet.protect(options={"format_columns": True, "format_rows": True, "format_cells": True})

    def _question(self, sheet: Any, row: int, question: Question) -> None:
        explained = (question.meaning, question.unit, question.allowed, question.owner, question.source)
        texts = (question.path, *explained, question.needed_by, question.evidence)
        for column, text in enumerate(texts):
            self._put(sheet, row, column, text)
        first = len(texts)
        self._value(sheet, row, first, question)
        for column in range(first + 1, first + len(ANSWERS)):
            sheet.write_blank(row, column, None, self._answer)
        self._choice(sheet, row, first + 1, NO_VALUE)
        sheet.write_blank(row, first + 4, None, self._answer_day)
        self._choice(sheet, row, first + 5, GRADES)

    def _value(self, sheet: Any, row: int, column: int, question: Question) -> None:
        """Writes the cell of the value, with what is stated already and a rule for what may be typed."""
        bounds, stated = bounds_of(question.field), question.stated
        match question.field.kind:
            case Kind.NUMBER | Kind.INTEGER:
                if stated is None:
                    sheet.write_blank(row, column, None, self._answer)
                else:
                    sheet.write_number(row, column, stated, self._answer)
                self._number(sheet, row, column, question)
            case Kind.TEXT if bounds.is_day:
                if stated is None or not str(stated) >= "1900-03-01":
                    sheet.write_blank(row, column, None, self._answer_day)
                else:
                    day = datetime.combine(date.fromisoformat(str(stated)), datetime.min.time())
                    sheet.write_datetime(row, column, day, self._answer_day)
            case Kind.FLAG | Kind.CHOICE:
                text = {True: "yes", False: "no"}[stated] if isinstance(stated, bool) else str(stated or "")
                self._fill(sheet, row, column, text)
                self._choice(sheet, row, column, question.choices)
            case _:
                between = "\n" if question.field.kind is Kind.METRICS else ", "
                text = (between.join(stated) or "[]") if isinstance(stated, tuple) else str(stated or "")
                self._fill(sheet, row, column, text)

    def _number(self, sheet: Any, row: int, column: int, question: Question) -> None:
        bounds = bounds_of(question.field)
        low, high = bounds.minimum, bounds.maximum
        if low is None:
            return
        rule: dict[str, object] = {
            "validate": "decimal",
            "criteria": ">=" if high is None else "between",
            "error_title": "This is no such number",
            "error_message": question.allowed[:200],
        }
        rule |= {"value": low} if high is None else {"minimum": low, "maximum": high}
        sheet.data_validation(row, column, row, column, rule)

    def _choice(self, sheet: Any, row: int, column: int, choices: tuple[str, ...]) -> None:
        source: list[str] | str = list(choices)
        if len(",".join(choices)) > _LONGEST_LIST:
            source = self._listed(choices)
        rule = {"validate": "list", "source": source, "error_message": "Choose from the list, or leave it empty."}
        sheet.data_validation(row, column, row, column, rule)

    def _listed(self, choices: tuple[str, ...]) -> str:
        """Returns where in the hidden sheet a long list stands."""
        if choices not in self._lists:
            column = 5 + len(self._lists)
            for row, name in enumerate(choices):
                self._hidden.write_string(row, column, name)
            letter = letters(column)
            self._lists[choices] = f"='{HIDDEN}'!${letter}$1:${letter}${len(choices)}"
        return self._lists[choices]

    def _fill(self, sheet: Any, row: int, column: int, text: str) -> None:
        form = self._answer_quoted if is_dangerous(text) else self._answer_text
        if text:
            sheet.write_string(row, column, cell_text(text), form)
        else:
            sheet.write_blank(row, column, None, form)

    def _put(self, sheet: Any, row: int, column: int, text: str, *, head: bool = False) -> None:
        cleaned = cell_text(text)
        form = self._head if head else self._quoted if is_dangerous(cleaned) else self._text
        sheet.write_string(row, column, cleaned, form)

    def _about(self, form: Form) -> None:
        for row, cells in enumerate(_lines(form)):
            for column, text in enumerate(cells):
                self._hidden.write_string(row, column, text)
        self._hidden.protect()
        self._hidden.very_hidden()


def _lines(form: Form) -> list[tuple[str, ...]]:
    """Returns what the hidden sheet says, line by line."""
    head: Head = form.head
    names = ("proposal", "title", "gate", "ruleset", "ruleset_digest", "as_of", "vocabulary")
    lines: list[tuple[str, ...]] = [(MARK, str(FORMAT))]
    lines += [(name, cell_text(getattr(head, name))) for name in names]
    lines += [("asset", asset.scope.value, asset.id, cell_text(asset.title)) for asset in head.assets]
    lines += [("fact", question.path) for question in form.questions]
    return lines
