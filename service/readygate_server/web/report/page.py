"""One decision on one page: what the templates under `templates/report` are given.

`report/decision.html` shows all of it and includes one fragment per section. Whoever includes it hands over what
`report_context` returns; `decision_href`, `waiver_href` and `finding_actions` may be replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from readygate.v1 import decision_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.record_pb2 import DecisionRecord
from readygate.v1.waiver_pb2 import Waiver
from readygate_server.web.plain import finalize
from readygate_server.web.report.evidence import Backing, EvidenceView, evidence_view
from readygate_server.web.report.findings import Findings, findings_view
from readygate_server.web.report.plans import PlanView, item_links, plan_view
from readygate_server.web.report.sections import (
    Conflict,
    Earlier,
    Foundation,
    Owed,
    Stamp,
    WaiverView,
    conflicts_view,
    foundations_view,
    history_view,
    owed_view,
    stamp_view,
    waivers_view,
)
from readygate_server.web.report.verdicts import VerdictView, verdict_view
from readygate_server.web.report.ways import WaysView, ways_view

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
"""Templates of all pages: `report/` for one decision."""
STYLE: Final = Path(__file__).parents[1] / "static" / "readygate.css"
"""The style sheet of all pages."""


class Report(NamedTuple):
    """All that is shown of one decision."""

    key: str
    """Begins every id of the report, so that several reports can stand on one page."""
    name: str
    title: str
    use_case: str
    verdict: VerdictView
    findings: Findings
    conflicts: tuple[Conflict, ...]
    owed: tuple[Owed, ...]
    owed_count: int
    plan: PlanView | None
    ways: WaysView
    evidence: EvidenceView
    waivers: tuple[WaiverView, ...]
    foundations: tuple[Foundation, ...]
    history: tuple[Earlier, ...]
    stamp: Stamp


def environment() -> Environment:
    """Returns what renders pages: text is escaped and made plain, and a name that nobody set is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def report_context(
    decision: pb.Decision,
    proposal: Proposal | None = None,
    history: Sequence[DecisionRecord] = (),
    *,
    waivers: Iterable[Waiver] = (),
    record: DecisionRecord | None = None,
    key: str = "d1",
) -> dict[str, Any]:
    """Returns what the templates of one decision are given.

    The proposal tells what facts rest on; `history` are records of the same proposal, `waivers` those in use, and
    `record` is the record of this decision. Each may be left out, and the page then says what it does not know.
    """
    items = item_links(decision.plan, key)
    closed_by = {(each.rule_id, each.subject): own for each, own in zip(decision.plan.items, items, strict=True)}
    report = Report(
        key=key,
        name=proposal.id if proposal is not None else record.proposal_id if record is not None else "",
        title=proposal.title if proposal is not None else "",
        use_case=proposal.deployment.use_case if proposal is not None else "",
        verdict=verdict_view(decision),
        findings=findings_view(decision, closed_by, Backing(proposal, decision.as_of), key),
        conflicts=conflicts_view(decision.conflicts),
        owed=owed_view(decision.missing_facts),
        owed_count=sum(each.blocks for each in decision.missing_facts),
        plan=plan_view(decision.plan, items, key) if decision.plan.items else None,
        ways=ways_view(decision, items),
        evidence=evidence_view(decision, proposal),
        waivers=waivers_view(decision, waivers),
        foundations=foundations_view(decision.foundations),
        history=history_view(history, record),
        stamp=stamp_view(decision, record),
    )
    return {"report": report, "decision_href": None, "waiver_href": None, "finding_actions": None}
