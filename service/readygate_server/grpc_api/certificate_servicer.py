"""CertificateService: converts, calls the use case, converts."""

from __future__ import annotations

import re
from typing import Any, Final

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1 import certificate_service_pb2 as pb
from readygate.v1 import certificate_service_pb2_grpc
from readygate_server.application.certify import Certify
from readygate_server.domain.certificate import LONGEST_DAYS, audience_fault
from readygate_server.grpc_api.requests import Faults
from readygate_server.observability import current_call

_Context = grpc.aio.ServicerContext[Any, Any]
_ID: Final = re.compile(r"[0-9a-f]{32}")


class CertificateServicer(certificate_service_pb2_grpc.CertificateServiceServicer):
    """Answers CertificateService."""

    def __init__(self, certify: Certify) -> None:
        """Takes the use case."""
        self._certify = certify

    async def IssueCertificate(  # noqa: N802 -- the name in the contract
        self, request: pb.IssueCertificateRequest, _context: _Context
    ) -> pb.IssueCertificateResponse:
        """Issues a certificate for a recorded go."""
        _check(request)
        issued = await self._certify.issue(
            current_call().principal,
            request.decision_id,
            audience=request.audience,
            validity_days=request.validity_days,
        )
        return pb.IssueCertificateResponse(
            bundle=issued.bundle, entry_id=issued.entry_id, not_after=Timestamp(seconds=issued.not_after)
        )


def _check(request: pb.IssueCertificateRequest) -> None:
    """Raises the error that names every fault of a request, if there is any."""
    faults = Faults()
    if _ID.fullmatch(request.decision_id) is None:
        expected = "32 hexadecimal digits"
        faults.add("decision_id", "the id is not well formed", got=request.decision_id, expected=expected)
    if fault := audience_fault(request.audience):
        expected = "who the certificate is for, such as procurement.bank.example"
        faults.add("audience", fault, got=request.audience, expected=expected)
    if not 0 <= request.validity_days <= LONGEST_DAYS:
        expected = f"1 to {LONGEST_DAYS} days, or 0 for as long as the decision allows"
        faults.add("validity_days", "the number is out of range", got=str(request.validity_days), expected=expected)
    faults.report()
