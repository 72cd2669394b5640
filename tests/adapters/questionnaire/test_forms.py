"""Forms as they go out: what can be changed in them, what they offer, and that no text in them runs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.questionnaires import (
    EXAMPLE,
    OPEN,
    cells_of,
    form,
    gate,
    open_form,
    open_workbook,
    opened,
    proposal_of,
)

from readygate_server.adapters.proposals.vocabulary import Kind
from readygate_server.adapters.questionnaire.form import NO_VALUE, form_of
from readygate_server.adapters.questionnaire.sheet_names import ANSWERS, HIDDEN, LONGEST, START, letters, sheet_name
from readygate_server.adapters.questionnaire.workbook import workbook
from readygate_server.adapters.questionnaire.yaml_form import yaml_text
from readygate_server.adapters.questionnaire.yaml_returned import read_yaml_form
from readygate_server.adapters.worklists.cells import is_dangerous


def test_every_requirement_is_asked_once_and_nothing_else() -> None:
    """The questions are the facts of ListRequirements, composite ones part by part."""
    proposal = proposal_of(EXAMPLE.read_text(encoding="utf-8"))
    listed = gate().requirements(proposal, gate="pilot", as_of="2026-11-01")
    asked = [
        (each.ref.fact, each.ref.subject)
        for each in form_of(listed, proposal, gate="pilot", as_of="2026-11-01").questions
    ]
    assert sorted(asked) == sorted((each.fact, each.subject) for each in listed.requirements)


def test_questions_can_be_those_of_one_role_or_those_left_open() -> None:
    """`owner` and `missing` only leave out."""
    text = EXAMPLE.read_text(encoding="utf-8")
    every = {question.path: question for question in form(text).questions}
    owned = {question.path for question in form(text, owner="data OWNER").questions}
    missing = {question.path for question in form(text, missing=True).questions}
    assert owned == {path for path, question in every.items() if question.owner == "Data owner"}
    assert missing == {path for path, question in every.items() if question.stated is None}
    assert owned
    assert missing < set(every)


def test_only_answers_can_be_changed() -> None:
    """Every sheet is protected, and only the cells for answers are unlocked."""
    book = opened()
    assert all(sheet.protection.sheet for sheet in book.worksheets)
    assert book[HIDDEN].sheet_state == "veryHidden"
    answers = {heading for _, heading in ANSWERS}
    for sheet in book.worksheets:
        headings = [str(cell.value) for cell in sheet[1]] if sheet.title not in (START, HIDDEN) else []
        for row in sheet.iter_rows(min_row=2):
            for cell, heading in zip(row, headings, strict=False):
                assert cell.protection.locked is (heading not in answers)


def rules_of(sheet: Any) -> list[Any]:
    """Returns the rules for cells of a sheet."""
    return list(sheet.data_validations.dataValidation)


def test_choices_are_offered() -> None:
    """A name is chosen from a list; no list is longer than a spreadsheet takes in a cell's own rule."""
    book = opened()
    for question in open_form().questions:
        cells = cells_of(book, question.path)
        rules = {
            key: rule.formula1
            for key, cell in cells.items()
            for rule in rules_of(cell.parent)
            if rule.type == "list" and cell.coordinate in rule.sqref
        }
        assert rules["no_value"] == f'"{",".join(NO_VALUE)}"'
        assert rules["grade"] == '"e0_claimed,e1_document"'
        if question.choices:
            assert rules["value"] == f'"{",".join(question.choices)}"'
            assert len(rules["value"]) <= 257
        assert ("value" in rules) is (question.field.kind in (Kind.CHOICE, Kind.FLAG))


def test_no_text_of_a_proposal_runs_in_a_form() -> None:
    """Titles and values that look like formulas stay text, in cells that are marked as text."""
    text = OPEN.replace("id: crm", 'id: crm, entity: "=1+1", owner: {person: "@SUM(1)"}')
    book = opened(workbook(form(text)))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    dangerous = [cell for cell in cells if is_dangerous(str(cell.value)) and cell.parent.title != HIDDEN]
    assert {cell.value for cell in dangerous} >= {"=1+1", "@SUM(1)"}
    assert all(cell.quotePrefix for cell in dangerous)


def test_the_same_form_is_the_same_file() -> None:
    """Nothing in a form depends on the moment at which it is written."""
    assert workbook(form()) == open_workbook()
    assert yaml_text(form()) == yaml_text(form())


@pytest.mark.parametrize("title", ["a: b", "#", "x\ny", "'", '"', "\u2028", "answers:", "- a", "yes", "{", "\x85"])
def test_no_title_breaks_a_form_in_yaml(title: str) -> None:
    """A title is said in a comment and in the head, and comes back as it was."""
    asked = form()
    asked = asked._replace(
        head=asked.head._replace(title=title), sections=tuple(each._replace(title=title) for each in asked.sections)
    )
    assert read_yaml_form(yaml_text(asked), file="form").head["title"] == title


def test_sheets_have_names_that_spreadsheets_take() -> None:
    """No name is longer than 31 characters, and no two differ by case or by their ends only."""
    names = [sheet.title for sheet in opened().worksheets]
    assert max(map(len, names)) == LONGEST
    taken: set[str] = set()
    found = [sheet_name(f"source {'x' * 60}{number}", taken) for number in range(1_200)]
    assert len({name.lower() for name in found}) == 1_200
    assert max(map(len, found)) == LONGEST


def test_columns_have_letters() -> None:
    """Columns are counted as spreadsheets count them."""
    assert [letters(column) for column in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
