"""Writing and signing certificates; fills the port CertificateForms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.record_pb2 import CertificateEntry, LogEntry
from readygate_server.adapters.certificates.bundle import bundle_text
from readygate_server.adapters.certificates.statement import PAYLOAD_TYPE, statement_bytes
from readygate_server.adapters.signing.canonical import canonical_text, read_object
from readygate_server.adapters.signing.envelope import EnvelopeSigner, read_envelope
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.application.certify import LogProof, SignedStatement
from readygate_server.domain.certificate import Certificate
from readygate_server.domain.errors import CertificateRefusedError
from readygate_server.domain.record import Stamp
from readygate_server.observability import logger

_MICROSECONDS: Final = 1_000_000


class SignedCertificates:
    """Signs with the certificate key of now."""

    def __init__(self, signer: Callable[[], EnvelopeSigner]) -> None:
        """Takes what returns the key; it is asked for each certificate, so that a rotation counts at once."""
        self._signer = signer

    async def sign(self, certificate: Certificate) -> SignedStatement:
        """Signs a certificate, in a thread: a key service is asked over the network.

        Raises:
          CertificateRefusedError: when the key can not be used; the log says why.
        """
        statement = statement_bytes(certificate)
        try:
            envelope = await asyncio.to_thread(lambda: self._signer().sign(statement, PAYLOAD_TYPE))
        except (KeyProblemError, MalformedError) as error:
            logger().error("certificate_key_unusable", detail=str(error))
            raise CertificateRefusedError("the key can not be used just now; the server's log says why") from error
        return SignedStatement(canonical_text(envelope.as_data()), statement)

    def entry(self, stamp: Stamp, certificate: Certificate, statement_digest: bytes) -> bytes:
        """Returns what the log commits to."""
        seconds, rest = divmod(stamp.recorded_at, _MICROSECONDS)
        entry = LogEntry(
            id=stamp.id,
            recorded_at=Timestamp(seconds=seconds, nanos=rest * 1000),
            certificate=CertificateEntry(
                decision_id=certificate.decision.id,
                statement_digest=statement_digest,
                not_after=Timestamp(seconds=certificate.not_after),
            ),
        )
        return entry.SerializeToString(deterministic=True)

    def bundle(self, signed: SignedStatement, proof: LogProof) -> str:
        """Returns certificate and proof in one text."""
        return bundle_text(read_envelope(read_object(signed.envelope, "envelope")), proof)
