"""Checks that a proposal keeps the contract, whoever wrote it; nothing that breaks it is judged.

A sound proposal is the usual one, so that its facts are first held against one cheap test each; only when a test fails
are they walked again to name every fault with its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from google.protobuf.message import Message

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.evidence_checks import evidence_faults, statement_faults
from readygate_server.adapters.proposals.fact_tests import all_pass
from readygate_server.adapters.proposals.faults import Place, ProposalFault, fault_at
from readygate_server.adapters.proposals.flatten import facts_in, facts_of
from readygate_server.adapters.proposals.limits import LIST_LIMITS, MAX_TEXT
from readygate_server.adapters.proposals.readings import Parts
from readygate_server.adapters.proposals.references import reference_faults, with_places
from readygate_server.adapters.proposals.text_checks import id_problem, text_problems
from readygate_server.adapters.proposals.values import (
    ID_RULE,
    FactProblemError,
    Problem,
    check_value,
    expected,
    show,
)
from readygate_server.adapters.proposals.vocabulary import (
    ASSET_FIELDS,
    ID,
    FactField,
    Kind,
    fields_by_place,
)
from readygate_server.domain.facts import ProposalFacts
from readygate_server.domain.faults import few_suggestions

_NO_PROPOSAL: Final = "an id is required; what holds assets alone is a foundation file, which proposals reference"
_SINGLES: Final = ("deployment", "org", "gov", "value", "ops")


@few_suggestions()
def validate_proposal(proposal: Proposal, facts: ProposalFacts | None = None) -> tuple[ProposalFault, ...]:
    """Returns every fault of a proposal, sorted by path; nothing when it is sound.

    Lists that are longer than their limit are reported alone, without a look at what is in them. `facts` saves reading
    them again; they are those of `facts_of(proposal)`.
    """
    faults = list(_long_lists(proposal))
    if not faults and proposal.assets:
        faults += reference_faults(proposal)
        if not faults:  # else there is nothing that evidence about them could be held against
            proposal, facts = with_places(proposal), None
    if not faults:
        faults += _head_faults(proposal)
        if not _sound(facts or facts_of(proposal)):
            faults += _fact_faults(proposal)
        faults += _guardrail_faults(proposal)
        faults += _asset_faults(proposal)
        faults += evidence_faults(proposal)
        faults += statement_faults(proposal)
    return tuple(sorted(faults))


def is_certainly_sound(proposal: Proposal, parts: Parts) -> bool:
    """True when nothing is wrong with a proposal, as far as that can be told without a look for faults.

    What is told of each part is kept with it, so that this takes a fraction of the time.
    """
    names = [name for found in parts.assets.values() for name, _ in found]
    return (
        not proposal.statements
        and not proposal.assets
        and len(set(names)) == len(names)
        and all(reading.is_sound for reading in parts.readings())
        and not any(_long_lists(proposal))
        and not any(_head_faults(proposal))
        and not any(_guardrail_faults(proposal))
    )


def _long_lists(proposal: Proposal) -> Iterator[ProposalFault]:
    for name, limit in LIST_LIMITS.items():
        count = len(getattr(proposal, name))
        if count > limit:
            problem = Problem("the list is too long", f"{count} entries", f"at most {limit}", limit=limit)
            yield fault_at(proposal, (name,), problem, count)


def _head_faults(proposal: Proposal) -> Iterator[ProposalFault]:
    if ID.fullmatch(proposal.id) is None:
        problem = Problem(_NO_PROPOSAL, expected=ID_RULE) if _has_assets_alone(proposal) else id_problem(proposal.id)
        yield fault_at(proposal, ("id",), problem)
    yield from text_problems(proposal, proposal, (), ("title",))


def _has_assets_alone(proposal: Proposal) -> bool:
    names = {field.name for field, _ in proposal.ListFields()}
    return bool(names) and names <= {*ASSET_FIELDS.values(), "evidence", "statements"}


def _asset_faults(proposal: Proposal) -> Iterator[ProposalFault]:
    assets = [(field, index, asset) for field in ASSET_FIELDS.values() for index, asset in _listed(proposal, field)]
    counts = Counter([asset.id for _, _, asset in assets])
    for field, index, asset in assets:
        place = (field, index, "id")
        if ID.fullmatch(asset.id) is None:
            yield fault_at(proposal, place, id_problem(asset.id))
        elif counts[asset.id] > 1:
            message = "another data source, API or workflow has the same id"
            yield fault_at(proposal, place, Problem(message, show(asset.id), "an id of its own"))
        if len(asset.title) > MAX_TEXT:
            yield from text_problems(proposal, asset, (field, index), ("title",))


def _listed(proposal: Proposal, field: str) -> Iterator[tuple[int, Any]]:
    return enumerate(getattr(proposal, field))


def _guardrail_faults(proposal: Proposal) -> Iterator[ProposalFault]:
    for index, guardrail in enumerate(proposal.value.guardrails.members):
        place = ("value", "guardrails", "members", index)
        if not guardrail.metric:
            problem = Problem("a guardrail needs a metric", expected="the name of a metric")
            yield fault_at(proposal, (*place, "metric"), problem)
        yield from text_problems(proposal, guardrail, place, ("metric", "limit"))


def _sound(facts: ProposalFacts) -> bool:
    groups = [facts.deployment, *(each for scope in ASSET_FIELDS for _, each in facts.of(scope))]
    return all(map(all_pass, groups))


def _fact_faults(proposal: Proposal) -> Iterator[ProposalFault]:
    for group in _SINGLES:
        has: Callable[[str], bool] = proposal.HasField  # type: ignore[assignment]  # the stubs list the names
        if has(group):
            yield from _message_faults(proposal, getattr(proposal, group), (group,))
    for name in ASSET_FIELDS.values():
        for index, asset in _listed(proposal, name):
            if not all_pass(facts_in(name, asset)):
                yield from _message_faults(proposal, asset, (name, index))


def _message_faults(proposal: Proposal, message: Message, place: Place) -> Iterator[ProposalFault]:
    steps = tuple(step for step in place if isinstance(step, str))
    for descriptor, value in message.ListFields():
        here: Place = (*place, descriptor.name)
        field = fields_by_place().get((*steps, descriptor.name))
        if field is None:
            if descriptor.message_type is not None:
                yield from _message_faults(proposal, value, here)
        elif field.kind is Kind.WHOLE:
            yield from _message_faults(proposal, value, here)
        elif (problem := _problem_of(field, value)) is not None:
            yield fault_at(proposal, here, problem, _size_of(value))


def _size_of(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(getattr(value, "members", ()))


def _problem_of(field: FactField, value: Any) -> Problem | None:
    """Returns what is wrong with the value of a field as it stands in a message."""
    match field.kind:
        case Kind.CHOICE:
            return number_problem(field, value)
        case Kind.CHOICES:
            numbers: Iterable[int] = value.members
            problem = next(filter(None, (number_problem(field, number) for number in numbers)), None)
            names = {number: name for name, number in field.choices.items()}
            plain: object = [names.get(number, "") for number in numbers]
            if problem is not None:
                return problem
        case Kind.IDS:
            plain = list(value.members)
        case Kind.METRICS:
            plain = [guardrail.metric for guardrail in value if guardrail.metric]
        case _:
            plain = value
    try:
        check_value(field, plain)
    except FactProblemError as error:
        return error.problem
    return None


def number_problem(field: FactField, number: int) -> Problem | None:
    """Returns what is wrong with the number of an enumeration value."""
    if number in field.choices.values():
        return None
    choices = expected(field).replace("a list of", "names of")
    if number == 0:
        return Problem("unspecified is no value; leave the field out when it is unknown", "0", choices)
    return Problem("the number has no name in this version of the contract", str(number), choices)
