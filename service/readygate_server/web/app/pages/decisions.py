"""Recorded decisions: the list with its filters, one of them, and what can be taken away of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError
from starlette.responses import Response

from readygate.v1 import certificate_service_pb2 as certificates
from readygate.v1 import decision_service_pb2 as pb
from readygate.v1 import waiver_service_pb2 as waivers
from readygate.v1.decision_pb2 import EFFECT_BLOCKS, EFFECT_CONDITIONS, Decision, Finding
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate.v1.record_pb2 import DecisionRecord
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate.v1.ruleset_service_pb2 import (
    GetRulesetRequest,
    GetRulesetResponse,
    ListRulesetsRequest,
    ListRulesetsResponse,
)
from readygate_server.web.app.asking import CallFailed
from readygate_server.web.app.choices import VERDICTS, moment_of
from readygate_server.web.app.errors import Fault, plain_error, said_of, status_of
from readygate_server.web.app.visit import Page, Visit
from readygate_server.web.report.file import report_file
from readygate_server.web.report.page import report_context

_PAGE: Final = 25
_HISTORY: Final = 20
_NOT_SHOWN: Final = ("PERMISSION_DENIED", "NOT_CONFIGURED", "UNAUTHENTICATED")


class Recorded(NamedTuple):
    """A recorded decision, and what was asked and answered, where that is still kept."""

    record: DecisionRecord
    request: EvaluateRequest | None
    response: EvaluateResponse | None

    @property
    def decision(self) -> Decision | None:
        """What was decided in full."""
        return self.response.decision if self.response is not None else None


async def decisions(visit: Visit) -> Response:
    """Lists decisions; a server without a record says what it can do instead."""
    if not visit.house.keeps_record:
        return visit.page("no_record.html")
    asked = visit.request.query_params
    wanted = {name: asked.get(name, "").strip() for name in ("proposal", "ruleset", "from", "to")}
    chosen = [name for name in asked.getlist("verdict") if name in VERDICTS]
    request = pb.ListDecisionsRequest(page_size=_PAGE, page_token=asked.get("page", ""))
    faults = _fill(request.filter, wanted, chosen)
    for fault in faults:
        wanted[fault.path] = ""  # no field for a day can hold it; the fault says what was asked for
    faults += [
        Fault("verdict", "This is no verdict.", name, f"one of {', '.join(VERDICTS)}")
        for name in asked.getlist("verdict")
        if name and name not in VERDICTS
    ]
    reply = pb.ListDecisionsResponse() if faults else await visit.ask(request, pb.ListDecisionsResponse)
    query = [*((name, value) for name, value in wanted.items() if value), *(("verdict", each) for each in chosen)]
    rulesets = await visit.ask(ListRulesetsRequest(), ListRulesetsResponse)
    context = {
        "decisions": reply.decisions,
        "faults": faults,
        "wanted": wanted,
        "verdicts": chosen,
        "all_verdicts": VERDICTS,
        "is_filtered": bool(query),
        "is_later_page": bool(request.page_token),
        "next": _with_token(query, reply.next_page_token),
        "first": f"/?{urlencode(query)}" if query else "/",
        "rulesets": sorted({each.name for each in rulesets.rulesets}),
    }
    return visit.page("decisions.html", context, status=400 if faults else 200)


def _fill(wanted: pb.DecisionFilter, said: dict[str, str], chosen: Sequence[str]) -> list[Fault]:
    """Fills the filter; returns what in it can not be read."""
    wanted.proposal_id, wanted.ruleset = said["proposal"], said["ruleset"]
    wanted.verdicts.extend(VERDICTS[name] for name in chosen)
    faults = []
    for name, days in (("from", 0), ("to", 1)):
        if not said[name]:
            continue
        began = moment_of(said[name])
        if began is None:
            faults.append(Fault(name, "This is no day.", said[name], "a day as YYYY-MM-DD", f"filter-{name}"))
            continue
        began.FromDatetime(began.ToDatetime() + timedelta(days=days))
        (wanted.recorded_before if days else wanted.recorded_from).CopyFrom(began)
    return faults


def _with_token(query: list[tuple[str, str]], token: str) -> str:
    return f"/?{urlencode([*query, ('page', token)])}" if token else ""


async def decision(visit: Visit) -> Response:
    """Shows one decision with its waivers and what else was decided about the same proposal."""
    found = await recorded(visit, visit.request.path_params["id"])
    return await decision_page(visit, found)


async def decision_page(visit: Visit, found: Recorded, *, refused: CallFailed | None = None) -> Response:
    """Returns the page of a decision, after a certificate was refused with the reason."""
    record, decision = found.record, found.decision
    history, granted = await _history(visit, record), await _waivers(visit, record)
    can = await waivable(visit, found)
    asked_for = {(each.rule_id, each.subject) for each in can}
    context: dict[str, Any] = {
        "record": record,
        "request": found.request,
        "decision": decision,
        "history": history,
        "waivers": granted,
        "waivable": can,
        "can_waive": lambda finding: (finding.rule_id, finding.subject) in asked_for,
        "is_go": record.verdict in (VERDICTS["go"], VERDICTS["conditions"]),
        "refused": said_of(refused.answer) if refused else None,
    }
    if decision is not None:
        context |= await asyncio.to_thread(_report, found, decision, history, granted)
        context |= {"decision_href": _href, "waiver_href": _waiver_href, "finding_actions": "finding_actions.html"}
    status = status_of(refused.answer) if refused else 200
    return await asyncio.to_thread(visit.page, "decision.html", context, status=status)


def _report(
    found: Recorded,
    decision: Decision,
    history: Sequence[DecisionRecord],
    granted: Sequence[waivers.WaiverRecord] | None,
) -> dict[str, Any]:
    proposal = found.request.proposal if found.request is not None else None
    used = [each.waiver for each in granted or () if each.waiver.id in decision.waiver_ids]
    return report_context(decision, proposal, history, waivers=used, record=found.record)


def _href(decision_id: str) -> str:
    return f"/decisions/{quote(decision_id, safe='')}"


def _waiver_href(waiver_id: str) -> str:
    return f"/waivers/{quote(waiver_id, safe='')}"


async def _history(visit: Visit, record: DecisionRecord) -> Sequence[DecisionRecord]:
    about = pb.DecisionFilter(proposal_id=record.proposal_id)
    reply = await visit.ask(pb.ListDecisionsRequest(filter=about, page_size=_HISTORY), pb.ListDecisionsResponse)
    return reply.decisions


async def _waivers(visit: Visit, record: DecisionRecord) -> Sequence[waivers.WaiverRecord] | None:
    """Returns the waivers for the facts of a decision; None when the visitor may not see waivers."""
    request = waivers.ListWaiversRequest(facts_digest=record.facts_digest)
    try:
        reply = await visit.ask(request, waivers.ListWaiversResponse)
    except CallFailed as failed:
        if failed.answer.reason in _NOT_SHOWN:
            return None
        raise
    return reply.waivers


async def waivable(visit: Visit, found: Recorded) -> list[Finding]:
    """Returns the findings for which a waiver can be asked, those that block first."""
    findings = found.decision.findings if found.decision is not None else ()
    held = [each for each in findings if each.effect in (EFFECT_BLOCKS, EFFECT_CONDITIONS) and not each.waiver_id]
    never = await _never_waived(visit, found.record) if held else ()
    return sorted((each for each in held if each.rule_id not in never), key=lambda each: each.effect != EFFECT_BLOCKS)


async def _never_waived(visit: Visit, record: DecisionRecord) -> frozenset[str]:
    """Returns the rules to which nobody can make an exception; none when the server no longer has the ruleset."""
    chosen = RulesetSelector(name=record.ruleset.name, version=record.ruleset.version)
    try:
        reply = await visit.ask(GetRulesetRequest(ruleset=chosen), GetRulesetResponse)
    except CallFailed as failed:
        if failed.answer.reason in (*_NOT_SHOWN, "RULESET_NOT_FOUND"):
            return frozenset()
        raise
    return frozenset(rule.id for rule in reply.ruleset.rules if not rule.waivable)


async def recorded(visit: Visit, decision_id: str) -> Recorded:
    """Returns a recorded decision with what is kept of its payload; raises CallFailed."""
    request = pb.GetDecisionRequest(decision_id=decision_id, view=pb.RECORD_VIEW_FULL)
    record = (await visit.ask(request, pb.GetDecisionResponse)).decision
    try:
        asked = EvaluateRequest.FromString(record.request) if record.request else None
        answered = EvaluateResponse.FromString(record.response) if record.response else None
    except DecodeError:
        return Recorded(record, None, None)
    return Recorded(record, asked, answered)


async def as_report(visit: Visit) -> Response:
    """Hands out the decision as one file that needs no server."""
    found = await recorded(visit, visit.request.path_params["id"])
    record, decision = found.record, found.decision
    if decision is None:
        message = "What was answered is no longer kept: its retention has ended."
        return plain_error(visit, 409, "There is nothing to report", message)
    history, granted = await _history(visit, record), await _waivers(visit, record)
    text = await asyncio.to_thread(lambda: report_file([_report(found, decision, history, granted)]))
    return _file(text, "text/html", f"{record.proposal_id}-{record.ref.decision_id}.html")


async def as_json(visit: Visit) -> Response:
    """Hands out the answer as JSON, as it was recorded."""
    found = await recorded(visit, visit.request.path_params["id"])
    said = found.response or found.record
    name = f"{found.record.proposal_id}-{found.record.ref.decision_id}.json"
    return _file(MessageToJson(said), "application/json", name)


async def certificate(visit: Visit) -> Response:
    """Hands out a new certificate; a refusal is told on the page of the decision."""
    decision_id = visit.request.path_params["id"]
    request = certificates.IssueCertificateRequest(decision_id=decision_id, audience=visit.form["audience"])
    try:
        reply = await visit.ask(request, certificates.IssueCertificateResponse)
    except CallFailed as failed:
        if failed.answer.reason in ("CERTIFICATE_REFUSED", "INVALID_REQUEST", "NOT_CONFIGURED", "PERMISSION_DENIED"):
            return await decision_page(visit, await recorded(visit, decision_id), refused=failed)
        raise
    return _file(reply.bundle, "application/json", f"{decision_id}.certificate.json")


def _file(text: str, kind: str, name: str) -> Response:
    """Returns something to be saved. Names are made of ids, which hold nothing that a header could not."""
    kept = "".join(each for each in name if each.isascii() and (each.isalnum() or each in "._-"))
    return Response(text, media_type=kind, headers={"content-disposition": f'attachment; filename="{kept}"'})


PAGES: Final[Sequence[tuple[str, str, Page]]] = (
    ("GET", "/", decisions),
    ("GET", "/decisions/{id}", decision),
    ("GET", "/decisions/{id}/report.html", as_report),
    ("GET", "/decisions/{id}/decision.json", as_json),
    ("POST", "/decisions/{id}/certificate", certificate),
)
