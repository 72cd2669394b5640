"""Makes certificates for tests the way a server does: judged by the rules that ship, recorded, logged and signed."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.record_pb2 import DecisionEntry
from readygate_server.adapters.certificates.forms import SignedCertificates
from readygate_server.adapters.certificates.stored import StoredDecisionReader
from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.signing.key_sets import key_set_text
from readygate_server.adapters.signing.store import KeyRing, ensure_keys, init_keys
from readygate_server.adapters.storage import RecordStore, open_store
from readygate_server.application.certify import Certify, Issued
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.application.selection import Selection
from readygate_server.domain.certificate import WaiverTerm
from readygate_server.domain.decision import Decision
from readygate_server.domain.identity import LOCAL, Principal
from readygate_server.domain.record import DecisionFacts, NewDecision, Payload, Sealed, SealedText, Stamp
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Gate, Tier
from readygate_server.grpc_api.decision_messages import decision_message
from readygate_server.grpc_api.enum_values import GATES
from readygate_server.grpc_api.record_messages import decision_entry, recorded_response
from tests.builders import AS_OF, gate_under_test, passing_proposal

ORIGIN = "gate.example.org/records"
AUDIENCE = "procurement.bank.example"
DAY = 86_400
NOON = 1_793_534_400
"""2026-11-01T12:00:00Z, in seconds since 1970."""
CALLER = "person-1"


class FakeCallers:
    """Knows one caller; fills the port KnownCallers."""

    def known(self, name: str) -> str | None:
        """Returns the reference of the caller, and None for everybody else."""
        return CALLER if name == LOCAL.name else None


@dataclass
class FakeOpener:
    """Opens requests that name nobody; fills the port PayloadOpener."""

    is_whole: bool = True

    def open(self, payload: Payload) -> tuple[bytes, bool]:
        """Returns the request as it is."""
        return payload.request, self.is_whole


@dataclass
class FakeWaivers:
    """Waivers as a table; fills the port WaiversNow."""

    known: list[WaiverTerm] = field(default_factory=list)

    async def terms(self, waiver_ids: Sequence[str]) -> Sequence[WaiverTerm]:
        """Returns those of the table."""
        return [each for each in self.known if each.id in waiver_ids]


@dataclass
class Office:
    """A record with its log, and what issues certificates from it."""

    directory: Path
    now: int = NOON
    waivers: FakeWaivers = field(default_factory=FakeWaivers)
    opener: FakeOpener = field(default_factory=FakeOpener)

    @property
    def key_set(self) -> str:
        """The published key set."""
        return key_set_text(ensure_keys(self.directory).key_set)

    def issue(self, *judged: tuple[Proposal, Gate, Sequence[Waiver]], **asked: Any) -> list[str]:
        """Records proposals, and returns the bundle of each."""

        async def run() -> list[str]:
            store = await self.opened()
            try:
                ids = [await record(store, *each) for each in judged]
                return [(await self.issued(store, id_, **asked)).bundle for id_ in ids]
            finally:
                await store.close()

        return asyncio.run(run())

    async def opened(self) -> RecordStore:
        """Opens the record; keys are made a day earlier."""
        if not (self.directory / "keys").exists():
            init_keys(self.directory, clock=lambda: self.now - DAY)
        signer = Ed25519CheckpointSigner(ORIGIN, ensure_keys(self.directory).checkpoint_key)
        anchor = FileAnchor(self.directory / "anchor")
        return await open_store(self.directory, signer=signer, anchor=anchor, now=lambda: (self.now - 60) * 1_000_000)

    async def issued(
        self,
        store: RecordStore,
        decision_id: str,
        *,
        audience: str = AUDIENCE,
        validity_days: int = 0,
        principal: Principal = LOCAL,
    ) -> Issued:
        """Issues a certificate for a recorded decision."""
        return await self.certify(store).issue(principal, decision_id, audience=audience, validity_days=validity_days)

    def certify(self, store: RecordStore) -> Certify:
        """Returns the use case over a record."""
        ring = KeyRing(self.directory)
        return Certify(
            store,
            store,
            store,
            FakeCallers(),
            self.waivers,
            StoredDecisionReader(self.opener),
            SignedCertificates(lambda: ring.current().certificate_signer),
            origin=ORIGIN,
            now=lambda: self.now,
        )


async def record(store: RecordStore, proposal: Proposal, gate: Gate, waivers: Sequence[Waiver] = ()) -> str:
    """Judges and records a proposal, and returns the id of the decision."""
    decision = judged(proposal, gate, waivers)
    unrecorded = EvaluateResponse(
        request_id="request-1", decision=decision_message(decision, gate_under_test().directory)
    ).SerializeToString(deterministic=True)
    request = EvaluateRequest(request_id="request-1", proposal=proposal, gate=GATES[gate]).SerializeToString()
    facts = DecisionFacts(
        proposal_id=proposal.id,
        verdict=decision.verdict,
        gate=decision.gate,
        tier=decision.tier.tier,
        as_of=decision.as_of,
        ruleset=decision.ruleset,
        rule_count=decision.rule_count,
        engine_version=decision.engine_version,
        facts_digest=decision.facts_digest,
        request_digest=f"sha256:{sha256(request).hexdigest()}",
        waiver_ids=decision.waiver_ids,
    )
    new = NewDecision(
        seal=partial(_seal, facts, request, unrecorded),
        facts=facts,
        caller=SealedText(CALLER, b"sealed"),
        request_id="",
        request_hash=sha256(request).digest(),
        request=request,
        names=b"",
    )
    return (await store.record(new)).id


def judged(proposal: Proposal, gate: Gate, waivers: Sequence[Waiver] = ()) -> Decision:
    """Returns the decision on a proposal on the day of the tests."""
    active = gate_under_test().snapshot.select(Selection("operational-readiness-full"), as_of=AS_OF)
    return evaluate(active, dossier_of(proposal), Question(gate, AS_OF, tuple(waivers)))


def _seal(facts: DecisionFacts, request: bytes, unrecorded: bytes, stamp: Stamp) -> Sealed:
    response = recorded_response(unrecorded, stamp)
    commitments = DecisionEntry(
        redacted_request_digest=sha256(request).digest(), response_digest=sha256(response).digest()
    )
    return Sealed(decision_entry(stamp, facts, commitments), response)


def go() -> tuple[Proposal, Gate, Sequence[Waiver]]:
    """Returns a proposal that is a go, with nothing open."""
    return passing_proposal(Tier.T3), Gate.PRODUCTION, ()


def no_go() -> tuple[Proposal, Gate, Sequence[Waiver]]:
    """Returns a proposal that a blocker stops."""
    proposal = passing_proposal(Tier.T3)
    proposal.data_sources[0].accuracy.ratio = 0.1
    return proposal, Gate.PRODUCTION, ()


def statement_of(bundle: str) -> Any:
    """Returns the statement in a bundle, whoever signed it."""
    return json.loads(base64.b64decode(json.loads(bundle)["envelope"]["payload"]))
