"""Facts that a what-if puts in the place of a proposal's: every fault of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readygate.v1.gate_service_pb2 import FactOverride
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import check_subject, field_of, find_asset
from readygate_server.adapters.proposals.values import FactProblemError, Problem, check_value, from_wire, show
from readygate_server.domain.errors import InvalidInputError
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import few_suggestions
from readygate_server.domain.vocabulary import Scope


@few_suggestions()
def changes_of(proposal: Proposal, overrides: Sequence[FactOverride]) -> Mapping[FactRef, FactValue | None]:
    """Returns what overrides change, None where they take a fact away.

    Raises:
      InvalidInputError: with every override that names no fact of the proposal, has no fitting value, or is repeated.
    """
    changes: dict[FactRef, FactValue | None] = {}
    faults = []
    for index, override in enumerate(overrides):
        ref = FactRef(override.fact, override.subject)
        try:
            value = _value(proposal, override)
            if ref in changes:
                raise FactProblemError(Problem("the fact is overridden twice", str(ref), "each fact once"))
            changes[ref] = value
        except FactProblemError as error:
            faults.append((f"overrides[{index}]", error.problem))
    if faults:
        raise InvalidInputError("request", tuple((path, each.message, each.got, _hint(each)) for path, each in faults))
    return changes


def _value(proposal: Proposal, override: FactOverride) -> FactValue | None:
    field = field_of(override.fact)
    check_subject(field, override.subject)
    if not field.in_proposal:
        raise FactProblemError(Problem(f"{field.name} is said about evidence and can not be overridden"))
    if field.scope is not Scope.DEPLOYMENT and find_asset(proposal, field.scope, override.subject) is None:
        raise FactProblemError(Problem("the proposal has no such asset", show(override.subject)))
    if not override.HasField("value"):
        return None
    stated = from_wire(override.value)
    if stated is None:
        raise FactProblemError(
            Problem("the value holds nothing", expected="a value, or no value to take the fact away")
        )
    return check_value(field, stated)


def _hint(problem: Problem) -> str:
    meant = f"did you mean {problem.suggestion}?" if problem.suggestion else ""
    return "; ".join(part for part in (problem.expected, meant) if part)
