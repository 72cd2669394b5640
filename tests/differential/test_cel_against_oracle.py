"""The engine, plain Python and an independent evaluator give the same truth for the same condition and proposal."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.differential.oracle import Compiled, Problem, compile_tree, variables
from tests.differential.proposals import random_proposal
from tests.differential.simple import simple_conditions

from readygate.v1 import proposal_pb2
from readygate_server.adapters.cel import CelActivation, CelActivations, CelCompiler, CelCondition, Said
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.domain.conditions import Truth, Unknown
from readygate_server.domain.errors import RuleFailedError
from readygate_server.domain.facts import Facts
from readygate_server.domain.vocabulary import Scope

RULES = Path(__file__).parents[2] / "rules"
EVALUATIONS = int(os.environ.get("READYGATE_DIFFERENTIAL", "20000"))
LEAST_OF_EACH = EVALUATIONS // 50
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
        "apis.exists(a, workflows.all(w, w.owner.role == a.owner.role))",
        "apis.exists(a, a.critical_path && workflows.all(w, w.stable_weeks > 4 || ops.version_pinned))",
        "data_sources.exists(s, has(s.corpus.stale_share) && s.corpus.stale_share < 0.5 && !has(s.uses))",
        "data_sources.all(s, SourceUse.SOURCE_USE_TRAINING in s.uses.members || s.entity in ['customer', ''])",
        "!workflows.all(w, w.stable_weeks > 4) && value.target.change > -value.target.minimum_detectable_effect",
        "value.guardrails.members.exists(g, g.limit == g.metric || g.limit in ['customer', 's0'] && gov.ai_disclosure)",
        "deployment.dependencies.members.exists(d, d in asset_ids)",
        "apis.filter(a, a.critical_path).size() >= 2",
        "size(deployment.dependencies.members) > 1 && gov.contract_terms.members.size() > 0",
        "value.guardrails.members.all(g, has(g.limit) && g.metric != '')",
        "value.unit_cost.projected / value.unit_cost.baseline <= 1.0",
        "value.baseline.sample_size / value.baseline.weeks > 1",
        "double(ops.eval_set_size) * ops.eval_production_share > 90.0",
        "ops.eval_critical_failures - ops.eval_set_size < 0 && -ops.supervised_run.weeks <= -2",
        "deployment.use_case.matches('^cust') || gov.risk_assessment.approved_on.endsWith('r')",
        "has(org.accountable_owner) && !has(org.accountable_owner.sponsor)",
        "(ops.version_pinned == ops.regression_gate) != (gov.ai_disclosure && gov.human_final_decision)",
        "value.target.change >= value.target.minimum_detectable_effect || ops.version_pinned != ops.regression_gate",
        "has(value.target.change) && ops.eval_critical_failures < ops.eval_set_size && 2 >= ops.supervised_run.weeks",
        "!deployment.audience.members.exists(a, !(a in [Audience.AUDIENCE_STAFF, Audience.AUDIENCE_VULNERABLE]))",
        "deployment.dependencies.members.all(d, d != 's0') && 'a1' in deployment.dependencies.members",
        "deployment.use_case in ['customer', '24x7'] || true == gov.ai_disclosure",
        "gov.risk_assessment.approved_on.contains('-') || gov.dpia_status.reason.startsWith('24')",
    ),
    Scope.SOURCE: (
        "source.owner.person != '' && source.authority != SourceAuthority.SOURCE_AUTHORITY_SHADOW_COPY",
        "corpus.stale_share < 0.5 || source.uses.members.all(u, u != SourceUse.SOURCE_USE_KNOWLEDGE)",
        "source.entity == source.owner.role || has(source.authority) && has(source.corpus.stale_share)",
        "has(source.corpus) ? source.corpus.conflict_count == 0 : has(source.accuracy.ratio)",
        "data_sources.exists(s, s.id != source.id && s.entity == source.entity)",
        "data_sources.exists(s, s.entity == source.entity && s.written)",
        "data_sources.exists(s, s.written && s.corpus.stale_share < 0.5) || source.held_elsewhere",
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
    """No condition, of the rules, of this test or random, has two truths on any of many thinned-out proposals."""
    compiler = CelCompiler()
    chance = random.Random(20261101)  # noqa: S311
    written, random_ones = _pairs(compiler, _written()), _pairs(compiler, simple_conditions(chance, of_each_scope=40))
    seen: Counter[tuple[str, bool]] = Counter()
    while seen.total() < EVALUATIONS:
        proposal = random_proposal(chance)
        pairs = [*chance.sample(written, 25), *chance.sample(random_ones, 15)]
        for answers, label in _evaluations(pairs, proposal, compiler.activations(proposal)):
            seen[answers[0].partition(" ")[0], len(answers) > 2] += 1
            assert len(set(answers)) == 1, f"{label}: engine, oracle and plain say {answers}\n{proposal}"
    least = min(seen[truth, plain] for truth in ("True", "False", "Unknown") for plain in (True, False))
    assert least >= LEAST_OF_EACH, seen


def test_every_expression_of_the_rules_is_compared() -> None:
    """The shipped rules and tiering contribute expressions, and all of them have a plain form to compare."""
    pairs = {pair.condition.text: pair for pair in _pairs(CelCompiler(), _written())}
    shipped = {text for text, _ in _shipped()}
    assert shipped <= set(pairs)
    assert any("AutonomyLevel" in text for text in shipped)
    assert [text for text in shipped if pairs[text].condition.plain is None] == []


def test_every_simple_condition_has_a_plain_form() -> None:
    """What the comparison makes up is simple throughout: each fact can be asked about without the library."""
    compiler = CelCompiler()
    conditions = simple_conditions(random.Random(1), of_each_scope=10)  # noqa: S311
    assert [text for text, scope in conditions if compiler.compile(text, scope=scope).plain is None] == []


def _pairs(compiler: CelCompiler, expressions: Iterable[tuple[str, Scope]]) -> list[Pair]:
    return [
        Pair(compiler.compile(text, scope=scope), compile_tree(compiler.check(text, scope=scope)))
        for text, scope in sorted(set(expressions), key=lambda each: (each[0], each[1].value))
    ]


def _written() -> Iterator[tuple[str, Scope]]:
    """Yields the expressions of this test and of the shipped rules."""
    for scope, texts in CORPUS.items():
        yield from ((text, scope) for text in texts)
    yield from _shipped()


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
) -> Iterator[tuple[list[str], str]]:
    """Yields what the engine, the oracle and, where there is one, the plain form say, by condition and subject."""
    facts = facts_of(proposal)
    for pair in pairs:
        scope = pair.condition.scope
        if scope is Scope.DEPLOYMENT:
            answers = [_engine(pair, activations.deployment()), _oracle(pair, variables(proposal))]
            yield answers + _plain(pair, Said(facts, proposal), facts.deployment, ""), pair.condition.text
            continue
        of_subjects = dict(facts.of(scope))
        for subject in getattr(proposal, ASSETS[scope]):
            bound = variables(proposal, subject, kind=scope.value)
            answers = [_engine(pair, activations.subject(scope, subject)), _oracle(pair, bound)]
            answers += _plain(pair, Said(facts, proposal), of_subjects[subject.id], subject.id)
            yield answers, f"{pair.condition.text} about {subject.id}"


def _engine(pair: Pair, activation: CelActivation) -> str:
    try:
        return _said(pair.condition.test(activation))
    except RuleFailedError:
        return "Failed"


def _plain(pair: Pair, said: Said, of_subject: Facts, subject: str) -> list[str]:
    plain = pair.condition.plain
    return [] if plain is None else [_said(plain(of_subject, said, subject))]


def _said(truth: Truth) -> str:
    if isinstance(truth, Unknown):
        return f"Unknown {', '.join(map(str, truth.missing))}"
    assert truth.__class__ is bool
    return str(truth)


def _oracle(pair: Pair, bound: dict[str, Any]) -> str:
    value = pair.oracle(bound)
    if isinstance(value, Problem):
        return f"Unknown {value.missing}" if value.missing else "Failed"
    return str(value)
