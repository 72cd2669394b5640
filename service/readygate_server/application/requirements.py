"""Which facts a kind of deployment has to state at a gate: a shopping list, before anything is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.domain.asked import Asked, Backing
from readygate_server.domain.conditions import Conditions
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import FactRef, parent_of, scope_of
from readygate_server.domain.table import RuleRow, RuleTable
from readygate_server.domain.tiering import TierAssignment, assign_tier
from readygate_server.domain.vocabulary import Gate, Grade, Scope, Severity, Tier


class Requirement(NamedTuple):
    """A fact that is needed. `minimum_grade` is None and `maximum_age_days` 0 where no evidence is asked for."""

    ref: FactRef
    rule_ids: tuple[str, ...]
    severity: Severity
    due: Gate
    minimum_grade: Grade | None
    maximum_age_days: int
    stated: bool


@dataclass(frozen=True, slots=True)
class RequirementList:
    """The facts by name and subject, and the tier that was assumed."""

    tier: TierAssignment
    requirements: tuple[Requirement, ...]


class _Need(NamedTuple):
    """That one rule needs one fact, and the evidence that it needs for it."""

    rule_id: str
    severity: Severity
    due: Gate
    backing: tuple[Backing, ...] = ()


class _Subject(NamedTuple):
    """What a rule is asked about: the deployment, an asset, or an asset that is not named yet."""

    id: str
    known: bool


_DEPLOYMENT = _Subject("", known=True)
_ANY = _Subject("", known=False)


def list_requirements(active: ActiveRuleset, dossier: Dossier | None, *, gate: Gate, as_of: str) -> RequirementList:
    """Returns what the rules that apply at a gate read.

    Rules that certainly do not apply are left out. Without a proposal nothing is certain: every rule counts, at the
    highest tier. Facts of assets are listed for each asset, or once without a subject while none is named.
    """
    if dossier is None:
        tier, conditions = TierAssignment(max(Tier), ("no proposal",), is_floor=False, axes=()), None
    else:
        conditions = active.expressions.about(dossier)
        tier = assign_tier(active.ruleset.axes, conditions)
    lister = _Lister(active, dossier, conditions, active.table(tier.tier, gate), as_of)
    return RequirementList(tier, lister.requirements())


class _Lister:
    """Lists what one table of rules needs."""

    def __init__(
        self,
        active: ActiveRuleset,
        dossier: Dossier | None,
        conditions: Conditions | None,
        table: RuleTable,
        as_of: str,
    ) -> None:
        self._active = active
        self._dossier = dossier
        self._conditions = conditions
        self._table = table
        self._as_of = as_of

    def requirements(self) -> tuple[Requirement, ...]:
        needs: dict[FactRef, list[_Need]] = {}
        for row in self._table.rows:
            if not self._is_asked_at_all(row):
                continue
            for subject in self._subjects(row.rule.scope):
                for ref, need in self._of_subject(row, subject):
                    needs.setdefault(ref, []).append(need)
        return tuple(self._requirement(ref, found) for ref, found in sorted(needs.items()))

    def _is_asked_at_all(self, row: RuleRow) -> bool:
        if row.severity is Severity.NONE or not row.asked or self._table.gate < row.due:
            return False
        return row.rule.in_force(self._as_of) and not self._is_false(row.rule.when, Scope.DEPLOYMENT, _DEPLOYMENT)

    def _of_subject(self, row: RuleRow, subject: _Subject) -> Iterator[tuple[FactRef, _Need]]:
        rule = row.rule
        if self._is_false(rule.where, rule.scope, subject):
            return
        asked = [each for each in row.asked if each.is_due and not self._is_false(each.where, rule.scope, subject)]
        if not asked:
            return
        own = _Need(rule.id, self._severity(row), row.due)
        conditions = [(each.when, Scope.DEPLOYMENT) for each in rule.severity_when]
        for expression, scope in (*conditions, (rule.when, Scope.DEPLOYMENT), (rule.where, rule.scope)):
            for ref in self._read_by(expression, scope, subject):
                yield ref, own
        for part in asked:
            need = own._replace(due=part.due, severity=own.severity if part.severity is None else part.severity)
            for ref in self._read_by(part.where, rule.scope, subject):
                yield ref, need
            backing = part.backing if self._evidence_counts else ()
            for ref in self._compared(part, rule.scope, subject):
                yield ref, need._replace(backing=backing)

    def _compared(self, part: Asked, scope: Scope, subject: _Subject) -> Iterator[FactRef]:
        """Yields what a check or requirement is about; for a derived fact, what it is computed from."""
        if not part.fact:
            yield from self._read_by(part.expression, scope, subject)
            return
        derived = DERIVED.get(part.fact)
        for fact in derived.inputs if derived else (part.fact,):
            yield from self._refs(fact, scope, subject)

    def _read_by(self, expression: str, scope: Scope, subject: _Subject) -> Iterator[FactRef]:
        if expression:
            for fact in self._active.expressions.reads(expression, scope):
                yield from self._refs(fact, scope, subject)

    def _refs(self, fact: str, scope: Scope, subject: _Subject) -> Iterator[FactRef]:
        """Yields whose fact is meant: the proposal's, the subject's, or that of every asset of another kind."""
        about = scope_of(fact)
        if about is Scope.DEPLOYMENT:
            yield FactRef(fact)
        elif about is scope:
            yield FactRef(fact, subject.id)
        else:
            yield from (FactRef(fact, other.id) for other in self._subjects(about))

    def _subjects(self, scope: Scope) -> tuple[_Subject, ...]:
        if scope is Scope.DEPLOYMENT:
            return (_DEPLOYMENT,)
        named = self._dossier.facts.of(scope) if self._dossier else ()
        return tuple(_Subject(name, known=True) for name, _ in named) or (_ANY,)

    def _is_false(self, expression: str, scope: Scope, subject: _Subject) -> bool:
        """True when a condition certainly does not hold."""
        if not expression or self._conditions is None or not subject.known:
            return False
        return self._conditions.test(expression, scope, subject.id) is False

    def _severity(self, row: RuleRow) -> Severity:
        """Returns the severity as it is judged by: while it depends on something unknown, the strictest."""
        otherwise, possible = row.severity, []
        for other in row.rule.severity_when:
            named = other.severity.get(self._table.tier, row.severity)
            truth = self._conditions.test(other.when, Scope.DEPLOYMENT, "") if self._conditions else None
            if truth is True:
                otherwise = named
                break
            if truth is not False:
                possible.append(named)
        return max(otherwise, *possible) if possible else otherwise

    def _requirement(self, ref: FactRef, needs: list[_Need]) -> Requirement:
        backing = [each for need in needs for each in need.backing if each.fact == parent_of(ref.fact)]
        return Requirement(
            ref,
            tuple(sorted({need.rule_id for need in needs})),
            max(need.severity for need in needs),
            min(need.due for need in needs),
            max((each.grade for each in backing), default=None),
            min((each.maximum_age_days for each in backing), default=0),
            self._dossier is not None and self._dossier.facts.get(ref) is not None,
        )

    @property
    def _evidence_counts(self) -> bool:
        """True when the ruleset looks at evidence at this tier and gate."""
        row = self._table.evidence
        return row is not None and row.severity is not Severity.NONE and self._table.gate >= row.due
