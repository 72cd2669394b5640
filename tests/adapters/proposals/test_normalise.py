"""One value per fact: what is settled between a proposal and its evidence."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.proposals.builders import bare_proposal, observation

from readygate.v1.data_source_pb2 import PERMITTED_USE_UNKNOWN, SOURCE_AUTHORITY_SYSTEM_OF_RECORD
from readygate.v1.evidence_pb2 import Evidence
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.normalise import normalise
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.domain.decision import Conflict
from readygate_server.domain.facts import FactRef
from readygate_server.domain.vocabulary import Grade

REF = FactRef("source.completeness", "crm")
E0, E1, E2, E3 = 1, 2, 3, 4
DAY = 86_400
OCTOBER = 1_790_812_800
"""2026-10-01, in seconds."""


def _proposal(*entries: Evidence, inline: float | None = None) -> Proposal:
    proposal = bare_proposal()
    if inline is not None:
        proposal.data_sources[0].completeness = inline
    proposal.evidence.extend(entries)
    return proposal


def _seen(value: float, grade: int = 0, **more: int | str) -> Evidence:
    return observation(REF.fact, subject=REF.subject, grade=grade, value=value, **more)  # type: ignore[arg-type]


def _settled(proposal: Proposal) -> tuple[object, tuple[Conflict, ...]]:
    before = proposal.SerializeToString(deterministic=True)
    settled, conflicts = normalise(proposal)
    assert proposal.SerializeToString(deterministic=True) == before
    return get_fact(settled, REF), conflicts


def test_a_proposal_without_observed_values_is_left_alone() -> None:
    """Where nothing has to be settled the same message comes back, uncopied."""
    proposal = _proposal(observation("source.*", subject="crm", grade=E2), inline=0.9)

    assert normalise(proposal) == (proposal, ())
    assert normalise(proposal)[0] is proposal


def test_an_observed_value_fills_an_absent_fact() -> None:
    """A value that only evidence has becomes the value of the fact, without a conflict."""
    assert _settled(_proposal(_seen(0.9, E2))) == (0.9, ())


def test_equal_values_are_no_conflict() -> None:
    """Sources that agree are in no conflict, whatever their grades."""
    assert _settled(_proposal(_seen(0.9, E2), _seen(0.9, E0), inline=0.9)) == (0.9, ())


def test_the_highest_grade_wins() -> None:
    """A measured value takes the place of a claimed one, and the conflict lists the one in use first."""
    value, conflicts = _settled(_proposal(_seen(0.99, E0, as_of=OCTOBER), _seen(0.9, E2), inline=0.95))

    (conflict,) = conflicts
    assert value == 0.9
    assert (conflict.ref, conflict.unresolved) == (REF, False)
    assert [(each.value, each.grade) for each in conflict.candidates] == [
        (0.9, Grade.E2),
        (0.99, Grade.E0),
        (0.95, None),
    ]


def test_the_newest_state_wins_among_equal_grades() -> None:
    """Of two measurements the one of the newer state counts, and its day is reported."""
    old, new = _seen(0.8, E2, as_of=OCTOBER), _seen(0.9, E2, as_of=OCTOBER + DAY)

    value, conflicts = _settled(_proposal(new, old))

    assert value == 0.9
    assert [each.as_of for each in conflicts[0].candidates] == ["2026-10-02", "2026-10-01"]


def test_the_one_collected_last_wins_among_equal_states() -> None:
    """When two measurements describe the same state the one that was taken later counts."""
    first, second = (_seen(each, E2, as_of=OCTOBER, collected_at=OCTOBER + when) for each, when in ((0.8, 1), (0.9, 2)))

    assert _settled(_proposal(second, first))[0] == 0.9


def test_what_nothing_tells_apart_is_unknown() -> None:
    """Two values of the same standing cancel each other: the fact has no value, and the conflict is unresolved."""
    value, conflicts = _settled(_proposal(_seen(0.8, E2, as_of=OCTOBER), _seen(0.9, E2, as_of=OCTOBER), inline=0.7))

    assert value is None
    assert [conflict.unresolved for conflict in conflicts] == [True]


def test_a_proposal_without_evidence_does_not_outweigh_another_value_of_no_grade() -> None:
    """An ungraded observation that differs from an unbacked value leaves the fact unknown."""
    assert _settled(_proposal(_seen(0.9), inline=0.8))[0] is None


def test_evidence_behind_the_proposals_value_gives_it_its_grade() -> None:
    """The proposal's own value stands as high as the best evidence that covers it, by name or by group."""
    for covering in ("source.completeness", "source.*"):
        backing = observation(covering, subject="crm", grade=E3, source_uri="https://audit.example")
        value, conflicts = _settled(_proposal(_seen(0.9, E2), backing, inline=0.95))

        assert value == 0.95
        assert conflicts[0].candidates[0].source_uri == "https://audit.example"


def test_evidence_about_another_subject_backs_nothing() -> None:
    """Evidence counts only for the asset that it names."""
    proposal = _proposal(_seen(0.9, E2), observation("source.*", subject="kb", grade=E3), inline=0.95)
    proposal.data_sources.add(id="kb")

    assert _settled(proposal)[0] == 0.9


def test_a_part_is_settled_by_itself() -> None:
    """Parts of a composite fact can be observed one by one."""
    proposal = bare_proposal()
    proposal.data_sources[0].accuracy.sample_size = 400
    proposal.evidence.append(observation("source.accuracy.ratio", subject="crm", grade=E2, value=0.99))

    settled, _ = normalise(proposal)

    assert get_fact(settled, FactRef("source.accuracy.ratio", "crm")) == 0.99
    assert get_fact(settled, FactRef("source.accuracy.sample_size", "crm")) == 400


def test_an_observation_that_says_unknown_says_nothing() -> None:
    """Neither an observed `unknown` nor one in the proposal takes part in a conflict or stays as a value."""
    proposal = bare_proposal()
    proposal.data_sources[0].authority = SOURCE_AUTHORITY_SYSTEM_OF_RECORD
    proposal.data_sources[0].permitted_use = PERMITTED_USE_UNKNOWN
    proposal.evidence.append(observation("source.authority", subject="crm", grade=E3, value="unknown"))

    settled, conflicts = normalise(proposal)

    assert conflicts == ()
    assert get_fact(settled, FactRef("source.authority", "crm")) == "system_of_record"
    assert not settled.data_sources[0].HasField("permitted_use")


@given(
    st.lists(
        st.tuples(st.sampled_from([0.8, 0.9, 1.0]), st.integers(0, 4), st.integers(0, 2), st.integers(0, 2)), max_size=6
    ),
    st.sampled_from([None, 0.8, 0.9]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_evidence_does_not_matter(
    rows: list[tuple[float, int, int, int]], inline: float | None, shuffle: random.Random
) -> None:
    """Wherever evidence stands in the list, the same value is in use and the same conflict is reported."""
    entries = [_seen(value, grade, as_of=as_of, collected_at=taken) for value, grade, as_of, taken in rows]
    shuffled = list(entries)
    shuffle.shuffle(shuffled)

    one, conflicts = normalise(_proposal(*entries, inline=inline))
    other, same_conflicts = normalise(_proposal(*shuffled, inline=inline))

    assert facts_of(one) == facts_of(other)
    assert conflicts == same_conflicts
