"""The client of readygate, which says whether an AI deployment may proceed and what to build or repair first.

A no-go is an answer, not an error:

    from readygate import GateClient, GateError
    from readygate.v1.decision_pb2 import Verdict
    from readygate.v1.gate_pb2 import GATE_PILOT
    from readygate.v1.gate_service_pb2 import EvaluateRequest
    from readygate.v1.proposal_pb2 import Proposal

    proposal = Proposal(id="refund-agent")
    proposal.deployment.use_case = "Decides returns and pays refunds."
    crm = proposal.data_sources.add(id="crm")
    crm.completeness = 0.94

    with GateClient("127.0.0.1:50051", timeout=5.0) as client:
        try:
            decision = client.evaluate(EvaluateRequest(proposal=proposal, gate=GATE_PILOT)).decision
        except GateError as error:
            print(error)  # the reason, and every fault of the proposal
        else:
            print(Verdict.Name(decision.verdict))
            for item in decision.plan.items:
                print(item.wave, item.owner_role, item.title)

`GateClient(target, credentials=tls(ca=Path("ca.pem")), token=...)` shows a gate on another machine who calls.
`AsyncGateClient` offers the same to asyncio. A fact that is not stated is unknown, and unknown never passes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from readygate.client import AsyncGateClient, GateClient
    from readygate.credentials import tls
    from readygate.errors import GateError

__all__ = ["AsyncGateClient", "GateClient", "GateError", "tls"]

_HOMES: Final = {
    "AsyncGateClient": "readygate.client",
    "GateClient": "readygate.client",
    "GateError": "readygate.errors",
    "tls": "readygate.credentials",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for: who only needs the messages of `readygate.v1` need not wait for gRPC."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
