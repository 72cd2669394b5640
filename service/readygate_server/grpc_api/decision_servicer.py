"""DecisionService: gives what was recorded to those who may see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Protocol

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1 import decision_service_pb2 as pb
from readygate.v1 import decision_service_pb2_grpc
from readygate.v1.decision_pb2 import Verdict
from readygate.v1.record_pb2 import DecisionRecord
from readygate_server.application.record_ports import Archive, LogReader, NameVault
from readygate_server.application.visibility import may_see, visible_decision
from readygate_server.domain.identity import Principal, Role
from readygate_server.domain.record import DecisionFilter, Payload, PayloadState, StoredDecision
from readygate_server.grpc_api.page_tokens import PageTokens
from readygate_server.grpc_api.record_messages import filter_of, record_message
from readygate_server.grpc_api.replay import Replayer
from readygate_server.grpc_api.requests import Faults, check_enum, check_length
from readygate_server.observability import current_call

_Context = grpc.aio.ServicerContext[Any, Any]
_PAGE: Final = 50
_LARGEST_PAGE: Final = 1_000
_WATCHED_AT_ONCE: Final = 100
_LOOK_SECONDS: Final = 0.2
_LONGEST_ID: Final = 128
_LONGEST_REASON: Final = 4_000
_FIRST_SECOND: Final = -62_135_596_800
_LAST_SECOND: Final = 253_402_300_799
_NANOS: Final = 1_000_000_000


class PayloadOpener(Protocol):
    """Puts names back where they stood."""

    def open(self, payload: Payload) -> tuple[bytes, bool]:
        """Returns the request as received, and True; with `*` for those that were erased, and False."""
        ...


class PersonEraser(Protocol):
    """Erases a person's name from all records."""

    async def erase(self, person: str, *, reason: str) -> str | None:
        """Returns the id of the log entry that says so, None when no record knows the name."""
        ...


class DecisionServicer(decision_service_pb2_grpc.DecisionServiceServicer):
    """Answers DecisionService. Auditors see what their scope covers, everybody else what they asked themselves."""

    def __init__(
        self,
        archive: Archive,
        log: LogReader,
        vault: NameVault,
        opener: PayloadOpener,
        replayer: Replayer,
        eraser: PersonEraser,
        tokens: PageTokens,
    ) -> None:
        """Takes the record, who opens and erases names in it, who judges again, and who makes tokens."""
        self._archive = archive
        self._log = log
        self._vault = vault
        self._opener = opener
        self._replayer = replayer
        self._eraser = eraser
        self._tokens = tokens

    async def GetDecision(  # noqa: N802 -- the name in the contract
        self, request: pb.GetDecisionRequest, _context: _Context
    ) -> pb.GetDecisionResponse:
        """Returns one decision."""
        faults = Faults()
        check_enum("view", request.view, pb.RecordView.DESCRIPTOR, faults)
        _check_id(request.decision_id, faults)
        faults.report()
        stored = await self._visible(request.decision_id, with_payload=request.view == pb.RECORD_VIEW_FULL)
        return pb.GetDecisionResponse(decision=self._message(stored))

    async def ListDecisions(  # noqa: N802 -- the name in the contract
        self, request: pb.ListDecisionsRequest, _context: _Context
    ) -> pb.ListDecisionsResponse:
        """Lists decisions, newest first."""
        principal = current_call().principal
        faults = Faults()
        if not 0 <= request.page_size <= _LARGEST_PAGE:
            faults.add("page_size", "the page is too large", got=str(request.page_size), expected="0 to 1,000")
        wanted = self._filter(request.filter, principal, faults)
        before = ""
        if request.page_token:
            before = self._tokens.read("list", request.filter, caller=principal.name, token=request.page_token)
        if wanted is None:
            return pb.ListDecisionsResponse()
        size = request.page_size or _PAGE
        found, at = await self._page(wanted, before, size, principal)
        token = ""
        if at:
            token = self._tokens.make("list", request.filter, caller=principal.name, position=at)
        return pb.ListDecisionsResponse(decisions=[self._message(each) for each in found], next_page_token=token)

    async def WatchDecisions(  # noqa: N802 -- the name in the contract
        self, request: pb.WatchDecisionsRequest, _context: _Context
    ) -> AsyncIterator[pb.WatchDecisionsResponse]:
        """Sends decisions in the order of the log, and goes on for as long as the caller listens."""
        principal = current_call().principal
        faults = Faults()
        if request.from_now and request.resume_token:
            faults.add("from_now", "a token says where to go on already", got="true", expected="one of the two")
        wanted = self._filter(request.filter, principal, faults, narrow=False)
        after = await self._start(request, principal)
        while True:
            batch = await self._archive.tail(wanted or DecisionFilter(), after=after, limit=_WATCHED_AT_ONCE)
            for stored in batch:
                assert stored.leaf_index is not None, "what the log has taken in has an index"
                after = stored.leaf_index
                if self._may_see(principal, stored):
                    token = self._tokens.make("watch", request.filter, caller=principal.name, position=str(after))
                    yield pb.WatchDecisionsResponse(decision=self._message(stored), resume_token=token)
            if len(batch) < _WATCHED_AT_ONCE:
                await asyncio.sleep(_LOOK_SECONDS)

    async def ReplayDecision(  # noqa: N802 -- the name in the contract
        self, request: pb.ReplayDecisionRequest, _context: _Context
    ) -> pb.ReplayDecisionResponse:
        """Judges a recorded request again and compares."""
        faults = Faults()
        _check_id(request.decision_id, faults)
        faults.report()
        stored = await self._visible(request.decision_id, with_payload=True)
        return await self._replayer.replay(stored)

    async def ErasePerson(  # noqa: N802 -- the name in the contract
        self, request: pb.ErasePersonRequest, _context: _Context
    ) -> pb.ErasePersonResponse:
        """Erases a person's name."""
        current_call().principal.require(Role.AUDITOR)
        faults = Faults()
        for name in ("person", "reason"):
            text: str = getattr(request, name)
            if not text.strip():
                faults.add(name, "the field is required", expected="text")
            check_length(name, text, _LONGEST_REASON)
        if request.person.strip() and request.person.casefold().strip() in request.reason.casefold():
            faults.add("reason", "the reason is kept, so it must not name the person", expected="a reference")
        faults.report()
        entry = await self._eraser.erase(request.person, reason=request.reason)
        return pb.ErasePersonResponse(entry_id=entry or "")

    def _filter(
        self, stated: pb.DecisionFilter, principal: Principal, faults: Faults, *, narrow: bool = True
    ) -> DecisionFilter | None:
        """Returns what is looked for; None when it names a caller whom no record knows."""
        for index, number in enumerate(stated.verdicts):
            if check_enum(f"filter.verdicts[{index}]", number, Verdict.DESCRIPTOR, faults) and not number:
                faults.add(f"filter.verdicts[{index}]", "the verdict must be named", got="VERDICT_UNSPECIFIED")
        for name in ("proposal_id", "ruleset", "caller"):
            check_length(f"filter.{name}", getattr(stated, name), _LONGEST_ID)
        for name in ("recorded_from", "recorded_before"):
            _check_moment(f"filter.{name}", getattr(stated, name), faults)  # one that is not there is 1970
        faults.report()
        own = not principal.may(Role.AUDITOR)
        name = principal.name if own and not stated.caller else stated.caller
        if not name:
            return filter_of(stated, caller="")
        person = self._vault.known(name)
        if person is None and narrow:
            return None
        return filter_of(stated, caller=person or "nobody")

    async def _page(
        self, wanted: DecisionFilter, before: str, size: int, principal: Principal
    ) -> tuple[Sequence[StoredDecision], str]:
        """Returns a page, and where the next one begins; empty when there is none.

        What the caller may not see is passed over, so that a page can be short and still have a next one.
        """
        found = await self._archive.newest(wanted, before=before, limit=size + 1)
        rest = found[size - 1].id if len(found) > size else ""
        return [each for each in found[:size] if self._may_see(principal, each)], rest

    async def _start(self, request: pb.WatchDecisionsRequest, principal: Principal) -> int:
        if request.resume_token:
            return int(
                self._tokens.read(
                    "watch", request.filter, caller=principal.name, token=request.resume_token, field="resume_token"
                )
            )
        head = await self._log.head() if request.from_now else None
        return head.size - 1 if head else -1

    async def _visible(self, decision_id: str, *, with_payload: bool) -> StoredDecision:
        return await visible_decision(
            current_call().principal, decision_id, archive=self._archive, callers=self._vault, with_payload=with_payload
        )

    def _may_see(self, principal: Principal, stored: StoredDecision) -> bool:
        return may_see(principal, stored, self._vault)

    def _message(self, stored: StoredDecision) -> DecisionRecord:
        name = self._vault.open(stored.caller)
        caller = name.decode() if name is not None else ""
        if stored.is_dropped:
            return record_message(stored, caller=caller, payload=PayloadState.DROPPED)
        if stored.payload is None:
            return record_message(stored, caller=caller)
        request, is_whole = self._opener.open(stored.payload)
        state = PayloadState.WHOLE if is_whole else PayloadState.NAMES_ERASED
        return record_message(stored, caller=caller, payload=state, request=request)


def _check_id(decision_id: str, faults: Faults) -> None:
    if not decision_id:
        faults.add("decision_id", "the field is required", expected="the id of a decision")
    check_length("decision_id", decision_id, _LONGEST_ID)


def _check_moment(path: str, moment: Timestamp, faults: Faults) -> None:
    if not (_FIRST_SECOND <= moment.seconds <= _LAST_SECOND and 0 <= moment.nanos < _NANOS):
        got = f"{moment.seconds} s and {moment.nanos} ns"
        faults.add(path, "no calendar has this moment", got=got, expected="one of the years 1 to 9999")
