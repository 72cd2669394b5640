"""Rulesets of an organisation over those of somebody else: tightening is free, loosening needs a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.adapters.rulefiles.broken import Broken
from tests.adapters.rulefiles.files import RULE, SOUND, TEST, faults_of, write

from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.rulefiles.loader import LoadedRules, load_rulesets
from readygate_server.domain.rule import Rule
from readygate_server.domain.ruleset_diff import Change, ChangeKind, diff
from readygate_server.domain.vocabulary import Gate, Severity, Tier

OURS = """\
name: ours
version: 2026.1.0
summary: Ours.
effective_from: 2026-03-01
extends: example@2026.1.0
adjust:
  - rule: DAT-01
"""
LOCAL = {
    "local/LOC-01.yaml": RULE.replace("DAT-01", "LOC-01"),
    "local/LOC-01_test.yaml": TEST.replace("DAT-01", "LOC-01"),
}
TWO = {
    **SOUND,
    "example.yaml": SOUND["example.yaml"] + "  - data/DAT-02\n",
    "data/DAT-02.yaml": RULE.replace("DAT-01", "DAT-02").replace("  owner: Data", "  after: [DAT-01]\n  owner: Data"),
    "data/DAT-02_test.yaml": TEST.replace("DAT-01", "DAT-02"),
}


@pytest.fixture
def base(tmp_path: Path) -> LoadedRules:
    """The sound directory with two rules, of which the second waits for the first."""
    return load_rulesets(write(tmp_path / "base", TWO))


def adjusted(tmp_path: Path, base: LoadedRules, *lines: str) -> Rule:
    """Returns the first rule after adjustments."""
    directory = write(tmp_path / "ours", {"ours.yaml": OURS + "".join(f"    {line}\n" for line in lines)})
    return load_rulesets(directory, base=base).rulesets[0].rules[0]


def test_a_ruleset_inherits_everything(tmp_path: Path, base: LoadedRules) -> None:
    """Without adjustments the rules, tiering and validity are those below; identity and digest are its own."""
    text = OURS.partition("adjust:")[0]
    loaded = load_rulesets(write(tmp_path / "ours", {"ours.yaml": text}), base=base)
    (ours,), (theirs,) = loaded.rulesets, base.rulesets
    assert (ours.rules, ours.axes, ours.narrow_to, ours.verdict_valid_days) == (
        theirs.rules,
        theirs.axes,
        theirs.narrow_to,
        theirs.verdict_valid_days,
    )
    assert ours.identity.effective_from == "2026-03-01"
    assert ours.identity.digest != theirs.identity.digest
    assert loaded.all_rulesets == (ours, theirs)
    assert loaded.ruleset("example", "2026.1.0") is theirs


def test_tightening_is_free(tmp_path: Path, base: LoadedRules) -> None:
    """Thresholds, severities and gates may be tightened without a reason, each at its tier."""
    rule = adjusted(
        tmp_path,
        base,
        "check: completeness",
        "thresholds: {T1: 0.95, T4: 0.999}",
        "severity: {T3: blocker, T4: blocker}",
        "\n  - rule: DAT-01\n    severity: {T1: condition, T2: blocker}",
    )
    limits = {tier.name: limit.value for tier, limit in rule.checks[0].thresholds.items()}
    assert limits == {"T1": 0.95, "T2": 0.95, "T3": 0.99, "T4": 0.999}
    assert rule.severity == {
        Tier.T1: Severity.CONDITION,
        Tier.T2: Severity.BLOCKER,
        Tier.T3: Severity.BLOCKER,
        Tier.T4: Severity.BLOCKER,
    }
    assert rule.checks[0].thresholds[Tier.T1].provenance.judgement == "Tightened by ours@2026.1.0."
    assert rule.checks[0].thresholds[Tier.T2].provenance.judgement == "An example."


def test_loosening_with_a_reason_is_recorded(tmp_path: Path, base: LoadedRules) -> None:
    """A reason allows what loosens, becomes the provenance of the number, and stays with the ruleset."""
    text = (
        OURS + "    check: completeness\n    thresholds: {T3: 0.96, T4: 0.98}\n    reason: Nobody can measure better.\n"
    )
    loaded = load_rulesets(write(tmp_path / "ours", {"ours.yaml": text}), base=base)
    limit = loaded.rulesets[0].rules[0].checks[0].thresholds[Tier.T3]
    assert (limit.value, limit.provenance.judgement) == (0.96, "Nobody can measure better.")
    (deviation,) = loaded.deviations["ours@2026.1.0"]
    assert (deviation.rule_id, deviation.reason) == ("DAT-01", "Nobody can measure better.")
    assert [change.kind for change in deviation.changes if not change.path.endswith("provenance")] == [
        ChangeKind.LOOSENED,
        ChangeKind.LOOSENED,
    ]


def test_a_stated_provenance_is_kept(tmp_path: Path, base: LoadedRules) -> None:
    """The organisation can say where its number comes from."""
    provenance = "provenance: {source: Our handbook, citation: chapter 3}"
    rule = adjusted(tmp_path, base, "check: completeness", "thresholds: {T1: 0.94}", provenance)
    assert rule.checks[0].thresholds[Tier.T1].provenance.source == "Our handbook"


def test_rules_and_checks_are_removed_with_a_reason(tmp_path: Path, base: LoadedRules) -> None:
    """A check, a requirement or a whole rule goes when somebody says why."""
    reason = "    remove: true\n    reason: It is asked elsewhere.\n"
    text = (
        OURS
        + f"    check: authority\n{reason}  - rule: DAT-01\n    check: accepted\n{reason}  - rule: DAT-02\n{reason}"
    )
    (ours,) = load_rulesets(write(tmp_path / "ours", {"ours.yaml": text}), base=base).rulesets
    assert [rule.id for rule in ours.rules] == ["DAT-01"]
    assert [check.id for check in ours.rules[0].checks] == ["completeness"]
    assert ours.rules[0].requirements == ()


def test_rules_of_its_own_are_added(tmp_path: Path, base: LoadedRules) -> None:
    """A ruleset adds rule files of its directory, which may wait for work of the rules below."""
    local = LOCAL["local/LOC-01.yaml"].replace("  owner: Data", "  after: [DAT-02]\n  owner: Data")
    text = OURS.partition("adjust:")[0] + "rules: [local/LOC-01]\n"
    directory = write(tmp_path / "ours", {**LOCAL, "local/LOC-01.yaml": local, "ours.yaml": text})
    loaded = load_rulesets(directory, base=base)
    assert [rule.id for rule in loaded.rulesets[0].rules] == ["DAT-01", "DAT-02", "LOC-01"]
    assert list(loaded.tests) == ["LOC-01"]


def test_rule_files_below_can_be_listed_without_extending(tmp_path: Path, base: LoadedRules) -> None:
    """A ruleset may be composed of some rules below, with the tiering below."""
    text = (
        "name: ours\nversion: 2026.1.0\nsummary: Ours.\neffective_from: 2026-03-01\n"
        "tiering: tiering.yaml\nverdict_valid_days: 30\nrules: [data/DAT-02]\n"
    )
    (ours,) = load_rulesets(write(tmp_path / "ours", {"ours.yaml": text}), base=base).rulesets
    assert [rule.id for rule in ours.rules] == ["DAT-02"]


def test_layers_lie_on_layers(tmp_path: Path, base: LoadedRules) -> None:
    """A ruleset can extend one of its own directory, which extends one below."""
    second = OURS.replace("name: ours", "name: team").replace("example@", "ours@") + "    due: commit\n"
    files = {"ours.yaml": OURS + "    severity: {T2: blocker}\n", "team.yaml": second}
    ours, team = load_rulesets(write(tmp_path / "ours", files), base=base).rulesets
    assert ours.rules[0].severity[Tier.T2] is Severity.BLOCKER
    assert diff(ours, team) == ()


def test_another_tiering_needs_a_reason(tmp_path: Path, base: LoadedRules) -> None:
    """A ruleset that judges stakes in another way, or lets verdicts hold for longer, says why."""
    head = OURS.partition("adjust:")[0] + "tiering: ours-tiering.yaml\nverdict_valid_days: 120\n"
    files = {"ours-tiering.yaml": SOUND["tiering.yaml"].replace("T3", "T4"), "ours.yaml": head}
    assert [(fault.line, fault.message) for fault in faults_of(write(tmp_path / "ours", files), base=base)] == [
        (6, "another tiering than that of the extended ruleset may loosen it"),
        (7, "verdicts that hold for longer than those of the extended ruleset loosen it"),
    ]
    files["ours.yaml"] += "reason: Our legal counsel reads the classes in another way.\n"
    assert faults_of(write(tmp_path / "ours", files), base=base) == ()


FAULTS = (
    Broken(
        "a lower floor without a reason",
        "DAT-01\n",
        "DAT-01\n    check: completeness\n    thresholds: {T1: ▶0.8}\n",
        "this loosens DAT-01 checks.completeness.T1",
        ">= 0.9 to >= 0.8",
        "a 'reason'",
    ),
    Broken(
        "a lower severity without a reason",
        "DAT-01\n",
        "DAT-01\n    severity: {T1: ▶none}\n",
        "this loosens DAT-01 severity.T1",
        "advisory to none",
        "a 'reason'",
    ),
    Broken(
        "a later check without a reason",
        "DAT-01\n",
        "DAT-01\n    check: completeness\n    due: ▶pilot\n",
        "this loosens DAT-01 checks.completeness.due",
        "commit to pilot",
        "a 'reason'",
    ),
    Broken(
        "a rule less without a reason",
        "DAT-01\n",
        "DAT-01\n    remove: ▶true\n",
        "this loosens DAT-01",
        "Elements are complete to nothing",
        "a 'reason'",
    ),
    Broken(
        "a check less without a reason",
        "DAT-01\n",
        "DAT-01\n    check: authority\n    remove: ▶true\n",
        "this loosens DAT-01 checks.authority",
        "source.authority: T1 one of system_of_record, governed_copy, T2 one of system_of_record, governed_copy, "
        "T3 one of system_of_record, governed_copy, T4 one of system_of_record, governed_copy to nothing",
        "a 'reason'",
    ),
    Broken(
        "a threshold that then eases with the tier",
        "DAT-01\n",
        "DAT-01\n    check: completeness\n    thresholds: ▶{T2: 0.995}\n",
        "the threshold eases from T2 to T3",
        "0.995 at T2, 0.99 at T3",
    ),
    Broken(
        "a severity that then eases with the tier",
        "DAT-01\n",
        "DAT-01\n    severity: ▶{T1: blocker}\n",
        "the severity eases from T1 to T2",
        "blocker at T1, condition at T2",
    ),
    Broken(
        "a threshold out of range",
        "DAT-01\n",
        "DAT-01\n    check: completeness\n    thresholds: {T4: ▶99}\n",
        "source.completeness never has this value",
        "99",
        "0 to 1",
    ),
    Broken("an unknown rule", "DAT-01", "▶DAT-O1", "'rule' is malformed", "'DAT-O1'", "an id such as DAT-03"),
    Broken(
        "a rule that is not there",
        "DAT-01\n",
        "▶ZZZ-999\n    due: commit\n",
        "the ruleset has no such rule",
        "ZZZ-999",
    ),
    Broken(
        "a check that is not there",
        "DAT-01\n",
        "DAT-01\n    check: ▶completness\n    due: commit\n",
        "the rule has no such check",
        "completness",
        suggestion="completeness",
    ),
    Broken(
        "a waiver where there was none",
        "DAT-01\n",
        "DAT-01\n    waivable: ▶true\n",
        "'waivable' is not one of the known words",
        "true",
        "false",
    ),
    Broken(
        "nothing to do",
        "- rule: DAT-01\n",
        "- ▶rule: DAT-01\n",
        "an adjustment changes or removes",
        "neither",
        "'thresholds', 'severity', 'due', something about waivers, or else 'remove: true'",
    ),
    Broken(
        "thresholds of no check",
        "DAT-01\n",
        "DAT-01\n    thresholds: ▶{T1: 0.95}\n",
        "thresholds belong to a check",
        expected="'check': completeness or authority",
    ),
    Broken(
        "thresholds of a requirement",
        "DAT-01\n",
        "DAT-01\n    check: accepted\n    thresholds: ▶{T1: 0.95}\n",
        "a requirement has no thresholds",
        "accepted",
    ),
    Broken(
        "work that then waits for later work",
        "- rule: DAT-01\n",
        "- ▶rule: DAT-01\n    due: pilot\n    reason: Vendors are chosen late here.\n",
        "DAT-02: the work waits for work that is due at a later gate at T1, T2, T3, T4",
        "DAT-01 due at pilot",
        "commit or earlier, like DAT-02",
    ),
)


@pytest.mark.parametrize("broken", FAULTS, ids=lambda broken: broken.name)
def test_faults_of_adjustments(broken: Broken, tmp_path: Path, base: LoadedRules) -> None:
    """An adjustment that loosens without a reason, or that fits nothing, is a fault at its place."""
    text, expected = broken.spoil(OURS, "ours.yaml")
    assert faults_of(write(tmp_path / "ours", {"ours.yaml": text}), base=base) == (expected,)


def test_a_rule_below_can_not_be_replaced_by_a_file(tmp_path: Path, base: LoadedRules) -> None:
    """A file with the id of a rule below is refused, because it would loosen without saying so."""
    text = OURS.partition("adjust:")[0] + "rules: [local/DAT-01]\n"
    files = {"local/DAT-01.yaml": RULE, "local/DAT-01_test.yaml": TEST, "ours.yaml": text}
    (fault,) = faults_of(write(tmp_path / "ours", files), base=base)
    assert fault.message == "the ruleset has the rule DAT-01 already; 'adjust' changes it"


def test_a_name_and_version_below_can_not_be_taken(tmp_path: Path, base: LoadedRules) -> None:
    """Nobody publishes under a name and version that the rules below have."""
    text = OURS.replace("name: ours", "name: example").partition("adjust:")[0].replace("2026.1.0\nadjust", "2026.1.0")
    (fault, *_) = faults_of(write(tmp_path / "ours", {"ours.yaml": text}), base=base)
    assert fault.message == "the rules below have a ruleset of this name and version already"


@pytest.mark.parametrize("through", ["", "bridge@2026.1.0"])
def test_a_name_below_is_taken_only_on_top_of_it(through: str, tmp_path: Path, base: LoadedRules) -> None:
    """A newer version of a ruleset below, which would be taken in its place, rests on it and can not start anew."""
    anew = "tiering: tiering.yaml\nverdict_valid_days: 900\nrules: [data/DAT-01]\n"
    newer = OURS.replace("ours", "example").replace("2026.1.0\nsummary", "2026.10.0\nsummary").partition("extends:")[0]
    files = {
        "bridge.yaml": OURS.replace("ours", "bridge").partition("extends:")[0] + anew,
        "newer.yaml": newer + (f"extends: {through}\n" if through else anew),
    }
    (fault,) = faults_of(write(tmp_path / "ours", files), base=base)
    assert (fault.file, fault.line) == ("newer.yaml", 1)
    assert fault.message == "a ruleset below has this name, and this one does not extend it"
    assert fault.expected == "a name of its own, or 'extends: example@2026.1.0'"

    files["bridge.yaml"] = OURS.replace("ours", "bridge").partition("adjust:")[0]
    files["newer.yaml"] = newer + f"extends: {through or 'example@2026.1.0'}\n"
    assert faults_of(write(tmp_path / "ours", files), base=base) == ()


def test_adjustments_are_checked_beside_rules_with_faults(tmp_path: Path, base: LoadedRules) -> None:
    """A rule that is not there hides no fault of an adjustment, and causes none of its own."""
    text = OURS.replace("adjust:", "rules: [local/LOC-09]\nadjust:\n  - {rule: LOC-09, due: commit}")
    text += "    severity: {T1: none}\n  - rule: DAT-02\n    check: completness\n    due: commit\n"
    found = [fault.message for fault in faults_of(write(tmp_path / "ours", {"ours.yaml": text}), base=base)]
    assert found == [
        "there is no such rule file",
        "this loosens DAT-01 severity.T1",
        "the rule has no such check",
    ]


def test_the_shipped_rules_can_be_layered_over(tmp_path: Path) -> None:
    """An organisation's directory with one file tightens one threshold of the shipped rules."""
    text = (
        "name: acme-readiness\nversion: 2026.1.0\nsummary: Ours.\neffective_from: 2026-03-01\n"
        "extends: operational-readiness@2026.1.0\n"
        "adjust:\n  - {rule: DAT-03, check: completeness, thresholds: {T1: 0.97}}\n"
    )
    loaded = load_rulesets(write(tmp_path, {"acme.yaml": text}), base=rules_directory())
    changes = diff(loaded.ruleset("operational-readiness", "2026.1.0"), loaded.rulesets[0])
    assert [change for change in changes if change.kind is not ChangeKind.NEUTRAL] == [
        Change("DAT-03", "checks.completeness.T1", ">= 0.95", ">= 0.97", ChangeKind.TIGHTENED)
    ]


def test_a_gate_for_all_tiers_is_set(tmp_path: Path, base: LoadedRules) -> None:
    """An adjusted gate holds at every tier."""
    rule = adjusted(tmp_path, base, "check: completeness", "due: production", "reason: It can only be measured late.")
    assert rule.checks[0].due is Gate.PRODUCTION


def test_waivers_are_tightened_freely(tmp_path: Path, base: LoadedRules) -> None:
    """Shorter waivers, more approvals, and none at all need no reason; who adjusts a rule becomes an author of it."""
    rule = adjusted(tmp_path, base, "maximum_waiver_days: 30", "waiver_quorum: 2", "authors: [ada]")
    assert (rule.maximum_waiver_days, rule.waiver_quorum, rule.authors) == (30, 2, frozenset({"ada"}))
    rule = adjusted(tmp_path, base, "waivable: false", "\n  - rule: DAT-01\n    authors: [grace]")
    assert (rule.waivable, rule.authors) == (False, frozenset({"grace"}))


def test_who_adjusts_a_check_is_an_author_of_the_rule(tmp_path: Path, base: LoadedRules) -> None:
    """Authors stand beside any change, and those of each layer are kept."""
    more = "\n  - rule: DAT-01\n    authors: [grace]"
    rule = adjusted(tmp_path, base, "check: completeness", "thresholds: {T1: 0.95}", "authors: [ada]", more)
    assert rule.authors == {"ada", "grace"}
    assert rule.checks[0].thresholds[Tier.T1].value == 0.95


@pytest.mark.parametrize("line", ["maximum_waiver_days: 91", "waiver_quorum: 1"])
def test_easier_waivers_need_a_reason(tmp_path: Path, base: LoadedRules, line: str) -> None:
    """Waivers that last longer or need fewer people loosen a rule, at the key that does it."""
    quorum = "waiver_quorum: 2\n  - rule: DAT-01\n    "
    text, key = f"{OURS}    {quorum}{line}\n", line.partition(":")[0]
    (fault,) = faults_of(write(tmp_path / "ours", {"ours.yaml": text}), base=base)
    assert (fault.message, fault.expected) == (f"this loosens DAT-01 {key}", "a 'reason'")
    directory = write(tmp_path / "reasoned", {"ours.yaml": f"{text}    reason: Nobody else is there.\n"})
    rule = load_rulesets(directory, base=base).rulesets[0].rules[0]
    assert f"{key}: {getattr(rule, key)}" == line


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("waivable: true", "'waivable' is not one of the known words"),
        ("waivable: false\n    waiver_quorum: 2", "the rule can not be waived, so there is nothing to adjust"),
        ("check: completeness\n    waivable: false", "a waiver is for a whole rule"),
        ("waivable: false\n    remove: true\n    reason: An example.", "an adjustment changes or removes"),
    ],
)
def test_adjustments_of_waivers_that_make_no_sense(tmp_path: Path, base: LoadedRules, lines: str, message: str) -> None:
    """What can not be waived stays so, with or without a reason; waivers are of whole rules."""
    directory = write(tmp_path / "ours", {"ours.yaml": f"{OURS}    {lines}\n"})
    messages = [fault.message for fault in faults_of(directory, base=base)]
    assert messages == [message]
