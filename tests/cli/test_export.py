"""`readygate export`: the work list as files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.command import AS_OF, DRAFTS_FOR_STAFF, EXAMPLE, called, one_by_one
from tests.cli.serving import served

FORMATS = ("csv", "xlsx", "jira", "servicenow", "oscal-poam")


def test_a_list_of_a_no_is_written_and_ends_with_0(tmp_path: Path) -> None:
    """Every format is written whatever the verdict, and written over when asked for again."""
    calls = [("export", name, EXAMPLE, *AS_OF, "-o", tmp_path / name) for name in FORMATS]
    for ran in (called(*each) for each in [*calls, *calls]):
        assert (ran.code, ran.out, ran.err) == (0, "", "")
    items = list(csv.DictReader((tmp_path / "csv").read_text(encoding="utf-8").splitlines(keepends=True)))
    assert len(items) == 11
    assert {item["verdict"] for item in items} == {"NO_GO"}
    assert len(json.loads((tmp_path / "servicenow").read_text(encoding="utf-8"))["records"]) == 11
    assert (tmp_path / "xlsx").read_bytes()[:2] == b"PK"


def test_several_proposals_make_one_list(tmp_path: Path) -> None:
    """Each line says whose it is; a plan of action is about one system and is refused."""
    other = tmp_path / "other.yaml"
    other.write_text(EXAMPLE.read_text(encoding="utf-8").replace("id: refund-agent\n", "id: other\n"), encoding="utf-8")
    lists, plan = one_by_one(
        ("export", "csv", EXAMPLE, other, *AS_OF),
        ("export", "oscal-poam", EXAMPLE, other, *AS_OF, "-o", tmp_path / "p"),
    )
    counted = [line["proposal"] for line in csv.DictReader(lists.out.splitlines())]
    assert (counted.count("refund-agent"), counted.count("other")) == (11, 11)
    assert (plan.code, "about one system" in plan.err, (tmp_path / "p").exists()) == (3, True, False)


def test_no_work_is_said(tmp_path: Path) -> None:
    """A proposal that passes gives a header alone, and no plan of action."""
    lists, plan = one_by_one(
        ("export", "csv", EXAMPLE, *AS_OF, *DRAFTS_FOR_STAFF),
        ("export", "oscal-poam", EXAMPLE, *AS_OF, *DRAFTS_FOR_STAFF, "-o", tmp_path / "p"),
    )
    assert (lists.code, len(lists.out.splitlines()), "no work" in lists.err) == (0, 1, True)
    assert (plan.code, "no work" in plan.err, (tmp_path / "p").exists()) == (0, True, False)


def test_nothing_is_written_when_one_can_not_be_judged(tmp_path: Path) -> None:
    """A list that lacks the work of one proposal is not written; every problem is said."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("id: bad\napis: 7\n", encoding="utf-8")
    ran = called("export", "csv", bad, EXAMPLE, "missing.yaml", *AS_OF, "-o", tmp_path / "out.csv")
    assert (ran.code, (tmp_path / "out.csv").exists()) == (3, False)
    assert f"{bad}:2:7: " in ran.err
    assert "missing.yaml" in ran.err


def test_jira_is_split_into_files(tmp_path: Path) -> None:
    """`--split` names the files after the one that was asked for."""
    ran = called("export", "jira", EXAMPLE, *AS_OF, "--split", "4", "-o", tmp_path / "issues.csv")
    assert ran.code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["issues-1.csv", "issues-2.csv", "issues-3.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("csv",), "name a proposal"),
        (("csv", "--decision", "d"), "--server HOST:PORT"),
        (("csv", "x.yaml", "--server", "localhost:1", "--decision", "d"), "leave out FILE"),
        (("csv", "x.yaml", "--split", "5", "-o", "y"), "--split is for files that Jira imports"),
        (("jira", "x.yaml", "--split", "0"), "a whole number from 1 up"),
        (("pdf", "x.yaml"), "invalid choice"),
    ],
)
def test_wrong_calls_end_with_3(arguments: tuple[str, ...], said: str) -> None:
    """A call that can not be meant is told what is wrong."""
    ran = called("export", *arguments)
    assert (ran.code, said in ran.err) == (3, True)


def test_a_server_that_is_not_there_ends_with_4(tmp_path: Path) -> None:
    """A service that failed is no bad input, and nothing is written."""
    ran = called("export", "csv", "--server", "localhost:1", "--decision", "0" * 32, "-o", tmp_path / "x")
    assert (ran.code, (tmp_path / "x").exists()) == (4, False)


def test_a_recorded_decision_is_exported_with_its_id(tmp_path: Path) -> None:
    """The work of a decision comes from the record, with the id under which it can be found again."""
    with served(tmp_path) as (_, address):
        judged = called("export", "csv", EXAMPLE, *AS_OF, "--server", address)
        first = next(csv.DictReader(judged.out.splitlines()))
        recorded = called("export", "csv", "--server", address, "--decision", first["decision_id"])
        unknown = called("export", "csv", "--server", address, "--decision", "0" * 32)
    assert (judged.code, len(first["decision_id"])) == (0, 32)
    assert (recorded.code, recorded.out) == (0, judged.out)
    assert (unknown.code, unknown.out, "0" * 32 in unknown.err) == (3, "", True)
