"""`readygate rules`: look at rules, check, test, compare and publish them, and lay one's own over them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import AS_OF, DRAFTS_FOR_STAFF, EXAMPLE, Ran, readygate

OWN = """\
# yaml-language-server: $schema=schema/ruleset.schema.json
name: acme-readiness
version: 2026.1.0
summary: Operational readiness at Acme.
effective_from: 2026-01-01
extends: operational-readiness@2026.1.0
adjust:
  - rule: DAT-10
    check: classified
    thresholds: {T1: %(threshold)s}
    provenance: {judgement: Staff can not see what was left unclassified.}
"""
TIGHTER, LOOSER = OWN % {"threshold": 0.85}, OWN % {"threshold": 0.5}
WITH_REASON = LOOSER + "    reason: The register is rebuilt until summer; the risk owner has accepted it in R-17.\n"
GO = (*DRAFTS_FOR_STAFF, *("--set", "value.outcome_metric=cost_to_serve"))


def own_rules(directory: Path, text: str) -> Path:
    """Writes an organisation's own ruleset."""
    (directory / "acme-readiness.yaml").write_text(text, encoding="utf-8")
    return directory


def check(classified: float, *arguments: str | Path) -> Ran:
    """Checks the drafting aid with a share of classified elements."""
    change = ("--set", f"source[crm].classification_coverage={classified}")
    return readygate("check", EXAMPLE, *AS_OF, *GO, *change, *arguments)


def test_list_shows_every_ruleset_with_its_digest() -> None:
    """Each ruleset is listed with version, channel, number of rules and digest."""
    ran = readygate("rules", "list")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^operational-readiness 2026\.1\.0  stable, 38 rules, .*\n  sha256:[0-9a-f]{64}$", ran.out, re.M)
    assert re.search(r"^operational-readiness-full 2026\.1\.0  stable, 68 rules, ", ran.out, re.M)
    assert re.search(r"^operational-readiness-measured 2026\.1\.0  stable, 76 rules, ", ran.out, re.M)


def test_show_explains_a_rule() -> None:
    """A rule is shown with its question, its thresholds per tier, where they come from, and its work."""
    ran = readygate("rules", "show", "dat-03")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "DAT-03  Critical elements are complete")
    assert re.search(r"source\.completeness \(ratio\) +>= 0\.95 +>= 0\.98 +>= 0\.99 +>= 0\.995\n", ran.out)
    assert "source.completeness T3: ai-ready-data: " in ran.out
    assert "2-8 person-weeks per source; Data owner" in ran.out


@pytest.mark.parametrize("rule", ["DEP-01", "API-02", "WFL-11"])
def test_show_knows_every_rule_that_ships(rule: str) -> None:
    """Unless a ruleset is named, it is the one that has all rules."""
    ran = readygate("rules", "show", rule)
    assert (ran.code, ran.out.split()[0]) == (0, rule)


def test_show_of_an_unknown_rule_lists_the_known() -> None:
    """A rule that is not there is bad input, and the message names those that are."""
    ran = readygate("rules", "show", "DAT-99")
    assert (ran.code, ran.out) == (3, "")
    assert "DAT-99: operational-readiness-measured has no such rule; it has API-01, " in ran.err


def test_check_says_that_the_packaged_rules_are_sound() -> None:
    """The rules that ship have no fault."""
    ran = readygate("rules", "check")
    assert ran.code == 0
    assert "operational-readiness 2026.1.0: 38 rules, no fault, sha256:" in ran.out


def test_check_reports_all_faults_with_their_places(tmp_path: Path) -> None:
    """Every fault of a directory is reported at once, with file, line and column."""
    text = TIGHTER.replace("DAT-10", "DAT-1O").replace("version: 2026.1.0", "version: 2026-1")
    ran = readygate("rules", "check", own_rules(tmp_path, text))
    assert (ran.code, ran.out) == (3, "")
    assert re.search(r"^acme-readiness\.yaml:3:10: ", ran.err, re.M)
    assert re.search(r"^acme-readiness\.yaml:8:11: ", ran.err, re.M)


def test_a_directory_that_is_not_there_ends_with_3(tmp_path: Path) -> None:
    """A rules directory that is missing is reported by name."""
    for arguments in (("rules", "check", tmp_path / "nope"), ("rules", "list", "--rules", tmp_path / "nope")):
        ran = readygate(*arguments)
        assert (ran.code, "nope: there is no such directory" in ran.err) == (3, True)


def test_a_tightened_threshold_changes_the_verdict(tmp_path: Path) -> None:
    """An organisation's own ruleset turns a go into a no-go, and only where it is asked for."""
    rules = own_rules(tmp_path, TIGHTER)
    ours = ("--rules", rules, "--ruleset", "acme-readiness")
    assert (check(0.8, *ours).verdict, check(0.85, *ours).verdict) == ("NO_GO", "GO")
    assert check(0.8, "--rules", rules).verdict == "GO"
    assert "source.classification_coverage is 0.8, required >= 0.85" in check(0.8, *ours).out


def test_a_loosened_threshold_without_a_reason_is_refused_with_its_place(tmp_path: Path) -> None:
    """What loosens a rule without saying why is a fault at the threshold, and nothing is judged by it."""
    rules = own_rules(tmp_path, LOOSER)
    fault = (
        "acme-readiness.yaml:10:22: this loosens DAT-10 checks.classified.T1: got >= 0.7 to >= 0.5, expected a 'reason'"
    )
    for ran in (readygate("rules", "check", rules), check(0.6, "--rules", rules, "--ruleset", "acme-readiness")):
        assert (ran.code, ran.out) == (3, "")
        assert fault in ran.err


def test_a_loosened_threshold_with_a_reason_is_used(tmp_path: Path) -> None:
    """With a recorded reason the looser threshold loads, decides, and shows in the difference."""
    rules = own_rules(tmp_path, WITH_REASON)
    assert check(0.6, "--rules", rules, "--ruleset", "acme-readiness").verdict == "GO"
    assert check(0.6, "--rules", rules).verdict == "NO_GO"
    compared = readygate("rules", "diff", "--rules", rules, "operational-readiness@2026.1.0", "acme-readiness")
    assert compared.code == 0
    assert re.search(r"DAT-10 +\S*classified\S* .*loosened", compared.out)


def test_diff_shows_what_was_tightened(tmp_path: Path) -> None:
    """The difference names rule, check, both values and the effect; a ruleset does not differ from itself."""
    rules = own_rules(tmp_path, TIGHTER)
    compared = readygate("rules", "diff", "--rules", rules, "operational-readiness", "acme-readiness")
    assert re.search(r"DAT-10 .*0\.7.*0\.85.*tightened", compared.out)
    assert readygate("rules", "diff", "operational-readiness", "operational-readiness").out == "no difference\n"


def test_own_rulesets_are_listed_with_those_that_ship(tmp_path: Path) -> None:
    """`--rules` lays a directory over the packaged rules."""
    ran = readygate("rules", "list", "--rules", own_rules(tmp_path, TIGHTER))
    assert re.findall(r"^(\S+) 2026\.1\.0 ", ran.out, re.M) == [
        "acme-readiness",
        "operational-readiness",
        "operational-readiness-full",
        "operational-readiness-measured",
    ]


def test_tests_of_the_packaged_rules_pass() -> None:
    """The tests beside the rules run, and their coverage is reported by tier and outcome."""
    ran = readygate("rules", "test")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^\d+ passed, 0 failed$", ran.out.splitlines()[-1])
    assert "by tier: T1 " in ran.out


@pytest.fixture
def own_rule(tmp_path: Path) -> Path:
    """Writes a ruleset with one rule of its own, and two tests that show only a part of it."""
    return rule_of_our_own(tmp_path)


def rule_of_our_own(directory: Path) -> Path:
    """Writes the directory that `docs/writing-rules.md` describes, as far as these tests need it."""
    own_rules(directory, OWN[: OWN.index("adjust:")] + "rules:\n  - ACME-01\n")
    (directory / "ACME-01.yaml").write_text(RULE, encoding="utf-8")
    (directory / "ACME-01_test.yaml").write_text(RULE_TEST, encoding="utf-8")
    return directory


RULE = """\
# yaml-language-server: $schema=schema/rule.schema.json
id: ACME-01
title: Enough is known about how fresh the data is
foundation: data
question: Does the data source state what staleness the deployment can bear?
motivation: A lag means nothing without the tolerance that it is held against.
scope: source
due: commit
severity: {T1: advisory, T2: condition, T3: blocker, T4: blocker}
checks:
  - id: tolerance
    fact: source.max_staleness
    at_most: {T1: 1440, T2: 60, T3: 15, T4: 15}
    provenance: {judgement: What our own service promises its customers.}
work:
  title: Agree on the staleness that the deployment can bear
  done_when: Staleness of at most {source.max_staleness} minutes is agreed with the data owner
  effort: {min: 0.2, max: 1, per: source}
  owner: Product owner
  kind: paperwork
references: [Acme data policy 4.2]
"""
RULE_TEST = """\
# yaml-language-server: $schema=schema/rule_test.schema.json
rule: ACME-01
base:
  id: example
  data_sources:
    - {id: crm, max_staleness: 15}
cases:
  - name: A quarter of an hour is enough for what acts by itself
    tier: T3
    outcome: satisfied
  - name: Nobody has said what is needed
    tier: T3
    set: {"source[crm].max_staleness": null}
    outcome: unknown
"""


def test_too_little_coverage_ends_with_1(own_rule: Path) -> None:
    """Tests that pass and show too little fail `--min`, and what they do not show is named."""
    plain = readygate("rules", "test", own_rule)
    assert (plain.code, plain.out.splitlines()[-1]) == (0, "2 passed, 0 failed")
    held = readygate("rules", "test", own_rule, "--min", "100")
    assert held.code == 1
    assert "not shown by a test: ACME-01" in held.out
    assert "the least is 100 %" in held.out


def test_a_failing_case_ends_with_1_and_names_its_place(own_rule: Path) -> None:
    """A case that does not come out as written is reported with file and line."""
    file = own_rule / "ACME-01_test.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("outcome: satisfied", "outcome: violated"), encoding="utf-8"
    )
    ran = readygate("rules", "test", own_rule)
    assert ran.code == 1
    assert re.search(r"^ACME-01_test\.yaml:8.*A quarter of an hour", ran.out, re.M)
    assert ran.out.splitlines()[-1] == "1 passed, 1 failed"


def test_schemas_are_written_for_editors(tmp_path: Path) -> None:
    """`rules schema DIR` writes the JSON Schemas that the first line of each file names."""
    ran = readygate("rules", "schema", tmp_path)
    written = {Path(line).relative_to(tmp_path).as_posix() for line in ran.out.splitlines()}
    assert ran.code == 0
    assert {"schema/rule.schema.json", "schema/rule_test.schema.json", "schema/ruleset.schema.json"} <= written
    for path in written:
        assert json.loads((tmp_path / path).read_text(encoding="utf-8"))["$schema"].startswith(
            "https://json-schema.org/"
        )


def test_a_published_version_can_not_be_edited(tmp_path: Path) -> None:
    """What is published keeps its digest: an edit without a new version is a fault, one with it is not."""
    rules = own_rules(tmp_path, TIGHTER)
    first, again = readygate("rules", "publish", rules), readygate("rules", "publish", rules)
    assert re.fullmatch(r"published acme-readiness 2026\.1\.0 sha256:[0-9a-f]{64}\n", first.out)
    assert (again.code, again.out) == (0, "every version is published already\n")
    own_rules(tmp_path, OWN % {"threshold": 0.88})
    edited = readygate("rules", "check", rules)
    assert (edited.code, "a published version was edited; give it a new version" in edited.err) == (3, True)
    own_rules(tmp_path, (OWN % {"threshold": 0.88}).replace("version: 2026.1.0", "version: 2026.2.0"))
    assert readygate("rules", "check", rules).code == 0
