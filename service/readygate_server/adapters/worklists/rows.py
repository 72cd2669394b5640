"""One row for each work item of a plan, with the decision that it comes from: what every work list is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import ruleset_pb2
from readygate_server.adapters.words import gate_name, tier_word, verdict_name

Cell = str | int | float


class Judged(NamedTuple):
    """A decision about a proposal, and its id where it is recorded."""

    proposal: str
    decision: pb.Decision
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A work item. The fields, in this order, are the columns of every list; lists within a cell have a line each."""

    proposal: str
    work_item: str
    title: str
    kind: str
    rules: str
    subject: str
    foundation: str
    nature: str
    owner_role: str
    effort_min_person_weeks: float
    effort_max_person_weeks: float
    wait_min_weeks: float
    wait_max_weeks: float
    wave: int
    after: str
    done_when: str
    proved_by: str
    finding: str
    provenance: str
    verdict: str
    gate: str
    tier: str
    ruleset: str
    ruleset_digest: str
    decision_id: str
    as_of: str

    @property
    def cells(self) -> Iterator[tuple[str, Cell]]:
        """Yields each column with its value."""
        return ((name, getattr(self, name)) for name in columns())


@cache
def columns() -> tuple[str, ...]:
    """Returns the names of the columns, in their order."""
    return tuple(field.name for field in fields(Row))


def rows_of(judged: Iterable[Judged]) -> Iterator[Row]:
    """Yields the work of decisions, decision by decision, each by wave and id."""
    for each in judged:
        findings = {(finding.rule_id, finding.subject): finding for finding in each.decision.findings}
        for item in each.decision.plan.items:
            yield _row(each, item, findings.get((item.rule_id, item.subject)))


def _row(judged: Judged, item: pb.WorkItem, finding: pb.Finding | None) -> Row:
    decision = judged.decision
    ruleset = decision.ruleset
    return Row(
        proposal=judged.proposal,
        work_item=item.id,
        title=item.title,
        kind=_KINDS.get(item.kind, ""),
        rules="\n".join(dict.fromkeys((item.rule_id, *(rule for fact in item.measures for rule in fact.rule_ids)))),
        subject=item.subject,
        foundation=item.foundation,
        nature="infrastructure" if item.infrastructure else "paperwork",
        owner_role=item.owner_role,
        effort_min_person_weeks=_short(item.effort.min_person_weeks),
        effort_max_person_weeks=_short(item.effort.max_person_weeks),
        wait_min_weeks=_short(item.wait.min_weeks),
        wait_max_weeks=_short(item.wait.max_weeks),
        wave=item.wave,
        after="\n".join(item.after),
        done_when=item.done_when,
        proved_by="\n".join(item.collect_commands),
        finding="" if finding is None else finding.message,
        provenance="" if finding is None else "\n".join(provenance_of(finding)),
        verdict=verdict_name(decision.verdict),
        gate=gate_name(decision.gate),
        tier=tier_word(decision.tier.tier),
        ruleset=f"{ruleset.name} {ruleset.version}".strip(),
        ruleset_digest=ruleset.digest,
        decision_id=judged.decision_id,
        as_of=decision.as_of,
    )


def provenance_of(finding: pb.Finding) -> Iterator[str]:
    """Yields who chose each threshold that is not met, and why."""
    said: set[str] = set()
    for each in finding.observations:
        if each.outcome in (pb.OUTCOME_SATISFIED, pb.OUTCOME_NOT_APPLICABLE, pb.OUTCOME_NOT_DUE):
            continue
        reason = _reason(each.provenance)
        line = f"{each.fact or each.check_id} {each.required}: {reason}".strip()
        if reason and line not in said:
            said.add(line)
            yield line


def _reason(provenance: ruleset_pb2.Provenance) -> str:
    if provenance.source:
        return ", ".join(part for part in (provenance.source, provenance.citation) if part)
    return f"judgement: {provenance.judgement}" if provenance.judgement else ""


def _short(number: float) -> float:
    """Returns a number without the noise of the sums that it comes from."""
    return round(number, 6)


_KINDS: Final[Mapping[int, str]] = {pb.WORK_KIND_FIX: "fix", pb.WORK_KIND_MEASURE: "measure"}
