"""What is recalled from one proposal to the next is what would have been concluded without."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from readygate.v1.evidence_pb2 import FACT_STATEMENT_KIND_NOT_APPLICABLE, EvidenceGrade
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals import readings
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.readings import recalled_parts_of
from readygate_server.adapters.proposals.validation import is_certainly_sound, validate_proposal
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.bootstrap.local import fact_directory
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.domain.errors import InvalidInputError
from readygate_server.domain.memory import Memory
from readygate_server.domain.vocabulary import Gate, Tier
from readygate_server.grpc_api import judging
from readygate_server.grpc_api.decision_messages import decision_message
from readygate_server.grpc_api.judging import judge
from readygate_server.grpc_api.requests import Asked
from tests.builders import AS_OF, full_rules
from tests.properties.generated import Sketch, all_facts, candidates, moment

PROPOSALS = 1_500
FEW = 7
DAYS = (AS_OF, AS_OF, "2027-03-01")
NO_WORD = "source.accuracy"


def some_proposals(count: int) -> list[Proposal]:
    """Returns proposals that differ from each other in little, so that most parts of one were in others."""
    chance = random.Random(4)  # noqa: S311 -- no secret
    made = []
    for _ in range(count):
        changed = chance.sample(all_facts(), chance.randrange(4))
        sketch = Sketch(
            chance.choice(tuple(Tier)),
            chance.choice(tuple(Gate)),
            changes=tuple((ref, chance.choice(candidates(ref.fact))) for ref in changed),
            gone=tuple(chance.sample(all_facts(), chance.randrange(3))),
        )
        if chance.random() < 0.3:
            sketch = replace(sketch, evidence=((chance.randrange(99), chance.randrange(1, 5), chance.randrange(900)),))
        proposal = sketch.made()
        if chance.random() < 0.1:
            source = chance.choice(proposal.data_sources)
            source.ClearField("accuracy")
            proposal.statements.add(
                fact=NO_WORD,
                subject=source.id,
                kind=FACT_STATEMENT_KIND_NOT_APPLICABLE,
                reason=f"reason {chance.randrange(3)}",
                stated_by="somebody",
            )
        if chance.random() < 0.2:
            observed = proposal.evidence.add(
                facts=["source.completeness"], grade=EvidenceGrade.ValueType(chance.randrange(1, 5))
            )
            observed.subject = chance.choice(proposal.data_sources).id
            observed.as_of.CopyFrom(moment(chance.choice((5, 900))))
            observed.value.number = chance.choice((0.2, 0.99, 1.0))
        made.append(proposal)
    return made


@pytest.fixture(scope="module")
def proposals() -> list[Proposal]:
    """The proposals, those left out that no server would judge."""
    return [each for each in some_proposals(PROPOSALS) if not validate_proposal(each)]


def answers(active: ActiveRuleset, proposals: list[Proposal], *, recall: bool = True) -> list[bytes]:
    """Returns all decisions under one ruleset that was made ready once, at changing gates and days."""
    chance = random.Random(5)  # noqa: S311 -- no secret
    given = []
    for proposal in proposals:
        question = Question(chance.choice(tuple(Gate)), chance.choice(DAYS), full=chance.random() < 0.1)
        decision = evaluate(active, dossier_of(proposal, recalled_parts_of(proposal) if recall else None), question)
        given.append(decision_message(decision, fact_directory()).SerializeToString(deterministic=True))
    return given


def full_ruleset(generation: int) -> ActiveRuleset:
    """Returns the 68 rules with a memory of their own, or with none."""
    known = full_rules()
    active = ActiveRuleset(known.ruleset, known.expressions, known.classes)
    active.memory = Memory(generation) if generation else None
    return active


def test_recalled_conclusions_are_those_of_judging_anew(
    proposals: list[Proposal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has judged many similar proposals answers each as one that has judged none, bit for bit."""
    remembering = answers(full_ruleset(2048), proposals)
    monkeypatch.setattr(readings, "_kept", Memory(1))

    assert answers(full_ruleset(0), proposals, recall=False) == remembering
    assert len(set(remembering)) > len(proposals) / 2


def test_a_memory_that_forgets_all_the_time_changes_nothing(proposals: list[Proposal]) -> None:
    """What is forgotten is concluded again."""
    some = proposals[: len(proposals) // FEW]

    assert answers(full_ruleset(FEW), some) == answers(full_ruleset(0), some)


def test_what_is_held_for_sound_at_a_glance_is_sound() -> None:
    """A proposal in which no part looks wrong has no fault, and most proposals can be told so."""
    made = some_proposals(PROPOSALS)
    glances = [(each, is_certainly_sound(each, recalled_parts_of(each))) for each in made]

    assert not [each for each, sound in glances if sound and validate_proposal(each)]
    assert sum(sound for _, sound in glances) > len(made) / 2


def test_an_answer_that_is_recalled_is_the_one_that_was_given(
    proposals: list[Proposal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often and in whatever order a server is asked, an answer has the bytes of one that was never recalled."""
    chance = random.Random(6)  # noqa: S311 -- no secret
    gate, active = ServedRules(), full_ruleset(2048)
    few = proposals[: len(proposals) // (FEW * FEW)]
    asked = [
        (each, Asked(wish, day, full)) for each in few for wish in Gate for day in DAYS[1:] for full in (True, False)
    ]
    given: dict[int, bytes] = {}
    for place in chance.sample(range(len(asked)), len(asked)) * 3:
        proposal, question = asked[place]
        body = judge(gate, active, gate.dossier_of(proposal), question).body
        assert given.setdefault(place, body) == body

    monkeypatch.setattr(judging, "_kept", Memory(1))
    alone = full_ruleset(0)
    for place, (proposal, question) in enumerate(asked):
        assert judge(gate, alone, dossier_of(proposal), question).body == given[place]


@pytest.mark.parametrize("number", [9, -1])
def test_a_grade_without_a_name_is_refused_and_not_read(number: int) -> None:
    """A server reads parts before it checks them, and what it can not read is a fault of the proposal."""
    (proposal,) = some_proposals(1)
    proposal.evidence.add(facts=["gov.*"], grade=number)  # as another version might send it

    with pytest.raises(InvalidInputError) as caught:
        ServedRules().dossier_of(proposal)

    assert any("grade has no name" in str(fault) for fault in caught.value.faults)
