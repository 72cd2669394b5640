"""Judges by a server. Apart from the judge in this process, which needs no network and should not wait for gRPC."""

from __future__ import annotations

from collections.abc import Mapping

from readygate import GateError
from readygate.v1.gate_service_pb2 import EvaluateResponse, FactOverride, SimulateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import Rule, RulesetRef, RulesetSelector
from readygate.v1.ruleset_service_pb2 import GetRulesetRequest
from readygate_server.cli.asking import evaluate_request
from readygate_server.cli.connection import connect
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.judges import Wanted
from readygate_server.cli.ways_out import unanswered
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.grpc_api.finding_messages import value_message


class RemoteJudge:
    """Judges by a server."""

    def __init__(self, target: str) -> None:
        """Takes HOST:PORT."""
        self._target = target
        self._client = connect(target)

    def __enter__(self) -> RemoteJudge:
        """Connects when first asked."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connection."""
        self._client.close()

    def evaluate(self, proposal: Proposal, wanted: Wanted) -> EvaluateResponse:
        """Returns the reply; overrides make it a simulation."""
        asked = evaluate_request(proposal, ruleset=wanted.ruleset, gate=wanted.gate, as_of=wanted.as_of)
        try:
            if not wanted.overrides:
                return self._client.evaluate(asked)
            simulated = self._client.simulate(
                SimulateRequest(
                    proposal=proposal,
                    ruleset=asked.ruleset if asked.HasField("ruleset") else None,
                    gate=asked.gate if asked.HasField("gate") else None,
                    as_of=asked.as_of,
                    overrides=[_override(ref, value) for ref, value in wanted.overrides.items()],
                )
            )
            return EvaluateResponse(request_id=simulated.request_id, decision=simulated.decision)
        except GateError as error:
            code = Exit.BAD_INPUT if error.is_callers_fault else Exit.SERVICE_FAILED
            raise CommandError(f"{proposal.id}: {unanswered(self._target, error)}", code) from None

    def rules(self, ruleset: RulesetRef) -> Mapping[str, Rule]:
        """Returns the rules of a ruleset that judged, by id; none when the server does not show them."""
        try:
            found = self._client.get_ruleset(GetRulesetRequest(ruleset=RulesetSelector(digest=ruleset.digest))).ruleset
        except GateError:
            return {}
        return {rule.id: rule for rule in found.rules}


def _override(ref: FactRef, value: FactValue | None) -> FactOverride:
    override = FactOverride(fact=ref.fact, subject=ref.subject)
    if value is not None:
        override.value.CopyFrom(value_message(value))
    return override
