"""Names in the bytes of requests: all of them are found, nothing else is touched, and every byte comes back."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.adapters.names.encodings import names_in, random_message

from readygate.v1.api_pb2 import Api
from readygate.v1.data_source_pb2 import DataSource
from readygate.v1.evidence_pb2 import Evidence, FactValue
from readygate.v1.gate_service_pb2 import EvaluateRequest, SimulateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetRef
from readygate_server.adapters.names import wire
from readygate_server.adapters.names.routes import route_through
from readygate_server.adapters.names.wire import fill, find_names

ASKED = EvaluateRequest.DESCRIPTOR


def _request(proposal: Proposal) -> bytes:
    return EvaluateRequest(request_id="r-1", proposal=proposal, as_of="2026-11-01").SerializeToString()


def _names(data: bytes) -> list[str]:
    return [data[start : start + size].decode() for start, size in find_names(data, ASKED)]


def _blanked(data: bytes) -> bytes:
    spans = find_names(data, ASKED)
    return fill(data, spans, [None] * len(spans))


def test_every_marked_field_is_found_in_the_order_of_the_bytes() -> None:
    """Owners, sponsor, who stops, collectors, who vouches and who states: each is a name, and titles are none."""
    proposal = Proposal(id="x", title="Jane Doe's agent")
    assets: list[Any] = [proposal.data_sources.add(), proposal.apis.add(), proposal.workflows.add()]
    for number, asset in enumerate(assets):
        asset.id = f"asset-{number}"
        asset.owner.person = f"owner {number}"
        asset.owner.role = "Head of data"
    proposal.org.accountable_owner.person = "accountable"
    proposal.org.accountable_owner.sponsor = "sponsor"
    proposal.value.guardrails.stop_decider = "stopper"
    proposal.evidence.add(facts=["source.*"], subject="asset-0", collector="collector", attested_by="voucher")
    proposal.statements.add(fact="ops.site_readiness", kind=1, reason="none", stated_by="stater")

    assert _names(_request(proposal)) == [
        "owner 0", "owner 1", "owner 2", "accountable", "sponsor", "stopper", "collector", "voucher", "stater",
    ]  # fmt: skip


def test_an_asset_that_comes_back_has_its_names_where_it_stands_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """An asset is recognised by all of its bytes, wherever it stands, and also after others took its place."""
    monkeypatch.setattr(wire, "_MOST_RECALLED", 2)
    crm, erp = DataSource(id="crm"), DataSource(id="erp")
    crm.owner.person, erp.owner.person = "Jane Doe", "Joe"
    other = DataSource.FromString(crm.SerializeToString().replace(b"Jane Doe", b"Jane Fox"))
    assert _names(_request(Proposal(data_sources=[crm, crm, erp]))) == ["Jane Doe", "Jane Doe", "Joe"]

    for _ in range(3):
        found = _names(_request(Proposal(title="moved", data_sources=[erp, other, crm], apis=[Api(id="crm")])))
        assert found == ["Joe", "Jane Fox", "Jane Doe"]


@pytest.mark.parametrize(
    ("facts", "is_name"),
    [
        (["source.owner.person"], True),
        (["org.accountable_owner.sponsor"], True),
        (["source.completeness", "api.owner.person"], True),
        (["source.authority"], False),
        (["source.owner.role"], False),
        (["source.owner.*"], False),
        ([], False),
    ],
)
def test_an_observed_value_is_a_name_when_its_fact_is(facts: list[str], is_name: bool) -> None:
    """Whose value an entry states decides; the text of another fact has to stay for the replay."""
    proposal = Proposal(evidence=[Evidence(facts=facts, value=FactValue(text="Jane Doe"), attested_by="Joe")])

    assert _names(_request(proposal)) == (["Joe", "Jane Doe"] if is_name else ["Joe"])


def test_a_value_before_its_fact_is_a_name_all_the_same() -> None:
    """Fields may come in any order, so that the end of the entry decides."""
    entry = Evidence(value=FactValue(text="Jane Doe")).SerializeToString()
    entry += Evidence(facts=["api.owner.person"]).SerializeToString()
    data = b"\x12" + bytes([len(entry) + 2]) + b"\x5a" + bytes([len(entry)]) + entry

    assert EvaluateRequest.FromString(data).proposal.evidence[0].value.text == "Jane Doe"
    assert _names(data) == ["Jane Doe"]


def test_a_name_that_a_later_one_replaces_is_found_too() -> None:
    """Of a field that is given twice the last counts, and the first must not stay readable."""
    first, second = (Proposal(org={"accountable_owner": {"person": name}}) for name in ("Jane", "Joe"))  # type: ignore[arg-type]
    data = _request(first) + EvaluateRequest(proposal=second).SerializeToString()

    assert EvaluateRequest.FromString(data).proposal.org.accountable_owner.person == "Joe"
    assert _names(data) == ["Jane", "Joe"]


def test_any_encoding_is_blanked_without_touching_anything_else() -> None:
    """Of 2,000 requests in odd encodings no parsed name is left, no other byte has changed, and all bytes come back.

    It bites: blanking only what a parsed message shows would leave the names that later ones replace.
    """
    chance = random.Random(20261101)  # noqa: S311
    seen = hidden = 0
    for _ in range(2000):
        data = random_message(ASKED, chance)
        message = EvaluateRequest.FromString(data)
        spans = find_names(data, ASKED)
        blanked = fill(data, spans, [None] * len(spans))

        texts = [data[start : start + size] for start, size in spans]
        assert fill(blanked, spans, texts) == data
        assert {name for name in names_in(EvaluateRequest.FromString(blanked)) if set(name) != {"*"}} == set()
        assert set(names_in(message)) <= {text.decode() for text in texts}
        assert [start for start, _ in spans] == sorted({start for start, _ in spans})
        assert _without(blanked, spans) == _without(data, spans)
        seen += len(spans)
        hidden += len(spans) - len(names_in(message))
    assert seen > 5_000
    assert hidden > 100


def test_what_is_blanked_is_no_more_than_the_names() -> None:
    """Only names differ between a parsed request and the parsed blanked one: the gate sees the same facts."""
    chance = random.Random(7)  # noqa: S311
    for _ in range(300):
        data = random_message(ASKED, chance)
        message = EvaluateRequest.FromString(data)
        blanked = EvaluateRequest.FromString(_blanked(data))

        assert _starred(message).SerializeToString() == _starred(blanked).SerializeToString()


def test_a_message_that_can_hold_no_name_is_not_looked_at() -> None:
    """There is no way through a type without marked fields."""
    assert route_through(RulesetRef.DESCRIPTOR) is None
    assert find_names(b"not even a message", RulesetRef.DESCRIPTOR) == []


def test_overrides_of_a_what_if_are_names_too() -> None:
    """Every request type has its own way; a name in a what-if is found where it stands."""
    request = SimulateRequest()
    request.overrides.add(fact="source.owner.person", subject="crm").value.text = "Jane"
    request.overrides.add(fact="source.authority", subject="crm").value.text = "governed_copy"
    data = request.SerializeToString()

    assert [data[start : start + size] for start, size in find_names(data, SimulateRequest.DESCRIPTOR)] == [b"Jane"]


def _without(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    kept, at = [], 0
    for start, size in spans:
        kept.append(data[at:start])
        at = start + size
    return b"".join((*kept, data[at:]))


def _starred(message: EvaluateRequest) -> EvaluateRequest:
    """Returns the parsed message with stars for names, found by its fields and not by its bytes."""
    _star(message)
    return message


def _star(message: Any) -> None:
    is_of_name = message.DESCRIPTOR.name == "Evidence" and message.value.text in names_in(
        Evidence(facts=message.facts, value=FactValue(text=message.value.text))
    )
    if is_of_name:
        message.value.text = "*" * len(message.value.text.encode())
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                _star(each)
        elif field.GetOptions().debug_redact:
            setattr(message, field.name, "*" * len(value.encode()))
