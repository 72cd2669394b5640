"""Registered assets, and what their revisions change, for people."""

from __future__ import annotations

from collections.abc import Iterator

from readygate.v1 import decision_pb2, gate_pb2
from readygate.v1.foundation_pb2 import AssetScope
from readygate.v1.foundation_service_pb2 import (
    AssetRevision,
    ReevaluatedProposal,
    Reevaluation,
    RegisterAssetResponse,
)
from readygate_server.adapters.foundations.forms import part_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.domain.vocabulary import Scope

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


def registered_line(answer: RegisterAssetResponse) -> str:
    """Returns what became of an asset that was to be registered."""
    revision, what = answer.revision, "" if answer.is_new else ", which says the same"
    return f"{name_of_scope(revision.scope)} {revision.id}  revision {revision.revision}{what}  {revision.digest}"


def headline(revision: AssetRevision) -> str:
    """Returns what a list shows of a revision."""
    when = revision.recorded_at.ToDatetime().isoformat(sep=" ", timespec="seconds")
    title = f"  {revision.title}" if revision.title else ""
    return f"{name_of_scope(revision.scope):<8}  {revision.id}  revision {revision.revision}  {when}{title}"


def lines(revision: AssetRevision) -> Iterator[str]:
    """Yields an asset for people, with the names that are not erased."""
    yield headline(revision)
    yield f"  digest    {revision.digest}"
    yield f"  by        {revision.registered_by or 'somebody whose name is erased'}"
    yield f"  entry     {revision.entry_id} of the log"
    for _, facts in facts_of(part_of(revision.asset)).of(Scope(name_of_scope(revision.scope))):
        for name, value in sorted(facts.items()):
            shown = ", ".join(value) if isinstance(value, tuple) else value
            yield f"  {name} = {shown}"
    for entry in revision.asset.evidence:
        grade = f"E{entry.grade - 1}" if entry.grade else "no grade"
        day = entry.as_of.ToDatetime().date().isoformat() if entry.HasField("as_of") else "no day"
        yield f"  evidence  {grade}  {day}  {', '.join(entry.facts)}  {entry.source_uri}"
    for statement in revision.asset.statements:
        yield f"  no value  {statement.fact}: {statement.reason}"


def name_of_scope(number: AssetScope.ValueType) -> str:
    """Returns a scope as commands name it."""
    return AssetScope.Name(number).removeprefix("ASSET_SCOPE_").lower()
