"""`readygate init` and `readygate facts`: where a proposal starts, and what it still needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.json_format import Parse

from readygate.v1 import decision_pb2
from readygate.v1.gate_service_pb2 import BatchEvaluateResponse, ListRequirementsResponse
from tests.cli.command import AS_OF, EXAMPLE, Ran, readygate, together

ARCHETYPES = ("staff-assistant", "customer-agent", "back-office-automation", "decision-support")
GATES = ("commit", "pilot", "production")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Writes a proposal of every archetype."""
    files = [tmp_path_factory.mktemp("started") / f"{archetype}.yaml" for archetype in ARCHETYPES]
    calls: list[tuple[str | Path, ...]]
    calls = [("init", archetype, "-o", file) for archetype, file in zip(ARCHETYPES, files, strict=True)]
    for ran, file in zip(together(*calls), files, strict=True):
        assert (ran.code, ran.out) == (0, "")
        assert f"readygate check {file}" in ran.err
    return files


def test_a_proposal_that_was_only_started_is_never_go(started: list[Path]) -> None:
    """What `init` writes checks as undetermined or no-go at every gate, because nobody has filled it in."""
    for ran in together(*(["check", *map(str, started), *AS_OF, "--gate", gate, "--format", "json"] for gate in GATES)):
        verdicts = [item.response.decision.verdict for item in Parse(ran.out, BatchEvaluateResponse()).results]
        assert len(verdicts) == len(ARCHETYPES)
        assert set(verdicts) <= {decision_pb2.VERDICT_NO_GO, decision_pb2.VERDICT_UNDETERMINED}
        assert ran.code in {1, 2}


def test_init_writes_to_standard_output_unless_told(started: list[Path]) -> None:
    """Without `-o` the same commented text goes to standard output."""
    ran = readygate("init", ARCHETYPES[1])
    assert (ran.code, ran.out) == (0, started[1].read_text(encoding="utf-8"))
    assert "#" in ran.out
    assert readygate("init", ARCHETYPES[1], "-o", "-").out == ran.out, "as other commands have it"


def test_init_never_writes_over_a_file(tmp_path: Path) -> None:
    """A file that is there stays as it is."""
    file = tmp_path / "mine.yaml"
    file.write_text("id: mine\n", encoding="utf-8")
    ran = readygate("init", "customer-agent", "-o", file)
    assert (ran.code, file.read_text(encoding="utf-8")) == (3, "id: mine\n")
    assert f"{file} is there already" in ran.err


def test_init_into_a_folder_that_is_not_there_ends_with_3(tmp_path: Path) -> None:
    """A file that can not be written is reported by name."""
    ran = readygate("init", "customer-agent", "-o", tmp_path / "missing" / "mine.yaml")
    assert (ran.code, "No such file or directory" in ran.err) == (3, True)


def test_facts_lists_what_all_rules_ask_for() -> None:
    """Without a proposal every fact is listed, with range, owner, artefact, rules and gate."""
    ran = readygate("facts")
    assert (ran.code, ran.err) == (0, "")
    assert "source.completeness " in ran.out
    assert "Data owner, from data quality test results" in ran.out
    assert "operational-readiness 2026.1.0" in ran.out.splitlines()[-1]


def test_facts_of_a_proposal_are_per_asset() -> None:
    """With a proposal each asset has its own facts, and those that it states are marked."""
    asked = ("facts", EXAMPLE, *AS_OF, "--format", "json")
    every, missing = (requirements(ran) for ran in together(asked, (*asked, "--missing")))
    assert {each.subject for each in every if each.fact == "source.completeness"} == {"crm", "kb", "orders"}
    assert [each.fact for each in missing] == [each.fact for each in every if not each.stated]
    assert 0 < len(missing) < len(every)


def test_facts_of_a_later_gate_are_more() -> None:
    """A later gate asks for more facts."""
    calls = [("facts", EXAMPLE, "--gate", gate, "--missing", "--format", "json") for gate in GATES]
    counts = [len(requirements(ran)) for ran in together(*calls)]
    assert counts == sorted(set(counts))


def requirements(ran: Ran) -> list[ListRequirementsResponse.Requirement]:
    """Returns the facts that were listed as JSON."""
    return list(Parse(ran.out, ListRequirementsResponse()).requirements)


def test_missing_facts_name_the_asset_and_what_gives_them() -> None:
    """The text for people shows asset, owner and artefact of a fact that is missing."""
    ran = readygate("facts", EXAMPLE, "--missing")
    assert "workflow[returns].stable_weeks " in ran.out
    assert "Process owner, from control chart from the event log" in ran.out
    assert "source[crm].completeness" not in ran.out


@pytest.mark.parametrize("arguments", [("no-such-file.yaml",), ("--ruleset", "nope")])
def test_facts_of_what_is_not_there_end_with_3(arguments: tuple[str, ...]) -> None:
    """A missing file or ruleset is reported by name, without a traceback."""
    ran = readygate("facts", *arguments)
    assert (ran.code, ran.out) == (3, "")
    assert arguments[-1] in ran.err
    assert "Traceback" not in ran.err


def test_facts_of_a_bad_file_point_to_its_faults(tmp_path: Path) -> None:
    """Faults of the proposal have line and column here too."""
    file = tmp_path / "bad.yaml"
    file.write_text("id: bad\napis: 7\n", encoding="utf-8")
    ran = readygate("facts", file)
    assert (ran.code, ran.out) == (3, "")
    assert f"{file}:2:7: " in ran.err
