"""Recording of decisions: what is answered is durable first, and one request is one decision."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Protocol

from readygate.v1.foundation_pb2 import AssetUse
from readygate.v1.record_pb2 import DecisionEntry
from readygate_server.application.record_ports import Archive, NameVault, Recorder
from readygate_server.domain.decision import Decision
from readygate_server.domain.errors import RequestIdReusedError
from readygate_server.domain.identity import Principal
from readygate_server.domain.record import DecisionFacts, NewDecision, Recorded, Sealed, Stamp
from readygate_server.domain.verdict import Waiver
from readygate_server.grpc_api.record_messages import decision_entry, recorded_response


class SealedRequest(Protocol):
    """A request whose names are sealed."""

    @property
    def redacted(self) -> bytes:
        """The request with every letter of a name as `*`."""
        ...

    @property
    def names(self) -> bytes:
        """The sealed names with their places, and the salt; empty when nobody is named."""
        ...

    def commit(self, text: bytes) -> bytes:
        """Returns HMAC-SHA-256 over a text with the record's salt, which goes with the names."""
        ...

    def fingerprint(self, request: bytes, request_id: str) -> bytes:
        """Returns what is the same for the same request under the same id; nobody can compute it after an erasure."""
        ...


class NameSealer(Protocol):
    """Seals the names in requests."""

    async def seal_soon(self, request: bytes, *, caller: str) -> SealedRequest:
        """Returns a request with its names sealed; the caller's is one of them. Others go on meanwhile."""
        ...

    def fingerprint(self, request: bytes, *, caller: str, request_id: str) -> bytes:
        """Returns the fingerprint that the sealed request would have."""
        ...


class WaiversInForce(Protocol):
    """Knows which waivers were approved."""

    async def in_force(self, facts_digest: str, ruleset_digest: str) -> tuple[Waiver, ...]:
        """Returns the waivers for a proposal under a ruleset, whatever their days."""
        ...

    def may_be_supposed_absent(self, facts_digest: str) -> bool:
        """True when no waiver of a proposal is known here; recording then tells whether that was right."""
        ...

    def found(self, facts_digest: str) -> None:
        """Takes note that there are waivers of a proposal."""
        ...

    async def named(self, waiver_ids: tuple[str, ...]) -> tuple[Waiver, ...]:
        """Returns waivers by their ids as they stood when they were approved, those revoked since included."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as it is recorded: who asked, the bytes, and under which id."""

    principal: Principal
    raw: bytes
    request_id: str
    """As the caller stated it; empty when it did not, and then the request is nobody's twin."""
    answered_as: str
    """The same, or the one that the server made for it."""


class Recording:
    """Records decisions and finds what was answered before."""

    def __init__(self, recorder: Recorder, archive: Archive, vault: NameVault, sealer: NameSealer) -> None:
        """Takes where it is kept, and who seals names."""
        self._recorder = recorder
        self._archive = archive
        self._vault = vault
        self._sealer = sealer

    async def record(
        self,
        asking: Asking,
        decision: Decision,
        unrecorded: bytes,
        *,
        proposal_id: str,
        supposes_no_waivers: bool = False,
        assets: Sequence[AssetUse] = (),
    ) -> bytes:
        """Returns the bytes of the answer once they are durable: of this one, or of its twin that came first.

        `unrecorded` is a serialised EvaluateResponse that does not yet say where it is recorded, nor which revisions
        of assets went into it.

        Raises:
          RequestIdReusedError: when the caller used the id with another request.
          WaiversFoundError: when the decision supposes that there are no waivers, and that is not certain.
          RecordUnavailableError: when it could not be recorded; nothing was decided then.
        """
        name = asking.principal.name
        facts_with = _facts_of(decision, proposal_id)
        del decision  # thousands of objects, which the garbage collector would walk through again and again meanwhile
        sealed = await self._sealer.seal_soon(asking.raw, caller=name)
        redacted_digest = sha256(sealed.redacted)
        facts = facts_with(request_digest=f"sha256:{redacted_digest.hexdigest()}")
        request_commitment, caller_commitment = sealed.commit(asking.raw), sealed.commit(name.encode())

        def seal(stamp: Stamp) -> Sealed:
            answered = recorded_response(unrecorded, stamp, assets)
            commitments = DecisionEntry(
                request_commitment=request_commitment,
                redacted_request_digest=redacted_digest.digest(),
                response_digest=sha256(answered).digest(),
                caller_commitment=caller_commitment,
            )
            return Sealed(decision_entry(stamp, facts, commitments), answered)

        new = NewDecision(
            seal=seal,
            facts=facts,
            caller=self._vault.seal(name, name.encode()),
            request_id=asking.request_id,
            request_hash=sealed.fingerprint(asking.raw, asking.request_id) if asking.request_id else b"",
            request=sealed.redacted,
            names=sealed.names,
            supposes_no_waivers=supposes_no_waivers,
        )
        return (await self._recorder.record(new)).response

    async def earlier(self, asking: Asking) -> bytes | None:
        """Returns what the same request was answered with before; raises RequestIdReusedError."""
        person = self._vault.known(asking.principal.name)
        if not asking.request_id or person is None:
            return None
        found: tuple[bytes, Recorded] | None = await self._archive.recorded(person, asking.request_id)
        if found is None:
            return None
        request_hash, recorded = found
        name = asking.principal.name
        asked = self._sealer.fingerprint(asking.raw, caller=name, request_id=asking.request_id)
        if not hmac.compare_digest(request_hash, asked):
            raise RequestIdReusedError(asking.request_id)
        return recorded.response


def _facts_of(decision: Decision, proposal_id: str) -> Callable[..., DecisionFacts]:
    """Returns what makes the facts of a decision, given the digest of the request."""
    return partial(
        DecisionFacts,
        proposal_id=proposal_id,
        verdict=decision.verdict,
        gate=decision.gate,
        tier=decision.tier.tier,
        as_of=decision.as_of,
        ruleset=decision.ruleset,
        rule_count=decision.rule_count,
        engine_version=decision.engine_version,
        facts_digest=decision.facts_digest,
        waiver_ids=decision.waiver_ids,
    )
