"""Holds whole decisions to cases that were written down before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from readygate_server.adapters.expressions import RulesetExpressions
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.application.selection import Selection
from readygate_server.bootstrap import Snapshot, load_snapshot
from readygate_server.domain.decision import Decision
from readygate_server.domain.vocabulary import Effect
from tests.builders import gate_under_test
from tests.cases.decisions.case_files import EMPTY, OWN_RULES, Case, read_cases


@cache
def _own() -> Snapshot:
    return load_snapshot(OWN_RULES)


def ruleset_of(case: Case) -> ActiveRuleset:
    """Returns the ruleset that judges a case."""
    snapshot = _own() if case.file.rules == "own" else gate_under_test().snapshot
    if case.ruleset != EMPTY:
        return snapshot.select(Selection(case.ruleset), as_of=case.as_of)
    full = snapshot.select(Selection(case.file.ruleset), as_of=case.as_of)
    nothing = replace(full.ruleset, rules=())
    return ActiveRuleset(nothing, RulesetExpressions(nothing), full.classes)


def decide(case: Case) -> Decision:
    """Judges a case by the real engine."""
    question = Question(case.gate, case.as_of, case.waivers)
    return evaluate(ruleset_of(case), dossier_of(case.proposal()), question)


def named(decision: Decision, effect: Effect) -> list[str]:
    """Names findings with an effect as cases do: `SML-01[crm]: violated`."""
    return [
        f"{each.rule.id}{f'[{each.subject}]' if each.subject else ''}: {each.outcome.value}"
        for each in decision.findings
        if each.effect is effect
    ]


def seen(decision: Decision) -> Mapping[str, object]:
    """Returns what cases speak of."""
    return {
        "verdict": decision.verdict.value,
        "tier": decision.tier.tier.name,
        "floor": decision.tier.is_floor,
        "blocking": named(decision, Effect.BLOCKS),
        "conditions": named(decision, Effect.CONDITIONS),
        "advice": named(decision, Effect.ADVISES),
        "missing": [str(each.ref) for each in decision.missing],
        "plan": [each.id for each in decision.plan.items] if decision.plan else [],
        "passes_today": [f"{each.tier.name} {each.gate.name.lower()}" for each in decision.passes_today],
        "valid_until": decision.valid_until,
    }


@pytest.mark.parametrize("case", read_cases(), ids=str)
def test_a_case_is_decided_as_written(case: Case) -> None:
    """Verdict, tier, what blocks, what is a condition and what is missing are those of the case."""
    found, expected = seen(decide(case)), case.expected
    stated = expected.model_dump(exclude={"name", "passing", "only", "set", "evidence", "statements", "waivers"})
    stated = {name: value for name, value in stated.items() if value is not None and name in found}
    for name in ("blocking", "missing"):
        least = getattr(expected, f"{name}_at_least")
        if least is not None:
            assert set(least) <= set(map(str, found[name])), name  # type: ignore[call-overload]  # a list of names
            del stated[name]

    assert {name: found[name] for name in stated} == stated


@pytest.mark.parametrize("case", read_cases(), ids=str)
def test_the_same_day_gives_the_same_decision(case: Case) -> None:
    """The clock is an input: the same facts, rules and day make an equal decision."""
    assert seen(decide(case)) == seen(decide(case))
    assert decide(case).facts_digest == decide(case).facts_digest


def test_each_line_of_the_logic_has_a_case() -> None:
    """Every verdict comes out, with and without waivers, and of a ruleset that has nothing to say."""
    cases = [each for each in read_cases() if each.file.rules == "own"]

    assert {each.expected.verdict for each in cases} == {"GO", "GO_WITH_CONDITIONS", "NO_GO", "UNDETERMINED"}
    assert any(each.expected.waivers and each.expected.verdict == "GO_WITH_CONDITIONS" for each in cases)
    assert any(each.ruleset == EMPTY for each in cases)
    names = [each.expected.name for each in read_cases()]
    assert len(names) == len(set(names))
