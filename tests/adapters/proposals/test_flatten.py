"""Facts of a proposal as plain values."""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.adapters.proposals.builders import (
    VALUED,
    bare_proposal,
    proposal_with,
    ref_of,
    stated_facts,
)

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.flatten import facts_of, is_stated
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.personal import shown
from readygate_server.adapters.proposals.vocabulary import UNKNOWN, fact_fields, parts_of
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.vocabulary import Scope


@given(stated_facts(max_size=30))
def test_flattening_agrees_with_reading_fact_by_fact(facts: list[tuple[FactRef, FactValue]]) -> None:
    """Every fact has the value that its path gives, names apart, and what has no value has no key."""
    proposal = proposal_with(facts)
    flat = facts_of(proposal)

    got = {ref_of(field): get_fact(proposal, ref_of(field)) for field in VALUED}

    assert {ref: flat.get(ref) for ref in got} == {
        ref: None if value is None else shown(ref.fact, value) for ref, value in got.items()
    }
    stated = len(flat.deployment) + sum(len(each) for scope in Scope for name, each in flat.of(scope) if name)
    assert stated == sum(value is not None for value in got.values())


def test_assets_are_sorted_by_id() -> None:
    """Assets stand in the order of their ids, so that sums over them do not depend on the file."""
    proposal = Proposal(id="x")
    for name in ("orders", "crm", "kb"):
        proposal.data_sources.add(id=name, completeness=0.5)

    assert [name for name, _ in facts_of(proposal).of(Scope.SOURCE)] == ["crm", "kb", "orders"]


def test_zero_false_and_empty_are_values() -> None:
    """What is stated as 0, false, an empty text or an empty set is known; only what is left out is unknown."""
    proposal = bare_proposal()
    proposal.ops.eval_critical_failures = 0
    proposal.ops.regression_gate = False
    proposal.gov.inventory_id = ""
    proposal.deployment.audience.SetInParent()

    assert facts_of(proposal).deployment == {
        "ops.eval_critical_failures": 0,
        "ops.regression_gate": False,
        "gov.inventory_id": "",
        "deployment.audience": (),
    }


@pytest.mark.parametrize("name", [name for name, field in fact_fields().items() if UNKNOWN in field.choices])
def test_an_enum_value_that_is_called_unknown_is_absent(name: str) -> None:
    """Saying `unknown` states nothing."""
    field = fact_fields()[name]
    proposal = bare_proposal()
    holder = proposal.deployment if field.scope is Scope.DEPLOYMENT else proposal.data_sources[0]
    setattr(holder, field.path[-1], field.choices[UNKNOWN])

    assert facts_of(proposal) == facts_of(bare_proposal())


def test_a_composite_fact_is_stated_by_its_parts() -> None:
    """A composite fact has no key of its own; it is stated when one of its parts is."""
    proposal = bare_proposal()
    proposal.data_sources[0].accuracy.ratio = 0.99
    (_, facts), *_ = facts_of(proposal).of(Scope.SOURCE)

    assert "source.accuracy" not in facts
    assert is_stated(facts, parts_of("source.accuracy"))
    assert not is_stated(facts, parts_of("source.owner"))


def test_corpus_facts_belong_to_their_source() -> None:
    """Facts of a knowledge corpus are found under the id of the data source."""
    proposal = bare_proposal()
    proposal.data_sources[0].corpus.stale_share = 0.1

    assert facts_of(proposal).get(FactRef("corpus.stale_share", "crm")) == 0.1


def test_guardrails_are_known_by_their_metrics() -> None:
    """The set of guardrails is the set of their metrics."""
    proposal = bare_proposal()
    proposal.value.guardrails.members.add(metric="refusals", limit="3 %")
    proposal.value.guardrails.members.add(metric="complaints")
    proposal.value.guardrails.stop_decider = "Ada"

    assert facts_of(proposal).deployment == {
        "value.guardrails.members": ("complaints", "refusals"),
        "value.guardrails.stop_decider": "(named)",
    }
