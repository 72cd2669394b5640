"""What facts rest on, as JSON for other programs."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from readygate_server.application.evidence_states import FactState
from readygate_server.cli.evidence_text import Shown, commands_for, counts_of
from readygate_server.domain.decision import Candidate


def json_text(shown: Shown) -> str:
    """Returns a JSON object with every fact in the order of the table."""
    document = {
        "proposal": shown.proposal,
        "gate": shown.gate.name.lower(),
        "as_of": shown.as_of,
        "tier": shown.tier.tier.name,
        "tier_is_floor": shown.tier.is_floor,
        "ruleset": {"name": shown.ruleset.name, "version": shown.ruleset.version, "digest": shown.ruleset.digest},
        "counts": {state.value: count for state, count in counts_of(shown.facts).items()},
        "facts": [_fact(each) for each in shown.facts],
        "collect_commands": commands_for(shown),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _fact(fact: FactState) -> dict[str, Any]:
    found: dict[str, Any] = {
        "fact": fact.ref.fact,
        "subject": fact.ref.subject,
        "state": fact.state.value,
        "value": fact.value,
        "enough": fact.enough,
    }
    if (entry := fact.evidence) is not None:
        found["evidence"] = {
            "grade": None if entry.grade is None else entry.grade.name,
            "as_of": None if entry.as_of is None else date.fromordinal(entry.as_of).isoformat(),
            "age_days": fact.age_days,
            "source_uri": entry.source_uri,
        }
    if (needed := fact.needed) is not None:
        found["needed"] = {
            "grade": None if needed.minimum_grade is None else needed.minimum_grade.name,
            "maximum_age_days": needed.maximum_age_days or None,
            "due": needed.due.name.lower(),
            "rules": list(needed.rule_ids),
        }
    if fact.said:
        found["said"] = fact.said
    if fact.others:
        found["sources_disagree"] = [_candidate(each) for each in fact.others]
    return found


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "value": candidate.value,
        "grade": None if candidate.grade is None else candidate.grade.name,
        "source_uri": candidate.source_uri,
        "as_of": candidate.as_of or None,
    }
