"""Whatever people may state comes back as they stated it, out of a workbook and out of YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.questionnaires import (
    EXAMPLE,
    cells_of,
    form,
    open_form,
    opened,
    proposal_of,
    put,
    returned,
    typed,
    values,
    yaml_with,
)

from readygate.v1.evidence_pb2 import EVIDENCE_GRADE_E0_CLAIMED
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.vocabulary import Kind
from readygate_server.adapters.questionnaire.form import Question
from readygate_server.adapters.questionnaire.returned import answered
from readygate_server.adapters.questionnaire.workbook import workbook
from readygate_server.adapters.questionnaire.written import proposal_text
from readygate_server.adapters.questionnaire.yaml_form import yaml_text
from readygate_server.adapters.questionnaire.yaml_returned import read_yaml_form

Stated = dict[Question, Any]


@st.composite
def stated(draw: st.DrawFn) -> Stated:
    """Draws some questions of the form with an answer to each."""
    chosen = draw(
        st.lists(st.sampled_from(list(open_form().questions)), min_size=1, max_size=25, unique_by=lambda q: q.path)
    )
    return {question: draw(values(question.field)) for question in chosen}


def check(found: Proposal, facts: Stated) -> None:
    """Holds a proposal to exactly what was stated, each fact with its evidence."""
    for question in open_form().questions:
        value = get_fact(found, question.ref)
        # A guardrail without metrics has none, whether or not it has somebody who decides.
        assert (value or None if question.field.kind is Kind.METRICS else value) == facts.get(question), question.path
    assert sorted((each.facts[0], each.subject) for each in found.evidence) == sorted(
        question.ref for question in facts
    )
    assert {each.grade for each in found.evidence} == {EVIDENCE_GRADE_E0_CLAIMED}
    assert not any(each.attested_by or each.source_uri or each.HasField("as_of") for each in found.evidence)
    assert read_proposal(proposal_text(found), file="again.yaml")[0] == found


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=stated())
def test_a_workbook_gives_the_facts_that_were_filled_in(facts: Stated, tmp_path: Path) -> None:
    """Write, fill in, save, read: the same facts, and nothing of what was left empty."""
    book = opened()
    for question, value in facts.items():
        put(cells_of(book, question.path)["value"], typed(question, value))
    check(answered(returned(book, tmp_path), file="form.xlsx"), facts)


@settings(max_examples=25, deadline=None)
@given(facts=stated())
def test_yaml_gives_the_facts_that_were_filled_in(facts: Stated) -> None:
    """The same holds for YAML."""
    text = yaml_with(yaml_text(open_form()), {question.path: value for question, value in facts.items()})
    check(answered(read_yaml_form(text, file="form.yaml"), file="form.yaml"), facts)


def test_what_a_proposal_states_comes_back_and_changes_nothing(tmp_path: Path) -> None:
    """A form that nobody touched repeats the proposal, so that joining it adds nothing."""
    text = EXAMPLE.read_text(encoding="utf-8")
    known, asked = proposal_of(text), form(text)
    for back in (returned(opened(workbook(asked)), tmp_path), read_yaml_form(yaml_text(asked), file="form")):
        alone = answered(back, file="form")
        filled = [question for question in asked.questions if question.stated is not None]
        assert len(filled) > 50
        assert all(get_fact(alone, question.ref) == get_fact(known, question.ref) for question in filled)
        assert not answered(back, file="form", known=known).evidence


def test_metrics_keep_their_limits(tmp_path: Path) -> None:
    """A guardrail is a line with its limit after a colon."""
    book = opened()
    put(cells_of(book, "value.guardrails.members")["value"], "complaints: 2 %\nhandling time")
    members = answered(returned(book, tmp_path), file="form.xlsx").value.guardrails.members
    assert [(each.metric, each.limit) for each in members] == [("complaints", "2 %"), ("handling time", "")]


def test_an_empty_form_states_nothing(tmp_path: Path) -> None:
    """What comes back as it was sent has assets and not one fact."""
    for back in (returned(opened(), tmp_path), read_yaml_form(yaml_text(open_form()), file="form")):
        found = answered(back, file="form")
        assert (len(found.evidence), len(found.statements), len(found.data_sources)) == (0, 0, 2)
        assert not any(get_fact(found, question.ref) is not None for question in open_form().questions)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.WHOLE, Kind.MOMENT)])
def test_every_kind_of_fact_is_asked_for(kind: Kind) -> None:
    """The form of the tests leaves no kind of value untried."""
    assert any(question.field.kind is kind for question in open_form().questions)
