"""Decisions as rows, and rows as decisions."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Row

from readygate_server.domain.record import (
    DecisionFacts,
    NewDecision,
    Payload,
    Sealed,
    SealedText,
    Stamp,
    StoredDecision,
)
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict

_RULESET: Final = ("name", "version", "digest", "channel", "effective_from", "effective_until", "summary")
_SAME: Final = ("proposal_id", "as_of", "rule_count", "engine_version", "facts_digest", "request_digest")


def decision_row(decision: NewDecision, stamp: Stamp) -> tuple[object, ...]:
    """Returns the row of table `decision`, in the order of its columns."""
    facts, ruleset = decision.facts, decision.facts.ruleset
    return (
        stamp.id,
        stamp.recorded_at,
        facts.proposal_id,
        facts.verdict.value,
        int(facts.gate),
        int(facts.tier),
        facts.as_of,
        ruleset.name,
        ruleset.version,
        ruleset.digest,
        ruleset.channel,
        ruleset.effective_from,
        ruleset.effective_until,
        ruleset.summary,
        facts.rule_count,
        facts.engine_version,
        facts.facts_digest,
        facts.request_digest,
        json.dumps(facts.waiver_ids) if facts.waiver_ids else "[]",
        decision.caller.person,
        decision.caller.cipher,
        decision.request_id,
    )


def payload_row(decision: NewDecision, stamp: Stamp, sealed: Sealed) -> tuple[object, ...]:
    """Returns the row of table `payload`, in the order of its columns."""
    return (stamp.id, decision.request, decision.names, sealed.response)


def stored_decision(row: Row[Any], *, with_payload: bool) -> StoredDecision:
    """Returns the decision of a row of `decision` joined with its entry, leaf and payload."""
    facts = DecisionFacts(
        verdict=Verdict(row.verdict),
        gate=Gate(row.gate),
        tier=Tier(row.tier),
        ruleset=RulesetIdentity(**{name: getattr(row, f"ruleset_{name}") for name in _RULESET}),
        waiver_ids=tuple(json.loads(row.waiver_ids)),
        **{name: getattr(row, name) for name in _SAME},
    )
    is_dropped = row.payload_id is None
    return StoredDecision(
        id=row.id,
        recorded_at=row.recorded_at,
        facts=facts,
        caller=SealedText(row.caller, bytes(row.caller_cipher)),
        request_id=row.request_id,
        leaf_index=row.leaf_index,
        entry=bytes(row.entry),
        payload=Payload(row.request, row.names, row.response) if with_payload and not is_dropped else None,
        is_dropped=is_dropped,
    )
