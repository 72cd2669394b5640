"""A ruleset made ready for one tier and one gate: what does not depend on a proposal is settled here, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from readygate_server.domain.asked import Asked, Backing, Standard
from readygate_server.domain.comparators import Compare, compile_comparison, describe
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import FactValue, scope_of
from readygate_server.domain.finding import Finding, Observation, finding_of
from readygate_server.domain.reach import FactsRead, Reach, nothing_known, reach_of
from readygate_server.domain.rule import Check, Requirement, Rule, Ruleset
from readygate_server.domain.vocabulary import Effect, Gate, Outcome, RuleKind, Scope, Severity, Tier

_NONE = Effect.NONE
BackingOf = Callable[[Rule, str, str, Effect], tuple[Backing, ...]]
"""Rule, fact, expression and effect to the evidence that is needed; one of fact and expression is empty."""

Demand = tuple[Standard, Standard | Backing]
"""How good evidence has to be, and what is then met: the standard of a whole group, or the backing of one fact."""

Part = tuple[str, bool, Compare | None, Asked, Observation | None]
"""Fact, whether the subject has it, comparison, what is asked, and what is observed whatever the proposal.

There is a comparison when nothing else bears on it, and an observation when the part is not due.
"""


@dataclass(frozen=True, slots=True, eq=False)
class RuleRow:
    """One rule at one tier and gate, compared by identity.

    `adjustable` rows have severities that depend on the proposal.
    `always` is true when the rule is asked of every subject of its scope, whatever the proposal and the day.
    `parts` is what is asked in the form in which the evaluator runs through it. `idle` is the finding when nothing is
    asked, whatever the proposal and the day. `reach` is None when it can't be told what the rule reads.
    """

    rule: Rule
    severity: Severity
    due: Gate
    asked: tuple[Asked, ...]
    parts: tuple[Part, ...]
    adjustable: bool
    always: bool
    idle: Finding | None
    reach: Reach | None


class Local(NamedTuple):
    """The rules about assets of one scope whose reach is known, and how far they reach together."""

    rows: tuple[RuleRow, ...]
    reach: Reach


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules at one tier and gate, in the order of their ids.

    `about_facts` are those that ask about facts. `demanded` is what rules demand of evidence, those that do, for groups
    and for facts, and `demands` the same of all of them by the name of the group or fact. `local` are the rules whose
    findings about an asset can be recalled.
    """

    ruleset: Ruleset
    tier: Tier
    gate: Gate
    rows: tuple[RuleRow, ...]
    about_facts: tuple[RuleRow, ...]
    unknown_facts: RuleRow | None
    evidence: RuleRow | None
    demanded: Mapping[str, tuple[frozenset[Standard], frozenset[Backing]]]
    demands: Mapping[str, tuple[Demand, ...]]
    local: Mapping[Scope, Local]


def no_backing(_: Rule, __: str, ___: str, ____: Effect) -> tuple[Backing, ...]:
    """Demands no evidence."""
    return ()


def build_table(
    ruleset: Ruleset,
    tier: Tier,
    gate: Gate,
    backing_of: BackingOf = no_backing,
    facts_read: FactsRead = nothing_known,
) -> RuleTable:
    """Settles a ruleset for a tier and a gate."""
    rows = tuple(_row(rule, tier, gate, backing_of, facts_read) for rule in ruleset.rules)
    of_kind = {row.rule.kind: row for row in rows}
    about_facts = tuple(row for row in rows if row.rule.kind is RuleKind.FACTS)
    unknown_facts, evidence = of_kind.get(RuleKind.UNKNOWN_FACTS), of_kind.get(RuleKind.EVIDENCE)
    demanded = {row.rule.id: _demanded(row) for row in rows if any(asked.backing for asked in row.asked)}
    asking = [demanded[row.rule.id] for row in about_facts if row.idle is None and row.rule.id in demanded]
    demands: dict[str, list[Demand]] = {}
    for standard in frozenset[Standard]().union(*(standards for standards, _ in asking)):
        demands.setdefault(standard.group, []).append((standard, standard))
    for backing in frozenset[Backing]().union(*(backings for _, backings in asking)):
        demands.setdefault(backing.fact, []).append((backing.standard, backing))
    by_name = {name: tuple(found) for name, found in demands.items()}
    local: dict[Scope, Local] = {scope: _local(about_facts, scope) for scope in Scope if scope is not Scope.DEPLOYMENT}
    return RuleTable(ruleset, tier, gate, rows, about_facts, unknown_facts, evidence, demanded, by_name, local)


def _local(rows: tuple[RuleRow, ...], scope: Scope) -> Local:
    own = tuple(row for row in rows if row.rule.scope is scope and row.idle is None and row.reach is not None)
    return Local(own, Reach.of_all(row.reach for row in own if row.reach is not None))


def _demanded(row: RuleRow) -> tuple[frozenset[Standard], frozenset[Backing]]:
    backings = frozenset(backing for asked in row.asked for backing in asked.backing)
    return frozenset(backing.standard for backing in backings), backings


def parts_of(asked: tuple[Asked, ...]) -> tuple[Part, ...]:
    """Returns what is asked in the form of the evaluator."""
    return tuple(_part(each) for each in asked)


def _part(asked: Asked) -> Part:
    if not asked.is_due:
        return asked.fact, asked.of_subject, None, asked, Observation(asked, None, Outcome.NOT_DUE)
    is_simple = not (asked.where or asked.expression or asked.fact in DERIVED)
    return asked.fact, asked.of_subject, asked.compare if is_simple else None, asked, None


def nothing_asked(row: RuleRow, subject: str, outcome: Outcome) -> Finding:
    """Returns the finding of a rule that asks nothing of a subject."""
    return finding_of((row.rule, subject, outcome, _NONE, row.severity, row.due, (), (), _NONE, _NONE, "", ""))


def _row(rule: Rule, tier: Tier, gate: Gate, backing: BackingOf, facts_read: FactsRead) -> RuleRow:
    severity = rule.severity[tier]
    asked = () if severity is Severity.NONE else tuple(_asked(rule, tier, gate, backing))
    is_dated = bool(rule.effective_from or rule.effective_until)
    is_due, adjustable = gate >= rule.due[tier], bool(rule.severity_when)
    always = is_due and not (is_dated or rule.when or adjustable)
    reach = reach_of(rule, asked, facts_read)
    row = RuleRow(rule, severity, rule.due[tier], asked, parts_of(asked), adjustable, always, None, reach)
    if not asked:
        return replace(row, idle=nothing_asked(row, "", Outcome.NOT_APPLICABLE))
    if not is_due and not is_dated:
        return replace(row, idle=nothing_asked(row, "", Outcome.NOT_DUE))
    return row


def _asked(rule: Rule, tier: Tier, gate: Gate, backing: BackingOf) -> Iterator[Asked]:
    for check in rule.checks:
        if tier in check.thresholds:
            yield _check(check, rule, tier, gate, backing)
    for requirement in rule.requirements:
        if tier in requirement.tiers:
            yield _requirement(requirement, rule, tier, gate, backing)


class _Weight(NamedTuple):
    """Severity of its own, gate, effect, and the strongest effect that a condition over the deployment can give."""

    own: Severity | None
    due: Gate
    effect: Effect
    strongest: Effect


def _weight(part: Check | Requirement, rule: Rule, tier: Tier, gate: Gate) -> _Weight:
    own = part.severity[tier] if part.severity and tier in part.severity else None
    due = max(rule.due[tier], part.due or Gate.COMMIT)
    severity = rule.severity[tier] if own is None else own
    others = [each.severity.get(tier, severity) for each in rule.severity_when] if own is None else []
    strongest = max(severity, *others) if others else severity
    return _Weight(own, due, severity.effect(due=due, gate=gate), strongest.effect(due=due, gate=gate))


def _check(check: Check, rule: Rule, tier: Tier, gate: Gate, backing: BackingOf) -> Asked:
    threshold = check.thresholds[tier]
    own, due, effect, strongest = _weight(check, rule, tier, gate)
    return Asked(
        id=check.id,
        fact=check.fact,
        expression="",
        of_subject=scope_of(check.fact) is not Scope.DEPLOYMENT,
        compare=compile_comparison(check.comparator, threshold.value),
        required=describe(check.comparator, threshold.value),
        provenance=threshold.provenance,
        unit=check.unit,
        where=check.where,
        due=due,
        severity=own,
        effect=effect,
        is_due=gate >= due,
        backing=backing(rule, check.fact, "", strongest),
        comparator=check.comparator,
    )


def _requirement(requirement: Requirement, rule: Rule, tier: Tier, gate: Gate, backing: BackingOf) -> Asked:
    own, due, effect, strongest = _weight(requirement, rule, tier, gate)
    return Asked(
        id=requirement.id,
        fact="",
        expression=requirement.expression,
        of_subject=False,
        compare=_never,
        required=requirement.asks,
        provenance=requirement.provenance,
        unit="",
        where=requirement.where,
        due=due,
        severity=own,
        effect=effect,
        is_due=gate >= due,
        backing=backing(rule, "", requirement.expression, strongest),
    )


def _never(_: FactValue, __: int) -> bool:
    return False
