"""Reading proposals from YAML and JSON: what is built, and every fault with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from tests.adapters.proposals.builders import SUBJECTS, proposal_with, stated_facts

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.reader import build_proposal, read_proposal
from readygate_server.adapters.proposals.vocabulary import GROUPS, fact_fields
from readygate_server.adapters.yaml_text import Mark, read_yaml
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import FaultsError

FILE = "p.yaml"
EXAMPLES = Path(__file__).parents[3] / "clients" / "examples"
GOOD = """\
id: refund-agent
title: Refunds
deployment:
  autonomy_level: l4_approver
  audience: [customer, staff]
  go_live_on: 2027-03-01
data_sources:
  - id: crm
    completeness: 1
    uses: {members: [customer_state]}
    corpus: {conflict_count: 3}
value:
  guardrails: {members: [{metric: complaints, limit: 2 %}], stop_decider: Ada}
evidence:
  - facts: [source.*]
    subject: crm
    grade: e2_measured
    collected_at: 2026-10-01T10:00:00+02:00
    as_of: 2026-10-01
  - facts: [source.validity]
    subject: crm
    value: 0.97
statements:
  - {fact: ops.site_readiness, kind: not_applicable, reason: no site, stated_by: Ada}
"""


def _read(text: str) -> Proposal:
    return read_proposal(text, file=FILE)[0]


def _faults(text: str) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        read_proposal(text, file=FILE)
    return [str(fault).removeprefix(f"{FILE}:") for fault in caught.value.faults]


def test_a_proposal_is_read_into_its_message() -> None:
    """Short names, lists for sets, whole numbers for real ones, days and points in time become the contract's types."""
    proposal = _read(GOOD)

    assert get_fact(proposal, FactRef("deployment.autonomy_level")) == "l4_approver"
    assert get_fact(proposal, FactRef("deployment.audience")) == ("customer", "staff")
    assert get_fact(proposal, FactRef("source.completeness", "crm")) == 1.0
    assert get_fact(proposal, FactRef("source.uses", "crm")) == ("customer_state",)
    assert get_fact(proposal, FactRef("corpus.conflict_count", "crm")) == 3
    assert proposal.value.guardrails.members[0].limit == "2 %"
    assert proposal.evidence[0].collected_at.ToJsonString() == "2026-10-01T08:00:00Z"
    assert proposal.evidence[0].as_of.ToJsonString() == "2026-10-01T00:00:00Z"
    assert proposal.evidence[1].value.number == 0.97
    assert proposal.statements[0].stated_by == "Ada"


def test_the_document_knows_where_facts_stood() -> None:
    """The document that comes with the message leads from a path to its line and column."""
    _, document = read_proposal(GOOD, file=FILE)

    assert document.mark(("data_sources", 0, "completeness")) == Mark(9, 19)


def test_json_is_read_like_yaml() -> None:
    """The same proposal in JSON gives the same message."""
    document = read_yaml(GOOD, file=FILE)

    assert _read(json.dumps(document.data)) == _read(GOOD)


def plain_data(facts: list[tuple[FactRef, FactValue]]) -> dict[str, Any]:
    """Returns facts as the plain data of a proposal file."""
    data: dict[str, Any] = {
        "id": "refund-agent",
        "title": "Refund agent",
        "data_sources": [{"id": "crm", "title": "Customer records"}],
        "apis": [{"id": "orders", "title": "Order API"}],
        "workflows": [{"id": "refunds", "title": "Refunds"}],
    }
    for ref, value in facts:
        field = fact_fields()[ref.fact]
        holder = data
        for step in (*GROUPS[field.group], *field.path[:-1]):
            holder = holder.setdefault(step, {})
            holder = holder[0] if isinstance(holder, list) else holder
        names = (
            [{"metric": name} for name in value] if isinstance(value, tuple) and field.path[-1] == "members" else value
        )
        holder[field.path[-1]] = list(names) if isinstance(names, tuple) else names
    return data


@given(stated_facts())
def test_every_fact_has_one_way_to_be_written(facts: list[tuple[FactRef, FactValue]]) -> None:
    """Any facts written as YAML data read to the message in which they were set one by one."""
    document = read_yaml(json.dumps(plain_data(facts)), file=FILE)

    assert build_proposal(document.data, document) == proposal_with(facts)
    assert set(SUBJECTS.values()) == {"", "crm", "orders", "refunds"}


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.name)
def test_the_examples_read(file: Path) -> None:
    """Every example proposal is read without a fault."""
    assert read_proposal(file.read_text(encoding="utf-8"), file=str(file))[0].id


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1:1: the value has the wrong type: got null, expected the fields of a proposal"),
        ("[]", "1:1: the value has the wrong type: got [], expected the fields of a proposal"),
        ("title: x", "1:1: an id is required: expected 1 to 63"),
        ("id: Refund Agent", "1:5: the id is not well formed: got 'Refund Agent'"),
        ("id: 7", "1:5: the value has the wrong type: got 7, expected text"),
        ("id: x\ntitel: y", "2:1: the field is not known: got 'titel'; did you mean title?"),
        (
            "id: x\ndeployment:\n  autonomy: 1",
            "3:3: the field is not known: got 'autonomy'; did you mean autonomy_level?",
        ),
        ("id: x\norg: 3", "2:6: the value has the wrong type: got 3, expected a mapping of fields"),
        ("id: x\napis: {}", "2:7: the value has the wrong type: got a mapping, expected a list"),
        ("id: x\napis: [7]", "2:8: the value has the wrong type: got 7, expected a mapping of fields"),
        ("id: x\napis: [{title: y}]", "2:8: an id is required"),
        ("id: x\nops: {regression_gate: null}", "2:24: null is no value: got null, expected leave the field out"),
        ("id: x\nops: {regression_gate: 1}", "2:24: the value has the wrong type: got 1, expected true or false"),
        ("id: x\nops: {eval_set_size: 3.0}", "2:22: the value has the wrong type: got 3.0, expected a whole number"),
        ("id: x\nops: {slice_gap: 1.01}", "2:18: the value is out of range: got 1.01, expected a number from 0 to 1"),
        ("id: x\nops: {slice_gap: .nan}", "2:18: a number must be finite: got .nan"),
        ("id: x\nops: {next_review: 2026-02-30}", "2:20: the day does not exist"),
        ("id: x\nops: {supervised_run: {agreement: 2}}", "2:35: the value is out of range: got 2"),
        (
            "id: x\ngov: {contract_terms: price_cap}",
            "2:23: the value has the wrong type: got 'price_cap', expected a list",
        ),
        ("id: x\ngov: {contract_terms: [pricecap]}", "2:24: the name is not known: got 'pricecap'"),
        ("id: x\ngov: {contract_terms: {members: 1}}", "2:33: the value has the wrong type: got 1, expected a list"),
        ("id: x\ngov: {contract_terms: {}}", "2:23: a set needs its members"),
        ("id: x\ndeployment: {target_gate: GATE_PILOT}", "2:27: the name is not known: got 'GATE_PILOT'"),
        ("id: x\nvalue: {guardrails: {members: [{limit: a}]}}", "2:32: a guardrail needs a metric"),
        ("id: x\nevidence: [{grade: e0_claimed}]", "2:12: evidence needs the facts that it covers"),
        ("id: x\nevidence: [{facts: [ops.speed]}]", "2:21: there is no such fact: got 'ops.speed'"),
        ("id: x\nevidence: [{facts: [evidence.grade]}]", "2:21: a fact about evidence needs no evidence"),
        ("id: x\nevidence: [{facts: [api.*], subject: a}]", "2:38: the proposal has no such API: got 'a'"),
        ("id: x\nevidence: [{facts: [api.*]}]", "2:12: api.* belongs to one API: got no subject"),
        ("id: x\nevidence: [{facts: [ops.*], grade: E2}]", "2:36: the name is not known: got 'E2'"),
        ("id: x\nevidence: [{facts: [ops.*], as_of: 2026-10-01T08:00:00}]", "2:36: this is no point in time"),
        ("id: x\nevidence: [{facts: [ops.*], as_of: 2026-13-01}]", "2:36: this is no point in time"),
        ("id: x\nevidence: [{facts: [ops.*], value: 1}]", "2:36: a value belongs to exactly one fact"),
        ("id: x\nevidence: [{facts: [ops.slice_gap], value: 7}]", "2:44: the value is out of range: got 7"),
        ("id: x\nstatements: [{fact: ops.slice_gap, kind: not_stated}]", "2:14: a statement needs a reason"),
        ("id: x\nstatements: [{fact: ops.slice_gap, kind: n_a, reason: r}]", "2:42: the name is not known: got 'n_a'"),
        ("id: x\nstatements: [{fact: ops.slice_gap, reason: r}]", "2:14: a statement needs its kind"),
        ("id: x\nstatements: [{fact: ops.*, kind: not_stated, reason: r}]", "2:21: a statement is about one fact"),
        (
            "id: x\nops: {slice_gap: 0}\nstatements: [{fact: ops.slice_gap, kind: not_stated, reason: r}]",
            "3:21: the fact has a value",
        ),
        (f"id: x\ntitle: {'a' * 4001}", "2:8: the text is too long: got 4001 characters, expected at most 4000"),
        (
            f"id: x\napis: [{', '.join(f'{{id: a{n}}}' for n in range(201))}]",
            "2:7: the list is too long: got 201 entries",
        ),
    ],
)
def test_a_fault_is_told_once_at_its_place(text: str, fault: str) -> None:
    """Each kind of fault comes alone, with line, column, what stood there and what may stand there."""
    faults = _faults(text)

    assert len(faults) == 1, faults
    assert faults[0].startswith(fault)


def test_an_id_that_is_taken_twice_is_told_at_both_places() -> None:
    """Ids are unique over data sources, APIs and workflows; a fault stands at each use."""
    faults = _faults("id: x\napis: [{id: a}]\nworkflows: [{id: b}, {id: a}]\n")

    assert [fault.split(": ")[0] for fault in faults] == ["2:13", "3:27"]


def test_every_fault_of_a_file_is_told_at_once() -> None:
    """Faults of shape, of value and of reference come together, sorted by place."""
    text = "id: x\norg: {roles_filled: 2, roles: 1}\nevidence:\n  - facts: [org.x]\n    grade: 3\n"

    assert [fault.split(": ")[0] for fault in _faults(text)] == ["2:21", "2:24", "4:13", "5:12"]


def test_a_fault_of_the_text_hides_no_fault_of_the_rest() -> None:
    """A number that is none and a repeated key are told once, together with all else that is wrong."""
    text = "id: X\nops: {slice_gap: .nan, eval_set_size: 1e999}\norg: &a {roles: 1}\norg: {}\nops: 3\n"

    assert [fault.split(": got")[0] for fault in _faults(text)] == [
        "1:5: the id is not well formed",
        "2:18: a number must be finite",
        "2:39: the number is too large",
        "3:6: anchors are not accepted",
        "3:10: the field is not known",
        "4:1: the key 'org' stands here twice: expected only the one in line 3",
        "5:1: the key 'ops' stands here twice: expected only the one in line 2",
    ]


def test_an_asset_without_an_id_is_no_choice() -> None:
    """What is offered in place of an unknown asset are the ids that there are."""
    text = "id: x\napis: [{id: a}, {title: b}]\nevidence: [{facts: [api.*], subject: c}]\n"

    assert [fault for fault in _faults(text) if "no such API" in fault] == [
        "3:38: the proposal has no such API: got 'c', expected one of a"
    ]


@pytest.mark.parametrize("end", ["? [a]\n: 1", "*a : 1", "---\nid: x", "b: ]", "b: \x07"])
def test_a_text_of_which_parts_are_missing_is_not_judged_further(end: str) -> None:
    """Where the text can not be read as a whole, nothing is said about the part that could."""
    faults = _faults(f"id: X\n{end}\n")

    assert len(faults) == 1
    assert not faults[0].startswith("1:")


def test_an_enum_value_that_says_unknown_is_accepted_and_counts_as_absent() -> None:
    """People may write that a value is not known; the fact then has no value, and may be spoken of in a statement."""
    proposal = _read(
        "id: x\ndata_sources: [{id: a, authority: unknown}]\n"
        "statements: [{fact: source.authority, subject: a, kind: not_stated, reason: nobody said}]\n"
    )

    assert get_fact(proposal, FactRef("source.authority", "a")) is None
