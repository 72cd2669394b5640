"""Faults of a proposal, with the field that each is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.limits import LIST_LIMITS, LONGEST_ID
from readygate_server.adapters.proposals.values import Problem
from readygate_server.domain.errors import GateError, InvalidInputError, LimitExceededError

Place = tuple[str | int, ...]
"""Fields and indexes that lead to a part of a proposal."""


@dataclass(frozen=True, slots=True, order=True)
class ProposalFault:
    """A fault of a proposal. `limit` and `count` are 0 unless a list or text is longer than its limit."""

    path: str
    message: str
    got: str = ""
    expected: str = ""
    suggestion: str = ""
    limit: int = 0
    count: int = 0
    place: Place = field(default=(), compare=False)


def fault_at(proposal: Proposal, place: Place, problem: Problem, count: int = 0) -> ProposalFault:
    """Returns a problem as the fault of a part of a proposal."""
    return ProposalFault(
        path_of(proposal, place),
        problem.message,
        problem.got,
        problem.expected,
        problem.suggestion,
        problem.limit,
        count,
        place,
    )


def path_of(proposal: Proposal, place: Place) -> str:
    """Returns a place as people write it: `data_sources[crm].completeness`, or by index where an id is no good."""
    text = ""
    for step, before in zip(place, ("", *place), strict=False):
        if isinstance(step, str):
            text += f".{step}" if text else step
        else:
            text += f"[{_name_of(proposal, str(before), step)}]"
    return text


def error_of(faults: Iterable[ProposalFault]) -> GateError:
    """Returns the error that reports faults on the wire; a broken limit goes first, since it hides the rest."""
    ordered = sorted(faults)
    for fault in ordered:
        if fault.limit:
            return LimitExceededError(fault.path, fault.limit, fault.count)
    return InvalidInputError(
        "proposal", tuple((fault.path, fault.message, fault.got, _expected(fault)) for fault in ordered)
    )


def _expected(fault: ProposalFault) -> str:
    return f"{fault.expected}; did you mean {fault.suggestion}?" if fault.suggestion else fault.expected


def _name_of(proposal: Proposal, field_name: str, index: int) -> str:
    if field_name not in LIST_LIMITS or field_name in ("evidence", "statements"):
        return str(index)
    ids = [asset.id for asset in getattr(proposal, field_name)]
    name = ids[index]
    return name if name and len(name) <= LONGEST_ID and ids.count(name) == 1 else str(index)
