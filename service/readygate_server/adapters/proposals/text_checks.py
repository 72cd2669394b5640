"""Checks of ids and texts that are no facts."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.faults import Place, ProposalFault, fault_at
from readygate_server.adapters.proposals.limits import MAX_TEXT
from readygate_server.adapters.proposals.values import ID_RULE, Problem, show


def id_problem(text: str) -> Problem:
    """Returns what is wrong with an id that does not have the form of one."""
    if not text:
        return Problem("an id is required", expected=ID_RULE)
    return Problem("the id is not well formed", show(text), ID_RULE)


def text_problems(
    proposal: Proposal, message: Message, place: Place, names: tuple[str, ...]
) -> Iterator[ProposalFault]:
    """Yields a fault for each of the named texts of a message that is too long."""
    for name in names:
        length = len(getattr(message, name))
        if length > MAX_TEXT:
            problem = Problem("the text is too long", f"{length} characters", f"at most {MAX_TEXT}", limit=MAX_TEXT)
            yield fault_at(proposal, (*place, name), problem, length)
