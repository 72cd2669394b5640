"""Judges all rules of a table about one proposal; what was concluded from the same before is recalled.

What a rule concludes about an asset follows from all that is said of that asset, from the facts of the deployment that
the rule reads, from the day, and from the rules at a tier and a gate. None of these ever changes, so that a conclusion
that was drawn from them holds whenever they come again, as in the next proposal that builds on the same asset. Rules
about the deployment that read of its assets are judged each time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from readygate_server.domain.derived import DERIVED
from readygate_server.domain.errors import RuleFailedError
from readygate_server.domain.evaluation import Case, Doubt, Standing, judge, judge_subjects, stand, unsettle
from readygate_server.domain.evidence import EvidenceIndex, Shortfall, evidence_findings, inspector_of
from readygate_server.domain.facts import Facts
from readygate_server.domain.finding import Finding
from readygate_server.domain.memory import Memory
from readygate_server.domain.reach import Reach
from readygate_server.domain.table import Local, RuleRow, RuleTable, nothing_asked
from readygate_server.domain.vocabulary import Outcome, Scope

_DEPLOYMENT = Scope.DEPLOYMENT


class Position:
    """How the rules about assets of one scope stand towards proposals whose deployment says the same. A key."""

    __slots__ = ("asks", "standings")

    def __init__(self, standings: tuple[Standing | Finding, ...]) -> None:
        """Takes each rule's standing, in the order of the rules."""
        self.standings = standings
        self.asks = any(isinstance(each, Standing) for each in standings)


class Conclusion(NamedTuple):
    """The findings about one subject, one per rule that is asked of it, and what their evidence falls short of."""

    findings: tuple[Finding, ...]
    shortfalls: tuple[Shortfall, ...] = ()


Recollection = Memory[Position | Conclusion | Shortfall]
"""What hearings under one ruleset share."""


class Heard(NamedTuple):
    """The findings of the rules about facts, by rule id and subject; and that of the evidence rule, if there is one."""

    about_facts: list[Finding]
    about_evidence: list[Finding]


def hear(
    table: RuleTable,
    case: Case,
    index: EvidenceIndex,
    *,
    floor: Doubt | None = None,
    memory: Recollection | None = None,
) -> Heard:
    """Returns the findings of all rules about facts and evidence; raises RuleFailedError.

    `floor` are the facts that the tier hangs on, when it is a floor.
    """
    hearing = _Hearing(table, case, index, floor, memory)
    return Heard(hearing.findings(), evidence_findings(table, index, hearing.shortfalls))


class _Hearing:
    """One proposal before the rules of one table."""

    def __init__(
        self, table: RuleTable, case: Case, index: EvidenceIndex, floor: Doubt | None, memory: Recollection | None
    ) -> None:
        self._table, self._case, self._floor = table, case, floor
        self._inspector = inspector_of(table, index, case.facts)
        # What somebody says of the deployment instead of a value is not among its facts.
        is_plain = memory is not None and all(ref.subject for ref in case.not_applicable)
        self._memory = memory if is_plain else None
        self.shortfalls: list[Shortfall] = []

    def findings(self) -> list[Finding]:
        """Judges; to be called once."""
        if self._memory is None or not self._case.imprints:
            return self._all_anew()
        findings: list[Finding] = []
        columns = {scope: self._about_assets(scope, local) for scope, local in self._table.local.items()}
        for row in self._table.about_facts:
            if row.idle is not None:
                findings.append(row.idle)
            elif row.reach is None:
                findings += self._inspected(self._alone(row))
            elif row.rule.scope is _DEPLOYMENT:
                findings += self._about_deployment(row, row.reach)
            else:
                findings += next(columns[row.rule.scope])
        return findings

    def _all_anew(self) -> list[Finding]:
        findings: list[Finding] = []
        table, case = self._table, self._case
        row = None
        try:
            for row in table.about_facts:
                if row.idle is not None:
                    findings.append(row.idle)
                else:
                    findings += judge(row, table, case)
        except RuleFailedError as error:
            assert row is not None, "nothing fails before the first rule"
            raise _named(error, row) from error
        return self._inspected(self._settled(findings))

    def _alone(self, row: RuleRow) -> list[Finding]:
        try:
            findings = judge(row, self._table, self._case)
        except RuleFailedError as error:
            raise _named(error, row) from error
        return self._settled(findings)

    def _settled(self, findings: list[Finding]) -> list[Finding]:
        return findings if self._floor is None else unsettle(findings, self._floor)

    def _about_deployment(self, row: RuleRow, reach: Reach) -> Sequence[Finding]:
        """Returns the finding of a rule about the deployment, recalled when all that it reads is the same."""
        memory = self._memory
        if memory is None:
            return self._inspected(self._alone(row))
        key = self._key(row, reach.deployment)
        known = memory.recall(key)
        if not isinstance(known, Conclusion):
            known = Conclusion(tuple(self._alone(row)))
            if memory.is_known(key):
                memory.keep(key, known)
        return self._inspected([*known.findings])  # evidence about the deployment is not in the key

    def _about_assets(self, scope: Scope, local: Local) -> Iterator[Sequence[Finding]]:
        """Yields the findings of one rule after the other about the assets of a scope."""
        position = self._position(scope, local)
        subjects = self._case.facts.of(scope)
        by_rule: Iterator[Sequence[Finding]] = iter(())
        if subjects and position.asks:
            by_rule = iter(self._by_rule(position, self._imprints(scope, local, subjects), subjects))
        for standing in position.standings:
            if isinstance(standing, Finding):
                yield (standing,)
            else:
                yield next(by_rule) if subjects else (nothing_asked(standing.row, "", Outcome.NOT_APPLICABLE),)

    def _by_rule(
        self, position: Position, imprints: Sequence[Hashable] | None, subjects: Sequence[tuple[str, Facts]]
    ) -> Iterable[Sequence[Finding]]:
        """Returns the findings about the subjects rule by rule; what can be recalled of them is not judged."""
        memory = self._memory
        if memory is None or imprints is None:
            return map(self._inspected, self._judged(position, subjects))
        keys = [(position, imprint) for imprint in imprints]
        known = [memory.recall(key) for key in keys]
        lasting = [memory.is_known(key) for key, each in zip(keys, known, strict=True) if each is None]
        if len(lasting) == len(known) and True not in lasting:
            return map(self._inspected, self._judged(position, subjects))
        new = [place for place, each in enumerate(known) if each is None]
        found = self._concluded(position, [subjects[place] for place in new]) if new else ()
        for place, conclusion, lasts in zip(new, found, lasting, strict=True):
            known[place] = conclusion
            if lasts:
                memory.keep(keys[place], conclusion)
        return zip(*[self._noted(each) for each in known if isinstance(each, Conclusion)], strict=True)

    def _position(self, scope: Scope, local: Local) -> Position:
        key = self._key(scope, local.reach.deployment)
        known = self._memory.recall(key) if self._memory is not None else None
        if isinstance(known, Position):
            return known
        position = Position(tuple([self._stand(row) for row in local.rows]))
        if self._memory is not None:
            self._memory.keep(key, position)
        return position

    def _stand(self, row: RuleRow) -> Standing | Finding:
        try:
            return stand(row, self._table, self._case)
        except RuleFailedError as error:
            raise _named(error, row) from error

    def _key(self, about: Hashable, reach: tuple[str, ...]) -> Hashable:
        table, case = self._table, self._case
        return (table.tier, table.gate, case.day, about, self._floor, *map(case.facts.deployment.get, reach))

    def _imprints(self, scope: Scope, local: Local, subjects: Sequence[tuple[str, Facts]]) -> Sequence[Hashable] | None:
        """Returns what stands for all that is read of each subject, with what follows from others."""
        imprints = self._case.imprints.get(scope)
        if imprints is None or not local.reach.beyond:
            return imprints
        facts, derived = self._case.facts, [DERIVED[name] for name in local.reach.beyond]
        return [
            (imprint, *[each.compute(facts, subject, its_facts) for each in derived])
            for imprint, (subject, its_facts) in zip(imprints, subjects, strict=True)
        ]

    def _judged(self, position: Position, subjects: Sequence[tuple[str, Facts]]) -> list[list[Finding]]:
        """Judges subjects, rule by rule."""
        return [self._of_rule(each, subjects) for each in position.standings if not isinstance(each, Finding)]

    def _of_rule(self, standing: Standing, subjects: Sequence[tuple[str, Facts]]) -> list[Finding]:
        try:
            findings = judge_subjects(*standing, self._case, subjects)
        except RuleFailedError as error:
            raise _named(error, standing.row) from error
        return self._settled(findings)

    def _concluded(self, position: Position, subjects: Sequence[tuple[str, Facts]]) -> list[Conclusion]:
        """Judges subjects, one by one."""
        inspector = self._inspector
        about_each = zip(*self._judged(position, subjects), strict=True)
        if inspector is None:
            return [Conclusion(findings) for findings in about_each]
        return [Conclusion(tuple(inspector.hold(each)), inspector.take_shortfalls()) for each in about_each]

    def _inspected(self, findings: list[Finding]) -> list[Finding]:
        """Returns findings held against the demand for evidence."""
        if self._inspector is None:
            return findings
        held = self._inspector.hold(findings)
        self.shortfalls += map(self._known, self._inspector.take_shortfalls())
        return held

    def _known(self, shortfall: Shortfall) -> Shortfall:
        """Returns the same shortfall as it was met before under these rules, with all that was made of it."""
        if self._memory is None:
            return shortfall
        key = (self._table.evidence, shortfall)
        known = self._memory.recall(key)
        if isinstance(known, Shortfall):
            return known
        if self._memory.is_known(key):
            self._memory.keep(key, shortfall)
        return shortfall

    def _noted(self, conclusion: Conclusion) -> tuple[Finding, ...]:
        if conclusion.shortfalls:
            self.shortfalls += conclusion.shortfalls
        return conclusion.findings


def _named(error: RuleFailedError, row: RuleRow) -> RuleFailedError:
    """Returns the failure of an expression with the rule that it belongs to."""
    return RuleFailedError(row.rule.id, error.expression, error.detail)
