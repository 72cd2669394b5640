"""Names of persons: where they are, and that nothing that the gate concludes hangs on what they say."""

from __future__ import annotations

import pytest
from tests.adapters.proposals.builders import bare_proposal, observation

from readygate.v1 import waiver_pb2
from readygate_server.adapters.proposals.normalise import normalise
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.personal import NAMED, holds_name, personal_facts, same_name
from readygate_server.adapters.rulefiles.known_facts import known_facts
from readygate_server.domain.decision import Conflict
from readygate_server.domain.facts import FactRef

OWNER = "source.owner.person"


def test_every_fact_that_holds_a_name_is_known() -> None:
    """The names of owners, of the sponsor and of who stops are personal, and no other fact is."""
    assert personal_facts() == {
        "source.owner.person",
        "api.owner.person",
        "workflow.owner.person",
        "org.accountable_owner.person",
        "org.accountable_owner.sponsor",
        "value.guardrails.stop_decider",
    }


def test_who_asked_for_a_waiver_is_a_name_and_why_is_none() -> None:
    """Also messages that state no facts mark what names a person."""
    fields = waiver_pb2.Waiver.DESCRIPTOR.fields

    assert {field.name for field in fields if holds_name(field)} == {"requested_by", "approved_by"}


@pytest.mark.parametrize("name", sorted(personal_facts()))
def test_a_check_may_only_ask_whether_somebody_is_named(name: str) -> None:
    """No comparator that looks at the text fits a name, so that a verdict outlives its erasure."""
    assert known_facts()[name].comparators == ("stated",)


@pytest.mark.parametrize(
    "spelling",
    ["Jane Doe", "  jane   doe ", "JANE DOE", "\uff2a\uff41\uff4e\uff45 Doe", "person:Jane Doe", "Person: jane doe"],
)
def test_spellings_of_one_name_are_one(spelling: str) -> None:
    """Case, width, spaces and the prefix of a caller make no other person."""
    assert same_name(spelling) == "jane doe"


def test_different_names_stay_different() -> None:
    """A service and a person of the same name are two."""
    assert len({same_name(name) for name in ("jane", "joe", "service:jane", "jane doe", "")}) == 5


def _settle(*names: str) -> tuple[object, tuple[Conflict, ...]]:
    proposal = bare_proposal()
    for index, name in enumerate(names):
        proposal.evidence.append(observation(OWNER, subject="crm", grade=2, value=name, source_uri=f"file:{index}"))
    settled, conflicts = normalise(proposal)
    return get_fact(settled, FactRef(OWNER, "crm")), conflicts


def test_sources_that_name_different_people_disagree_without_naming_them() -> None:
    """The conflict is reported with its sources, and shows that each names somebody, not whom."""
    value, (conflict,) = _settle("Jane Doe", "Joe Bloggs")

    assert value is None
    assert conflict.unresolved
    assert [(each.value, each.source_uri) for each in conflict.candidates] == [(NAMED, "file:0"), (NAMED, "file:1")]


def test_the_order_of_a_conflict_does_not_tell_names() -> None:
    """Candidates stand in the order of their sources, whichever name comes first in the alphabet."""
    assert _settle("a", "b")[1] == _settle("b", "a")[1]


def test_two_spellings_of_one_name_are_no_conflict() -> None:
    """Sources that spell the same person differently agree."""
    value, conflicts = _settle("Jane Doe", "jane doe")

    assert value in ("Jane Doe", "jane doe")
    assert conflicts == ()


def test_a_name_and_an_empty_text_disagree() -> None:
    """Nobody is not somebody."""
    _, (conflict,) = _settle("", "Jane Doe")

    assert {each.value for each in conflict.candidates} == {"", NAMED}
