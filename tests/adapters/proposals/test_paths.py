"""Facts of a proposal by their paths."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.proposals.builders import VALUED, bare_proposal, ref_of, values_of

from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.paths import clear_fact, field_of, get_fact, has_fact, parse_path, set_fact
from readygate_server.adapters.proposals.personal import shown
from readygate_server.adapters.proposals.values import (
    FactProblemError,
    from_wire,
    to_wire,
    value_from_text,
)
from readygate_server.adapters.proposals.vocabulary import FactField, Kind, all_attributes, all_facts, parts_of
from readygate_server.domain.facts import FactRef, FactValue


@given(st.data())
@pytest.mark.parametrize("field", VALUED, ids=lambda field: field.name)
def test_every_fact_is_written_and_read_back(field: FactField, data: st.DataObject) -> None:
    """What is set is what is got, in value and type, from the message, flattened (names apart), and over the wire."""
    value: FactValue = data.draw(values_of(field))
    proposal = bare_proposal()

    set_fact(proposal, ref_of(field), from_wire(to_wire(value)))
    got = get_fact(proposal, ref_of(field))

    assert got == value
    assert type(got) is type(value)
    assert facts_of(proposal).get(ref_of(field)) == shown(field.name, value)
    assert has_fact(proposal, ref_of(field))


@pytest.mark.parametrize("field", VALUED, ids=lambda field: field.name)
def test_every_fact_can_be_taken_away(field: FactField) -> None:
    """A fact that is cleared is unknown again and leaves no empty message behind that could read as a value."""
    proposal = bare_proposal()
    set_fact(proposal, ref_of(field), _sample(field))

    clear_fact(proposal, ref_of(field))

    assert get_fact(proposal, ref_of(field)) is None
    assert facts_of(proposal) == facts_of(bare_proposal())


def _sample(field: FactField) -> object:
    choices = list(field.choices)
    samples: dict[Kind, object] = {
        Kind.NUMBER: 0.5,
        Kind.INTEGER: 1,
        Kind.FLAG: False,
        Kind.CHOICE: choices[0] if choices else "",
        Kind.CHOICES: choices[:2],
        Kind.IDS: ["crm"],
        Kind.METRICS: ["complaints"],
        Kind.TEXT: "EUR" if field.name.endswith("currency") else "2026-10-01",
    }
    return samples[field.kind]


def test_every_fact_of_the_catalogue_is_reachable() -> None:
    """Each of the 130 facts is a field, has parts, or is said in evidence entries."""
    reached = {name for name in all_facts() if field_of(name).in_proposal or name.startswith("evidence.")}

    assert reached == {fact.name for fact in fact_catalogue()}
    assert {name for name in all_facts() if not field_of(name).in_proposal} == {
        "evidence.grade",
        "evidence.collected_at",
    }


def test_attributes_are_no_facts() -> None:
    """Description attributes have paths as facts have, and stand in no catalogue."""
    attributes = set(all_attributes())

    assert "source.uses" in attributes
    assert "api.replacement_on" in attributes
    assert attributes.isdisjoint(fact.name for fact in fact_catalogue())


def test_parts_of_a_composite_fact() -> None:
    """A composite fact is known by its parts, and a plain fact by itself."""
    assert parts_of("source.accuracy") == ("source.accuracy.ratio", "source.accuracy.sample_size")
    assert parts_of("source.completeness") == ("source.completeness",)
    assert "value.guardrails.members" in parts_of("value.guardrails")


def test_a_composite_fact_is_stated_by_any_part() -> None:
    """A composite fact has a value as soon as one part has, and goes with all its parts."""
    proposal = bare_proposal()
    whole = FactRef("source.accuracy", "crm")
    assert not has_fact(proposal, whole)

    set_fact(proposal, FactRef("source.accuracy.ratio", "crm"), 0.99)
    set_fact(proposal, FactRef("source.accuracy.sample_size", "crm"), 400)
    assert has_fact(proposal, whole)

    clear_fact(proposal, whole)
    assert not has_fact(proposal, whole)


@pytest.mark.parametrize("field", VALUED, ids=lambda field: field.name)
def test_a_path_reads_as_it_prints(field: FactField) -> None:
    """The printed form of every fact with its subject is a path that leads back to it."""
    ref = ref_of(field)

    assert parse_path(str(ref)) == ref
    assert parse_path(ref.fact, subject=ref.subject) == ref


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("completeness", "this is no path of a fact"),
        ("source[crm].completness", "did you mean source.completeness?"),
        ("source.completeness", "source.completeness belongs to one data source: got no subject"),
        ("org[crm].roles_filled", "org.roles_filled occurs once per proposal"),
        ("source[crm].accuracy.mean", "there is no such fact"),
    ],
)
def test_a_wrong_path_says_what_is_wrong(path: str, problem: str) -> None:
    """A path that leads to no fact, or lacks its subject, is refused with what was probably meant."""
    with pytest.raises(FactProblemError) as caught:
        parse_path(path)

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("source[crm].completeness", 1.01, "out of range: got 1.01, expected a number from 0 to 1 (ratio)"),
        ("source[crm].completeness", -0.01, "out of range"),
        ("source[crm].completeness", math.nan, "a number must be finite"),
        ("source[crm].completeness", math.inf, "a number must be finite"),
        ("source[crm].completeness", 10**400, "the number is too large"),
        ("source[crm].completeness", True, "wrong type: got true"),
        ("source[crm].completeness", "0.9", "wrong type: got '0.9'"),
        ("source[crm].accuracy.ratio", 1.5, "out of range"),
        ("source[crm].accuracy.sample_size", 0, "out of range"),
        ("source[crm].accuracy", 0.9, "source.accuracy has no single value"),
        ("source[crn].completeness", 0.9, "the proposal has no such data source: got 'crn'"),
        ("source[crm].authority", "shadow", "did you mean shadow_copy?"),
        ("source[crm].authority", "SOURCE_AUTHORITY_SYSTEM_OF_RECORD", "did you mean system_of_record?"),
        ("source[crm].authority", 1, "wrong type: got 1"),
        ("ops.eval_set_size", 12.0, "wrong type: got 12.0, expected a whole number"),
        ("ops.eval_set_size", 2**31, "the number is too large"),
        ("ops.regression_gate", "yes", "wrong type: got 'yes', expected true or false"),
        ("ops.next_review", "2026-02-30", "the day does not exist"),
        ("ops.next_review", "20261001", "the day does not exist or is written otherwise"),
        ("api[orders].authz_test.tested_on", "1.10.2026", "the day does not exist or is written otherwise"),
        ("ops.spend_cap.currency", "euro", "an ISO 4217 code"),
        ("deployment.audience", "staff", "wrong type: got 'staff', expected a list of"),
        ("deployment.audience", ["staff", "staff"], "stands here twice"),
        ("deployment.audience", ["guests"], "the name is not known"),
        ("deployment.dependencies", ["CRM"], "the id is not well formed"),
        ("deployment.use_case", "x" * 1001, "the text is too long: got 1001 characters, expected at most 1000"),
        ("gov.inventory_id", "x" * 4001, "the text is too long"),
        ("gov.inventory_id", "\ud800", "half a character"),
        ("evidence.grade", "e2_measured", "evidence.grade is said about evidence"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(path: str, value: object, problem: str) -> None:
    """Wrong types, values out of range, unknown names and days that do not exist never get into a proposal."""
    proposal = bare_proposal()
    before = proposal.SerializeToString()

    with pytest.raises(FactProblemError) as caught:
        set_fact(proposal, parse_path(path), value)

    assert problem in str(caught.value)
    assert proposal.SerializeToString() == before


def test_a_whole_number_is_a_number() -> None:
    """An integer is accepted for a real number and read back as one."""
    proposal = bare_proposal()

    set_fact(proposal, FactRef("source.completeness", "crm"), 1)

    assert repr(get_fact(proposal, FactRef("source.completeness", "crm"))) == "1.0"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("source.completeness", "0.9", 0.9),
        ("source.completeness", "1", 1.0),
        ("source.completeness", "null", None),
        ("ops.eval_set_size", "400", 400),
        ("ops.regression_gate", "true", True),
        ("ops.next_review", "2026-10-01", "2026-10-01"),
        ("gov.inventory_id", "0042", "0042"),
        ("deployment.autonomy_level", "l4_approver", "l4_approver"),
        ("deployment.audience", "staff, customer", ("customer", "staff")),
        ("deployment.audience", "[staff]", ("staff",)),
        ("deployment.audience", "", ()),
        ("value.guardrails.members", "complaints,refusals", ("complaints", "refusals")),
    ],
)
def test_a_word_of_the_command_line_is_a_value(name: str, text: str, value: object) -> None:
    """Words are read by the type of the fact: lists by commas, text as it stands, null as taking away."""
    assert value_from_text(field_of(name), text) == value


def test_guardrails_keep_their_limits() -> None:
    """Setting the metrics of the guardrails keeps the limits of those that stay."""
    proposal = bare_proposal()
    proposal.value.guardrails.members.add(metric="complaints", limit="2 %")

    set_fact(proposal, FactRef("value.guardrails.members"), ["refusals", "complaints"])

    assert [(each.metric, each.limit) for each in proposal.value.guardrails.members] == [
        ("complaints", "2 %"),
        ("refusals", ""),
    ]
