"""What a revision of an asset changes, for people."""

from __future__ import annotations

from collections.abc import Iterator

from readygate.v1 import decision_pb2, gate_pb2
from readygate.v1.foundation_service_pb2 import ReevaluatedProposal, Reevaluation

_SHOWN = 5


def change_lines(found: Reevaluation, *, with_all: bool) -> Iterator[str]:
    """Yields the proposals whose verdict or findings changed, or all, and how many stayed as they were."""
    same = 0
    for each in found.proposals:
        if with_all or each.is_changed or each.findings or each.problem:
            yield from _proposal(each)
        else:
            same += 1
    changed = sum(each.is_changed for each in found.proposals)
    counts = [f"{len(found.proposals)} open proposals judged again, {changed} with another verdict"]
    counts += [f"{same} as they were"] if same else []
    counts += [f"{found.pinned} on a revision that they name"] if found.pinned else []
    counts += [f"{found.not_shown} that you may not see"] if found.not_shown else []
    if len(found.proposals) or found.pinned or found.not_shown or with_all:
        yield f"  {'; '.join(counts)}"
    if found.next_page_token:
        yield "  there are more; allow more with --limit"


def _proposal(each: ReevaluatedProposal) -> Iterator[str]:
    gate = gate_pb2.Gate.Name(each.gate).removeprefix("GATE_").lower()
    recorded = _verdict(each.recorded)
    if each.problem:
        yield f"  {each.proposal_id}  {gate}  {recorded}: not judged again: {each.problem}"
        return
    verdict = f"{_verdict(each.before)} -> {_verdict(each.now)}" if each.is_changed else f"still {_verdict(each.now)}"
    then = f" (recorded as {recorded})" if each.recorded != each.before else ""
    yield f"  {each.proposal_id}  {gate}  {verdict}{then}"
    for finding in each.findings[:_SHOWN]:
        about = f"{finding.rule_id} {finding.subject}".rstrip()
        yield f"    {about}: {_outcome(finding.before)} -> {_outcome(finding.now)}"
    if len(each.findings) > _SHOWN:
        yield f"    and {len(each.findings) - _SHOWN} more findings"


def _verdict(number: decision_pb2.Verdict.ValueType) -> str:
    return decision_pb2.Verdict.Name(number).removeprefix("VERDICT_")


def _outcome(number: decision_pb2.Outcome.ValueType) -> str:
    return decision_pb2.Outcome.Name(number).removeprefix("OUTCOME_").lower() if number else "none"
