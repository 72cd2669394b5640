"""Proposals with what they stand on in files of their own: judged, shown and certified as if in one piece."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse

from readygate.v1.decision_pb2 import Decision
from readygate.v1.gate_service_pb2 import EvaluateResponse
from readygate_server.cli.main import main
from tests.cli.command import AS_OF, EXAMPLE, Ran, readygate, together
from tests.cli.serving import served

SPLIT = EXAMPLE.parent / "split"
AGENT = SPLIT / "refund-agent.yaml"
FOUNDATIONS = SPLIT / "foundations"
JSON = ("--format", "json")


def decision(ran: Ran) -> Decision:
    """Returns the decision that was printed as JSON."""
    return Parse(ran.out, EvaluateResponse(), ignore_unknown_fields=False).decision


def test_a_split_proposal_is_judged_as_in_one_piece() -> None:
    """Decision, facts, questions and evidence of the split example are to the letter those of the example."""
    commands = (
        ("check", *AS_OF, *JSON),
        ("facts", "--missing", *AS_OF, *JSON),
        ("evidence", "show", *AS_OF, *JSON),
    )
    calls = [(*command, file) for command in commands for file in (EXAMPLE, AGENT)]
    ran = together(*calls)
    assert [(each.code in (0, 1, 2), each.err) for each in ran] == [(True, "")] * 6
    for whole, split in zip(ran[::2], ran[1::2], strict=True):
        assert whole.out == split.out


def test_several_proposals_share_foundations(tmp_path: Path) -> None:
    """Both examples are judged in one call, also from another folder, where their foundations are named."""
    copies = [Path(shutil.copy(file, tmp_path)) for file in sorted(SPLIT.glob("*.yaml"))]
    here, there = together(
        ("check", *sorted(SPLIT.glob("*.yaml")), *AS_OF, *JSON),
        ("check", *copies, "--foundations", FOUNDATIONS, *AS_OF, *JSON),
    )
    assert (here.code, here.err) == (1, "")
    assert here.out == there.out
    assert len(json.loads(here.out)["results"]) == 2


def test_standard_input_has_nothing_beside_it() -> None:
    """A proposal from standard input gets its foundations by name, and without says how."""
    text = AGENT.read_text(encoding="utf-8")
    named = readygate("check", "-", "--foundations", FOUNDATIONS, *AS_OF, stdin=text)
    bare = readygate("check", "-", *AS_OF, stdin=text)
    assert (named.code, named.err) == (1, "")
    assert (bare.code, bare.out) == (3, "")
    assert "--foundations DIR" in bare.err
    assert "--server HOST:PORT" in bare.err


def test_a_fault_in_one_proposal_stops_no_other(tmp_path: Path) -> None:
    """A reference to nothing is told at its line, and the proposal after it is judged."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("id: wrong\nassets:\n  - {scope: source, id: orderz}\n", encoding="utf-8")
    ran = readygate("check", wrong, AGENT, "--foundations", FOUNDATIONS, *AS_OF)
    assert ran.code == 3
    assert f"{wrong}:3:" in ran.err
    assert "did you mean orders?" in ran.err
    assert ran.out.startswith("NO_GO  refund-agent")


def test_what_was_collected_is_a_foundation(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that `readygate collect` wrote lies beside the proposal and says what the reference is to."""
    (tmp_path / "foundations").mkdir()
    file = tmp_path / "foundations" / "repair-orders.yaml"
    artefact = EXAMPLE.parent / "evidence" / "repair-orders.openapi.json"
    proposal = tmp_path / "desk.yaml"
    proposal.write_text("id: desk\nassets:\n  - {scope: api, id: repair-orders}\n", encoding="utf-8")
    assert main(["collect", "openapi", str(artefact), "--asset", "repair-orders", *AS_OF, "-o", str(file)]) == 0
    capfd.readouterr()
    assert main(["evidence", "show", str(proposal), *AS_OF, "--format", "json"]) == 0
    shown = capfd.readouterr().out
    assert '"api.spec_valid"' in shown
    assert "repair-orders.openapi.json" in shown


def test_a_server_knows_its_own_unless_files_are_named(tmp_path: Path) -> None:
    """`--server` leaves references to the server; with files named, they are put in before it is asked."""
    from readygate_server.adapters.foundations.files import FoundationFiles
    from readygate_server.adapters.proposals.dossier import dossier_of
    from readygate_server.adapters.proposals.reader import read_proposal

    with served(tmp_path) as (_, address):
        asked = ("--server", address)
        unknown = readygate("check", AGENT, *AS_OF, *asked)
        given = readygate("check", AGENT, "--foundations", FOUNDATIONS, *AS_OF, *asked, *JSON)
        readygate("assets", "register", *sorted(FOUNDATIONS.glob("*.yaml")), *asked)
        known = readygate("check", AGENT, *AS_OF, *asked, *JSON)
    whole = readygate("check", EXAMPLE, *AS_OF, *JSON)
    proposal, document = read_proposal(AGENT.read_text(encoding="utf-8"), file="p.yaml")
    as_registered, _ = FoundationFiles([FOUNDATIONS], as_registered=True).resolved(proposal, document)

    assert (unknown.code, "no data source is registered" in unknown.err) == (3, True)
    assert decision(given).facts_digest == decision(whole).facts_digest
    assert decision(known).facts_digest == dossier_of(as_registered).digest


def test_a_foundation_file_is_told_from_a_proposal() -> None:
    """Whoever checks what proposals reference learns what it is, and not only that an id is missing."""
    ran = readygate("check", FOUNDATIONS / "crm.yaml", *AS_OF)
    assert (ran.code, "is a foundation file, which proposals reference" in ran.err) == (3, True)
