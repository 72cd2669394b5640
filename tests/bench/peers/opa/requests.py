"""What Open Policy Agent is asked about a proposal, as one call, and what it answers.

In OPA's favour the caller works out the tier and the facts that are computed from others (Rego has neither powers nor
roots), and an answer names those who pass each rule that is asked; who is not named does not.
"""

from __future__ import annotations

import json
from typing import Any, Final

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.domain.vocabulary import Gate
from tests.bench.peers.expected import Answers
from tests.bench.peers.facts import input_of

PATH: Final = "/v1/data/readygate/decision"
SUBJECTS: Final = {"source": "data_sources", "api": "apis", "workflow": "workflows"}
"""List of assets that the rules of a scope ask about."""


def decision_input(proposal: Proposal, *, as_of: str, gate: Gate = Gate.COMMIT) -> dict[str, Any]:
    """Returns the input document."""
    plain = input_of(proposal, as_of=as_of, gate=gate, derived=True)
    return plain | {"tier": f"T{plain['tier']}"}  # keys of the thresholds, which are data in JSON


def request_bytes(proposal: Proposal, *, as_of: str, gate: Gate = Gate.COMMIT) -> bytes:
    """Returns the body of the request that asks every rule about facts of a proposal and its assets."""
    body = {"input": decision_input(proposal, as_of=as_of, gate=gate)}
    return json.dumps(body, separators=(",", ":")).encode()


def allowed(reply: bytes) -> bool:
    """Says whether nothing stands against the proposal."""
    return bool(json.loads(reply)["result"]["allow"])


def answers_of(request: bytes, reply: bytes) -> Answers:
    """Returns the answers about the deployment and every asset, as far as rules are asked."""
    asked_about, result = json.loads(request)["input"], json.loads(reply)["result"]
    asked = result["asked"]
    passing = {rule for rules in result["deployment"].values() for rule in rules}
    answers = {(rule, ""): rule in passing for rule in asked["deployment"]}
    for scope, assets in SUBJECTS.items():
        for rule in asked[scope]:
            who = frozenset(result[scope].get(rule, ()))
            answers |= {(rule, asset["id"]): asset["id"] in who for asset in asked_about[assets]}
    return answers
