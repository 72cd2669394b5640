"""Who judges: this process, or a server. Both answer with the same message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from readygate.v1.gate_service_pb2 import EvaluateResponse
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import Rule, RulesetRef
from readygate_server.adapters.proposals.values import FactProblemError
from readygate_server.bootstrap import LocalGate
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.domain import errors
from readygate_server.domain.facts import FactRef, FactValue


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

    def rules(self, ruleset: RulesetRef) -> Mapping[str, Rule]:
        """Returns the rules of a ruleset that judged, by id; none when they can not be had."""
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

    def rules(self, ruleset: RulesetRef) -> Mapping[str, Rule]:
        """Returns the rules of a ruleset that judged, by id."""
        return {rule.id: rule for rule in self._gate.ruleset(ruleset.digest).rules}
