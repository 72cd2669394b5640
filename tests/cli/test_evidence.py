"""`readygate check --evidence` and `readygate evidence show`: files of evidence joined to a proposal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse

from readygate.v1.decision_pb2 import OUTCOME_SATISFIED, OUTCOME_STALE, OUTCOME_VIOLATED, Decision
from readygate.v1.gate_service_pb2 import BatchEvaluateResponse, EvaluateResponse
from tests.cli.command import AS_OF, DRAFTS_FOR_STAFF, EXAMPLE, Ran, check_example, on_terminal, readygate, together
from tests.cli.serving import served

CRM = """\
# yaml-language-server: $schema=schema/foundation.schema.json
data_sources:
  - id: crm
    completeness: 0.993
    accuracy: {ratio: 0.97, sample_size: 400}
evidence:
  - facts: [source.completeness]
    subject: crm
    value: 0.993
    grade: e2_measured
    source_uri: exports/crm.parquet
    source_digest: sha256:0000000000000000000000000000000000000000000000000000000000000000
    collector: readygate collect table
    collector_version: "1"
    method: table.completeness.v1
    coverage: {examined: 1000, skipped: 0}
    as_of: 2026-10-30T00:00:00Z
    collected_at: 2026-10-31T00:00:00Z
  - facts: [source.accuracy]
    subject: crm
    grade: e2_measured
    source_uri: audits/crm.csv
    as_of: 2026-10-30T00:00:00Z
"""
CATALOGUE = """\
apis:
  - {id: erp, owner: {support_hours: 24x7}}
evidence:
  - {facts: [api.owner.support_hours], subject: erp, grade: e1_document, source_uri: catalogue.yaml, as_of: 2026-10-01}
"""
FULL = ("--ruleset", "operational-readiness-full")


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    """A file of measurements of the customer records."""
    return written(tmp_path / "crm.yaml", CRM)


def written(path: Path, text: str) -> Path:
    """Returns a file with a text."""
    path.write_text(text, encoding="utf-8")
    return path


def decision(ran: Ran) -> Decision:
    """Returns the decision that was printed as JSON."""
    return Parse(ran.out, EvaluateResponse()).decision


def outcomes(found: Decision) -> dict[tuple[str, str], int]:
    """Returns the outcome of every rule and subject."""
    return {(each.rule_id, each.subject): each.outcome for each in found.findings}


def test_a_measurement_takes_the_place_of_a_claim(crm: Path) -> None:
    """The newer measurement of completeness passes where the proposal's value failed, and both are shown."""
    without, ran, text = together(
        ("check", EXAMPLE, *AS_OF, "--format", "json"),
        ("check", EXAMPLE, *AS_OF, "--evidence", crm, "--format", "json"),
        ("check", EXAMPLE, *AS_OF, "--evidence", crm),
    )
    assert outcomes(decision(without))["DAT-03", "crm"] == OUTCOME_VIOLATED
    assert outcomes(decision(ran))["DAT-03", "crm"] == OUTCOME_SATISFIED
    (conflict,) = decision(ran).conflicts
    assert [each.source_uri for each in conflict.values] == [
        "exports/crm.parquet",
        "https://quality.example.com/runs/crm/2026-10-25",
    ]
    assert "source[crm].completeness: 0.993 (exports/crm.parquet, 2026-10-30) against 0.94" in text.out
    assert (without.code, ran.code) == (1, 1)


def test_several_files_are_joined_in_any_order(crm: Path, tmp_path: Path) -> None:
    """The decision is the same, down to the digest of the facts, however the files are named."""
    catalogue = written(tmp_path / "catalogue.yaml", CATALOGUE)
    one, other = together(
        ("check", EXAMPLE, *AS_OF, "--evidence", crm, "--evidence", catalogue, "--format", "json"),
        ("check", EXAMPLE, *AS_OF, "--evidence", catalogue, "--evidence", crm, "--format", "json"),
    )
    assert one.out == other.out
    assert one.out


def test_a_server_judges_and_records_what_was_joined(crm: Path, tmp_path: Path) -> None:
    """The same files give the same decision here and there, and the record has the digest of the joined facts."""
    arguments = ("check", EXAMPLE, *AS_OF, "--evidence", crm, "--format", "json")
    with served(tmp_path) as (_, address):
        here, there = together(arguments, (*arguments, "--server", address))
        listed = readygate("decisions", "list", "--server", address, "--format", "json")
    assert there.code == here.code, there.err
    assert decision(there) == decision(here)
    assert decision(here).facts_digest in listed.out


def test_several_proposals_share_evidence(crm: Path, tmp_path: Path) -> None:
    """Evidence about an asset of one proposal is left out of another that has no such asset."""
    other = written(tmp_path / "other.yaml", "id: other\ndeployment: {target_gate: commit}\n")
    ran = readygate("check", EXAMPLE, other, *AS_OF, "--evidence", crm, "--format", "json")
    example, unrelated = Parse(ran.out, BatchEvaluateResponse()).results
    assert outcomes(example.response.decision)["DAT-03", "crm"] == OUTCOME_SATISFIED
    assert unrelated.WhichOneof("result") == "response"
    assert ran.err == ""


def test_evidence_that_fits_no_proposal_ends_with_3(crm: Path, tmp_path: Path) -> None:
    """Every fault has its place: an asset that nobody names, a fault of the text, a file that is not there."""
    stranger = written(tmp_path / "stranger.yaml", CRM.replace("crm", "crn"))
    faulty = written(tmp_path / "faulty.yaml", CRM.replace("0.993", "1.993"))
    runs = together(
        ("check", EXAMPLE, "--evidence", stranger),
        ("check", EXAMPLE, "--evidence", crm, "--evidence", faulty),
        ("check", EXAMPLE, "--evidence", tmp_path / "none.yaml"),
        ("check", "-", "--evidence", "-"),
        ("evidence", "show", EXAMPLE, "--evidence", stranger),
    )
    assert [(ran.code, ran.out) for ran in runs] == [(3, "")] * len(runs)
    said = f"{stranger}:3:9: the proposal has no such data source: got 'crn', expected one of crm, kb, orders"
    assert said in runs[0].err
    assert "did you mean crm?" in runs[0].err
    assert said in runs[4].err
    assert f"{faulty}:4:19: the value is out of range: got 1.993" in runs[1].err
    assert "none.yaml: No such file or directory" in runs[2].err
    assert "standard input can be read once" in runs[3].err
    assert not any("Traceback" in ran.err for ran in runs)


def test_what_if_stands_over_evidence(crm: Path) -> None:
    """`--set` changes what evidence has settled."""
    ran = check_example("--evidence", crm, "--set", "source[crm].completeness=0.5", "--format", "json")
    assert outcomes(decision(ran))["DAT-03", "crm"] == OUTCOME_VIOLATED


def test_old_evidence_is_stale(tmp_path: Path) -> None:
    """What would pass rests on a measurement that is older than the tier allows."""
    fresh = written(tmp_path / "fresh.yaml", CRM)
    old = written(tmp_path / "old.yaml", CRM.replace("2026-10-30", "2026-08-30"))
    own = written(tmp_path / "own.yaml", "\n".join(_without_evidence_of_crm()))
    check = ("check", own, *AS_OF, *FULL, "--format", "json")
    good, stale = together((*check, "--evidence", fresh), (*check, "--evidence", old))
    assert outcomes(decision(good))["DAT-03", "crm"] == OUTCOME_SATISFIED
    assert outcomes(decision(stale))["DAT-03", "crm"] == OUTCOME_STALE


REGISTER = """\
data_sources:
  - {id: crm, authority: system_of_record}
evidence:
  - facts: [source.authority, source.owner]
    subject: crm
    grade: e1_document
    source_uri: register.csv
    as_of: 2026-10-30
    expires_at: %s
"""


def test_a_go_ends_with_the_evidence_that_ends_first(tmp_path: Path) -> None:
    """Evidence of a file that expires on a day ends the go on that day."""
    own = written(tmp_path / "own.yaml", "\n".join(_without_evidence_of_crm()))
    days = ("2026-11-15", "2026-11-20")
    files = [written(tmp_path / f"{day}.yaml", REGISTER % day) for day in days]
    check = ("check", own, *AS_OF, *FULL, *DRAFTS_FOR_STAFF, "--gate", "commit", "--format", "json")
    runs = together(*((*check, "--evidence", file) for file in files))
    assert [decision(ran).valid_until for ran in runs] == list(days)


def _without_evidence_of_crm() -> list[str]:
    lines = EXAMPLE.read_text(encoding="utf-8").replace("    completeness: 0.94\n", "").split("\n")
    start = lines.index("    subject: crm") - 1
    end = next(number for number in range(start + 1, len(lines)) if lines[number].startswith("  - "))
    return lines[:start] + lines[end:]


def states(ran: Ran) -> dict[tuple[str, str], Any]:
    """Returns what is said of every fact."""
    return {(each["fact"], each["subject"]): each for each in json.loads(ran.out)["facts"]}


def test_each_fact_is_measured_claimed_stale_or_missing(crm: Path, tmp_path: Path) -> None:
    """One table says of every fact what it rests on, and what the ruleset still wants."""
    own = written(tmp_path / "own.yaml", "\n".join(_without_evidence_of_crm()))
    ran, later = together(
        ("evidence", "show", own, "--evidence", crm, *AS_OF, *FULL, "--all", "--format", "json"),
        ("evidence", "show", own, "--evidence", crm, "--as-of", "2027-01-31", *FULL, "--all", "--format", "json"),
    )
    found = states(ran)
    measured = found["source.completeness", "crm"]
    assert measured["state"] == "measured"
    assert measured["evidence"] == {
        "grade": "E2",
        "as_of": "2026-10-30",
        "age_days": 2,
        "source_uri": "exports/crm.parquet",
    }
    assert measured["needed"]["grade"] == "E2"
    assert measured["enough"]
    claimed = found["source.validity", "crm"]
    assert (claimed["state"], claimed["enough"], "evidence" in claimed) == ("claimed", False, False)
    assert found["gov.legal_basis.status", ""]["state"] == "documented"
    assert found["workflow.stable_weeks", "returns"]["state"] == "missing"
    stale = states(later)["source.completeness", "crm"]
    assert (stale["state"], stale["enough"], stale["evidence"]["age_days"]) == ("stale", False, 93)
    counts = json.loads(ran.out)["counts"]
    assert list(counts) == ["measured", "documented", "claimed", "stale", "missing"]
    assert sum(counts.values()) == len(found)


def test_evidence_of_no_known_day_is_a_claim(tmp_path: Path) -> None:
    """The gate can not tell its age, and so it does not count; the table says why."""
    own = written(tmp_path / "own.yaml", "\n".join(_without_evidence_of_crm()))
    undated = written(tmp_path / "undated.yaml", CRM.replace("    as_of: 2026-10-30T00:00:00Z\n", ""))
    arguments = ("evidence", "show", own, "--evidence", undated, *AS_OF, *FULL)
    ran, text = together((*arguments, "--format", "json"), arguments)
    found = states(ran)["source.completeness", "crm"]
    assert (found["state"], found["enough"], found["evidence"]["as_of"]) == ("claimed", False, None)
    assert "E2, of no known day" in text.out


def test_sources_that_disagree_stand_with_the_fact(crm: Path) -> None:
    """The value in use comes first."""
    ran = readygate("evidence", "show", EXAMPLE, "--evidence", crm, *AS_OF, "--format", "json")
    both = states(ran)["source.completeness", "crm"]["sources_disagree"]
    assert [(each["value"], each["grade"]) for each in both] == [(0.993, "E2"), (0.94, "E2")]


def test_the_table_fits_terminals_and_files(crm: Path) -> None:
    """Piped it is plain text; on a terminal it has colours and stays within its width."""
    arguments = ("evidence", "show", EXAMPLE, "--evidence", crm, *AS_OF)
    (piped,) = together(arguments)
    assert piped.code == 0
    assert "\x1b" not in piped.out
    lines = piped.out.splitlines()
    assert lines[0].split() == ["fact", "state", "value", "evidence", "still", "needed"]
    assert any(line.split()[:3] == ["source.completeness", "measured", "0.993"] for line in lines)
    assert "readygate collect eventlog ARTEFACT --asset returns -o returns-eventlog.yaml" in piped.out
    shown = on_terminal(*arguments, columns=80)
    assert "\x1b[32mmeasured" in shown.out
    assert "readygate collect eventlog" in shown.out


def test_names_of_people_are_not_shown(crm: Path) -> None:
    """Of an owner remains that one is named."""
    runs = together(
        ("evidence", "show", EXAMPLE, "--evidence", crm, *AS_OF),
        ("evidence", "show", EXAMPLE, "--evidence", crm, *AS_OF, "--all", "--format", "json"),
    )
    for ran in runs:
        assert "lindqvist" not in ran.out
        assert "(named)" in ran.out
