"""`readygate check`: one verdict per file, and an exit code that a pipeline can act on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse

from readygate.v1.decision_pb2 import OUTCOME_STALE, VERDICT_NO_GO, Decision
from readygate.v1.gate_service_pb2 import BatchEvaluateResponse, EvaluateResponse
from tests.cli.command import AS_OF, CHECK, DRAFTS_FOR_STAFF, EXAMPLE, Ran, check_example, readygate, together

BAD = """\
id: bad
deployment:
  autonomy_levle: l4_approver
data_sources:
  - id: crm
    completeness: 1.7
"""
UNKNOWN = "id: nothing-known\n"


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a proposal that states nothing."""
    path = tmp_path_factory.mktemp("proposals") / "unknown.yaml"
    path.write_text(UNKNOWN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a proposal with a misspelt field and a value out of range."""
    path = tmp_path_factory.mktemp("proposals") / "bad.yaml"
    path.write_text(BAD, encoding="utf-8")
    return path


def decided(ran: Ran) -> Decision:
    """Returns the decision that was printed as JSON."""
    return Parse(ran.out, EvaluateResponse()).decision


def test_go_ends_with_0() -> None:
    """A proposal on which nothing that is due fails ends with 0."""
    ran = check_example(*DRAFTS_FOR_STAFF, "--set", "value.outcome_metric=cost_to_serve")
    assert (ran.code, ran.verdict, ran.err) == (0, "GO", "")


def test_go_with_conditions_ends_with_0_and_names_them() -> None:
    """A go with conditions ends with 0 as well, and says which conditions."""
    ran = check_example(*DRAFTS_FOR_STAFF)
    assert (ran.code, ran.verdict) == (0, "GO_WITH_CONDITIONS")
    assert "Conditions (1)\n  VAL-01" in ran.out


def test_no_go_ends_with_1() -> None:
    """A proposal with a failed blocker ends with 1."""
    ran = check_example()
    assert (ran.code, ran.verdict, ran.err) == (1, "NO_GO", "")


def test_undetermined_ends_with_2(unknown: Path) -> None:
    """A proposal on which only unknown facts stand in the way ends with 2."""
    ran = readygate("check", unknown, *AS_OF)
    assert (ran.code, ran.verdict, ran.err) == (2, "UNDETERMINED", "")


def test_bad_input_ends_with_3_and_points_to_every_fault(bad: Path) -> None:
    """Every fault of a file is reported with line and column on standard error, and nothing on standard output."""
    ran = readygate("check", bad)
    assert (ran.code, ran.out) == (3, "")
    assert f"{bad}: 2 faults\n" in ran.err
    assert f"{bad}:3:3: the field is not known: got 'autonomy_levle'; did you mean autonomy_level?\n" in ran.err
    assert f"{bad}:6:19: the value is out of range: got 1.7, expected a number from 0 to 1 (ratio)\n" in ran.err


def test_a_server_that_does_not_answer_ends_with_4() -> None:
    """A verdict that could not be asked for ends with 4, never with that of a verdict."""
    ran = check_example("--server", "127.0.0.1:1")
    assert (ran.code, ran.out) == (4, "")
    assert "UNAVAILABLE" in ran.err


def test_what_is_no_proposal_ends_with_3(tmp_path: Path) -> None:
    """A file that is missing, no text, empty or not a mapping is reported by name without a traceback."""
    contents = {"binary": b"\xff\xfe\x00", "empty": b"", "list": b"- a\n- list\n", "open": b"{"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in (*contents, "missing")]
    for file, ran in zip(files, together(*(("check", file) for file in files)), strict=True):
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.startswith(f"readygate: {file}: ")
        assert "Traceback" not in ran.err


def test_standard_input_is_read_for_a_dash(unknown: Path) -> None:
    """`-` reads the proposal from standard input and decides as it does for a file."""
    piped = readygate("check", "-", *AS_OF, "--format", "json", stdin=unknown.read_text(encoding="utf-8"))
    assert (piped.code, piped.out) == (2, readygate("check", unknown, *AS_OF, "--format", "json").out)


def test_faults_of_standard_input_are_named_so() -> None:
    """Faults of a piped proposal point into <stdin>."""
    ran = readygate("check", "-", stdin=BAD)
    assert (ran.code, ran.out) == (3, "")
    assert "<stdin>:3:3: " in ran.err


def test_a_proposal_may_be_json() -> None:
    """A proposal in JSON is read as well, because JSON is YAML."""
    ran = readygate("check", "-", *AS_OF, stdin=json.dumps({"id": "as-json"}))
    assert (ran.code, ran.out.splitlines()[0].split()[:2]) == (2, ["UNDETERMINED", "as-json"])


def test_several_files_end_with_the_worst(unknown: Path, bad: Path) -> None:
    """All files are judged, whatever is wrong with one, and the exit code is that of the worst."""
    judged = readygate("check", unknown, EXAMPLE, *AS_OF)
    assert judged.code == 1
    assert [line.split()[1] for line in judged.out.splitlines() if line.startswith(("UNDETERMINED", "NO_GO"))] == [
        "nothing-known",
        "refund-agent",
    ]
    with_bad = readygate("check", bad, unknown, *AS_OF)
    assert (with_bad.code, with_bad.verdict) == (3, "UNDETERMINED")
    assert f"{bad}:3:3: " in with_bad.err


def test_json_of_one_file_is_the_reply() -> None:
    """`--format json` prints an EvaluateResponse."""
    ran = check_example("--format", "json")
    decision = decided(ran)
    assert (ran.code, ran.err) == (1, "")
    assert decision.verdict == VERDICT_NO_GO
    assert decision.ruleset.name == "operational-readiness"
    assert decision.findings
    assert decision.HasField("plan")


def test_json_of_several_files_is_a_batch_in_their_order(unknown: Path, bad: Path) -> None:
    """Several files print one BatchEvaluateResponse, in which a file that was not judged has its faults."""
    ran = readygate("check", unknown, bad, EXAMPLE, *AS_OF, "--format", "json")
    batch = Parse(ran.out, BatchEvaluateResponse())
    assert ran.code == 3
    assert [item.WhichOneof("result") for item in batch.results] == ["response", "error", "response"]
    error = batch.results[1].error
    assert (error.reason, [fault.path for fault in error.faults]) == ("INVALID_PROPOSAL", ["3:3", "6:19"])
    assert batch.ruleset == batch.results[2].response.decision.ruleset


def test_json_says_nothing_about_a_bad_file(bad: Path) -> None:
    """A single bad file prints no JSON that could be taken for a verdict."""
    ran = readygate("check", bad, "--format", "json")
    assert (ran.code, ran.out) == (3, "")


def test_the_gate_can_be_chosen() -> None:
    """`--gate` asks for another gate than the proposal's."""
    ran = check_example("--gate", "pilot")
    assert ran.out.startswith("NO_GO  refund-agent at pilot, ")
    assert ran.out.count("\n  ") > check_example().out.count("\n  ")


def test_the_day_decides_how_old_evidence_is() -> None:
    """Evidence that is fresh on one day is too old two years later, and a go holds until the first is."""
    asked = ("--ruleset", "operational-readiness-full", "--format", "json", *DRAFTS_FOR_STAFF)
    fresh, later = map(decided, together((*CHECK, *asked), ("check", EXAMPLE, "--as-of", "2028-11-01", *asked)))
    assert (fresh.as_of, fresh.valid_until) == ("2026-11-01", "2026-11-24")
    assert later.as_of == "2028-11-01"
    assert OUTCOME_STALE not in {finding.outcome for finding in fresh.findings}
    assert OUTCOME_STALE in {finding.outcome for finding in later.findings}


def test_rulesets_are_chosen_by_version_digest_channel_and_day() -> None:
    """Every way to name a ruleset leads to the same decision."""
    plain = check_example("--ruleset", "operational-readiness-full", "--format", "json")
    ruleset = decided(plain).ruleset
    assert ruleset.rule_count > 38
    choices = [
        f"operational-readiness-full@{each}" for each in (ruleset.version, ruleset.digest, "stable", "2026-06-01")
    ]
    for ran in together(*((*CHECK, "--ruleset", choice, "--format", "json") for choice in (*choices, ruleset.digest))):
        assert (ran.code, ran.out) == (plain.code, plain.out)


def test_an_unknown_ruleset_ends_with_3_and_lists_the_known() -> None:
    """A ruleset that is not there is bad input, and the message says which there are."""
    choices = ("nope", "operational-readiness@2020.1.0", "operational-readiness@beta", "@2025-06-01")
    for ran in together(*((*CHECK, "--ruleset", choice) for choice in choices)):
        assert (ran.code, ran.out) == (3, "")
        assert "available: operational-readiness@2026.1.0, operational-readiness-full@2026.1.0" in ran.err
