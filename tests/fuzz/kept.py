"""A record in a directory of this process, and its services as the server surrounds them."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final, cast

from google.protobuf.json_format import MessageToJson, Parse

from readygate.v1.decision_service_pb2 import WatchDecisionsRequest
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse, GetServerInfoRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.record_pb2 import PAYLOAD_STATE_WHOLE
from readygate.v1.waiver_service_pb2 import WAIVER_STATE_REQUESTED, ListWaiversRequest, RequestWaiverRequest
from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.bootstrap import Snapshot
from readygate_server.bootstrap.record import Record, open_record
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.domain.vocabulary import Tier
from readygate_server.settings import RecordSettings
from tests.builders import AS_OF, FULL, passing_proposal
from tests.certified import statement_of
from tests.fuzz import kept_seeds as seeds
from tests.fuzz import signed
from tests.fuzz.calls import Aborted, Context, Handler, LastLines, Metadata, surrounded
from tests.fuzz.inputs import Input
from tests.fuzz.seeds import GATE, example, tiny

OURS: Final = ("UNEXPECTED", "RULE_FAILED")
"""Reasons that blame the server."""
_DAY: Final = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONG_AGO: Final = 1_000_000_000
_WAIT_SECONDS: Final = 0.02


class Kept:
    """The services over a record with a go and others, called by people who have a token."""

    def __init__(self, snapshot: Snapshot, loop: asyncio.AbstractEventLoop, log: LastLines) -> None:
        """Opens the record and records a few decisions; all of it goes when the process ends."""
        self._loop = loop
        self._log = log
        directory = tempfile.TemporaryDirectory(prefix="readygate-fuzz-", ignore_cleanup_errors=True)
        self._path = Path(directory.name)
        self._ids: dict[bytes, bytes] = {}
        self._requests: dict[str, bytes] = {}
        self._record, self._handlers = loop.run_until_complete(self._open(snapshot))
        Finalize(self, directory.cleanup, exitpriority=10)  # the record is not closed: nobody will read it
        loop.run_until_complete(self._fill())
        self._tasks = len(asyncio.all_tasks(loop))

    def take(self, given: Input) -> Sequence[str]:
        """Returns what became of a damaged request to one of the services."""
        data = self._real(cast("bytes", given.content))
        who = "joe" if given.method.endswith("ApproveWaiver") else "jane"
        return self._answered(given.method, data, _bearer(signed.token(who)))

    def bearer(self, given: Input) -> Sequence[str]:
        """Returns whether who shows this is let in."""
        shown: Any = given.content
        method, data = f"{GATE}GetServerInfo", GetServerInfoRequest().SerializeToString()
        return ["let in" if each == "GetServerInfo" else each for each in self._answered(method, data, _header(shown))]

    def _real(self, data: bytes) -> bytes:
        for stand_in, real in self._ids.items():
            data = data.replace(stand_in, real)
        return data

    def _answered(self, method: str, data: bytes, metadata: Metadata) -> Sequence[str]:
        try:
            return self._loop.run_until_complete(self._call(method, data, metadata))
        except Aborted as end:
            if end.reason in OURS:
                raise AssertionError(f"answered as {end.reason}: {self._log.text()}") from end
            return (end.reason,)

    async def _call(self, method: str, data: bytes, metadata: Metadata) -> Sequence[str]:
        handler = self._handlers[method]
        if not handler.response_streaming:
            reply = await handler.unary_unary(data, Context(metadata))
            handler.response_serializer(reply)
            return (self._judged(method, reply),)
        replies = handler.unary_stream(data, Context(metadata))
        first = asyncio.ensure_future(anext(replies))
        await asyncio.wait({first}, timeout=_WAIT_SECONDS)
        if not first.done():
            first.cancel()
            await asyncio.wait({first})
            result = "waited"
        else:
            handler.response_serializer(first.result())
            result = "watched"
        await replies.aclose()
        await self._settled()
        return (result,)

    async def _settled(self) -> None:
        """Raises AssertionError unless everything that a stream has started ends with it."""
        for _ in range(20):
            if len(asyncio.all_tasks(self._loop)) <= self._tasks + 1:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"left behind: {asyncio.all_tasks(self._loop)}")

    def _judged(self, method: str, reply: Any) -> str:
        name = method.rpartition("/")[2]
        if name == "IssueCertificate":
            said = statement_of(reply.bundle)["predicate"]
            is_go = said["decisionId"].encode() == self._ids[seeds.GO.encode()] and said["verdict"] == "GO"
            assert is_go, f"a certificate for {said['decisionId']}, which is a {said['verdict']}"
        if name == "ReplayDecision":
            assert reply.identical, f"judged otherwise: {reply}"
        if name == "GetDecision" and reply.decision.payload == PAYLOAD_STATE_WHOLE:
            assert reply.decision.request == self._requests[reply.decision.ref.decision_id]
        return name

    async def _open(self, snapshot: Snapshot) -> tuple[Record, Mapping[str, Handler]]:
        (self._path / "identity.yaml").write_text(signed.IDENTITY, encoding="utf-8")
        (self._path / "keys.json").write_text(signed.issuer_keys(), encoding="utf-8")
        served = ServedRules()
        served.swap(snapshot)
        settings = RecordSettings(self._path / "record", waiver_sign_in_seconds=_LONG_AGO)
        record = await open_record(settings, served)
        await record.keep_rulesets(snapshot)
        callers = FileAuthenticator(self._path / "identity.yaml")
        return record, await surrounded(served, keeping=record.keeping, callers=callers)

    async def _fill(self) -> None:
        # A go holds for its day only, and has to hold when a certificate is asked for, also around midnight.
        tomorrow = (datetime.now(UTC) + timedelta(1)).date()
        go = EvaluateRequest(request_id="go", proposal=_passing_on(tomorrow), as_of=tomorrow.isoformat())
        go.ruleset.name = FULL
        no_go = EvaluateRequest(request_id="no-go", proposal=example(), as_of=AS_OF)
        other = EvaluateRequest(request_id="other", proposal=tiny(), as_of=AS_OF)
        ids = [await self._recorded(each) for each in (go, no_go, other)]
        await self._recorded(EvaluateRequest(request_id="last", proposal=tiny(), as_of=AS_OF))
        days = [(datetime.now(UTC) + timedelta(each)).date().isoformat().encode() for each in (1, 15)]
        stand_ins = (seeds.GO, seeds.NO_GO, seeds.STARTS, seeds.ENDS)
        self._ids = {each.encode(): real for each, real in zip(stand_ins, [*ids[:2], *days], strict=True)}
        page = await self._asked(f"{seeds.DECISIONS}ListDecisions", seeds.listing())
        assert len(page.next_page_token) == len(seeds.LIST_TOKEN)
        watching = self._handlers[f"{seeds.DECISIONS}WatchDecisions"].unary_stream(
            WatchDecisionsRequest().SerializeToString(), Context(_bearer(signed.token()))
        )
        first = await anext(watching)
        await watching.aclose()
        assert len(first.resume_token) == len(seeds.WATCH_TOKEN)
        self._ids |= {
            seeds.LIST_TOKEN.encode(): page.next_page_token.encode(),
            seeds.WATCH_TOKEN.encode(): first.resume_token.encode(),
        }
        await self._ask_for_waivers()

    async def _ask_for_waivers(self) -> None:
        wish = RequestWaiverRequest.FromString(self._real(seeds.wish().SerializeToString()))
        asked = [(await self._asked(f"{seeds.WAIVERS}RequestWaiver", wish)).waiver for _ in range(2)]
        page = await self._asked(
            f"{seeds.WAIVERS}ListWaivers", ListWaiversRequest(state=WAIVER_STATE_REQUESTED, page_size=1)
        )
        assert len(page.next_page_token) == len(seeds.WAIVER_TOKEN)
        self._ids |= {
            seeds.WAIVER.encode(): asked[0].waiver.id.encode(),
            seeds.ETAG.encode(): asked[0].etag.encode(),
            seeds.WAIVER_TOKEN.encode(): page.next_page_token.encode(),
        }

    async def _recorded(self, request: EvaluateRequest) -> bytes:
        reply = await self._asked(f"{GATE}Evaluate", request)
        answer = EvaluateResponse.FromString(reply) if isinstance(reply, bytes) else reply
        self._requests[answer.record.decision_id] = request.SerializeToString()
        decision_id: str = answer.record.decision_id
        return decision_id.encode()

    async def _asked(self, method: str, request: Any) -> Any:
        return await self._handlers[method].unary_unary(request.SerializeToString(), Context(_bearer(signed.token())))


def _bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)


def _header(shown: str | bytes) -> Metadata:
    return (("authorization", shown),)


def _passing_on(day: date) -> Proposal:
    """Returns a proposal that is a go on a day."""
    later = day - date.fromisoformat(AS_OF)
    text = MessageToJson(passing_proposal(Tier.T3))
    return Parse(_DAY.sub(lambda found: (date.fromisoformat(found[0]) + later).isoformat(), text), Proposal())
