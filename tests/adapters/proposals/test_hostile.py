"""Proposals made to cost much: what is told about their faults stays small, and so does the time to find it."""

from __future__ import annotations

import time

import pytest
from tests.adapters.proposals.builders import bare_proposal

from readygate.v1.gate_service_pb2 import FactOverride
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.overrides import changes_of
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.domain.errors import InvalidInputError
from readygate_server.domain.faults import FaultsError, few_suggestions, suggest

MISSPELT = [f"source.compleetness{number}" for number in range(1_000)]


def with_misspelt_facts(entries: int) -> Proposal:
    """Returns a proposal whose evidence names nothing but facts that there are not."""
    proposal = bare_proposal()
    for _ in range(entries):
        proposal.evidence.add(facts=MISSPELT, subject="crm")
    return proposal


def test_suggestions_are_few() -> None:
    """Of many unknown facts all are told, and for the first ten what was probably meant."""
    faults = validate_proposal(with_misspelt_facts(1))

    assert len(faults) == len(MISSPELT)
    assert sum(fault.suggestion == "source.completeness" for fault in faults) == 10


def test_forty_thousand_unknown_facts_take_no_minute() -> None:
    """A request of 1 MiB full of unknown facts is refused in seconds; a suggestion for each would take a minute."""
    started = time.process_time()
    validate_proposal(with_misspelt_facts(40))

    assert time.process_time() - started < 5


def test_each_proposal_has_its_own_suggestions() -> None:
    """The suggestions for one proposal take nothing from the next, nor from what is asked outside."""
    first, second = (validate_proposal(with_misspelt_facts(1)) for _ in range(2))

    assert first == second
    assert suggest("source.compleetness", ["source.completeness"]) == "source.completeness"


def test_an_inner_block_uses_what_the_outer_one_has_left() -> None:
    """Blocks inside a block share its suggestions; a very long word gets none."""
    with few_suggestions(2):
        with few_suggestions(100):
            words = [suggest("fact", ["fact"]) for _ in range(3)]
        assert words == ["fact", "fact", ""]
    assert suggest("fact" * 26, ["fact" * 26]) == ""


def test_overrides_and_files_have_few_suggestions_too() -> None:
    """What-ifs and files full of unknown names tell all of them, with ten suggestions."""
    overrides = [FactOverride(fact=name, subject="crm") for name in MISSPELT[:50]]
    with pytest.raises(InvalidInputError) as refused:
        changes_of(bare_proposal(), overrides)
    with pytest.raises(FaultsError) as faulty:
        read_proposal("id: p\n" + "".join(f"titl{number}: x\n" for number in range(50)), file="p.yaml")

    assert ["did you mean" in fault[3] for fault in refused.value.faults] == [True] * 10 + [False] * 40
    assert [bool(fault.suggestion) for fault in faulty.value.faults] == [True] * 10 + [False] * 40


def test_a_fault_names_ten_choices_at_most() -> None:
    """Evidence about an unknown source is told some of the sources that there are, and not all two hundred."""
    proposal = bare_proposal()
    for number in range(199):
        proposal.data_sources.add(id=f"{number:063d}")
    proposal.evidence.add(facts=["source.completeness"], subject="kb")

    (fault,) = validate_proposal(proposal)

    assert fault.expected.count(",") == 10
    assert fault.expected.endswith(", …")


def test_a_path_does_not_carry_a_long_id() -> None:
    """Each fault of an asset with a very long id names the asset by its index."""
    proposal = bare_proposal()
    source = proposal.data_sources[0]
    source.id, source.completeness, source.validity = "x" * 100_000, -1, -1

    paths = [fault.path for fault in validate_proposal(proposal)]

    assert paths == ["data_sources[0].completeness", "data_sources[0].id", "data_sources[0].validity"]
