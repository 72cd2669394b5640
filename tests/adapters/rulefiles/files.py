"""A small sound rules directory, and ways to spoil it at a place that the text itself marks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from readygate_server.adapters.rulefiles.loader import LoadedRules, load_rulesets
from readygate_server.domain.faults import Fault, FaultsError

MARK = "▶"
"""Stands in a text where a fault is expected; it is taken out before the text is written."""

RULE = """\
# yaml-language-server: $schema=../schema/rule.schema.json
id: DAT-01
title: Elements are complete
foundation: data
question: Are the elements complete?
motivation: A gap is answered with a guess.
scope: source
due: commit
severity: {T1: advisory, T2: condition, T3: blocker, T4: blocker}
when: deployment.data_sensitivity != DataSensitivity.DATA_SENSITIVITY_PUBLIC
checks:
  - id: completeness
    fact: source.completeness
    at_least: {T1: 0.9, T2: 0.95, T3: 0.99, T4: 0.99}
    provenance: {judgement: An example.}
  - id: authority
    fact: source.authority
    one_of: [system_of_record, governed_copy]
    provenance: {judgement: An example.}
require:
  - id: accepted
    cel: >-
      source.owner.person != ""
      && source.owner.accepted
    asks: Somebody has accepted
    provenance: {source: An example, citation: page 1}
work:
  title: Repair it
  done_when: At least {source.completeness} for two weeks
  effort: {min: 1, max: 2}
  owner: Data owner
  kind: infrastructure
references: [an example]
"""

TEST = """\
# yaml-language-server: $schema=../schema/rule_test.schema.json
rule: DAT-01
base:
  id: example
  deployment: {data_sensitivity: personal}
  data_sources:
    - id: crm
      completeness: 0.99
      authority: system_of_record
      owner: {person: R. Ahmed, accepted: true}
cases:
  - name: A complete source passes
    tier: T3
    outcome: satisfied
  - name: A source that nobody measured is unknown
    tier: T3
    set: {"source[crm].completeness": null}
    outcome: unknown
    missing: ["source[crm].completeness"]
thresholds:
  - check: completeness
    fact: source[crm].completeness
    at:
      T1: {pass: 0.9, fail: 0.899}
"""

TIERING = """\
# yaml-language-server: $schema=schema/tiering.schema.json
axes:
  - id: sensitivity
    title: Sensitivity
    levels:
      - tier: T3
        when: deployment.data_sensitivity == DataSensitivity.DATA_SENSITIVITY_SPECIAL
      - tier: T2
        when: deployment.data_sensitivity == DataSensitivity.DATA_SENSITIVITY_PERSONAL
    provenance: {judgement: An example.}
narrow_to:
  T1:
    - {fact: deployment.data_sensitivity, from: [personal, special], to: internal}
    - {fact: deployment.audience, from: [customer], to: [staff]}
"""

RULESET = """\
# yaml-language-server: $schema=schema/ruleset.schema.json
name: example
version: 2026.1.0
summary: An example.
effective_from: 2026-01-01
tiering: tiering.yaml
verdict_valid_days: 90
rules:
  - data/DAT-01
"""

SOUND: Mapping[str, str] = {
    "tiering.yaml": TIERING,
    "example.yaml": RULESET,
    "data/DAT-01.yaml": RULE,
    "data/DAT-01_test.yaml": TEST,
}


def edited(text: str, old: str, new: str) -> str:
    """Returns the text with a passage that stands in it exactly once replaced by another."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
    return text.replace(old, new)


def with_edit(path: str, old: str, new: str) -> dict[str, str]:
    """Returns the sound directory with one passage replaced."""
    return {**SOUND, path: edited(SOUND[path], old, new)}


def place_of_mark(text: str) -> tuple[str, int, int]:
    """Returns the text without its mark, and the line and column at which it stood."""
    before, mark, after = text.partition(MARK)
    assert mark, "the text has no mark"
    return before + after, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def write(directory: Path, files: Mapping[str, str]) -> Path:
    """Writes files below a directory and returns it."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def faults_of(directory: Path, *, base: Path | LoadedRules | None = None) -> tuple[Fault, ...]:
    """Returns the faults of a directory, none when it is sound."""
    try:
        load_rulesets(directory, base=base)
    except FaultsError as error:
        return error.faults
    return ()
