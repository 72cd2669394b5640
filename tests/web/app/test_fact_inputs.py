"""Facts as fields: what stands in them comes back as the value, and what does not fit is refused."""

from __future__ import annotations

import pytest

from readygate_server.adapters.proposals.paths import get_fact, set_fact
from readygate_server.adapters.proposals.values import FactProblemError
from readygate_server.adapters.proposals.vocabulary import Kind, fact_fields
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.web.app.fact_inputs import fact_input, parse, read_facts, shown
from readygate_server.web.app.forms import Form
from tests.web.serving import example


@pytest.mark.parametrize(
    ("fact", "texts", "value"),
    [
        ("source.completeness", ["0.98"], 0.98),
        ("source.completeness", ["98 %"], 0.98),
        ("source.completeness", ["99.3%"], 0.993),
        ("source.completeness", ["1e-1"], 0.1),
        ("source.completeness", [" "], None),
        ("source.completeness", [], None),
        ("deployment.interactions_per_month", ["50000"], 50_000),
        ("api.spec_valid", ["yes"], True),
        ("api.spec_valid", ["no"], False),
        ("api.spec_valid", [""], None),
        ("deployment.action_effect", ["draft"], "draft"),
        ("deployment.audience", ["staff", "customer"], ("customer", "staff")),
        ("deployment.audience", ["(none)"], ()),
        ("deployment.audience", [], None),
        ("deployment.dependencies", ["crm, orders ,"], ("crm", "orders")),
        ("deployment.dependencies", ["(none)"], ()),
        ("deployment.go_live_on", ["2027-03-01"], "2027-03-01"),
    ],
)
def test_what_is_typed_in_is_a_value(fact: str, texts: list[str], value: FactValue | None) -> None:
    """Each kind of fact as people write it; nothing is unknown."""
    assert parse(fact_fields()[fact], texts) == value


@pytest.mark.parametrize(
    ("fact", "texts"),
    [
        ("source.completeness", ["1,5"]),
        ("source.completeness", ["1.5"]),
        ("source.completeness", ["nan"]),
        ("source.completeness", ["inf"]),
        ("source.completeness", ["0x1"]),
        ("source.completeness", ["1_0"]),
        ("source.completeness", ["9" * 400]),
        ("source.freshness_lag_p95", ["50 %"]),
        ("deployment.interactions_per_month", ["1.5"]),
        ("api.spec_valid", ["maybe"]),
        ("deployment.action_effect", ["nobody"]),
        ("deployment.audience", ["staff", "nobody"]),
        ("deployment.dependencies", ["No Id"]),
        ("deployment.go_live_on", ["2027-02-30"]),
    ],
)
def test_what_does_not_fit_is_refused(fact: str, texts: list[str]) -> None:
    """No guess is made of what was meant."""
    with pytest.raises(FactProblemError):
        parse(fact_fields()[fact], texts)


def test_every_stated_fact_comes_back_as_it_was_shown() -> None:
    """What a form shows of a proposal and sends back untouched changes nothing."""
    proposal = example()
    set_fact(proposal, FactRef("source.completeness", "crm"), 0.1 + 0.2)
    stated = 0
    for subject in ("", "crm", "orders", "kb", "order-api", "erp", "returns"):
        for name, field in fact_fields().items():
            if not field.in_proposal or field.kind in (Kind.WHOLE, Kind.MOMENT):
                continue
            try:
                value = get_fact(proposal, FactRef(name, subject))
            except FactProblemError:
                continue
            assert parse(field, shown(field, value)) == value
            stated += value is not None

    assert stated > 100


def test_only_what_was_changed_is_an_override() -> None:
    """A field that says what the proposal says is none, and neither is a fact that is not in the form."""
    proposal = example()
    form = Form([("f:source[crm].completeness", "0.99"), ("f:source[crm].validity", "0.9995"), ("f:nobody", "1")])

    read = read_facts(proposal, form)

    assert [(each.fact, each.subject, each.value.number) for each in read.overrides] == [
        ("source.completeness", "crm", 0.99)
    ]
    assert read.faults == ()


def test_a_composite_fact_is_no_field() -> None:
    """Its parts are."""
    proposal = example()

    assert fact_input(proposal, FactRef("source.owner", "crm")) is None
    found = fact_input(proposal, FactRef("source.owner.accepted", "crm"))
    assert found is not None
    assert (found.kind, found.label, found.values) == ("flag", "owner: accepted", ("yes",))
