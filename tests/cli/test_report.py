"""`readygate report`: a decision as a file, from proposals and from the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import AS_OF, EXAMPLE, readygate, together
from tests.cli.serving import served
from tests.web.report.pages import Page


def test_a_proposal_is_written_as_a_file(tmp_path: Path) -> None:
    """The file holds the report, nothing is printed, and the exit code is that of check."""
    out = tmp_path / "report.html"
    ran = readygate("report", EXAMPLE, *AS_OF, "-o", out)
    assert (ran.code, ran.out, ran.err) == (1, "", "")
    page = Page(out.read_text(encoding="utf-8"))
    assert "NO GO" in page.text
    assert "refund-agent" in page.text
    assert "nowhere; judged for this report" in page.text


def test_without_a_file_the_report_is_printed() -> None:
    """Standard output takes the report, for whoever pipes it on; a narrower question gives another answer."""
    ran, missing = together(("report", EXAMPLE, *AS_OF), ("report", EXAMPLE, "no-such.yaml", *AS_OF))
    assert ran.out.startswith("<!doctype html>")
    assert missing.code == 3
    assert "no-such.yaml" in missing.err
    assert "Not judged (1)" in Page(missing.out).text


def test_what_contradicts_itself_is_refused(tmp_path: Path) -> None:
    """Nothing to report, a decision without a server, and both at once are bad input; nothing is written."""
    out = tmp_path / "report.html"
    nothing, alone, both, unread = together(
        ("report", "-o", out),
        ("report", "--decision", "0" * 32, "-o", out),
        ("report", EXAMPLE, "--server", "127.0.0.1:1", "--decision", "0" * 32, "-o", out),
        ("report", "no-such.yaml", "-o", out),
    )
    assert [each.code for each in (nothing, alone, both, unread)] == [3, 3, 3, 3]
    assert "--server HOST:PORT" in alone.err
    assert not out.exists()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs a server that has judged the example twice."""
    with served(tmp_path_factory.mktemp("server")) as (_, address):
        for gate in ("pilot", "commit"):
            assert readygate("check", EXAMPLE, *AS_OF, "--gate", gate, "--server", address).code == 1
        yield address


def test_a_recorded_decision_is_reported_with_its_history(server: str) -> None:
    """What was recorded is shown with its id, its evidence and the other decisions about the proposal."""
    newest, older, *_ = (
        line.split()[0] for line in readygate("decisions", "list", "--server", server).out.splitlines()
    )
    ran = readygate("report", "--server", server, "--decision", newest)
    assert ran.code == 1
    text = Page(ran.out).text
    assert f"Decision {newest}" in text
    assert "History of this proposal" in text
    assert older in text
    assert "E2 measured" in text


def test_a_decision_that_is_not_there_is_an_error(server: str, tmp_path: Path) -> None:
    """An id that the server does not know ends the command without a file."""
    ran = readygate("report", "--server", server, "--decision", "f" * 32, "-o", tmp_path / "report.html")
    assert ran.code == 3
    assert not (tmp_path / "report.html").exists()


def test_a_server_that_judges_a_file_records_it(server: str) -> None:
    """A proposal that a server judges for the report is in the record, and the report says under which id."""
    ran = readygate("report", EXAMPLE, *AS_OF, "--server", server)
    newest = readygate("decisions", "list", "--server", server).out.split()[0]
    assert f"Decision {newest}" in Page(ran.out).text
