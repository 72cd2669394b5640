"""`readygate assets`: register what collectors found, look at it, and see which verdicts it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Ran, readygate
from tests.cli.serving import served

PROPOSAL = """\
id: refunds
deployment: {target_gate: pilot}
assets: [{scope: source, id: crm}]
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server that keeps a record."""
    with served(tmp_path) as (_, address):
        yield address


def run(address: str, *arguments: str) -> Ran:
    """Runs a command of assets."""
    return readygate("assets", *arguments, "--server", address)


def crm(folder: Path, completeness: float = 0.5, *, more: str = "") -> str:
    """Writes what is known of the CRM; returns the file."""
    file = folder / "crm.yaml"
    file.write_text(
        f"data_sources: [{{id: crm, title: Customers, completeness: {completeness}}}]\n"
        "evidence: [{facts: [source.completeness], subject: crm, grade: e2_measured, as_of: 2026-11-01}]\n" + more,
        encoding="utf-8",
    )
    return str(file)


def test_register_and_look(address: str, tmp_path: Path) -> None:
    """What is registered is listed and shown, revision by revision; the same again makes none."""
    first = run(address, "register", crm(tmp_path))
    again = run(address, "register", crm(tmp_path))
    second = run(address, "register", crm(tmp_path, 0.9))
    listed = run(address, "list")
    shown = run(address, "show", "crm")
    as_it_was = json.loads(run(address, "show", "crm", "--revision", "1", "--format", "json").out)
    revisions = run(address, "revisions", "crm")

    assert [ran.code for ran in (first, again, second, listed, shown, revisions)] == [0] * 6
    assert first.out.startswith("source crm  revision 1  sha256:")
    assert "revision 1, which says the same" in again.out
    assert second.out.startswith("source crm  revision 2  ")
    assert (listed.out.count("\n"), "crm  revision 2" in listed.out, "Customers" in listed.out) == (1, True, True)
    assert "source.completeness = 0.9" in shown.out
    assert "evidence  E2  2026-11-01  source.completeness" in shown.out
    assert as_it_was[0]["asset"]["source"]["completeness"] == 0.5
    assert [line.split("revision ")[1][0] for line in revisions.out.splitlines()] == ["2", "1"]


def test_what_else_is_registered_stays_unless_replaced(address: str, tmp_path: Path) -> None:
    """Files about one asset make one revision; a later file takes the place of what it speaks of, or of all of it."""
    owners = tmp_path / "owners.yaml"
    owners.write_text("data_sources: [{id: crm, owner: {role: Head of data}}]\n", encoding="utf-8")
    both = run(address, "register", crm(tmp_path), str(owners))
    later = run(address, "register", crm(tmp_path, 0.9))
    joined = run(address, "show", "crm").out
    run(address, "register", crm(tmp_path, 0.9), "--replace")
    alone = run(address, "show", "crm").out

    assert both.out.count("source crm  revision 1") == 1
    assert "revision 2" in later.out
    assert "source.owner.role = Head of data" in joined
    assert "source.completeness = 0.9" in joined
    assert "revision 3" in alone
    assert "source.owner" not in alone


def test_what_a_revision_changes_is_said(address: str, tmp_path: Path) -> None:
    """A proposal that stands on the asset is judged again, and the findings that changed are told."""
    run(address, "register", crm(tmp_path))
    proposal = tmp_path / "refunds.yaml"
    proposal.write_text(PROPOSAL, encoding="utf-8")
    checked = readygate("check", str(proposal), "--server", address)

    changed = run(address, "register", crm(tmp_path, 0.999))
    asked = run(address, "proposals", "crm")

    assert checked.code in (1, 2)
    assert "refunds  pilot  still " in changed.out
    assert "DAT-03 crm: violated -> " in changed.out
    assert "1 open proposals judged again, 0 with another verdict" in changed.out
    assert asked.out == "".join(line + "\n" for line in changed.out.splitlines()[1:])


@pytest.mark.parametrize("command", ["check", "facts", "evidence show"])
def test_without_a_server_references_are_refused(tmp_path: Path, command: str) -> None:
    """A command in this process knows no registered assets, and says what to do instead of judging without them."""
    proposal = tmp_path / "refunds.yaml"
    proposal.write_text(PROPOSAL, encoding="utf-8")

    ran = readygate(*command.split(), str(proposal))

    assert (ran.code, ran.out) == (3, "")
    assert "--server HOST:PORT" in ran.err
    assert "Traceback" not in ran.err


def test_what_is_no_asset_is_left_out_or_refused(address: str, tmp_path: Path) -> None:
    """What belongs to proposals is left out and said; a file without assets, or that references some, is refused."""
    mixed = run(address, "register", crm(tmp_path, more="org: {}\n"))
    (tmp_path / "none.yaml").write_text("org: {}\n", encoding="utf-8")
    none = run(address, "register", str(tmp_path / "none.yaml"))
    (tmp_path / "other.yaml").write_text("assets: [{scope: source, id: crm}]\n", encoding="utf-8")
    other = run(address, "register", str(tmp_path / "other.yaml"))

    assert (mixed.code, "belongs to proposals: org" in mixed.err) == (0, True)
    assert (none.code, "there is no data source" in none.err) == (3, True)
    assert (other.code, "references no registered assets" in other.err) == (3, True)


def test_what_is_not_there_ends_with_1(address: str, tmp_path: Path) -> None:
    """An asset or revision that there is not, and an id that several kinds have, are told apart."""
    run(address, "register", crm(tmp_path))
    (tmp_path / "api.yaml").write_text("apis: [{id: crm}]\n", encoding="utf-8")
    nobody = run(address, "show", "erp")
    later = run(address, "show", "crm", "--revision", "7")
    run(address, "register", str(tmp_path / "api.yaml"))
    both = run(address, "show", "crm")
    one = run(address, "show", "crm", "--scope", "api")

    assert (nobody.code, "no asset has the id erp" in nobody.err) == (1, True)
    assert (later.code, "crm@7" in later.err) == (1, True)
    assert (both.code, "--scope: source, api" in both.err) == (3, True)
    assert (one.code, one.out.startswith("api ")) == (0, True)
