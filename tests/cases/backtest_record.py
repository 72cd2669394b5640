"""Judges the back-tested deployments and keeps the record of what came out.

The record is written once and reviewed by a test; nothing is tuned to it. To write it anew after a change of the rules:

    python -m tests.cases.backtest_record --update
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from readygate.v1 import decision_pb2, ruleset_pb2

FOLDER = Path(__file__).parent / "backtest"
CASES = FOLDER / "cases.yaml"
RECORD = FOLDER / "expected.yaml"
RULESET = "operational-readiness-full"
AS_OF = "2026-11-01"
OPEN = ("violated", "unknown", "stale")
"""Outcomes that keep a rule from passing, gravest first."""


@dataclass(frozen=True, slots=True)
class Case:
    """A real deployment: what is known to have come of it, and which rules ask about the causes."""

    id: str
    name: str
    path: Path
    gate: str
    outcome: str
    what_happened: str
    documented_cause: str
    primary: str
    asks_about: Mapping[str, Sequence[str]]
    facts_on_record: int
    facts_carried_over: int
    sources: Sequence[str]


def read_cases() -> list[Case]:
    """Reads the cases in the order of their file."""
    return [_case(entry) for entry in _read(CASES)["cases"]]


def _case(entry: Mapping[str, Any]) -> Case:
    path = FOLDER / entry["proposal"]
    return Case(
        id=entry["id"],
        name=entry["name"],
        path=path,
        gate=_read(path)["deployment"]["target_gate"],
        outcome=entry["outcome"],
        what_happened=entry["what_happened"],
        documented_cause=entry.get("documented_cause", ""),
        primary=entry.get("primary", ""),
        asks_about=entry.get("asks_about", {}),
        facts_on_record=entry["facts_on_record"],
        facts_carried_over=entry["facts_carried_over"],
        sources=entry["sources"],
    )


def read_record() -> dict[str, Any]:
    """Reads the record of what came out."""
    return _read(RECORD)


def _read(path: Path) -> dict[str, Any]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def judge(cases: Iterable[Case]) -> dict[str, Any]:
    """Judges each case at the gate that it was asked at, and returns the record."""
    from readygate_server.bootstrap import local_gate

    gate = local_gate()
    decisions = {
        case.id: gate.evaluate_file(case.path, ruleset=RULESET, gate=case.gate, as_of=AS_OF, overrides={})
        for case in cases
    }
    versions = {f"{d.ruleset.name}@{d.ruleset.version}" for d in decisions.values()}
    return {
        "ruleset": versions.pop(),
        "as_of": AS_OF,
        "cases": {case.id: _entry(case, decisions[case.id]) for case in cases},
    }


def _entry(case: Case, decision: decision_pb2.Decision) -> dict[str, Any]:
    blocking = outcomes_by_rule(decision)
    tier = ruleset_pb2.Tier.Name(decision.tier.tier).split("_")[1]
    return {
        "verdict": decision_pb2.Verdict.Name(decision.verdict).removeprefix("VERDICT_"),
        "tier": f"{tier} at least" if decision.tier.is_floor else tier,
        "gate": case.gate,
        "blocking": {name: sorted(r for r, o in blocking.items() if o == name) for name in OPEN},
        "causes": {
            cause: {rule: blocking.get(rule, "does not block") for rule in rules}
            for cause, rules in case.asks_about.items()
        },
    }


def outcomes_by_rule(decision: decision_pb2.Decision) -> dict[str, str]:
    """Returns the gravest outcome of each rule that blocks."""
    found: dict[str, set[str]] = {}
    for finding in decision.findings:
        if finding.effect == decision_pb2.EFFECT_BLOCKS:
            name = decision_pb2.Outcome.Name(finding.outcome).removeprefix("OUTCOME_").lower()
            found.setdefault(finding.rule_id, set()).add(name)
    return {rule: min(names, key=OPEN.index) for rule, names in found.items()}


def named(causes: Mapping[str, Mapping[str, str]], cause: str) -> str:
    """Says how a documented cause shows among what blocks: violated, unknown, not blocking, or no rule."""
    outcomes = set(causes[cause].values())
    if not outcomes:
        return "no rule"
    return next((outcome for outcome in OPEN if outcome in outcomes), "does not block")


def write_record() -> None:
    """Writes the record anew."""
    text = yaml.safe_dump(judge(read_cases()), sort_keys=False, default_flow_style=None, width=120)
    RECORD.write_text(
        "# What came out, as it came out. Written by: python -m tests.cases.backtest_record --update\n" + text,
        encoding="utf-8",
    )


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: python -m tests.cases.backtest_record --update")
    write_record()
