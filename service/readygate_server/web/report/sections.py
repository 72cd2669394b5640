"""The smaller sections of a report: conflicts, facts to be measured, waivers, foundations, history, and its stamp."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate.v1.record_pb2 import DecisionRecord
from readygate.v1.waiver_pb2 import Waiver
from readygate_server.adapters.words import fact_path, gate_name, tier_word, value_text
from readygate_server.web.report.evidence import grade_words
from readygate_server.web.report.verdicts import verdict_kind, verdict_word


class Said(NamedTuple):
    """One of several values that sources give."""

    value: str
    source: str
    grade: str
    as_of: str


class Conflict(NamedTuple):
    """A fact on which sources disagree; the value in use comes first."""

    path: str
    values: tuple[Said, ...]
    unresolved: bool


class Fact(NamedTuple):
    """A fact that has no value."""

    path: str
    statement: str
    rules: tuple[str, ...]
    blocks: bool


class Owed(NamedTuple):
    """Facts of one owner, by the artefact that would give them."""

    owner: str
    by_artefact: tuple[tuple[str, tuple[Fact, ...]], ...]


class WaiverView(NamedTuple):
    """A waiver in use; only its id when its text was not at hand."""

    id: str
    rule_id: str
    subject: str
    title: str
    reason: str
    control: str
    starts_on: str
    ends_on: str


class Foundation(NamedTuple):
    """Counts for one foundation; they decide nothing."""

    name: str
    met: int
    failed: int
    unknown: int
    blocking: int


class Earlier(NamedTuple):
    """Another decision about the same proposal."""

    id: str
    recorded: str
    kind: str
    words: str
    gate: str
    tier: str
    as_of: str
    ruleset: str
    is_this: bool
    same_facts: bool


class Stamp(NamedTuple):
    """What tells one decision from every other."""

    as_of: str
    valid_until: str
    engine: str
    ruleset: str
    ruleset_version: str
    ruleset_digest: str
    ruleset_summary: str
    rule_count: int
    facts_digest: str
    decision_id: str
    recorded: str
    log_index: str


def conflicts_view(conflicts: Iterable[pb.FactConflict]) -> tuple[Conflict, ...]:
    """Returns the facts on which sources disagree."""
    return tuple(
        Conflict(fact_path(each.fact, each.subject), tuple(map(_said, each.values)), each.unresolved)
        for each in conflicts
    )


def _said(value: pb.ConflictingValue) -> Said:
    grade = grade_words(value.grade) if value.HasField("grade") else ""
    return Said(value_text(value.value), value.source_uri or "the proposal", grade, value.as_of)


def owed_view(missing: Iterable[pb.MissingFact]) -> tuple[Owed, ...]:
    """Returns the facts to be measured by who owns them, those that hold up a block first."""
    owners: dict[str, dict[str, list[Fact]]] = {}
    for each in sorted(missing, key=lambda each: not each.blocks):
        fact = Fact(fact_path(each.fact, each.subject), each.statement, tuple(each.rule_ids), each.blocks)
        owners.setdefault(each.owner_role, {}).setdefault(each.artefact, []).append(fact)
    return tuple(
        Owed(owner, tuple((artefact, tuple(facts)) for artefact, facts in own.items())) for owner, own in owners.items()
    )


def waivers_view(decision: pb.Decision, waivers: Iterable[Waiver]) -> tuple[WaiverView, ...]:
    """Returns every waiver in use, with its text where that was handed in. Who asked and approved stays out."""
    known = {each.id: each for each in waivers}
    findings = {each.waiver_id: each for each in decision.findings if each.waiver_id}
    ids = dict.fromkeys((*decision.waiver_ids, *findings))
    return tuple(_waiver(known.get(each, Waiver(id=each)), findings.get(each, pb.Finding())) for each in ids)


def _waiver(waiver: Waiver, finding: pb.Finding) -> WaiverView:
    return WaiverView(
        waiver.id,
        finding.rule_id or waiver.rule_id,
        finding.subject or waiver.subject,
        finding.title,
        waiver.reason,
        waiver.compensating_control,
        waiver.starts_on,
        waiver.ends_on,
    )


def foundations_view(counts: Iterable[pb.FoundationCount]) -> tuple[Foundation, ...]:
    """Returns the counts of every foundation."""
    return tuple(
        Foundation(each.foundation, each.satisfied, each.violated, each.unknown, each.blocking) for each in counts
    )


def history_view(history: Iterable[DecisionRecord], own: DecisionRecord | None) -> tuple[Earlier, ...]:
    """Returns other decisions about the proposal, in the order in which they are handed in."""
    return tuple(_earlier(each, own) for each in history)


def _earlier(record: DecisionRecord, own: DecisionRecord | None) -> Earlier:
    return Earlier(
        record.ref.decision_id,
        moment(record),
        verdict_kind(record.verdict),
        verdict_word(record.verdict),
        gate_name(record.gate),
        tier_word(record.tier),
        record.as_of,
        f"{record.ruleset.name} {record.ruleset.version}",
        own is not None and record.ref.decision_id == own.ref.decision_id,
        own is not None and record.facts_digest == own.facts_digest,
    )


def moment(record: DecisionRecord) -> str:
    """Returns when a decision was recorded, to the minute, in UTC; empty when it is not said."""
    if not record.ref.HasField("recorded_at"):
        return ""
    return f"{record.ref.recorded_at.ToJsonString()[:16].replace('T', ' ')} UTC"


def stamp_view(decision: pb.Decision, record: DecisionRecord | None) -> Stamp:
    """Returns what tells the decision from every other."""
    ruleset, found = decision.ruleset, record if record is not None else DecisionRecord()
    return Stamp(
        decision.as_of,
        decision.valid_until,
        decision.engine_version,
        ruleset.name,
        ruleset.version,
        ruleset.digest,
        ruleset.summary,
        ruleset.rule_count,
        decision.facts_digest,
        found.ref.decision_id,
        moment(found),
        str(found.position.leaf_index) if found.HasField("position") else "",
    )
