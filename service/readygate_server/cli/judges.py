"""Who judges: this process, or a server. Both answer with the same message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from readygate import GateError
from readygate.v1.gate_pb2 import Gate
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse, FactOverride, SimulateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.proposals.values import FactProblemError
from readygate_server.application.selection import Selection
from readygate_server.bootstrap import LocalGate
from readygate_server.cli.connection import connect
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.domain import errors
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.grpc_api.finding_messages import value_message


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked about every proposal."""

    ruleset: str
    gate: str
    as_of: str
    overrides: Mapping[FactRef, FactValue | None]


class Judge(Protocol):
    """Judges proposals; a context manager, because a server's judge holds a connection."""

    def evaluate(self, proposal: Proposal, wanted: Wanted) -> EvaluateResponse:
        """Returns the reply; raises CommandError when no verdict was reached."""
        ...

    def __enter__(self) -> Judge:
        """Opens what it needs."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        ...


class LocalJudge:
    """Judges in this process."""

    def __init__(self, gate: LocalGate) -> None:
        """Takes the gate."""
        self._gate = gate

    def __enter__(self) -> LocalJudge:
        """Needs nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Holds nothing."""

    def evaluate(self, proposal: Proposal, wanted: Wanted) -> EvaluateResponse:
        """Returns the reply."""
        try:
            decision = self._gate.evaluate(
                proposal,
                ruleset=wanted.ruleset,
                gate=wanted.gate,
                as_of=wanted.as_of,
                overrides={str(ref): value for ref, value in wanted.overrides.items()},
            )
        except (errors.InvalidInputError, errors.RulesetNotFoundError, FactProblemError) as error:
            raise CommandError(f"{proposal.id}: {error}") from None
        except errors.GateError as error:
            raise CommandError(f"{proposal.id}: {error}", Exit.SERVICE_FAILED) from None
        return EvaluateResponse(decision=decision)


class RemoteJudge:
    """Judges by a server."""

    def __init__(self, target: str) -> None:
        """Takes HOST:PORT."""
        self._client = connect(target)

    def __enter__(self) -> RemoteJudge:
        """Connects when first asked."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connection."""
        self._client.close()

    def evaluate(self, proposal: Proposal, wanted: Wanted) -> EvaluateResponse:
        """Returns the reply; overrides make it a simulation."""
        selector = _selector(Selection.parse(wanted.ruleset))
        gate = Gate.Value(f"GATE_{wanted.gate.upper()}") if wanted.gate else None
        try:
            if not wanted.overrides:
                return self._client.evaluate(
                    EvaluateRequest(proposal=proposal, ruleset=selector, gate=gate, as_of=wanted.as_of)
                )
            simulated = self._client.simulate(
                SimulateRequest(
                    proposal=proposal,
                    ruleset=selector,
                    gate=gate,
                    as_of=wanted.as_of,
                    overrides=[_override(ref, value) for ref, value in wanted.overrides.items()],
                )
            )
            return EvaluateResponse(request_id=simulated.request_id, decision=simulated.decision)
        except GateError as error:
            code = Exit.BAD_INPUT if error.is_callers_fault else Exit.SERVICE_FAILED
            raise CommandError(f"{proposal.id}: {error}", code) from None


def _selector(selection: Selection) -> RulesetSelector:
    selector = RulesetSelector(name=selection.name)
    for choice in ("version", "digest", "channel", "in_force_on"):
        if value := getattr(selection, choice):
            setattr(selector, choice, value)
    return selector


def _override(ref: FactRef, value: FactValue | None) -> FactOverride:
    override = FactOverride(fact=ref.fact, subject=ref.subject)
    if value is not None:
        override.value.CopyFrom(value_message(value))
    return override
