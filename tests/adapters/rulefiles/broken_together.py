"""Faults that only several files have together, and those of files that are none of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.adapters.rulefiles.files import RULE, RULESET, TEST, edited, place_of_mark

from readygate_server.domain.faults import Fault


@dataclass(frozen=True)
class Together:
    """Files that are at fault beside the sound ones; the mark stands where the fault is expected."""

    name: str
    files: Mapping[str, str]
    message: str
    got: str = ""
    expected: str = ""
    suggestion: str = ""

    def spoil(self) -> tuple[dict[str, str], Fault]:
        """Returns the files without the mark, and the fault that is expected."""
        marked = next(path for path, text in self.files.items() if "▶" in text)
        text, line, column = place_of_mark(self.files[marked])
        fault = Fault(marked, line, column, self.message, self.got, self.expected, self.suggestion)
        return {**self.files, marked: text}, fault


def rule(rule_id: str, *edits: tuple[str, str], folder: str = "more", test: bool = True) -> dict[str, str]:
    """Returns a rule file after some edits, and its test."""
    text = RULE.replace("DAT-01", rule_id)
    for old, new in edits:
        text = edited(text, old, new)
    files = {f"{folder}/{rule_id}.yaml": text}
    return {**files, f"{folder}/{rule_id}_test.yaml": TEST.replace("DAT-01", rule_id)} if test else files


def ruleset(name: str, *edits: tuple[str, str]) -> str:
    """Returns a ruleset of that name after some edits."""
    text = RULESET.replace("name: example", f"name: {name}")
    for old, new in edits:
        text = edited(text, old, new)
    return text


def after(*rule_ids: str) -> tuple[str, str]:
    """Returns the edit that lets the work wait for that of other rules."""
    return "  owner: Data owner\n", f"  owner: Data owner\n  after: [{', '.join(rule_ids)}]\n"


_EXTENDS = ("tiering: tiering.yaml\nverdict_valid_days: 90\nrules:\n  - data/DAT-01\n", "")

TOGETHER = (
    Together(
        "a rule in two files",
        {**rule("TWO-01", folder="first"), **rule("TWO-01", ("id: TWO-01", "id: ▶TWO-01"), folder="second")},
        "the rule TWO-01 is also in first/TWO-01.yaml",
        "TWO-01",
        "an id of its own",
    ),
    Together(
        "a rule without a test",
        rule("BAR-01", ("# yaml", "▶# yaml"), test=False),
        "the rule has no test",
        expected="more/BAR-01_test.yaml",
    ),
    Together(
        "a test without a rule",
        {"more/LON-01_test.yaml": edited(TEST.replace("DAT-01", "LON-01"), "rule: LON", "rule: ▶LON")},
        "there is no such rule",
        "LON-01",
    ),
    Together(
        "a test that is not named after its rule",
        {"more/ZZZ-02_test.yaml": edited(TEST, "rule: DAT", "rule: ▶DAT")},
        "the test is not named after its rule",
        "DAT-01",
        "ZZZ-02",
    ),
    Together(
        "work that waits for itself",
        {
            **rule("CYC-01", after("▶CYC-02")),
            **rule("CYC-02", after("CYC-03")),
            **rule("CYC-03", after("CYC-01")),
        },
        "the work waits for itself",
        "CYC-01 after CYC-02 after CYC-03 after CYC-01",
    ),
    Together(
        "work that waits for itself alone",
        rule("SEL-01", after("▶SEL-01")),
        "the work waits for itself",
        "SEL-01 after SEL-01",
    ),
    Together(
        "work that waits for later work",
        {
            **rule("LAT-01", after("▶LAT-02")),
            **rule("LAT-02", ("due: commit", "due: {T1: commit, T2: commit, T3: pilot, T4: production}")),
        },
        "the work waits for work that is due at a later gate at T3, T4",
        "LAT-02 due at pilot",
        "commit or earlier, like LAT-01",
    ),
    Together(
        "a version twice",
        {"twice-1.yaml": ruleset("twice"), "twice-2.yaml": ruleset("twice", ("version: ", "version: ▶"))},
        "twice-1.yaml has this name and version as well",
        "twice@2026.1.0",
    ),
    Together(
        "rulesets that extend each other",
        {
            "ring-1.yaml": ruleset("ring-one", (_EXTENDS[0], "extends: ring-two@2026.1.0\n")),
            "ring-2.yaml": ruleset("ring-two", (_EXTENDS[0], "extends: ▶ring-one@2026.1.0\n")),
        },
        "the ruleset extends itself",
        "ring-one@2026.1.0 extends ring-two@2026.1.0 extends ring-one@2026.1.0",
    ),
    Together(
        "a ruleset without tiering",
        {"bare-1.yaml": ruleset("bare-one", ("tiering: tiering.yaml\n", ""), ("name:", "▶name:"))},
        "the ruleset has no tiering",
        expected="'tiering', the path of a tiering file",
    ),
    Together(
        "a ruleset without validity",
        {"bare-2.yaml": ruleset("bare-two", ("verdict_valid_days: 90\n", ""), ("name:", "▶name:"))},
        "the ruleset does not say how long a verdict holds",
        expected="'verdict_valid_days'",
    ),
    Together(
        "a file that is none of ours",
        {"other.yaml": "▶hello: world\n"},
        "this is none of the files of a ruleset",
        expected="the keys of a rule, a rule test, a ruleset, a tiering or a ledger",
    ),
    Together(
        "a published version twice",
        {
            "published.yaml": (
                "published:\n"
                f"  - {{name: old, version: 2025.1.0, digest: 'sha256:{'0' * 64}'}}\n"
                f"  - ▶{{name: old, version: 2025.1.0, digest: 'sha256:{'0' * 64}'}}\n"
            )
        },
        "the version is published twice",
        "old@2025.1.0",
    ),
    Together(
        "a rule of the deployment that checks a source",
        rule(
            "DEP-77",
            ("scope: source", "scope: deployment"),
            ("fact: source.completeness", "fact: ▶source.completeness"),
            ('source.owner.person != ""\n      && source.owner.accepted', "gov.ai_disclosure"),
            ("  - id: authority\n    fact: source.authority\n    one_of: [system_of_record, governed_copy]\n", ""),
            ("    provenance: {judgement: An example.}\n    provenance", "    provenance"),
        ),
        "a rule of the scope deployment can not check a fact of one source",
        "source.completeness",
        "a fact of the deployment",
    ),
)
