"""Small rules directories: two questions of an organisation of its own, over the rules that ship."""

from __future__ import annotations

from pathlib import Path

_TIERING = """\
axes:
  - id: effect
    title: Action effect
    levels:
      - tier: T3
        when: deployment.action_effect == ActionEffect.ACTION_EFFECT_WRITE_REVERSIBLE
    provenance: {judgement: One axis is enough here.}
narrow_to: {}
"""
_RULE = """\
id: %(id)s
title: %(fact)s is enough
foundation: data
question: Is %(fact)s enough?
motivation: A missing element is answered with a guess.
scope: %(scope)s
due: commit
severity: {T1: blocker, T2: blocker, T3: blocker, T4: blocker}
%(require)schecks:
  - id: enough
    fact: %(fact)s
    at_least: %(limit)s
    provenance: {judgement: A number of the test.}
work:
  title: Repair it
  done_when: measured at {%(fact)s}
  effort: {min: 1, max: 2}
  owner: Data owner
  kind: infrastructure
references: [none]
"""
_TEST = """\
rule: %(id)s
base: {id: p, deployment: {interactions_per_month: 10}, data_sources: [{id: crm, completeness: 0.95}]}
cases:
  - {name: enough, tier: T1, outcome: satisfied}
"""
OVERFLOW = "deployment.interactions_per_month * 9223372036854775807 > 0"
"""A condition that is sound when it is loaded and fails when it is asked about 100 interactions."""


def write(directory: Path, *, version: str, limit: float = 0.9, require: str = "", channel: str = "stable") -> Path:
    """Writes the ruleset `small` with two rules in one version; returns the file that names it."""
    demand = ""
    if require:
        demand = f"require:\n  - {{id: more, cel: {require!r}, asks: more, provenance: {{judgement: A test.}}}}\n"
    rules = {
        "ACM-01": {"scope": "source", "fact": "source.completeness", "limit": limit, "require": ""},
        "ACM-02": {
            "scope": "deployment",
            "fact": "deployment.interactions_per_month",
            "limit": 10,
            "require": demand,
        },
    }
    put(directory / "tiering.yaml", _TIERING)
    for name, parts in rules.items():
        put(directory / f"{name}.yaml", _RULE % {"id": name, **parts})
        put(directory / f"{name}_test.yaml", _TEST % {"id": name})
    return put(
        directory / "small.yaml",
        f"name: small\nversion: {version}\nchannel: {channel}\nsummary: Two questions.\neffective_from: 2026-01-01\n"
        "tiering: tiering.yaml\nverdict_valid_days: 30\nrules: [ACM-01, ACM-02]\n",
    )


def put(path: Path, text: str) -> Path:
    """Writes a file in one step, unless it says the same already, so that nobody sees half of it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        aside = path.with_name(f".{path.name}.new")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    return path
