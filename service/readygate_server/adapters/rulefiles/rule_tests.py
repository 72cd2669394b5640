"""Runs the tests that stand beside rules: facts in, the expected outcome out.

Judging is left to the evaluator that everything uses; here proposals are built, and what comes out is compared.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import clear_fact, field_of, parse_path, set_fact
from readygate_server.adapters.proposals.reader import build_proposal
from readygate_server.adapters.proposals.values import FactProblemError
from readygate_server.adapters.proposals.vocabulary import GROUPS
from readygate_server.adapters.rulefiles.loader import LoadedRules, LoadedTest
from readygate_server.adapters.rulefiles.schema import RuleCase, ThresholdTest
from readygate_server.adapters.rulefiles.shape_faults import show
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.finding import Finding
from readygate_server.domain.rule import Rule, Ruleset, RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Outcome, Tier

EvaluateRule = Callable[[Ruleset, str, Proposal, Tier, Gate, str], Sequence[Finding]]
"""Ruleset, rule id, proposal, tier, gate and day to the findings of that rule; findings of other rules are ignored."""

_WANTED: Final = {"pass": Outcome.SATISFIED, "fail": Outcome.VIOLATED}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that came out otherwise than expected."""

    what: str
    got: str = ""
    expected: str = ""

    def __str__(self) -> str:
        """Returns the difference in one line."""
        return f"{self.what}: got {self.got}, expected {self.expected}" if self.expected else self.what


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, or one side of a threshold at one tier, and how it came out."""

    rule_id: str
    name: str
    place: str
    tier: Tier
    mismatches: tuple[Mismatch, ...]
    outcome: Outcome | None
    """What came out; None when nothing did."""
    side: str = ""
    """`pass` or `fail` for a side of a threshold."""
    observed: tuple[tuple[str, Outcome, FactValue], ...] = ()
    """Checks that were decided, how, and on which value."""
    met: frozenset[str] = frozenset()
    """Requirements that were found true."""
    unmet: frozenset[str] = frozenset()
    """Requirements that were found false or could not be told."""

    @property
    def passed(self) -> bool:
        """True when everything came out as expected."""
        return not self.mismatches


def run_rule_tests(loaded: LoadedRules, evaluate_rule: EvaluateRule) -> tuple[CaseResult, ...]:
    """Runs the tests of every rule of a directory, in the order of rules and files.

    A rule is judged within the largest ruleset of the directory that it is part of, and by itself when there is none.
    """
    rules = {rule.id: rule for rule in loaded.rules.values()}
    results: list[CaseResult] = []
    for rule_id, test in sorted(loaded.tests.items()):
        ruleset = _ruleset_of(rules[rule_id], loaded.rulesets)
        rule = next(rule for rule in ruleset.rules if rule.id == rule_id)
        results.extend(_Runner(rule, ruleset, test, evaluate_rule).run())
    return tuple(results)


def _ruleset_of(rule: Rule, rulesets: Sequence[Ruleset]) -> Ruleset:
    holding = [ruleset for ruleset in rulesets if any(each.id == rule.id for each in ruleset.rules)]
    if holding:
        return max(holding, key=lambda ruleset: (len(ruleset.rules), ruleset.identity.name, ruleset.identity.version))
    alone = RulesetIdentity(rule.id.lower(), "0.0.0", f"test of {rule.id}", "test", "0001-01-01", "", rule.title)
    return Ruleset(alone, (rule,), (), {}, 1)


class _Runner:
    """Runs the tests of one rule."""

    def __init__(self, rule: Rule, ruleset: Ruleset, test: LoadedTest, evaluate_rule: EvaluateRule) -> None:
        self._rule = rule
        self._ruleset = ruleset
        self._file = test.file
        self._document = test.document
        self._evaluate = evaluate_rule

    def run(self) -> Iterator[CaseResult]:
        """Yields all results in the order of the file."""
        for index, case in enumerate(self._file.cases):
            yield self._case(case, ("cases", index))
        for index, entry in enumerate(self._file.thresholds):
            for tier, boundary in entry.at.items():
                for side, value in (("pass", boundary.passes), ("fail", boundary.fails)):
                    path: Path = ("thresholds", index, "at", tier, side)
                    yield self._threshold(entry, Tier[tier], side, value, path)

    def _case(self, case: RuleCase, path: Path) -> CaseResult:
        tier = Tier[case.tier]
        gate = Gate[case.gate.upper()] if case.gate else self._rule.due[tier]
        replaced = {key: value for key in ("evidence", "statements") if (value := getattr(case, key)) is not None}
        finding, mismatches = self._judge(self._built(replaced, case.set), tier, gate, case.subject)
        if finding is not None:
            mismatches = tuple(_differences(case, finding))
        return self._result(case.name, path, tier, mismatches, finding)

    def _threshold(self, entry: ThresholdTest, tier: Tier, side: str, value: object, path: Path) -> CaseResult:
        dues = {check.id: check.due or Gate.COMMIT for check in self._rule.checks}
        due = max(self._rule.due[tier], dues.get(entry.check, Gate.COMMIT))
        gate = Gate[entry.gate.upper()] if entry.gate else due
        proposal = self._built({}, {**entry.set, entry.fact: value})
        finding, mismatches = self._judge(proposal, tier, gate, _ref(entry.fact).subject or None)
        if finding is not None:
            mismatches = tuple(_side_differences(finding, entry.check, _WANTED[side]))
        result = self._result(f"{entry.check} {side} at {tier.name}: {show(value)}", path, tier, mismatches, finding)
        return replace(result, side=side)

    def _result(
        self, name: str, path: Path, tier: Tier, mismatches: tuple[Mismatch, ...], finding: Finding | None
    ) -> CaseResult:
        place = f"{self._document.file}:{self._document.mark(path).line}"
        parts = {part.id for part in self._rule.requirements}
        judged = [part for part in finding.observations if part.check_id in parts] if finding else []
        return CaseResult(
            self._rule.id,
            name,
            place,
            tier,
            mismatches,
            finding.outcome if finding else None,
            observed=tuple(
                (part.check_id, part.outcome, part.observed)
                for part in (finding.observations if finding else ())
                if part.fact and part.observed is not None
            ),
            met=frozenset(part.check_id for part in judged if part.outcome is Outcome.SATISFIED),
            unmet=frozenset(part.check_id for part in judged if part.outcome in (Outcome.VIOLATED, Outcome.UNKNOWN)),
        )

    def _built(self, replaced: Mapping[str, object], changes: Mapping[str, object]) -> Proposal | Mismatch:
        """Builds a proposal, or says why the facts of the test are none."""
        try:
            refs = {parse_path(name): value for name, value in changes.items()}
            # What is taken away goes first, so that a statement may stand in the place of the value.
            base = _without(self._file.base, [ref for ref, value in refs.items() if value is None])
            proposal = build_proposal({**base, **replaced}, self._document, ("base",))
            for ref, value in refs.items():
                if value is None:
                    clear_fact(proposal, ref)
                else:
                    set_fact(proposal, ref, value)
        except FaultsError as error:
            return Mismatch(f"the facts are no proposal: {'; '.join(map(str, error.faults))}")
        except FactProblemError as error:
            return Mismatch(f"the facts can not be set: {error}")
        return proposal

    def _judge(
        self, proposal: Proposal | Mismatch, tier: Tier, gate: Gate, subject: str | None
    ) -> tuple[Finding | None, tuple[Mismatch, ...]]:
        """Returns the one finding that the test is about, or why there is none."""
        if isinstance(proposal, Mismatch):
            return None, (proposal,)
        found = self._evaluate(self._ruleset, self._rule.id, proposal, tier, gate, self._file.as_of)
        found = [finding for finding in found if finding.rule.id == self._rule.id]
        if subject is not None:
            about = [finding for finding in found if finding.subject in (subject, "")]
            found = about if len(about) == 1 else [finding for finding in about if finding.subject == subject]
        if len(found) == 1:
            return found[0], ()
        subjects = ", ".join(finding.subject for finding in found) or "none"
        return None, (Mismatch("subjects of the findings", subjects, subject or "one, or else 'subject' says which"),)


def _differences(case: RuleCase, finding: Finding) -> Iterator[Mismatch]:
    if finding.outcome.value != case.outcome:
        yield Mismatch("outcome", finding.outcome.value, case.outcome)
    if case.effect is not None and finding.effect.name.lower() != case.effect:
        yield Mismatch("effect", finding.effect.name.lower(), case.effect)
    missing = sorted(map(str, finding.missing))
    if case.missing is not None and missing != sorted(case.missing):
        yield Mismatch("missing", ", ".join(missing) or "nothing", ", ".join(sorted(case.missing)) or "nothing")


def _side_differences(finding: Finding, check: str, wanted: Outcome) -> Iterator[Mismatch]:
    """One check that fails fails the rule; one that passes need not, as others may be at fault."""
    of_check = [part.outcome for part in finding.observations if part.check_id == check]
    if not of_check:
        yield Mismatch(f"outcome of the check {check}", "not asked", wanted.value)
    elif of_check[0] is not wanted:
        yield Mismatch(f"outcome of the check {check}", of_check[0].value, wanted.value)
    elif wanted is Outcome.VIOLATED and finding.outcome is not wanted:
        yield Mismatch("outcome of the rule", finding.outcome.value, wanted.value)


def _without(base: Mapping[str, object], refs: Iterable[FactRef]) -> dict[str, object]:
    """Returns the plain data of a proposal without some of its facts."""
    data: dict[str, object] = copy.deepcopy(dict(base))
    for ref in refs:
        field = field_of(ref.fact)
        holder: Any = data
        for step in (*GROUPS[field.group], *field.path[:-1]):
            holder = holder.get(step) if isinstance(holder, dict) else None
            if isinstance(holder, list):
                holder = next(
                    (each for each in holder if isinstance(each, dict) and each.get("id") == ref.subject), None
                )
        if isinstance(holder, dict):
            holder.pop(field.path[-1], None)
    return data


def _ref(path: str) -> FactRef:
    """Returns the fact of a path; nothing for a path that is none, which building the proposal reports."""
    try:
        return parse_path(path)
    except FactProblemError:
        return FactRef("")
