"""Rulesets, their faults and their differences as messages of the contract."""

from __future__ import annotations

from collections.abc import Mapping

from readygate.v1 import ruleset_pb2 as pb
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Expressions
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.faults import Fault
from readygate_server.domain.rule import Check, Requirement, Rule, TierAxis, Work
from readygate_server.domain.ruleset_diff import Change, ChangeKind
from readygate_server.domain.vocabulary import Scope, Tier
from readygate_server.grpc_api.decision_messages import ruleset_ref
from readygate_server.grpc_api.enum_values import GATES, SEVERITIES, TIERS
from readygate_server.grpc_api.finding_messages import provenance_message, value_message

CHANGE_KINDS: Mapping[ChangeKind, pb.ChangeKind.ValueType] = {
    each: pb.ChangeKind.Value(f"CHANGE_KIND_{each.name}") for each in ChangeKind
}


def ruleset_message(active: ActiveRuleset) -> pb.Ruleset:
    """Returns a ruleset with all its rules."""
    ruleset = active.ruleset
    return pb.Ruleset(
        ref=ruleset_ref(ruleset.identity, len(ruleset.rules)),
        rules=[_rule(rule, active.expressions) for rule in ruleset.rules],
        tier_axes=[_axis(axis) for axis in ruleset.axes],
    )


def fault_message(fault: Fault) -> pb.RulesetFault:
    """Returns a fault of a ruleset with its place."""
    return pb.RulesetFault(
        file=fault.file,
        line=fault.line,
        column=fault.column,
        message=fault.message,
        got=fault.got,
        expected=fault.expected,
        suggestion=fault.suggestion,
    )


def change_message(change: Change) -> pb.RulesetChange:
    """Returns one difference between two rulesets."""
    return pb.RulesetChange(
        rule_id=change.rule_id,
        path=change.path,
        before=change.before,
        after=change.after,
        kind=CHANGE_KINDS[change.kind],
    )


def _rule(rule: Rule, expressions: Expressions) -> pb.Rule:
    return pb.Rule(
        id=rule.id,
        title=rule.title,
        foundation=rule.foundation,
        scope=rule.scope.value,
        question=rule.question,
        motivation=rule.motivation,
        due=[pb.TierGate(tier=TIERS[tier], gate=GATES[rule.due[tier]]) for tier in Tier],
        severities=[pb.TierSeverity(tier=TIERS[tier], severity=SEVERITIES[rule.severity[tier]]) for tier in Tier],
        when=rule.when,
        where=rule.where,
        checks=[_check(check) for check in rule.checks],
        requirements=[_requirement(requirement) for requirement in rule.requirements],
        work=_work(rule.work),
        references=rule.references,
        waivable=rule.waivable,
        facts=sorted(facts_of(rule, expressions)),
        not_checked=rule.not_checked,
        maximum_waiver_days=rule.maximum_waiver_days if rule.waivable else 0,
        waiver_quorum=rule.waiver_quorum if rule.waivable else 0,
        authors=sorted(rule.authors),
    )


def facts_of(rule: Rule, expressions: Expressions) -> frozenset[str]:
    """Returns the names of all facts that a rule reads; for a derived fact, those that it is computed from."""
    own = [rule.where, *(check.where for check in rule.checks)]
    own += [text for each in rule.requirements for text in (each.expression, each.where)]
    about_deployment = [rule.when, *(each.when for each in rule.severity_when)]
    read = [(text, rule.scope) for text in own] + [(text, Scope.DEPLOYMENT) for text in about_deployment]
    facts = {fact for text, scope in read if text for fact in expressions.reads(text, scope)}
    for check in rule.checks:
        derived = DERIVED.get(check.fact)
        facts.update(derived.inputs if derived else (check.fact,))
    return frozenset(facts)


def _check(check: Check) -> pb.Check:
    message = pb.Check(
        id=check.id,
        fact=check.fact,
        comparator=check.comparator,
        thresholds=[
            pb.Threshold(
                tier=TIERS[tier],
                value=value_message(threshold.value),
                provenance=provenance_message(threshold.provenance),
            )
            for tier, threshold in sorted(check.thresholds.items())
        ],
        where=check.where,
    )
    if check.due is not None:
        message.due = GATES[check.due]
    return message


def _requirement(requirement: Requirement) -> pb.Requirement:
    return pb.Requirement(
        id=requirement.id,
        expression=requirement.expression,
        asks=requirement.asks,
        provenance=provenance_message(requirement.provenance),
    )


def _work(work: Work) -> pb.Work:
    return pb.Work(
        title=work.title,
        done_when=work.done_when,
        effort=pb.EffortRange(min_person_weeks=work.effort.low, max_person_weeks=work.effort.high),
        wait=pb.WaitRange(min_weeks=work.wait.low, max_weeks=work.wait.high),
        owner_role=work.owner,
        after=work.after,
        infrastructure=work.infrastructure,
    )


def _axis(axis: TierAxis) -> pb.TierAxis:
    return pb.TierAxis(
        id=axis.id,
        title=axis.title,
        levels=[pb.TierLevel(tier=TIERS[level.tier], when=level.when) for level in axis.levels],
    )
