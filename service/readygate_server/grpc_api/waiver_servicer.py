"""WaiverService: converts, calls the use case, converts."""

from __future__ import annotations

import re
from typing import Any, Final

import grpc.aio

from readygate.v1 import waiver_service_pb2 as pb
from readygate.v1 import waiver_service_pb2_grpc
from readygate_server.application.waiver_ports import WaiverFilter
from readygate_server.application.waivers import Waivers
from readygate_server.domain.identity import Role
from readygate_server.domain.waivers import WaiverWish
from readygate_server.grpc_api.authorisation import permit
from readygate_server.grpc_api.page_tokens import PageTokens
from readygate_server.grpc_api.requests import Faults, check_enum, check_length, is_day
from readygate_server.grpc_api.waiver_messages import STATES, waiver_record
from readygate_server.observability import current_call

_Context = grpc.aio.ServicerContext[Any, Any]
_ID: Final = re.compile(r"[0-9a-f]{32}")
_KIND: Final = "waivers"
_PAGE: Final = 50
_LARGEST_PAGE: Final = 1_000
_LONGEST_NAME: Final = 128
_LONGEST_TEXT: Final = 4_000
_STATES_BY_NUMBER: Final = {number: state for state, number in STATES.items()}


class WaiverServicer(waiver_service_pb2_grpc.WaiverServiceServicer):
    """Answers WaiverService."""

    def __init__(self, waivers: Waivers, tokens: PageTokens) -> None:
        """Takes the use case, and who makes tokens."""
        self._waivers = waivers
        self._tokens = tokens

    async def RequestWaiver(  # noqa: N802 -- the name in the contract
        self, request: pb.RequestWaiverRequest, _context: _Context
    ) -> pb.RequestWaiverResponse:
        """Asks for a waiver."""
        permit(Role.REQUESTER)
        case = await self._waivers.request(current_call().principal, _wish(request))
        return pb.RequestWaiverResponse(waiver=waiver_record(case))

    async def ApproveWaiver(  # noqa: N802 -- the name in the contract
        self, request: pb.ApproveWaiverRequest, _context: _Context
    ) -> pb.ApproveWaiverResponse:
        """Approves a waiver."""
        permit(Role.APPROVER)
        faults = _faults_of_step(request)
        check_length("reason", request.reason, _LONGEST_TEXT)
        faults.report()
        who = current_call().principal
        case = await self._waivers.approve(who, request.waiver_id, etag=request.etag, reason=request.reason)
        return pb.ApproveWaiverResponse(waiver=waiver_record(case))

    async def RevokeWaiver(  # noqa: N802 -- the name in the contract
        self, request: pb.RevokeWaiverRequest, _context: _Context
    ) -> pb.RevokeWaiverResponse:
        """Takes a waiver back."""
        permit(Role.APPROVER, Role.REQUESTER)
        faults = _faults_of_step(request)
        _need_text("reason", request.reason, faults)
        faults.report()
        who = current_call().principal
        case = await self._waivers.revoke(who, request.waiver_id, etag=request.etag, reason=request.reason)
        return pb.RevokeWaiverResponse(waiver=waiver_record(case))

    async def GetWaiver(  # noqa: N802 -- the name in the contract
        self, request: pb.GetWaiverRequest, _context: _Context
    ) -> pb.GetWaiverResponse:
        """Returns one waiver."""
        permit(Role.REQUESTER, Role.APPROVER, Role.AUDITOR)
        faults = Faults()
        _need_id("waiver_id", request.waiver_id, faults)
        faults.report()
        case = await self._waivers.get(current_call().principal, request.waiver_id)
        return pb.GetWaiverResponse(waiver=waiver_record(case))

    async def ListWaivers(  # noqa: N802 -- the name in the contract
        self, request: pb.ListWaiversRequest, _context: _Context
    ) -> pb.ListWaiversResponse:
        """Lists waivers, newest first."""
        permit(Role.REQUESTER, Role.APPROVER, Role.AUDITOR)
        faults = Faults()
        check_length("facts_digest", request.facts_digest, _LONGEST_NAME)
        check_enum("state", request.state, pb.WaiverState.DESCRIPTOR, faults)
        if not 0 <= request.page_size <= _LARGEST_PAGE:
            faults.add("page_size", "the page is too large", got=str(request.page_size), expected="0 to 1,000")
        faults.report()
        who = current_call().principal
        query = pb.ListWaiversRequest(facts_digest=request.facts_digest, state=request.state)
        before = ""
        if request.page_token:
            before = self._tokens.read(_KIND, query, caller=who.name, token=request.page_token)
        wanted = WaiverFilter(request.facts_digest, _STATES_BY_NUMBER.get(request.state))
        page = await self._waivers.page(who, wanted, before=before, size=request.page_size or _PAGE)
        response = pb.ListWaiversResponse(waivers=map(waiver_record, page.cases))
        if page.last:
            response.next_page_token = self._tokens.make(_KIND, query, caller=who.name, position=page.last)
        return response


def _wish(request: pb.RequestWaiverRequest) -> WaiverWish:
    faults = Faults()
    _need_id("decision_id", request.decision_id, faults)
    _need_text("rule_id", request.rule_id, faults, longest=_LONGEST_NAME)
    check_length("subject", request.subject, _LONGEST_NAME)
    _need_text("reason", request.reason, faults)
    _need_text("compensating_control", request.compensating_control, faults)
    for name in ("starts_on", "ends_on"):
        day: str = getattr(request, name)
        if not is_day(day):
            message = "the day does not exist or is written otherwise" if day else "the field is required"
            faults.add(name, message, got=day, expected="a day as YYYY-MM-DD")
    faults.report()
    return WaiverWish(
        decision_id=request.decision_id,
        rule_id=request.rule_id,
        subject=request.subject,
        reason=request.reason,
        compensating_control=request.compensating_control,
        starts_on=request.starts_on,
        ends_on=request.ends_on,
    )


def _faults_of_step(request: pb.ApproveWaiverRequest | pb.RevokeWaiverRequest) -> Faults:
    faults = Faults()
    _need_id("waiver_id", request.waiver_id, faults)
    _need_text("etag", request.etag, faults, longest=_LONGEST_NAME)
    return faults


def _need_id(path: str, text: str, faults: Faults) -> None:
    if _ID.fullmatch(text) is None:
        message = "the id is not well formed" if text else "the field is required"
        faults.add(path, message, got=text, expected="32 hexadecimal digits")


def _need_text(path: str, text: str, faults: Faults, *, longest: int = _LONGEST_TEXT) -> None:
    if not text.strip():
        faults.add(path, "the field is required", expected="text")
    check_length(path, text, longest)
