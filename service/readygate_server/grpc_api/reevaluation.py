"""Judges proposals again whose assets have changed, and says which verdicts are others. Records nothing.

A recorded decision belongs to who asked for it, and says what was known then; nobody else makes another in their name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from readygate.v1 import foundation_service_pb2 as pb
from readygate.v1.decision_pb2 import Verdict
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.foundation_ports import FoundationBook, Use
from readygate_server.application.record_ports import Archive
from readygate_server.application.visibility import KnownCallers, may_see
from readygate_server.domain.decision import Decision
from readygate_server.domain.errors import GateError, RecordUnavailableError
from readygate_server.domain.foundations import AssetKey, changed_outcomes, open_since
from readygate_server.domain.identity import Principal, Role
from readygate_server.domain.record import DecisionFilter, Payload, StoredDecision
from readygate_server.grpc_api.answering import Turns
from readygate_server.grpc_api.enum_values import GATES, VERDICTS
from readygate_server.grpc_api.foundation_messages import SCOPES, changed_finding, pins_of
from readygate_server.grpc_api.judging import judge, read_request
from readygate_server.grpc_api.ports import AssetResolver, ServedGate
from readygate_server.grpc_api.recording import WaiversInForce
from readygate_server.grpc_api.requests import Faults

MOST_FINDINGS: Final = 50
"""Changed findings that are told of one proposal."""
_DROPPED: Final = "its request was dropped after its retention; ask for a new decision"


class ForReplay(Protocol):
    """Opens a recorded request to be judged again."""

    def __call__(self, payload: Payload, people: dict[str, int]) -> bytes:
        """Returns the request; erased names have stand-ins by numbers that all who share `people` agree on."""
        ...


@dataclass(frozen=True, slots=True)
class ReevaluationPorts:
    """Everything that is needed beside the gate."""

    archive: Archive
    callers: KnownCallers
    book: FoundationBook
    assets: AssetResolver
    ruleset_of: Callable[[str], Awaitable[ActiveRuleset]]
    waivers: WaiversInForce
    request_of: ForReplay
    clock: Callable[[], int]


class Wanted(NamedTuple):
    """Which proposals are judged again: of an asset, open for so many days, behind one of them, so many at most."""

    key: AssetKey
    open_days: int
    after: str
    size: int


@dataclass(slots=True)
class Found:
    """What was found, and behind which proposal the next page begins; empty when there is none."""

    message: pb.Reevaluation = field(default_factory=pb.Reevaluation)
    next: str = ""


class Reevaluation:
    """Judges the open proposals of an asset again."""

    def __init__(self, gate: ServedGate, ports: ReevaluationPorts) -> None:
        """Takes the gate, and everything else that is needed."""
        self._gate = gate
        self._ports = ports

    async def page(self, who: Principal, wanted: Wanted, is_over: Callable[[], bool]) -> Found:
        """Returns what the newest revisions change for some proposals; fewer when time is over before.

        Raises:
          RecordUnavailableError: when the record can not be read.
        """
        users = await self._ports.book.users(wanted.key, after=wanted.after, limit=wanted.size + 1)
        since = open_since(self._ports.clock(), wanted.open_days)
        found, turns = Found(), Turns()
        for place, use in enumerate(users):
            if place == wanted.size or (place and is_over()):
                found.next = users[place - 1].id
                break
            await self._look(who, wanted.key, use, since, found.message)
            await turns.take()
        return found

    async def _look(self, who: Principal, key: AssetKey, use: Use, since: int, message: pb.Reevaluation) -> None:
        """Adds what is found of one proposal."""
        wanted = DecisionFilter(proposal_id=use.proposal_id, recorded_from=since)
        newest = await self._ports.archive.newest(wanted, before="", limit=1)
        if not newest:
            return
        facts = newest[0].facts
        if not may_see(who, newest[0], self._ports.callers) and not who.may(
            Role.STEWARD, ruleset=facts.ruleset.name, proposal=facts.proposal_id
        ):
            message.not_shown += 1
            return
        stored = await self._ports.archive.get(newest[0].id, with_payload=True)
        if stored is None or stored.payload is None:
            _add(message, newest[0]).problem = _DROPPED
            return
        people: dict[str, int] = {}
        request = EvaluateRequest.FromString(self._ports.request_of(stored.payload, people))
        references = [each for each in request.proposal.assets if (each.scope, each.id) == (SCOPES[key.scope], key.id)]
        if references and references[0].revision:
            message.pinned += 1
        elif references:
            await self._judge_again(stored, stored.payload, request, people, _add(message, stored))

    async def _judge_again(
        self,
        stored: StoredDecision,
        payload: Payload,
        request: EvaluateRequest,
        people: dict[str, int],
        message: pb.ReevaluatedProposal,
    ) -> None:
        try:
            active = await self._ports.ruleset_of(stored.facts.ruleset.digest)
            used = pins_of(EvaluateResponse.FromString(payload.response).assets)
            before = await self._judged(active, stored, request, used, people)
            now = await self._judged(active, stored, request, {}, people)
        except RecordUnavailableError:
            raise
        except GateError as error:
            message.problem = str(error)
            return
        message.before, message.now = VERDICTS[before.verdict], VERDICTS[now.verdict]
        message.is_changed = before.verdict is not now.verdict
        message.findings.extend(map(changed_finding, changed_outcomes(before, now)[:MOST_FINDINGS]))

    async def _judged(
        self,
        active: ActiveRuleset,
        stored: StoredDecision,
        request: EvaluateRequest,
        pins: Mapping[AssetKey, int],
        people: dict[str, int],
    ) -> Decision:
        """Returns the decision of today by some revisions, for the recorded gate and by the recorded ruleset."""
        proposal, _ = await self._ports.assets.resolved(request.proposal, pins=pins, people=people)
        again = EvaluateRequest(proposal=proposal, gate=GATES[stored.facts.gate])
        asked, dossier = read_request(self._gate, again, Faults())
        waivers = await self._ports.waivers.in_force(dossier.digest, active.ruleset.identity.digest)
        return judge(self._gate, active, dossier, asked, waivers).decision


def _add(message: pb.Reevaluation, stored: StoredDecision) -> pb.ReevaluatedProposal:
    facts = stored.facts
    recorded: Verdict.ValueType = VERDICTS[facts.verdict]
    return message.proposals.add(
        proposal_id=facts.proposal_id, decision_id=stored.id, gate=GATES[facts.gate], recorded=recorded
    )
