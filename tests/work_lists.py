"""Decisions with work, whose every text can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import gate_pb2, ruleset_pb2
from readygate_server.adapters.worklists.rows import Judged

TEXT_FIELDS = (
    *("proposal", "decision_id", "title", "rule_id", "subject", "foundation", "owner_role", "after", "done_when"),
    *("proved_by", "message", "source", "citation", "ruleset", "version", "digest", "fact", "required"),
)
"""Texts of a decision that reach a file, by the names that `judged` takes."""

_AS_IT_IS: Mapping[str, str] = MappingProxyType({})


def judged(texts: Mapping[str, str] = _AS_IT_IS, *, items: int = 2) -> Judged:
    """Returns a no with some items in a chain; `texts` replaces texts by their names in `TEXT_FIELDS`."""
    get = texts.get
    decision = pb.Decision(
        verdict=pb.VERDICT_NO_GO,
        gate=gate_pb2.GATE_PILOT,
        as_of="2026-11-01",
        tier=pb.TierAssignment(tier=ruleset_pb2.TIER_T3_ACT),
        ruleset=ruleset_pb2.RulesetRef(
            name=get("ruleset", "house"), version=get("version", "1"), digest=get("digest", "sha256:00")
        ),
        facts_digest="sha256:11",
        findings=[_finding(number, texts) for number in range(items)],
        plan=pb.Plan(items=[_item(number, texts) for number in range(items)]),
    )
    return Judged(get("proposal", "refunds"), decision, get("decision_id", ""))


def _rule(number: int, texts: Mapping[str, str]) -> str:
    return f"{texts.get('rule_id', 'DAT-')}{number}"


def _item(number: int, texts: Mapping[str, str]) -> pb.WorkItem:
    subject = texts.get("subject", "crm")
    before = [f"W-{_rule(number - 1, texts)}[{subject}]"] if number else []
    return pb.WorkItem(
        id=f"W-{_rule(number, texts)}[{subject}]",
        rule_id=_rule(number, texts),
        subject=subject,
        title=texts.get("title", "Repair completeness"),
        done_when=texts.get("done_when", "14 days at >= 0.99"),
        kind=pb.WORK_KIND_FIX,
        effort=ruleset_pb2.EffortRange(min_person_weeks=0.5, max_person_weeks=2),
        wait=ruleset_pb2.WaitRange(min_weeks=1, max_weeks=2),
        owner_role=texts.get("owner_role", "Data owner"),
        after=[*before, texts["after"]] if "after" in texts else before,
        wave=number + 1,
        foundation=texts.get("foundation", "data"),
        collect_commands=[texts.get("proved_by", "readygate collect table ARTEFACT --asset crm")],
    )


def _finding(number: int, texts: Mapping[str, str]) -> pb.Finding:
    return pb.Finding(
        rule_id=_rule(number, texts),
        subject=texts.get("subject", "crm"),
        outcome=pb.OUTCOME_VIOLATED,
        effect=pb.EFFECT_BLOCKS,
        title=texts.get("title", "Records are complete"),
        message=texts.get("message", "source[crm].completeness is 0.94, required >= 0.99"),
        observations=[
            pb.Observation(
                fact=texts.get("fact", "source.completeness"),
                required=texts.get("required", ">= 0.99"),
                outcome=pb.OUTCOME_VIOLATED,
                provenance=ruleset_pb2.Provenance(
                    source=texts.get("source", "A standard"), citation=texts.get("citation", "clause 4")
                ),
            )
        ],
    )
