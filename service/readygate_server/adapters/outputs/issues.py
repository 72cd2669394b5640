"""What annotations and quality reports list: findings with an effect and faults of proposals, with their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from readygate.v1 import decision_pb2 as pb
from readygate.v1.ruleset_pb2 import Severity
from readygate_server.adapters.outputs.model import Judged
from readygate_server.adapters.outputs.texts import one_line
from readygate_server.adapters.proposals.origins import Origin
from readygate_server.adapters.words import outcome_name, without_subject
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.faults import Fault
from readygate_server.domain.texts import sentence

PROPOSAL_FAULT: Final = "INP-01"
"""Rule id of what is wrong with a proposal itself."""
NOT_JUDGED: Final = "INP-02"
"""Rule id of a file about which no verdict was reached."""


class Level(StrEnum):
    """How much an issue weighs; the values are those of SARIF."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_LEVELS: Final = {
    pb.EFFECT_BLOCKS: Level.ERROR,
    pb.EFFECT_CONDITIONS: Level.WARNING,
    pb.EFFECT_ADVISES: Level.NOTE,
}
_BY_WEIGHT: Final = tuple(Level)
_FAILED: Final = (pb.OUTCOME_VIOLATED, pb.OUTCOME_UNKNOWN, pb.OUTCOME_STALE)


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to be shown at a place."""

    proposal: str
    rule_id: str
    subject: str
    level: Level
    title: str
    message: str
    place: Origin
    work: pb.WorkItem | None = None
    finding: pb.Finding | None = None

    @property
    def about(self) -> str:
        """Rule and subject, such as `DAT-03[crm]`."""
        return f"{self.rule_id}[{self.subject}]" if self.subject else self.rule_id

    @property
    def waiver_id(self) -> str:
        """Waiver in use; empty when none is."""
        return "" if self.finding is None else one_line(self.finding.waiver_id)

    @property
    def fingerprint(self) -> str:
        """The same for the same thing in the same file of the same proposal, wherever in the file it stands."""
        parts = (self.rule_id, self.subject, self.place.file, self.proposal)
        told_apart = (*parts, self.message) if self.rule_id == PROPOSAL_FAULT else parts
        return sha256("\0".join(told_apart).encode("utf-8", "backslashreplace")).hexdigest()[:32]

    @property
    def details(self) -> str:
        """What is so, and the work that closes it."""
        if self.work is None:
            return self.message
        title, done_when = (one_line(each) for each in (self.work.title, self.work.done_when))
        return f"{self.message} To do: {sentence(title)} Done when: {sentence(done_when)}"


def issues_of(results: Sequence[Judged], *, unjudged: bool = True) -> list[Issue]:
    """Returns all issues, the heaviest first, then in the order of the files and by place and rule.

    What is wrong with a proposal comes before what it lacks, because nothing else is known of it.
    With `unjudged` a file about which nothing is known gets an issue as well.
    """
    found = [issue for result in results for issue in sorted(_issues(result, unjudged=unjudged), key=_by_place)]
    return sorted(found, key=lambda issue: (_BY_WEIGHT.index(issue.level), issue.finding is not None))


def _by_place(issue: Issue) -> tuple[Origin, str, str, str]:
    return issue.place, issue.rule_id, issue.subject, issue.message


def _issues(result: Judged, *, unjudged: bool) -> Iterator[Issue]:
    for fault in result.faults:
        yield _of_fault(result, fault)
    if result.decision is not None:
        yield from _of_decision(result, result.decision)
    elif not result.faults and unjudged:
        message = sentence(one_line(result.problem or "no verdict was reached"))
        place = Origin(result.file, 1, 1)
        yield Issue(result.name, NOT_JUDGED, "", Level.ERROR, "No verdict was reached", message, place)


def _of_fault(result: Judged, fault: Fault) -> Issue:
    said = one_line(str(Fault("", 0, 0, fault.message, fault.got, fault.expected, fault.suggestion)).removeprefix(": "))
    place = result.fault_place(fault)
    return Issue(result.name, PROPOSAL_FAULT, "", Level.ERROR, "Fault of the proposal", sentence(said), place)


def _of_decision(result: Judged, decision: pb.Decision) -> Iterator[Issue]:
    work = {(item.rule_id, item.subject): item for item in decision.plan.items}
    for finding in decision.findings:
        level = _LEVELS.get(finding.effect)
        if level is not None:
            yield _of_finding(result, finding, level, work.get((finding.rule_id, finding.subject)))


def _of_finding(result: Judged, finding: pb.Finding, level: Level, work: pb.WorkItem | None) -> Issue:
    rule_id, subject = one_line(finding.rule_id), one_line(finding.subject)
    return Issue(
        proposal=result.name,
        rule_id=rule_id,
        subject=subject,
        level=level,
        title=one_line(finding.title),
        message=sentence(reason_of(finding)),
        place=_place(result, finding),
        work=work,
        finding=finding,
    )


def reason_of(finding: pb.Finding) -> str:
    """Returns observed against required on one line, or else the outcome."""
    said = one_line(without_subject(finding.message, finding.subject))
    said = said or outcome_name(finding.outcome).replace("_", " ")
    if finding.outcome == pb.OUTCOME_WAIVED:
        return f"waived by {one_line(finding.waiver_id)}: {said}" if finding.message else said
    return said


def _place(result: Judged, finding: pb.Finding) -> Origin:
    """Returns where the first fact stands that fails; where what is missing would stand; else the asset."""
    by_outcome = sorted(
        (each for each in finding.observations if each.fact and each.outcome in _FAILED),
        key=lambda each: _FAILED.index(each.outcome),
    )
    for each in by_outcome:
        return _place_of_fact(result, finding.subject, each.fact)
    return _place_of_fact(result, finding.subject, "")


def _place_of_fact(result: Judged, subject: str, fact: str) -> Origin:
    """Returns where a fact stands; of a quantity that is computed, where its first input does."""
    derived = DERIVED.get(fact)
    return result.place(subject, derived.inputs[0] if derived is not None else fact)


def level_of(severity: int) -> Level:
    """Returns the level of a severity, for what says nothing about a gate."""
    if severity == Severity.SEVERITY_BLOCKER:
        return Level.ERROR
    return Level.WARNING if severity == Severity.SEVERITY_CONDITION else Level.NOTE
