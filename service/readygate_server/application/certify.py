"""Issuing a certificate, step by step.

1. The decision is found, and the caller may see it and may ask for certificates about it.
2. The log has taken the decision in, and a signed tree proves so.
3. The waivers in use are looked up as they are now.
4. What may be certified, and for how long, follows.
5. The statement is signed.
6. That it was issued is itself recorded; only then does anybody get it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from readygate_server.application.record_ports import Archive, LogReader, Recorder
from readygate_server.application.visibility import KnownCallers, visible_decision
from readygate_server.domain.certificate import (
    Certificate,
    CertifiedDecision,
    LogPlace,
    WaiverTerm,
    certificate_of,
)
from readygate_server.domain.errors import CertificateRefusedError
from readygate_server.domain.identity import Principal, Role
from readygate_server.domain.merkle import inclusion_nodes, inclusion_proof, leaf_hash, proves_inclusion
from readygate_server.domain.record import EntryKind, NewEntry, Stamp, StoredDecision, TreeHead

_ATTEMPTS: Final = 20
_PAUSE_SECONDS: Final = 0.1


class SignedStatement(NamedTuple):
    """A statement and its signed form."""

    envelope: str
    """In JSON."""
    statement: bytes
    """The bytes that were signed."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """Proof that an entry is in a signed tree."""

    origin: str
    note: str
    leaf_index: int
    tree_size: int
    hashes: tuple[bytes, ...]
    entry: bytes


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with all that is needed to check it."""

    bundle: str
    entry_id: str
    not_after: int


class DecisionReader(Protocol):
    """Reads what was recorded."""

    def read(self, stored: StoredDecision) -> CertifiedDecision:
        """Returns the part of a decision that is certified.

        Raises:
          CertificateRefusedError: when its bytes are not all there any more.
        """
        ...


class CertificateForms(Protocol):
    """Writes and signs certificates."""

    async def sign(self, certificate: Certificate) -> SignedStatement:
        """Signs a certificate; raises CertificateRefusedError when the key can not be used."""
        ...

    def entry(self, stamp: Stamp, certificate: Certificate, statement_digest: bytes) -> bytes:
        """Returns what the log commits to."""
        ...

    def bundle(self, signed: SignedStatement, proof: LogProof) -> str:
        """Returns certificate and proof in one text."""
        ...


class WaiversNow(Protocol):
    """Knows waivers as they are now."""

    async def terms(self, waiver_ids: Sequence[str]) -> Sequence[WaiverTerm]:
        """Returns the waivers that are on record, those revoked or ended included."""
        ...


class Certify:
    """Issues certificates."""

    def __init__(
        self,
        archive: Archive,
        log: LogReader,
        recorder: Recorder,
        callers: KnownCallers,
        waivers: WaiversNow,
        reader: DecisionReader,
        forms: CertificateForms,
        *,
        origin: str,
        now: Callable[[], int],
    ) -> None:
        """Takes where decisions are, what signs, the name of the log, and a clock that tells seconds since 1970."""
        self._archive = archive
        self._log = log
        self._recorder = recorder
        self._callers = callers
        self._waivers = waivers
        self._reader = reader
        self._forms = forms
        self._origin = origin
        self._now = now

    async def issue(self, principal: Principal, decision_id: str, *, audience: str, validity_days: int = 0) -> Issued:
        """Issues a certificate; it holds for as long as the decision allows, or for fewer days when asked.

        Raises:
          NotFoundError: when there is no such decision, or the caller may not know of it.
          PermissionDeniedError: when the caller may see it, and may not ask for certificates.
          CertificateRefusedError: when the decision can not be certified.
          RecordUnavailableError: when the record can not be read or written.
        """
        stored = await visible_decision(
            principal, decision_id, archive=self._archive, callers=self._callers, with_payload=True
        )
        facts = stored.facts
        principal.require(Role.EVALUATOR, ruleset=facts.ruleset.name, proposal=facts.proposal_id)
        decision = self._reader.read(stored)
        proof = await self._proof(stored)
        place = LogPlace(proof.origin, proof.leaf_index, f"sha256:{sha256(proof.entry).hexdigest()}")
        waiver_ids = sorted({waiver_id for waiver_id, _, _ in decision.waived})
        terms = await self._waivers.terms(waiver_ids) if waiver_ids else ()
        certificate = certificate_of(
            decision, terms, audience=audience, now=self._now(), validity_days=validity_days, log=place
        )
        signed = await self._forms.sign(certificate)
        digest = sha256(signed.statement).digest()
        entry = NewEntry(EntryKind.CERTIFICATE, lambda stamp: self._forms.entry(stamp, certificate, digest))
        stamp = await self._recorder.append(entry)
        return Issued(self._forms.bundle(signed, proof), stamp.id, certificate.not_after)

    async def _proof(self, stored: StoredDecision) -> LogProof:
        """Returns the proof of a decision's entry; waits a little for a log that has not taken it in yet."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_PAUSE_SECONDS)
            found, head = await self._log.find(stored.id), await self._log.head()
            if found is not None and head is not None and found[0] < head.size:
                return await self._proven(stored, *found, head)
        raise CertificateRefusedError("the log has not taken the decision in yet; ask again in a moment")

    async def _proven(self, stored: StoredDecision, index: int, entry: bytes, head: TreeHead) -> LogProof:
        """Returns a proof that was checked: a log that is not whole is found here, and not by whoever verifies."""
        nodes = await self._log.nodes(sorted(inclusion_nodes(index, head.size)))
        hashes = inclusion_proof(index, head.size, nodes)
        leaf = leaf_hash(entry)
        if entry != stored.entry or not proves_inclusion(
            leaf=leaf, index=index, size=head.size, proof=hashes, root=head.root
        ):
            raise CertificateRefusedError("the log does not prove the decision; readygate log verify says where")
        return LogProof(self._origin, head.note, index, head.size, hashes, entry)
