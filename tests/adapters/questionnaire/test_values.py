"""What people and spreadsheets make of an answer: taken where it means one thing, refused with advice elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook import Workbook
from tests.questionnaires import cells_of, open_form, opened, put, returned, short_workbook, yaml_with

from readygate.v1.evidence_pb2 import (
    EVIDENCE_GRADE_E0_CLAIMED,
    EVIDENCE_GRADE_E1_DOCUMENT,
    FACT_STATEMENT_KIND_NOT_APPLICABLE,
    FACT_STATEMENT_KIND_NOT_STATED,
)
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.collectors.port import ArtefactError
from readygate_server.adapters.proposals.paths import get_fact, parse_path
from readygate_server.adapters.questionnaire.returned import answered
from readygate_server.adapters.questionnaire.yaml_form import yaml_text
from readygate_server.adapters.questionnaire.yaml_returned import read_yaml_form
from readygate_server.domain.faults import FaultsError

RATIO = "source[crm].completeness"
COUNT = "source[crm].schema_change_notice"
FLAG = "api[orders].critical_path"
DAY = "api[orders].authz_test.tested_on"
TEXT = "deployment.use_case"
CHOICE = "source[crm].authority"
SET = "source[crm].uses"


def short() -> Workbook:
    """Opens a form with these questions."""
    return opened(short_workbook(RATIO, COUNT, FLAG, DAY, TEXT, CHOICE, SET))


def answer(folder: Path, path: str, value: object, number_format: str = "", **others: object) -> Proposal:
    """Fills one question of the workbook in and reads it back."""
    book = short()
    cells = cells_of(book, path)
    put(cells["value"], value)
    if number_format:
        cells["value"].number_format = number_format
    for name, other in others.items():
        put(cells[name], other)
    return answered(returned(book, folder), file="form.xlsx")


def faults(folder: Path, path: str, value: object, number_format: str = "", **others: object) -> list[str]:
    """Returns the faults of one answer."""
    with pytest.raises(FaultsError) as caught:
        answer(folder, path, value, number_format, **others)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("path", "value", "number_format", "fact"),
    [
        (RATIO, 0.98, "", 0.98),
        (RATIO, 0.98, "0%", 0.98),
        (RATIO, 1, "", 1.0),
        (RATIO, "0.98", "", 0.98),
        (RATIO, " 1 ", "", 1.0),
        (COUNT, 30, "", 30),
        (COUNT, 30.0, "", 30),
        (COUNT, "30", "@", 30),
        (COUNT, 30, '0" % of days"', 30),
        (FLAG, "yes", "", True),
        (FLAG, " No ", "", False),
        (FLAG, "TRUE", "", True),
        (FLAG, False, "", False),
        (DAY, date(2026, 10, 1), "", "2026-10-01"),
        (DAY, datetime(2026, 10, 1), "", "2026-10-01"),  # noqa: DTZ001 -- a workbook has no zones
        (DAY, "2026-10-01 ", "@", "2026-10-01"),
        (TEXT, "=1+1", "", "=1+1"),
        (TEXT, "\N{NO-BREAK SPACE}said  so \n", "", "said  so"),
        (CHOICE, "system_of_record ", "", "system_of_record"),
        (SET, "training; customer_state\n", "", ("customer_state", "training")),
        (SET, "[]", "", ()),
    ],
)
def test_what_means_one_thing_is_taken(
    path: str, value: object, number_format: str, fact: object, tmp_path: Path
) -> None:
    """A value that can only mean one thing becomes a fact, however the spreadsheet keeps it."""
    found = get_fact(answer(tmp_path, path, value, number_format), parse_path(path))
    assert (found, type(found)) == (fact, type(fact))


@pytest.mark.parametrize(
    ("path", "value", "number_format", "said"),
    [
        (RATIO, "0,98", "", "the number is stored as text: got '0,98'"),
        (RATIO, "1.234", "", "mean different things in each country"),
        (RATIO, "98 %", "", "stored as text"),
        (RATIO, "98", "", "if 98 % is meant, write 0.98"),
        (RATIO, "n/a", "", "this is no number: got 'n/a', expected a number from 0 to 1 (ratio), or an empty cell"),
        (RATIO, "~0.9", "", "stored as text"),
        (RATIO, 98, "", "if 98 % is meant, write 0.98"),
        (RATIO, 9800, "", "out of range: got 9800"),
        (RATIO, True, "", "true or false stands here"),
        (RATIO, date(2026, 4, 3), "", "a date stands here"),
        (COUNT, 0.3, "0%", "shows a percentage, and the fact is none: got 30 %"),
        (COUNT, 30.5, "", "got 30.5, expected a whole number"),
        (COUNT, "1.000", "", "stored as text"),
        (FLAG, "ja", "", "neither yes nor no: got 'ja', expected yes or no"),
        (FLAG, 1, "", "neither yes nor no"),
        (FLAG, "x", "", "neither yes nor no"),
        (DAY, 46296, "General", "give the cell the format of a date"),
        (DAY, "01.10.2026", "", "expected a day as YYYY-MM-DD"),
        (DAY, datetime(2026, 10, 1, 12, 30), "", "a date stands here"),  # noqa: DTZ001 -- a workbook has no zones
        (TEXT, date(2026, 4, 3), "", "give the cell the format of text"),
        (TEXT, 7, "", "a number stands here: got 7, expected text"),
        (CHOICE, "system of record", "", "did you mean system_of_record?"),
        (CHOICE, "unknown", "", "unknown is no answer"),
        (SET, "customer_state, customer_state", "", "the name stands here twice"),
        (SET, "customer state", "", "did you mean customer_state?"),
    ],
)
def test_what_could_mean_more_is_refused_with_advice(
    path: str, value: object, number_format: str, said: str, tmp_path: Path
) -> None:
    """Nothing is guessed: the fault names the cell, what stood there, and what to write."""
    (fault,) = faults(tmp_path, path, value, number_format)
    assert fault.startswith("form.xlsx!")
    assert "!I" in fault
    assert said in fault


@pytest.mark.parametrize("formula", ["=0.9+0.08", "=cmd|' /C calc'!A0", '=WEBSERVICE("http://evil.example")'])
def test_formulas_are_refused_and_never_evaluated(formula: str, tmp_path: Path) -> None:
    """A formula is no answer, beside the value either."""
    book = short()
    cells = cells_of(book, RATIO)
    cells["value"].value = formula
    cells["evidence_uri"].value = formula
    with pytest.raises(FaultsError) as caught:
        answered(returned(book, tmp_path), file="form.xlsx")
    assert ["formulas are not read" in str(fault) for fault in caught.value.faults] == [True, True]


def test_days_are_counted_as_the_spreadsheet_counts_them(tmp_path: Path) -> None:
    """A workbook whose days begin in 1904, as some from Macs, gives the day that people see in it."""
    book = short()
    book.epoch = CALENDAR_MAC_1904
    put(cells_of(book, DAY)["value"], date(2026, 10, 1))
    assert get_fact(answered(returned(book, tmp_path), file="form.xlsx"), parse_path(DAY)) == "2026-10-01"


def test_errors_of_a_spreadsheet_are_no_answers(tmp_path: Path) -> None:
    """`#REF!` is told as what it is."""
    book = short()
    cell = cells_of(book, RATIO)["value"]
    cell.value = "#REF!"
    cell.data_type = "e"
    with pytest.raises(FaultsError, match="shows an error here: got '#REF!'"):
        answered(returned(book, tmp_path), file="form.xlsx")


def test_evidence_is_claimed_or_documented(tmp_path: Path) -> None:
    """Without a document an answer is a claim; with one it is documented; a name is there only where one is stated."""
    (claim,) = answer(tmp_path, RATIO, 0.98, said_by=" J. Doe ").evidence
    uri, day = "https://reports.example/crm", date(2026, 10, 1)
    (document,) = answer(tmp_path, RATIO, 0.98, evidence_uri=uri, evidence_as_of=day).evidence
    assert (claim.grade, claim.attested_by, claim.source_uri) == (EVIDENCE_GRADE_E0_CLAIMED, "J. Doe", "")
    assert (document.grade, document.attested_by, document.source_uri) == (EVIDENCE_GRADE_E1_DOCUMENT, "", uri)
    assert document.as_of.ToJsonString() == "2026-10-01T00:00:00Z"
    assert (document.value.number, list(document.facts), document.subject) == (0.98, ["source.completeness"], "crm")


@pytest.mark.parametrize("said", ["yes", "see mail", "siehe: Mail"])
def test_a_document_is_named_by_its_address(said: str, tmp_path: Path) -> None:
    """Text that is no address lifts no claim to a documented one."""
    (fault,) = faults(tmp_path, RATIO, 0.98, evidence_uri=said)
    assert f"this is no address: got '{said}'" in fault
    for address in ("https://docs.example/an audit.pdf", "file:///audits/2026.pdf", "urn:dms:4711"):
        (entry,) = answer(tmp_path, RATIO, 0.98, evidence_uri=address).evidence
        assert entry.grade == EVIDENCE_GRADE_E1_DOCUMENT


def test_a_fact_without_a_value_says_why(tmp_path: Path) -> None:
    """Not applicable needs a reason and a name, not stated a reason."""
    why: dict[str, Any] = {"reason": "no such system", "said_by": "J. Doe"}
    (one,) = answer(tmp_path, RATIO, None, no_value="not_applicable", **why).statements
    (other,) = answer(tmp_path, RATIO, None, no_value="not_stated", reason="nobody measures it").statements
    assert (one.kind, one.reason, one.stated_by) == (FACT_STATEMENT_KIND_NOT_APPLICABLE, "no such system", "J. Doe")
    assert (other.kind, other.stated_by) == (FACT_STATEMENT_KIND_NOT_STATED, "")


@pytest.mark.parametrize(
    ("value", "others", "cells"),
    [
        (0.9, {"no_value": "not_stated", "reason": "x"}, ["J"]),
        (0.9, {"reason": "x"}, ["K"]),
        (None, {"evidence_uri": "https://a.example"}, ["L"]),
        (None, {"evidence_as_of": date(2026, 1, 1), "grade": "e0_claimed"}, ["M", "N"]),
        (None, {"no_value": "not_applicable"}, ["J", "J"]),
        (None, {"no_value": "n/a", "reason": "x"}, ["J"]),
        (0.9, {"grade": "e2_measured"}, ["N"]),
        (0.9, {"grade": "e1_document"}, ["N"]),
        (0.9, {"evidence_as_of": "last week"}, ["M"]),
        (0.9, {"said_by": 7}, ["O"]),
        ("x", {"grade": "E9", "evidence_as_of": "5 May"}, ["I", "M", "N"]),
    ],
)
def test_answers_that_contradict_themselves_are_refused(
    value: object, others: dict[str, Any], cells: list[str], tmp_path: Path
) -> None:
    """Each contradiction is a fault in its own cell, all of them at once."""
    found = [fault.split("!")[2] for fault in faults(tmp_path, RATIO, value, **others)]
    assert [cell[0] for cell in found] == cells


def test_faults_of_a_workbook_come_at_once_and_in_the_order_of_its_cells(tmp_path: Path) -> None:
    """Every fault of every sheet is named, sheet by sheet and row by row."""
    book = opened()
    paths = [question.path for question in open_form().questions if question.field.kind.name == "NUMBER"]
    for path in paths:
        put(cells_of(book, path)["value"], "many")
    with pytest.raises(FaultsError) as caught:
        answered(returned(book, tmp_path), file="form.xlsx")
    places = [str(fault).split(": ")[0] for fault in caught.value.faults]
    expected = [
        f"form.xlsx!{cell.parent.title}!{cell.coordinate}" for cell in (cells_of(book, p)["value"] for p in paths)
    ]
    assert places == expected


def test_faults_of_yaml_have_line_and_column() -> None:
    """In YAML a fault stands where the value stands."""
    text = yaml_with(yaml_text(open_form()), {RATIO: "0,98", FLAG: "ja"})
    with pytest.raises(FaultsError) as caught:
        answered(read_yaml_form(text, file="form.yaml"), file="form.yaml")
    lines = text.splitlines()
    wanted = [f"form.yaml:{lines.index(f'  {path}:') + 2}:12: " for path in (RATIO, FLAG)]
    assert [str(fault)[: len(place)] for fault, place in zip(caught.value.faults, wanted, strict=True)] == wanted


@pytest.mark.parametrize(("gone", "count"), [("row", 1), ("heading row", 4), ("sheet", 4)])
def test_questions_that_are_not_found_again_are_named(tmp_path: Path, gone: str, count: int) -> None:
    """An answer whose row, headings or sheet were lost on the way is not left out unnoticed."""
    book = short()
    cell = cells_of(book, RATIO)["value"]
    put(cell, 0.98)
    sheet = book[cell.parent.title]
    if gone == "row":
        sheet.delete_rows(cell.row)
    elif gone == "heading row":
        sheet.insert_rows(1)
    else:
        book.remove(sheet)
    with pytest.raises(FaultsError) as caught:
        answered(returned(book, tmp_path), file="form.xlsx")

    [said] = [str(fault) for fault in caught.value.faults]
    assert f"questions of the form are gone: got {count} of 7, the first source[crm]." in said


def test_answers_under_another_heading_are_not_passed_over(tmp_path: Path) -> None:
    """A sheet whose column of answers has lost its heading is refused by its name."""
    book = short()
    cell = cells_of(book, RATIO)["value"]
    put(cell, 0.98)
    book[cell.parent.title].cell(1, cell.column, "Wert")
    with pytest.raises(ArtefactError, match=r"source crm: no column has the answers"):
        returned(book, tmp_path)
