"""Checks of proposals that come over the wire, where no file has places to show."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from tests.adapters.proposals.builders import bare_proposal, observation, proposal_with, stated_facts

from readygate.v1.evidence_pb2 import FactStatement, FactValue
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.faults import error_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.domain import facts as domain_facts
from readygate_server.domain.errors import InvalidInputError, LimitExceededError

Change = Callable[[Proposal], object]


def _told(proposal: Proposal) -> list[str]:
    return [f"{fault.path}: {fault.message}" for fault in validate_proposal(proposal)]


@given(stated_facts())
def test_what_was_set_is_sound(facts: list[tuple[domain_facts.FactRef, domain_facts.FactValue]]) -> None:
    """Facts that were accepted one by one make a proposal without faults, with or without its facts at hand."""
    proposal = proposal_with(facts)

    assert validate_proposal(proposal) == ()
    assert validate_proposal(proposal, facts_of(proposal)) == ()


def _statement(fact: str, kind: int) -> FactStatement:
    return FactStatement(fact=fact, kind=kind, reason="r")  # type: ignore[arg-type]  # numbers, as over the wire


def _set_completeness(value: float) -> Change:
    return lambda proposal: setattr(proposal.data_sources[0], "completeness", value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_set_completeness(1.5), "data_sources[crm].completeness: the value is out of range"),
        (_set_completeness(math.nan), "data_sources[crm].completeness: a number must be finite"),
        (_set_completeness(-math.inf), "data_sources[crm].completeness: a number must be finite"),
        (
            lambda p: setattr(p.value.target, "change", math.inf),
            "value.target.change: a number must be finite",
        ),
        (
            lambda p: setattr(p.data_sources[0].accuracy, "sample_size", 0),
            "data_sources[crm].accuracy.sample_size: the value is out of range",
        ),
        (
            lambda p: setattr(p.data_sources[0].corpus, "stale_share", 2),
            "data_sources[crm].corpus.stale_share: the value is out of range",
        ),
        (
            lambda p: setattr(p.deployment, "autonomy_level", 0),
            "deployment.autonomy_level: unspecified is no value; leave the field out when it is unknown",
        ),
        (
            lambda p: setattr(p.deployment, "autonomy_level", 99),
            "deployment.autonomy_level: the number has no name in this version of the contract",
        ),
        (
            lambda p: p.deployment.audience.members.append(0),
            "deployment.audience: unspecified is no value; leave the field out when it is unknown",
        ),
        (
            lambda p: p.deployment.audience.members.extend([1, 1]),
            "deployment.audience: the name stands here twice",
        ),
        (
            lambda p: p.deployment.dependencies.members.append("A B"),
            "deployment.dependencies: the id is not well formed",
        ),
        (
            lambda p: setattr(p.ops, "next_review", "tomorrow"),
            "ops.next_review: the day does not exist or is written otherwise",
        ),
        (lambda p: setattr(p.ops.spend_cap, "currency", "eur"), "ops.spend_cap.currency: the currency is no code"),
        (
            lambda p: setattr(p.apis[0], "replacement_on", "soon"),
            "apis[orders].replacement_on: the day does not exist or",
        ),
        (lambda p: setattr(p, "id", ""), "id: an id is required"),
        (lambda p: setattr(p.apis[0], "id", "O"), "apis[O].id: the id is not well formed"),
        (
            lambda p: p.value.guardrails.members.add(limit="3"),
            "value.guardrails.members[0].metric: a guardrail needs a",
        ),
        (lambda p: p.evidence.append(observation()), "evidence[0].facts: evidence needs the facts that it covers"),
        (lambda p: p.evidence.append(observation("ops.speed")), "evidence[0].facts[0]: there is no such fact"),
        (
            lambda p: p.evidence.append(observation("source.*", subject="orders")),
            "evidence[0].subject: the proposal has no such data source",
        ),
        (
            lambda p: p.evidence.append(observation("ops.*", subject="crm")),
            "evidence[0].subject: ops.* occurs once per proposal",
        ),
        (lambda p: p.evidence.append(observation("ops.*", grade=9)), "evidence[0].grade: the grade has no name"),
        (
            lambda p: p.evidence.append(observation("ops.*", as_of=10**12)),
            "evidence[0].as_of: the point in time is out of range",
        ),
        (
            lambda p: p.evidence.append(observation("ops.slice_gap", value="big")),
            "evidence[0].value: the value has the wrong type",
        ),
        (
            lambda p: p.evidence.add(facts=["ops.slice_gap"]).value.CopyFrom(FactValue()),
            "evidence[0].value: the value is empty",
        ),
        (
            lambda p: p.statements.append(FactStatement(fact="ops.slice_gap", reason="r")),
            "statements[0].kind: a statement needs its kind",
        ),
        (
            lambda p: p.statements.append(_statement("ops.slice_gap", 7)),
            "statements[0].kind: a statement needs its kind",
        ),
        (
            lambda p: p.statements.extend([_statement("ops.slice_gap", 2)] * 2),
            "statements[1].fact: the fact is spoken of twice",
        ),
        (
            lambda p: (
                p.evidence.append(observation("ops.site_readiness", value=0.5)),
                p.statements.append(_statement("ops.site_readiness", 1)),
            ),
            "statements[0].fact: the fact has a value, so that nothing is to be said instead",
        ),
    ],
)
def test_what_breaks_the_contract_is_told_with_its_path(change: Change, fault: str) -> None:
    """Each fault is told alone, with the path of its field by the ids of assets."""
    proposal = bare_proposal()
    change(proposal)

    told = _told(proposal)

    assert len(told) == 1, told
    assert told[0].startswith(fault)
    # What is at hand must not hide what is wrong.
    assert validate_proposal(proposal, facts_of(proposal)) == validate_proposal(proposal)


def test_ids_are_unique_over_all_assets() -> None:
    """Evidence and work name a subject by its id alone, so that a data source and an API may not share one."""
    proposal = bare_proposal()
    proposal.apis[0].id = "crm"

    assert _told(proposal) == [
        "apis[crm].id: another data source, API or workflow has the same id",
        "data_sources[crm].id: another data source, API or workflow has the same id",
    ]


def test_all_faults_are_told_sorted_by_path() -> None:
    """Faults of different parts come together and in one order."""
    proposal = bare_proposal()
    proposal.ops.slice_gap = 3
    proposal.apis[0].latency_p95 = -1
    proposal.title = "x" * 4001

    assert [fault.path for fault in validate_proposal(proposal)] == [
        "apis[orders].latency_p95",
        "ops.slice_gap",
        "title",
    ]


def test_a_fault_says_what_stood_there_and_what_may() -> None:
    """A fault carries what was got and what was expected, for machines and people."""
    proposal = bare_proposal()
    proposal.data_sources[0].completeness = 1.5

    (fault,) = validate_proposal(proposal)

    assert (fault.got, fault.expected) == ("1.5", "a number from 0 to 1 (ratio)")


@pytest.mark.parametrize(
    ("field", "limit"),
    [("data_sources", 200), ("apis", 200), ("workflows", 200), ("evidence", 5_000), ("statements", 1_000)],
)
def test_long_lists_are_refused_as_such(field: str, limit: int) -> None:
    """One entry too many is a broken limit, whatever the entries are; as many as allowed is none."""
    proposal = Proposal(id="x")
    entries = getattr(proposal, field)
    for _ in range(limit + 1):
        entries.add()

    error = error_of(validate_proposal(proposal))

    assert isinstance(error, LimitExceededError)
    assert (error.field, error.limit, error.got) == (field, limit, limit + 1)
    del entries[0]
    assert not any(fault.path == field for fault in validate_proposal(proposal))


@pytest.mark.parametrize(
    ("change", "path", "limit"),
    [
        (lambda p: setattr(p.gov, "inventory_id", "x" * 4_001), "gov.inventory_id", 4_000),
        (lambda p: setattr(p.deployment, "use_case", "x" * 1_001), "deployment.use_case", 1_000),
        (lambda p: setattr(p.apis[0], "title", "x" * 4_001), "apis[orders].title", 4_000),
        (lambda p: p.evidence.add(facts=["ops.*"], collector="x" * 4_001), "evidence[0].collector", 4_000),
    ],
)
def test_long_texts_are_refused_as_such(change: Change, path: str, limit: int) -> None:
    """One character too many is a broken limit, with the path, the limit and the length."""
    proposal = bare_proposal()
    change(proposal)

    error = error_of(validate_proposal(proposal))

    assert isinstance(error, LimitExceededError)
    assert (error.field, error.limit, error.got) == (path, limit, limit + 1)


def test_other_faults_are_reported_as_invalid_input() -> None:
    """Without a broken limit the error lists every fault as path, message, got and expected."""
    proposal = bare_proposal()
    proposal.ops.slice_gap = 3

    error = error_of(validate_proposal(proposal))

    assert isinstance(error, InvalidInputError)
    assert error.faults == (("ops.slice_gap", "the value is out of range", "3.0", "a number from 0 to 1 (ratio)"),)
