"""Requests about proposals, as every server takes them."""

from __future__ import annotations

from readygate.v1.gate_pb2 import Gate
from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.application.selection import Selection


def evaluate_request(proposal: Proposal, *, ruleset: str, gate: str, as_of: str) -> EvaluateRequest:
    """Returns the request to judge a proposal; what is empty is left to the server."""
    request = EvaluateRequest(proposal=proposal, gate=gate_number(gate), as_of=as_of)
    if ruleset:
        request.ruleset.CopyFrom(selector_of(ruleset))
    return request


def selector_of(ruleset: str) -> RulesetSelector:
    """Returns the message of a ruleset as `NAME[@CHOICE]`."""
    selection = Selection.parse(ruleset)
    selector = RulesetSelector(name=selection.name)
    for choice in ("version", "digest", "channel", "in_force_on"):
        if value := getattr(selection, choice):
            setattr(selector, choice, value)
    return selector


def gate_number(gate: str) -> Gate.ValueType | None:
    """Returns a gate of the command line as in the contract."""
    return Gate.Value(f"GATE_{gate.upper()}") if gate else None
