"""Forms to fill in, and what people may write into them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import strategies as st
from openpyxl.cell.cell import Cell
from openpyxl.workbook import Workbook

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import UNKNOWN, FactField, Kind
from readygate_server.adapters.questionnaire.answers import BLANKS, Returned
from readygate_server.adapters.questionnaire.cells import read_cells
from readygate_server.adapters.questionnaire.form import Form, Question, form_of
from readygate_server.adapters.questionnaire.package import check_package
from readygate_server.adapters.questionnaire.sheet_names import ANSWERS, FACT
from readygate_server.adapters.questionnaire.workbook import workbook
from readygate_server.adapters.yaml_lines import yaml_lines
from readygate_server.bootstrap import LocalGate, local_gate

EXAMPLE = Path(__file__).parents[1] / "clients/examples/refund-agent.yaml"
DAY = "2026-11-01"
OPEN = """\
id: assistant
title: "=Assistant"
data_sources: [{id: crm, title: "@Records"}, {id: a-source-with-an-id-that-is-longer-than-31-characters}]
apis: [{id: orders}]
workflows: [{id: returns}]
"""


@cache
def gate() -> LocalGate:
    """Returns the gate, loaded once."""
    return local_gate()


def proposal_of(text: str = OPEN) -> Proposal:
    """Returns a proposal that states next to nothing."""
    return read_proposal(text, file="proposal.yaml")[0]


def form(text: str = OPEN, *, missing: bool = False, owner: str = "") -> Form:
    """Returns the form of a proposal at the last gate."""
    proposal = proposal_of(text)
    listed = gate().requirements(proposal, ruleset="operational-readiness-full", gate="production", as_of=DAY)
    return form_of(listed, proposal, gate="production", as_of=DAY, owner=owner, missing=missing)


@cache
def open_form() -> Form:
    """Returns a form in which nothing is filled in."""
    return form()


@cache
def open_workbook() -> bytes:
    """Returns that form as a workbook."""
    return workbook(open_form())


@cache
def short_workbook(*paths: str) -> bytes:
    """Returns a form with some of the questions only."""
    whole = open_form()
    sections = [
        section._replace(questions=tuple(each for each in section.questions if each.path in paths))
        for section in whole.sections
    ]
    return workbook(whole._replace(sections=tuple(section for section in sections if section.questions)))


def opened(data: bytes | None = None) -> Workbook:
    """Returns a workbook as people open it."""
    return openpyxl.load_workbook(io.BytesIO(data or open_workbook()))


def cells_of(book: Workbook, path: str) -> Mapping[str, Cell]:
    """Returns the cells for the answer about a fact, by their names in YAML."""
    for sheet in book.worksheets:
        headings = [str(cell.value) for cell in sheet[1]]
        if FACT not in headings:
            continue
        for row in sheet.iter_rows(min_row=2):
            if row[0].value == path:
                found: Any = {key: row[headings.index(heading)] for key, heading in ANSWERS}
                return found  # type: ignore[no-any-return]  # the stubs know cells that are merged as well
    raise KeyError(path)


def put(cell: Cell, value: object) -> None:
    """Writes a value; a text stays a text, whatever it begins with."""
    cell.value = value  # type: ignore[assignment]  # any value of a cell
    if isinstance(value, str):
        cell.data_type = "s"


def returned(book: Workbook, folder: Path) -> Returned:
    """Saves a workbook and reads it back in this process."""
    path = folder / "form.xlsx"
    book.save(path)
    check_package(path)
    return read_cells(path)


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"), exclude_characters=BLANKS),
    min_size=1,
    max_size=40,
).filter(lambda text: not re.search("_x[0-9a-fA-F]{4}_", text))


def values(field: FactField) -> st.SearchStrategy[Any]:
    """Draws values of a fact; numbers have as many digits as a spreadsheet keeps."""
    bounds = bounds_of(field)
    low, high = bounds.minimum, bounds.maximum
    if field.kind is Kind.NUMBER:
        drawn = st.floats(-1e9 if low is None else low, 1e9 if high is None else high)
        return drawn.map(lambda number: float(f"{number:.12g}")).filter(lambda number: low is None or number >= low)
    if field.kind is Kind.INTEGER:
        return st.integers(-1000 if low is None else int(low), 2**31 - 1 if high is None else int(high))
    return _texts(field) if field.kind is Kind.TEXT else _names(field)


def _texts(field: FactField) -> st.SearchStrategy[str]:
    bounds = bounds_of(field)
    if bounds.is_day:
        return st.dates(date(1901, 1, 1), date(2200, 1, 1)).map(date.isoformat)
    return st.text("ABCXYZ", min_size=3, max_size=3) if bounds.is_currency else _TEXT


def _names(field: FactField) -> st.SearchStrategy[Any]:
    if field.kind is Kind.FLAG:
        return st.booleans()
    if field.kind is Kind.CHOICE:
        return st.sampled_from([name for name in field.choices if name != UNKNOWN])
    if field.kind is Kind.CHOICES:
        return st.lists(st.sampled_from(list(field.choices)), unique=True).map(sorted).map(tuple)
    if field.kind is Kind.IDS:
        return st.lists(st.from_regex("[a-z][a-z0-9.-]{0,8}", fullmatch=True), unique=True).map(sorted).map(tuple)
    names = _TEXT.filter(lambda text: ":" not in text and text != "[]")
    return st.lists(names, min_size=1, max_size=4, unique=True).map(sorted).map(tuple)


def typed(question: Question, value: Any) -> Any:
    """Returns what somebody types for a value."""
    kind = question.field.kind
    if kind is Kind.FLAG:
        return "Yes " if value else "no"
    if isinstance(value, tuple):
        return ("\n" if kind is Kind.METRICS else ", ").join(value) or "[]"
    if kind is Kind.TEXT and bounds_of(question.field).is_day:
        return date.fromisoformat(value)
    return f"{value}  " if isinstance(value, str) else value


def yaml_with(text: str, answers: Mapping[str, Any]) -> str:
    """Returns a YAML form with answers written after their `value:`."""
    for path, value in answers.items():
        said = list(value) if isinstance(value, tuple) else value
        lines = "\n".join(yaml_lines({"value": said}, "    "))
        before = f"  {path}:\n"
        assert f"{before}    value:\n" in text
        text = text.replace(f"{before}    value:\n", f"{before}{lines}\n")
    return text
