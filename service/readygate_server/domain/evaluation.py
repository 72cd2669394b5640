"""Judges rules: facts and conditions in, findings out. The one evaluator that everything uses.

Strong Kleene logic throughout: a check on an absent fact is unknown, and an unknown condition leaves a check that is
not met anyway unknown, because it might not have been asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from readygate_server.domain.asked import Asked
from readygate_server.domain.conditions import Conditions, Truth, Unknown
from readygate_server.domain.derived import DERIVED, Partly
from readygate_server.domain.facts import FactRef, Facts, FactValue, ProposalFacts, parent_of, ref_of, scope_of
from readygate_server.domain.finding import Finding, Observation, finding_of, observation_of
from readygate_server.domain.table import RuleRow, RuleTable, nothing_asked, parts_of
from readygate_server.domain.vocabulary import Effect, Outcome, Scope, Severity

_SATISFIED, _VIOLATED, _UNKNOWN = Outcome.SATISFIED, Outcome.VIOLATED, Outcome.UNKNOWN
_NOT_APPLICABLE, _NOT_DUE = Outcome.NOT_APPLICABLE, Outcome.NOT_DUE
_NONE, _CONDITIONS, _BLOCKS = Effect.NONE, Effect.CONDITIONS, Effect.BLOCKS

Doubt = tuple[FactRef, ...]
"""Missing facts that leave open whether something is asked at all; empty when it certainly is."""

NO_IMPRINTS: Mapping[Scope, Sequence[bytes]] = {}


class Case(NamedTuple):
    """One proposal on one day, as the evaluator sees it.

    `not_applicable` holds, per fact, the reason why somebody accountable says that it does not apply. `day` is the
    ordinal of the day in the proleptic Gregorian calendar. `imprints` stand for all that is said of each asset, values,
    evidence and statements alike, in the order of `facts`; where there are none nothing is recalled.
    """

    facts: ProposalFacts
    conditions: Conditions
    not_applicable: Mapping[FactRef, str]
    as_of: str
    day: int
    imprints: Mapping[Scope, Sequence[bytes]] = NO_IMPRINTS


def unsettle(findings: list[Finding], missing: tuple[FactRef, ...]) -> list[Finding]:
    """Takes back what fails at a floor tier under a rule that may ease with the tier: at the real tier it may pass.

    `missing` are the facts that the tier hangs on.
    """
    return [
        finding
        if finding.rule.monotone or finding.outcome is not _VIOLATED
        else finding._replace(
            outcome=_UNKNOWN,
            missing=tuple(dict.fromkeys((*finding.missing, *missing))),
            refuted=_NONE,
            open=max(finding.open, finding.refuted),
        )
        for finding in findings
    ]


def judge(row: RuleRow, table: RuleTable, case: Case) -> list[Finding]:
    """Returns the findings of one rule, one per subject; one without a subject when there is none to ask about."""
    doubt: Doubt = ()
    if not row.always:
        standing = stand(row, table, case)
        if isinstance(standing, Finding):
            return [standing]
        row, doubt = standing
    subjects = case.facts.of(row.rule.scope)
    return judge_subjects(row, doubt, case, subjects) if subjects else [nothing_asked(row, "", _NOT_APPLICABLE)]


class Standing(NamedTuple):
    """A rule that is asked of its subjects: with the severity that it has for this proposal, and in which doubt."""

    row: RuleRow
    doubt: Doubt = ()


def stand(row: RuleRow, table: RuleTable, case: Case) -> Standing | Finding:
    """Returns how a rule stands towards a proposal, whoever its subjects are; a finding when it asks nothing."""
    if row.always:
        return Standing(row)
    if row.idle is not None:
        return row.idle
    rule = row.rule
    if not rule.in_force(case.as_of):
        return nothing_asked(row, "", _NOT_APPLICABLE)
    if table.gate < row.due:
        return nothing_asked(row, "", _NOT_DUE)
    applies: Truth = case.conditions.test(rule.when, Scope.DEPLOYMENT, "") if rule.when else True
    if applies is False:
        return nothing_asked(row, "", _NOT_APPLICABLE)
    doubt = applies.missing if isinstance(applies, Unknown) else ()
    return Standing(_adjusted(row, table, case) if row.adjustable else row, doubt)


def judge_subjects(row: RuleRow, about_rule: Doubt, case: Case, subjects: Iterable[tuple[str, Facts]]) -> list[Finding]:
    """Judges a rule for subjects. Most checks are only compared; that is done in this loop and not in functions."""
    rule, severity, due, parts = row.rule, row.severity, row.due, row.parts
    where, deployment, day = rule.where, case.facts.deployment, case.day
    findings = []
    for subject, facts in subjects:
        doubt = _asked(where, row, case, subject, facts, about_rule) if where else about_rule
        if doubt is None:
            findings.append(nothing_asked(row, subject, _NOT_APPLICABLE))
            continue
        made: list[Observation] = []
        met, satisfied = True, False
        for fact, of_subject, compare, asked, not_due in parts:
            if compare is None or doubt:
                observation = not_due or _answer(asked, row, case, subject, facts, doubt)
                if observation is None:
                    continue
                outcome = observation.outcome
            elif (value := (facts if of_subject else deployment).get(fact)) is None:
                observation, outcome = _not_stated(asked, row, case, subject, ()), _UNKNOWN
            else:
                outcome = _SATISFIED if compare(value, day) else _VIOLATED
                observation = observation_of((asked, value, outcome, ()))
            made.append(observation)
            if outcome is _SATISFIED:
                satisfied = True
            elif not_due is None:
                met = False
        if met and satisfied:
            answers = tuple(made)
            found = finding_of((rule, subject, _SATISFIED, _NONE, severity, due, answers, (), _NONE, _NONE, "", ""))
        else:
            found = _conclude(row, subject, made, case)
        findings.append(found)
    return findings


def _asked(where: str, row: RuleRow, case: Case, subject: str, facts: Facts, doubt: Doubt) -> Doubt | None:
    """Returns the doubt about whether something is asked, or None when it certainly is not."""
    truth = case.conditions.test(where, row.rule.scope, subject, facts)
    if truth is False:
        return None
    return doubt + truth.missing if isinstance(truth, Unknown) else doubt


def _answer(asked: Asked, row: RuleRow, case: Case, subject: str, facts: Facts, doubt: Doubt) -> Observation | None:
    """Answers one check or requirement that is due; None when it is not asked of this subject."""
    if asked.where:
        open_question = _asked(asked.where, row, case, subject, facts, doubt)
        if open_question is None:
            return None
        doubt = open_question
    if asked.expression:
        return _required(asked, case.conditions.test(asked.expression, row.rule.scope, subject, facts), doubt)
    value = (facts if asked.of_subject else case.facts.deployment).get(asked.fact)
    if value is not None:
        return _compared(asked, value, case, doubt)
    return _without_value(asked, row, case, subject, facts, doubt)


def _without_value(asked: Asked, row: RuleRow, case: Case, subject: str, facts: Facts, doubt: Doubt) -> Observation:
    """Judges a fact that is not stated itself: it may be derived from others."""
    derived = DERIVED.get(asked.fact)
    if derived is None:
        return _not_stated(asked, row, case, subject, doubt)
    computed = derived.compute(case.facts, subject, facts)
    if isinstance(computed, Partly):
        best, worst = _ends(asked, computed)
        if best is not None and not asked.compare(best, case.day):
            return _compared(asked, best, case, doubt)  # not even the best that is possible is enough
        if worst is not None and asked.compare(worst, case.day):
            return _compared(asked, worst, case, doubt)  # even the worst that is possible is enough
        return observation_of((asked, None, _UNKNOWN, computed.missing + doubt))
    return _compared(asked, computed, case, doubt)


def _not_stated(asked: Asked, row: RuleRow, case: Case, subject: str, doubt: Doubt) -> Observation:
    """Judges a fact without a value: said not to apply, or simply unknown."""
    ref = ref_of((asked.fact, subject if asked.of_subject else ""))
    if case.not_applicable and _excused(ref, row, case):
        return observation_of((asked, None, _NOT_APPLICABLE, ()))
    return observation_of((asked, None, _UNKNOWN, (ref, *doubt)))


def _ends(asked: Asked, computed: Partly) -> tuple[float | None, float | None]:
    """Returns the best and the worst that a value can still be, as far as the check has a direction."""
    if asked.comparator == "at_least":
        return computed.most, computed.least
    return (computed.least, computed.most) if asked.comparator == "at_most" else (None, None)


def _compared(asked: Asked, value: FactValue, case: Case, doubt: Doubt) -> Observation:
    if asked.compare(value, case.day):
        return observation_of((asked, value, _SATISFIED, doubt))
    return observation_of((asked, value, _UNKNOWN if doubt else _VIOLATED, doubt))


def _required(asked: Asked, truth: Truth, doubt: Doubt) -> Observation:
    if isinstance(truth, Unknown):
        return observation_of((asked, None, _UNKNOWN, truth.missing + doubt))
    if truth:
        return observation_of((asked, None, _SATISFIED, doubt))
    return observation_of((asked, None, _UNKNOWN if doubt else _VIOLATED, doubt))


def _excused(ref: FactRef, row: RuleRow, case: Case) -> bool:
    allowed = row.rule.may_be_not_applicable
    whole = FactRef(parent_of(ref.fact), ref.subject)
    return (ref in case.not_applicable and ref.fact in allowed) or (
        whole in case.not_applicable and whole.fact in allowed
    )


def _conclude(row: RuleRow, subject: str, observations: list[Observation], case: Case) -> Finding:
    """Sums up: the strongest effect of what is violated against the strongest of what is unknown."""
    refuted = unknown = to_confirm = _NONE
    violated = satisfied = open_facts = not_due = excused = False
    missing: tuple[FactRef, ...] = ()
    for asked, _, outcome, lacking in observations:
        if outcome is _SATISFIED:
            satisfied = True
        elif outcome is _VIOLATED:
            violated = True
            refuted = asked.effect if asked.effect > refuted else refuted
        elif outcome is _UNKNOWN:
            open_facts = True
            unknown = asked.effect if asked.effect > unknown else unknown
            missing += lacking
        elif outcome is _NOT_DUE:
            not_due = True
        else:
            excused = True
            to_confirm = max(to_confirm, asked.effect)
    if violated and refuted >= unknown:
        outcome = _VIOLATED
    elif open_facts:
        outcome = _UNKNOWN
    elif satisfied:
        outcome = _SATISFIED
    else:
        outcome = _NOT_DUE if not_due and not excused else _NOT_APPLICABLE
    effect = refuted if refuted >= unknown else unknown
    # What somebody says does not apply never passes silently: where it would have blocked it has to be confirmed.
    if to_confirm is _BLOCKS and effect < _CONDITIONS:
        effect = _CONDITIONS
    if len(missing) > 1:
        missing = tuple(dict.fromkeys(missing))
    note = _excuse(row, subject, case) if excused else ""
    severity, due, parts = row.severity, row.due, tuple(observations)
    return finding_of((row.rule, subject, outcome, effect, severity, due, parts, missing, refuted, unknown, note, ""))


def _excuse(row: RuleRow, subject: str, case: Case) -> str:
    reasons = [
        f"{ref} is said not to apply: {reason}"
        for ref, reason in sorted(case.not_applicable.items())
        if ref.fact in row.rule.may_be_not_applicable
        and ref.subject == ("" if scope_of(ref.fact) is Scope.DEPLOYMENT else subject)
    ]
    return "; ".join(reasons)


def _adjusted(row: RuleRow, table: RuleTable, case: Case) -> RuleRow:
    """Applies the first severity whose condition holds; while one is unknown the strictest that is possible counts."""
    possible: list[Severity] = []
    otherwise = row.severity
    for other in row.rule.severity_when:
        truth = case.conditions.test(other.when, Scope.DEPLOYMENT, "")
        if truth is False:
            continue
        named = other.severity.get(table.tier, row.severity)
        if truth is True:
            otherwise = named
            break
        possible.append(named)
    severity = max(otherwise, *possible) if possible else otherwise
    if severity is row.severity:
        return row
    asked = tuple(
        part if part.severity is not None else part._replace(effect=severity.effect(due=part.due, gate=table.gate))
        for part in row.asked
    )
    return replace(row, severity=severity, asked=asked, parts=parts_of(asked), adjustable=False, always=True)
