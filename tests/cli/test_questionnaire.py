"""`readygate questionnaire`: a form goes out, comes back, and becomes facts."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest

from tests.cli.command import AS_OF, EXAMPLE, called, one_by_one
from tests.questionnaires import cells_of, opened, put, yaml_with

MISSING = "workflow[returns].stable_weeks"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Writes a form about what the example leaves open."""
    form = tmp_path_factory.mktemp("sent") / "form.xlsx"
    ran = called("questionnaire", "write", EXAMPLE, *AS_OF, "--missing", "--owner", "process owner", "-o", form)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    return form


@pytest.fixture
def form(sent: Path, tmp_path: Path) -> Path:
    """Returns a copy of that form to fill in."""
    return Path(shutil.copy(sent, tmp_path / "form.xlsx"))


def test_a_workbook_goes_out_and_its_answers_come_in(form: Path, tmp_path: Path) -> None:
    """What a process owner fills in is joined to the proposal, with its evidence, and is missing no more."""
    book = opened(form.read_bytes())
    put(cells_of(book, MISSING)["value"], 20)
    put(cells_of(book, MISSING)["evidence_uri"], "https://charts.example/returns")
    book.save(form)
    answered = tmp_path / "answered.yaml"
    ran = called("questionnaire", "read", form, "--into", EXAMPLE, "-o", answered)
    assert (ran.code, ran.out) == (0, "")
    assert "1 answers, 1 of them new" in ran.err
    before, after = one_by_one(("facts", EXAMPLE, *AS_OF, "--missing"), ("facts", answered, *AS_OF, "--missing"))
    assert (f"{MISSING} " in before.out, f"{MISSING} " in after.out) == (True, False)
    assert "grade: e1_document" in answered.read_text(encoding="utf-8")


def test_yaml_goes_out_and_comes_back_through_pipes() -> None:
    """Without `-o` a form is YAML on standard output, and `-` reads it from standard input."""
    form = called("questionnaire", "write", "--archetype", "customer-agent", "--gate", "commit", *AS_OF)
    assert form.code == 0
    filled = yaml_with(form.out, {"source[source-1].entity": "customer"})
    ran = called("questionnaire", "read", "-", stdin=filled)
    assert (ran.code, "entity: customer" in ran.out, "autonomy_level: l4_approver" in ran.out) == (0, True, True)
    assert called("check", "-", *AS_OF, stdin=ran.out).code in (1, 2)


def test_every_fault_is_named_and_nothing_is_written(form: Path, tmp_path: Path) -> None:
    """A form with faults ends with 3, each fault with its cell, and leaves no file."""
    book = opened(form.read_bytes())
    put(cells_of(book, MISSING)["value"], "twenty")
    cells_of(book, MISSING)["reason"].value = "=1+1"
    book.save(form)
    ran = called("questionnaire", "read", form, "-o", tmp_path / "out.yaml")
    assert (ran.code, ran.out, (tmp_path / "out.yaml").exists()) == (3, "", False)
    assert f"{form}!workflow returns!I" in ran.err
    assert "3 faults" in ran.err.splitlines()[0] or "2 faults" in ran.err.splitlines()[0]


def test_another_value_is_a_conflict(tmp_path: Path) -> None:
    """An answer does not silently take the place of what the proposal says."""
    ran = called("questionnaire", "write", EXAMPLE, *AS_OF, "-o", tmp_path / "form.xlsx")
    book = opened((tmp_path / "form.xlsx").read_bytes())
    put(cells_of(book, "source[crm].completeness")["value"], 0.999)
    book.save(tmp_path / "form.xlsx")
    ran = called("questionnaire", "read", tmp_path / "form.xlsx", "--into", EXAMPLE, "-o", tmp_path / "out.yaml")
    assert "1 of them new" in ran.err
    checked = called("check", tmp_path / "out.yaml", *AS_OF)
    assert checked.code == 1
    assert "0.999" in checked.out
    assert "0.94" in checked.out


def test_forms_are_written_over_nothing(form: Path) -> None:
    """Answers that somebody gave are never lost to a second run."""
    held = form.read_bytes()
    ran = called("questionnaire", "write", EXAMPLE, "-o", form)
    assert (ran.code, form.read_bytes()) == (3, held)
    assert "is there already" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("write",), "name a proposal, or a kind of deployment"),
        (("write", str(EXAMPLE), "--archetype", "customer-agent"), "not both"),
        (("write", str(EXAMPLE), "-o", "form.pdf"), "a form is .xlsx or .yaml"),
        (("write", str(EXAMPLE), "--owner", "dat owner"), "did you mean 'Data owner'?"),
        (("read", "form.xlsm"), "save it as .xlsx"),
        (("read", "missing.xlsx"), "No such file or directory"),
        (("read", "missing.yaml"), "No such file or directory"),
        (("read", str(EXAMPLE)), "this is no questionnaire"),
    ],
)
def test_wrong_calls_end_with_3(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """A call that can not be meant is told what is wrong, without a traceback."""
    ran = called("questionnaire", *arguments, cwd=tmp_path)
    assert (ran.code, said in ran.err, "Traceback" in ran.err) == (3, True, False)


def test_a_form_about_another_proposal_is_not_joined(form: Path, tmp_path: Path) -> None:
    """Answers about one proposal say nothing about another."""
    other = tmp_path / "other.yaml"
    other.write_text("id: other\n", encoding="utf-8")
    ran = called("questionnaire", "read", form, "--into", other)
    assert (ran.code, ran.out) == (3, "")
    assert "the form is about another proposal: got 'refund-agent', expected other" in ran.err


def test_a_form_without_its_hidden_sheet_is_refused(tmp_path: Path) -> None:
    """Answers that were copied into another file are refused with the way out."""
    openpyxl.Workbook().save(tmp_path / "form.xlsx")
    ran = called("questionnaire", "read", tmp_path / "form.xlsx")
    assert (ran.code, "fill in the file as it was sent" in ran.err) == (3, True)


def test_a_proposal_that_is_split_is_asked_and_answered(tmp_path: Path) -> None:
    """What stands in files beside a proposal is filled in, and not repeated in the answer."""
    split = shutil.copytree(EXAMPLE.parent / "split", tmp_path / "split")
    written = called("questionnaire", "write", split / "refund-agent.yaml", *AS_OF, "-o", tmp_path / "form.xlsx")
    book = opened((tmp_path / "form.xlsx").read_bytes())
    assert cells_of(book, "source[crm].completeness")["value"].value == 0.94
    put(cells_of(book, MISSING)["value"], 20)
    book.save(tmp_path / "form.xlsx")
    answered = split / "answered.yaml"
    ran = called(
        *("questionnaire", "read", tmp_path / "form.xlsx", "--into", split / "refund-agent.yaml", "-o", answered)
    )
    assert (written.code, ran.code) == (0, 0)
    assert "1 of them new" in ran.err
    assert "stable_weeks: 20" in answered.read_text(encoding="utf-8")
    assert f"{MISSING} " not in called("facts", answered, *AS_OF, "--missing").out
