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


def decision_row(decision: NewDecision, stamp: Stamp) -> dict[str, object]:
    """Returns the row of table `decision`."""
    facts = decision.facts
    return {
        "id": stamp.id,
        "recorded_at": stamp.recorded_at,
        **{name: getattr(facts, name) for name in _SAME},
        "verdict": facts.verdict.value,
        "gate": int(facts.gate),
        "tier": int(facts.tier),
        **{f"ruleset_{name}": getattr(facts.ruleset, name) for name in _RULESET},
        "waiver_ids": json.dumps(facts.waiver_ids),
        "caller": decision.caller.person,
        "caller_cipher": decision.caller.cipher,
        "request_id": decision.request_id,
    }


def payload_row(decision: NewDecision, stamp: Stamp, sealed: Sealed) -> dict[str, object]:
    """Returns the row of table `payload`."""
    return {
        "decision_id": stamp.id,
        "request": decision.request,
        "names": decision.names,
        "response": sealed.response,
    }


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
