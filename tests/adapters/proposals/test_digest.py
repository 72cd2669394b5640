"""The digest over what a proposal says."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.proposals.builders import bare_proposal, observation, proposal_with, stated_facts

from readygate.v1.data_source_pb2 import SOURCE_AUTHORITY_UNKNOWN, SOURCE_USE_ACTION_STATE, SOURCE_USE_REFERENCE
from readygate.v1.deployment_pb2 import AUDIENCE_CUSTOMER, AUDIENCE_STAFF
from readygate.v1.evidence_pb2 import FactStatement
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.digest import canonical_text, facts_digest
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.domain.facts import FactRef, FactValue

LISTS = ("data_sources", "apis", "workflows", "evidence", "statements")


def _full() -> Proposal:
    proposal = bare_proposal()
    proposal.data_sources.add(id="kb", title="Articles", completeness=0.9)
    proposal.data_sources[0].uses.members.extend([SOURCE_USE_REFERENCE, SOURCE_USE_ACTION_STATE])
    proposal.apis.add(id="billing", latency_p95=200)
    proposal.workflows.add(id="returns")
    proposal.deployment.audience.members.extend([AUDIENCE_STAFF, AUDIENCE_CUSTOMER])
    proposal.deployment.dependencies.members.extend(["crm", "orders"])
    proposal.value.guardrails.members.add(metric="complaints", limit="2 %")
    proposal.value.guardrails.members.add(metric="refusals")
    proposal.evidence.append(observation("source.completeness", "source.validity", subject="kb", grade=3, as_of=9))
    proposal.evidence.append(observation("api.*", subject="orders"))
    proposal.evidence.append(observation("deployment.audience", value=("staff", "customer")))
    proposal.statements.append(FactStatement(fact="ops.site_readiness", kind=1, reason="none"))  # type: ignore[arg-type]
    proposal.statements.append(FactStatement(fact="gov.legal_basis", kind=2, reason="silent"))  # type: ignore[arg-type]
    return proposal


def _shuffled(proposal: Proposal, order: random.Random) -> Proposal:
    """Returns the proposal with every list in another order."""
    other = Proposal()
    other.CopyFrom(proposal)
    sets = [other.deployment.audience.members, other.deployment.dependencies.members, other.value.guardrails.members]
    repeated: list[Any] = [*(getattr(other, name) for name in LISTS), *sets]
    repeated += [entry.facts for entry in other.evidence]
    for items in repeated:
        mixed = list(items)
        order.shuffle(mixed)
        del items[:]
        items.extend(mixed)
    return other


@given(st.randoms(use_true_random=False))
def test_the_order_of_lists_does_not_change_the_digest(order: random.Random) -> None:
    """Assets, names, evidence and statements may stand in any order."""
    assert facts_digest(_shuffled(_full(), order)) == facts_digest(_full())


@given(stated_facts(), stated_facts())
def test_different_facts_have_different_digests(
    one: list[tuple[FactRef, FactValue]], other: list[tuple[FactRef, FactValue]]
) -> None:
    """Two proposals have the same digest exactly when their facts are the same."""
    first, second = proposal_with(one), proposal_with(other)

    same = json.dumps(_flat(first)) == json.dumps(_flat(second))

    assert (facts_digest(first) == facts_digest(second)) is same


def _flat(proposal: Proposal) -> list[object]:
    facts = facts_of(proposal)
    return [sorted(facts.deployment.items()), *(sorted(dict(each[0][1]).items()) for each in facts.assets.values())]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: setattr(p, "id", "other"),
        lambda p: setattr(p, "title", "other"),
        lambda p: setattr(p.apis[0], "title", "other"),
        lambda p: setattr(p.apis[1], "id", "other"),
        lambda p: setattr(p.apis[0], "writes", False),
        lambda p: setattr(p.data_sources[1], "completeness", 0.0),
        lambda p: p.data_sources[1].ClearField("completeness"),
        lambda p: p.deployment.audience.members.append(2),
        lambda p: p.deployment.ClearField("audience"),
        lambda p: setattr(p.value.guardrails.members[0], "limit", "3 %"),
        lambda p: setattr(p.value.guardrails.members[1], "metric", "losses"),
        lambda p: p.evidence.pop(),
        lambda p: setattr(p.evidence[0], "subject", "crm"),
        lambda p: setattr(p.evidence[0], "grade", 2),
        lambda p: p.evidence[0].ClearField("grade"),
        lambda p: setattr(p.evidence[0].as_of, "seconds", 8),
        lambda p: p.evidence[0].collected_at.SetInParent(),
        lambda p: p.evidence[0].expires_at.SetInParent(),
        lambda p: setattr(p.evidence[0], "source_uri", "https://x.example"),
        lambda p: setattr(p.evidence[0], "source_digest", "sha256:0"),
        lambda p: setattr(p.evidence[0], "collector", "tool"),
        lambda p: setattr(p.evidence[0], "collector_version", "2"),
        lambda p: setattr(p.evidence[0], "attested_by", "Ada"),
        lambda p: p.evidence[2].value.names.members.append("partner"),
        lambda p: p.evidence[2].ClearField("value"),
        lambda p: p.statements.pop(),
        lambda p: setattr(p.statements[0], "reason", "other"),
        lambda p: setattr(p.statements[0], "stated_by", "Ada"),
    ],
)
def test_every_part_is_digested(change: Callable[[Proposal], object]) -> None:
    """Whatever is changed, added or taken away changes the digest."""
    proposal = _full()
    change(proposal)

    assert facts_digest(proposal) != facts_digest(_full())


def test_unknown_said_and_unknown_unsaid_are_the_same() -> None:
    """An enum value that is called unknown, or an empty part of a proposal, adds nothing to the digest."""
    proposal = _full()
    proposal.data_sources[0].authority = SOURCE_AUTHORITY_UNKNOWN
    proposal.org.SetInParent()
    proposal.apis[0].lifecycle.SetInParent()

    assert facts_digest(proposal) == facts_digest(_full())


def test_names_of_people_can_be_erased_without_a_trace_in_the_digest() -> None:
    """Who attests or states something is not digested, only that somebody does."""
    named, renamed, nameless = _full(), _full(), _full()
    for proposal, name in ((named, "Ada"), (renamed, "(erased)"), (nameless, "")):
        proposal.evidence[0].collector = proposal.evidence[0].attested_by = proposal.statements[0].stated_by = name

    assert facts_digest(named) == facts_digest(renamed)
    assert facts_digest(named) != facts_digest(nameless)
    assert b"Ada" not in canonical_text(named)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3.0, "3.0"),
        (-0.0, "0.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
        (1.5e300, "1.5e300"),
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_have_one_text(number: float, text: str) -> None:
    """Very large and very small numbers are written in one way, whatever the version of the encoder."""
    proposal = bare_proposal()
    proposal.value.unit_cost.baseline = number

    assert f'"value.unit_cost.baseline":{text}'.encode() in canonical_text(proposal)
    assert float(text) == number


def test_the_digest_has_the_form_that_the_contract_says() -> None:
    """A digest is `sha256:` and 64 hexadecimal digits, over JSON with sorted keys and no spaces."""
    text = canonical_text(_full()).decode()

    assert re.fullmatch("sha256:[0-9a-f]{64}", facts_digest(_full()))
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text


def test_the_digest_can_be_computed_by_hand() -> None:
    """The digest is that of this very text; another text would make digests of earlier decisions worthless."""
    proposal = bare_proposal()
    proposal.data_sources[0].completeness = 1
    proposal.deployment.audience.members.extend([AUDIENCE_STAFF, AUDIENCE_CUSTOMER])
    proposal.evidence.append(observation("source.completeness", subject="crm", grade=3, as_of=86_400, value=1.0))
    text = (
        '{"apis":[{"facts":{},"id":"orders","title":"Order API"}],'
        '"data_sources":[{"facts":{"source.completeness":1.0},"id":"crm","title":"Customer records"}],'
        '"evidence":[[["source.completeness"],"crm",3,"","",false,"",[],[86400,0],[],false,"1.0"]],'
        '"facts":{"deployment.audience":["customer","staff"]},'
        '"format":2,"id":"refund-agent","statements":[],"title":"Refund agent",'
        '"workflows":[{"facts":{},"id":"refunds","title":"Refunds"}]}'
    )

    expected = f"sha256:{sha256(text.encode()).hexdigest()}"

    assert canonical_text(proposal).decode() == text
    assert facts_digest(proposal) == facts_digest(proposal, facts_of(proposal)) == expected


def test_how_evidence_came_about_is_part_of_the_digest() -> None:
    """Method, parameters and how much was looked at are digested as the rest of evidence is; reasons in no order."""
    digests = set()
    for method, examined, reasons in (
        ("", 0, ""),
        ("a.v1", 0, ""),
        ("a.v1", 7, "xy"),
        ("a.v1", 7, "yx"),
        ("a.v1", 8, "xy"),
    ):
        proposal = _full()
        proposal.evidence[0].method = method
        if examined:
            proposal.evidence[0].coverage.examined = examined
            proposal.evidence[0].coverage.reasons.extend(reasons)
        digests.add(facts_digest(proposal))

    assert len(digests) == 4
    assert facts_digest(_full()) in digests
