"""Waivers: the list, one, and its steps. Who may take which, the server says when it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from readygate.v1 import waiver_service_pb2 as pb
from readygate_server.web.app.asking import CallFailed
from readygate_server.web.app.errors import Fault, Said, said_of, sentence, status_of
from readygate_server.web.app.pages.decisions import recorded, waivable
from readygate_server.web.app.visit import Page, Visit

_STATES: Final[Mapping[str, pb.WaiverState.ValueType]] = {
    "requested": pb.WAIVER_STATE_REQUESTED,
    "approved": pb.WAIVER_STATE_APPROVED,
    "revoked": pb.WAIVER_STATE_REVOKED,
}
_PAGE: Final = 25
_TOLD: Final = ("WAIVER_REFUSED", "INVALID_REQUEST", "LIMIT_EXCEEDED", "ETAG_MISMATCH", "PERMISSION_DENIED")
"""Refusals that are told where the step was taken, with what was typed in still there."""
_DAYS: Final = 30
_TEXTS: Final = ("reason", "compensating_control", "starts_on", "ends_on")


async def waivers(visit: Visit) -> Response:
    """Lists waivers."""
    if not visit.house.keeps_record:
        return visit.page("no_record.html")
    asked = visit.request.query_params
    state = asked.get("state", "")
    request = pb.ListWaiversRequest(
        state=_STATES.get(state, pb.WAIVER_STATE_UNSPECIFIED),
        facts_digest=asked.get("facts", ""),
        page_size=_PAGE,
        page_token=asked.get("page", ""),
    )
    reply = await visit.ask(request, pb.ListWaiversResponse)
    query = {name: value for name, value in (("state", state), ("facts", request.facts_digest)) if value}
    more = urlencode(query | {"page": reply.next_page_token}) if reply.next_page_token else ""
    context = {
        "waivers": reply.waivers,
        "state": state,
        "states": tuple(_STATES),
        "facts": request.facts_digest,
        "next": f"/waivers?{more}" if more else "",
        "is_later_page": bool(request.page_token),
        "today": visit.house.today(),
    }
    return visit.page("waivers.html", context)


async def waiver(visit: Visit) -> Response:
    """Shows one waiver with its steps."""
    return await _shown(visit, visit.request.path_params["id"])


async def _shown(visit: Visit, waiver_id: str, *, refused: Said | None = None, status: int = 200) -> Response:
    request = pb.GetWaiverRequest(waiver_id=waiver_id)
    found = (await visit.ask(request, pb.GetWaiverResponse)).waiver
    approvals = sum(step.action == "approved" for step in found.steps)
    context = {"waiver": found, "approvals": approvals, "refused": refused, "today": visit.house.today()}
    return visit.page("waiver.html", context, status=status)


async def wish(visit: Visit) -> Response:
    """Asks what is to be waived, and why."""
    asked = visit.request.query_params
    today = date.fromisoformat(visit.house.today())
    said = dict.fromkeys(_TEXTS, "") | {"finding": asked.get("finding", "")}
    said |= {"starts_on": today.isoformat(), "ends_on": (today + timedelta(days=_DAYS - 1)).isoformat()}
    return await _wish_form(visit, asked.get("decision", ""), said)


async def _wish_form(
    visit: Visit, decision_id: str, said: Mapping[str, str], *, refused: Said | None = None, status: int = 200
) -> Response:
    found = await recorded(visit, decision_id)
    context = {
        "record": found.record,
        "findings": await waivable(visit, found),
        "said": said,
        "refused": refused,
        "faults": _linked(refused) if refused else [],
    }
    return visit.page("waiver_new.html", context, status=status)


def _linked(refused: Said) -> list[Fault]:
    """Returns faults that lead to their fields."""
    fields = {"rule_id": "finding", "subject": "finding"}
    return [
        Fault(each.path, sentence(each.message), each.got, each.expected, fields.get(each.path, each.path))
        for each in refused.faults
    ]


async def request_waiver(visit: Visit) -> Response:
    """Asks for a waiver; what is refused can be corrected where it was typed in."""
    form = visit.form
    rule_id, _, subject = form["finding"].partition("/")
    request = pb.RequestWaiverRequest(
        decision_id=form["decision"],
        rule_id=rule_id,
        subject=subject,
        **{name: form[name] for name in _TEXTS},
    )
    try:
        reply = await visit.ask(request, pb.RequestWaiverResponse)
    except CallFailed as failed:
        if failed.answer.reason not in _TOLD:
            raise
        said = {name: form[name] for name in (*_TEXTS, "finding")}
        refused, status = said_of(failed.answer), status_of(failed.answer)
        return await _wish_form(visit, form["decision"], said, refused=refused, status=status)
    return visit.go(f"/waivers/{reply.waiver.waiver.id}")


async def approve(visit: Visit) -> Response:
    """Approves a waiver as it was seen."""
    request = pb.ApproveWaiverRequest(
        waiver_id=visit.request.path_params["id"], etag=visit.form["etag"], reason=visit.form["reason"]
    )
    return await _step(visit, request, pb.ApproveWaiverResponse)


async def revoke(visit: Visit) -> Response:
    """Takes a waiver back as it was seen."""
    request = pb.RevokeWaiverRequest(
        waiver_id=visit.request.path_params["id"], etag=visit.form["etag"], reason=visit.form["reason"]
    )
    return await _step(visit, request, pb.RevokeWaiverResponse)


async def _step(
    visit: Visit,
    request: pb.ApproveWaiverRequest | pb.RevokeWaiverRequest,
    reply: type[pb.ApproveWaiverResponse] | type[pb.RevokeWaiverResponse],
) -> Response:
    try:
        await visit.ask(request, reply)
    except CallFailed as failed:
        if failed.answer.reason not in _TOLD:
            raise
        return await _shown(visit, request.waiver_id, refused=said_of(failed.answer), status=status_of(failed.answer))
    return visit.go(f"/waivers/{request.waiver_id}")


PAGES: Final[Sequence[tuple[str, str, Page]]] = (
    ("GET", "/waivers", waivers),
    ("GET", "/waivers/new", wish),
    ("POST", "/waivers/new", request_waiver),
    ("GET", "/waivers/{id}", waiver),
    ("POST", "/waivers/{id}/approve", approve),
    ("POST", "/waivers/{id}/revoke", revoke),
)
