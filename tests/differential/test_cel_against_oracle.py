"""The engine and an independent evaluator give the same truth for the same condition and proposal."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.differential.oracle import Compiled, Problem, compile_tree, variables
from tests.differential.proposals import random_proposal

from readygate.v1 import proposal_pb2
from readygate_server.adapters.cel import CelActivation, CelActivations, CelCompiler, CelCondition
from readygate_server.domain.conditions import Unknown
from readygate_server.domain.errors import RuleFailedError
from readygate_server.domain.vocabulary import Scope

RULES = Path(__file__).parents[2] / "rules"
EVALUATIONS = int(os.environ.get("READYGATE_DIFFERENTIAL", "20000"))
LEAST_OF_EACH = 1_000
ASSETS = {Scope.SOURCE: "data_sources", Scope.API: "apis", Scope.WORKFLOW: "workflows"}

CORPUS: dict[Scope, tuple[str, ...]] = {
    Scope.DEPLOYMENT: (
        "deployment.action_effect == ActionEffect.ACTION_EFFECT_DRAFT || deployment.peak_calls_per_second > 1.0",
        "deployment.action_effect != ActionEffect.ACTION_EFFECT_INFORM && !(deployment.tolerated_harm_events > 0.5)",
        "deployment.autonomy_level in [AutonomyLevel.AUTONOMY_LEVEL_L4_APPROVER] ? org.trained_share >= 0.9 : true",
        "deployment.audience.members.exists(a, a != Audience.AUDIENCE_STAFF)",
        "deployment.audience.members.all(a, a == Audience.AUDIENCE_STAFF) || has(deployment.channel)",
        "Audience.AUDIENCE_VULNERABLE in deployment.audience.members",
        "deployment.validated_use_match == ValidatedUseMatch.VALIDATED_USE_MATCH_SAME",
        "data_sources.all(s, s.completeness >= 0.95)",
        "data_sources.exists(s, s.completeness < 0.95 && s.written)",
        "data_sources.exists_one(s, s.authority == SourceAuthority.SOURCE_AUTHORITY_SYSTEM_OF_RECORD)",
        "data_sources.filter(s, s.written).all(s, s.owner.accepted)",
        "data_sources.map(s, s.completeness).exists(x, x > 0.98)",
        "data_sources.map(s, s.written, s.validity).all(x, x > 0.5)",
        "data_sources.all(s, SourceUse.SOURCE_USE_TRAINING in s.uses.members || s.corpus.stale_share < 0.1)",
        "deployment.dependencies.members.all(d, d in asset_ids)",
        "data_sources.all(s, s.id in deployment.dependencies.members || s.held_elsewhere)",
        "apis.all(a, a.writes ? a.authz_test.result == AuthorizationTestResult.AUTHORIZATION_TEST_RESULT_PASS : true)",
        "apis.exists(a, workflows.all(w, w.owner.person == a.owner.person))",
        "apis.filter(a, a.critical_path).size() >= 2",
        "size(deployment.dependencies.members) > 1 && gov.contract_terms.members.size() > 0",
        "value.guardrails.members.all(g, has(g.limit) && g.metric != '')",
        "value.unit_cost.projected / value.unit_cost.baseline <= 1.0",
        "value.baseline.sample_size / value.baseline.weeks > 1",
        "double(ops.eval_set_size) * ops.eval_production_share > 90.0",
        "ops.eval_critical_failures - ops.eval_set_size < 0 && -ops.supervised_run.weeks <= -2",
        "deployment.use_case.matches('^cust') || org.accountable_owner.person.endsWith('r')",
        "has(org.accountable_owner) && !has(org.accountable_owner.sponsor)",
        "(ops.version_pinned == ops.regression_gate) != (gov.ai_disclosure && gov.human_final_decision)",
        "gov.risk_assessment.approved_on.contains('-') || gov.dpia_status.reason.startsWith('24')",
    ),
    Scope.SOURCE: (
        "source.owner.person != '' && source.authority != SourceAuthority.SOURCE_AUTHORITY_SHADOW_COPY",
        "corpus.stale_share < 0.5 || source.uses.members.all(u, u != SourceUse.SOURCE_USE_KNOWLEDGE)",
        "has(source.corpus) ? source.corpus.conflict_count == 0 : has(source.accuracy.ratio)",
        "data_sources.exists(s, s.id != source.id && s.entity == source.entity)",
        "!(source.permitted_use in [PermittedUse.PERMITTED_USE_PROHIBITED]) && !has(source.permitted_use)",
    ),
    Scope.API: (
        "api.writes && api.lifecycle.status == ApiLifecycleStatus.API_LIFECYCLE_STATUS_ACTIVE",
        "api.id in deployment.dependencies.members && (api.critical_path || deployment.peak_calls_per_second > 0.5)",
    ),
    Scope.WORKFLOW: (
        "workflow.handoff_success.success_ratio >= 0.9 && workflow.handoff_success.rehearsals >= 3",
        "workflow.stable_weeks > 4 || workflow.redesign_status == RedesignStatus.REDESIGN_STATUS_APPROVED_BY_OWNER",
    ),
}
"""Conditions of this test's own, one construct of the language after the other."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One condition, compiled for both evaluators."""

    condition: CelCondition
    oracle: Compiled


def test_the_engine_agrees_with_an_independent_evaluator() -> None:
    """No condition, of the shipped rules or of this test, has two truths on any of many thinned-out proposals."""
    compiler = CelCompiler()
    pairs = _pairs(compiler)
    chance = random.Random(20261101)  # noqa: S311
    seen: Counter[str] = Counter()
    differences: list[str] = []
    while seen.total() < EVALUATIONS:
        proposal = random_proposal(chance)
        for engine, oracle, label in _evaluations(chance.sample(pairs, 25), proposal, compiler.activations(proposal)):
            seen[engine.partition(" ")[0]] += 1
            if engine != oracle:
                differences.append(f"{label}: engine {engine}, oracle {oracle}\n{proposal}")
        assert not differences, differences[0]
    assert min(seen["True"], seen["False"], seen["Unknown"]) >= LEAST_OF_EACH, seen


def test_every_expression_of_the_rules_is_compared() -> None:
    """The shipped rules and tiering contribute expressions, so the comparison is not about this test's own alone."""
    texts = {pair.condition.text for pair in _pairs(CelCompiler())}
    assert {text for text, _ in _shipped()} <= texts
    assert any("AutonomyLevel" in text for text, _ in _shipped())


def _pairs(compiler: CelCompiler) -> list[Pair]:
    expressions = [(text, scope) for scope, texts in CORPUS.items() for text in texts]
    return [
        Pair(compiler.compile(text, scope=scope), compile_tree(compiler.check(text, scope=scope)))
        for text, scope in sorted({*expressions, *_shipped()}, key=lambda each: (each[0], each[1].value))
    ]


def _shipped() -> Iterator[tuple[str, Scope]]:
    """Yields the expressions in the files of rules, with the scope that each is written for."""
    for path in sorted(RULES.rglob("*.yaml")):
        if not path.name.endswith("_test.yaml"):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            yield from _expressions(content, Scope(content.get("scope", "deployment")))


def _expressions(content: Any, scope: Scope) -> Iterator[tuple[str, Scope]]:
    if isinstance(content, dict):
        for key, value in content.items():
            if key in ("when", "where", "cel") and isinstance(value, str):
                yield value, Scope.DEPLOYMENT if key == "when" else scope
            else:
                yield from _expressions(value, scope)
    elif isinstance(content, list):
        for item in content:
            yield from _expressions(item, scope)


def _evaluations(
    pairs: list[Pair], proposal: proposal_pb2.Proposal, activations: CelActivations
) -> Iterator[tuple[str, str, str]]:
    """Yields what both evaluators say, condition by condition and subject by subject."""
    for pair in pairs:
        scope = pair.condition.scope
        if scope is Scope.DEPLOYMENT:
            activation = activations.deployment()
            yield _engine(pair, activation), _oracle(pair, variables(proposal)), pair.condition.text
            continue
        for subject in getattr(proposal, ASSETS[scope]):
            bound = variables(proposal, subject, kind=scope.value)
            engine = _engine(pair, activations.subject(scope, subject))
            yield engine, _oracle(pair, bound), f"{pair.condition.text} about {subject.id}"


def _engine(pair: Pair, activation: CelActivation) -> str:
    try:
        truth = pair.condition.test(activation)
    except RuleFailedError:
        return "Failed"
    return f"Unknown {truth.missing[0]}" if isinstance(truth, Unknown) else str(truth)


def _oracle(pair: Pair, bound: dict[str, Any]) -> str:
    value = pair.oracle(bound)
    if isinstance(value, Problem):
        return f"Unknown {value.missing}" if value.missing else "Failed"
    return str(value)
