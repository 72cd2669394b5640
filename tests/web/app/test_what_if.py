"""What-if without scripts: changed facts, gate, day and ruleset, held against what the gate said before."""

from __future__ import annotations

import base64

from readygate.v1.decision_service_pb2 import ListDecisionsRequest, ListDecisionsResponse
from readygate.v1.foundation_pb2 import ASSET_SCOPE_SOURCE, Asset
from readygate.v1.foundation_service_pb2 import RegisterAssetRequest
from readygate.v1.gate_service_pb2 import SimulateRequest, SimulateResponse
from readygate.v1.proposal_pb2 import Proposal
from tests.web.app.test_decisions import small
from tests.web.app.test_waivers import asked, day, step, visitor_of
from tests.web.serving import AS_OF, EXAMPLES, Seen, Server, Visitor, example

MENDED = {
    "f:source[crm].completeness": "99 %",
    "f:api[order-api].spec_valid": "yes",
    "f:source[orders].freshness_lag_p95": "3",
    "f:api[erp].integration_method": "api",
}


def changed(visitor: Visitor, path: str, fields: dict[str, str], *, to: str = "/what-if/change") -> Seen:
    """Loads a what-if and sends its form with other values."""
    form = [(name, value) for name, value in visitor.get(path).parsed.form("/what-if/change") if name not in fields]
    return visitor.post(to, [*form, *fields.items()])


def test_changed_facts_change_the_answer_and_nothing_is_recorded(local: Server) -> None:
    """What no longer blocks is named, with both verdicts side by side."""
    decision = local.evaluate(example())
    recorded = local.call("DecisionService/ListDecisions", ListDecisionsRequest(page_size=1000))
    visitor = Visitor(local.address)

    seen = changed(visitor, f"/what-if?decision={decision}", MENDED)

    again = local.call("DecisionService/ListDecisions", ListDecisionsRequest(page_size=1000))
    assert seen.status == 200, seen.said
    assert "No longer blocks (4)" in seen.said
    assert "source[crm].completeness : 0.94 → 0.99" in seen.said
    assert "api[order-api].spec_valid : no → yes" in seen.said
    assert "Nothing here is recorded" in seen.said
    assert ListDecisionsResponse.FromString(again) == ListDecisionsResponse.FromString(recorded)


def test_an_untouched_form_changes_nothing(local: Server) -> None:
    """What is shown in a field means what the proposal says, for every kind of fact."""
    decision = local.evaluate(example())

    seen = changed(Visitor(local.address), f"/what-if?decision={decision}", {})

    assert "Nothing yet: change a fact" in seen.said
    assert "→" not in seen.said


def test_the_part_for_the_script_is_the_part_of_the_page(local: Server) -> None:
    """Both say the same, and the part alone has neither head nor form."""
    decision = local.evaluate(example())
    visitor = Visitor(local.address)

    whole = changed(visitor, f"/what-if?decision={decision}", MENDED)
    part = changed(visitor, f"/what-if?decision={decision}", MENDED, to="/what-if/outcome")

    assert part.headers["x-fragment"] == "outcome"
    assert "<html" not in part.text
    assert part.said in whole.said


def test_gate_day_and_ruleset_can_be_changed(local: Server) -> None:
    """A later gate asks more."""
    decision = local.evaluate(example())
    other = {"gate": "production", "as_of": "2026-12-01", "ruleset": "operational-readiness-full@2026.1.0"}

    seen = changed(Visitor(local.address), f"/what-if?decision={decision}", other)

    assert "gate: commit → production" in seen.said
    assert f"day: {AS_OF} → 2026-12-01" in seen.said
    assert "ruleset: operational-readiness@2026.1.0 → operational-readiness-full@2026.1.0" in seen.said
    assert "Blocks now" in seen.said


def test_a_value_that_does_not_fit_is_told_at_its_field(local: Server) -> None:
    """Nothing is asked until it fits, and what was typed in is still there."""
    decision = local.evaluate(example())
    wrong = {"f:source[crm].completeness": "much", "f:source[orders].uniqueness": "2", "as_of": "2026-02-31"}

    seen = changed(Visitor(local.address), f"/what-if?decision={decision}", wrong)
    day = changed(Visitor(local.address), f"/what-if?decision={decision}", {"as_of": "2026-02-31"})

    assert seen.status == 400
    links = [each.get("href") for each in seen.parsed.of("a")]
    assert "#source%5Bcrm%5D.completeness" in links
    assert "#source%5Borders%5D.uniqueness" in links
    fields = {each.get("id"): each for each in seen.parsed.of("input")}
    assert fields["source[crm].completeness"]["value"] == "much"
    assert fields["source[crm].completeness"]["aria-invalid"] == "true"
    assert (day.status, "as_of" in day.said) == (400, True)


def test_a_fact_that_is_emptied_is_unknown(local: Server) -> None:
    """It is taken away, which never helps."""
    decision = local.evaluate(example())

    seen = changed(Visitor(local.address), f"/what-if?decision={decision}", {"f:source[crm].validity": ""})

    assert "source[crm].validity : 0.9995 → unknown" in seen.said
    assert "No longer blocks" not in seen.said


def test_a_proposal_can_be_pasted_or_uploaded(forgetful: Server) -> None:
    """Also where nothing is kept; both give the same."""
    text = (EXAMPLES / "refund-agent.yaml").read_text(encoding="utf-8")
    visitor = Visitor(forgetful.address)
    csrf = dict(visitor.get("/what-if").parsed.form("/what-if"))["csrf"]
    parts = (
        f'--x\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'
        f'--x\r\ncontent-disposition: form-data; name="file"; filename="a.yaml"\r\n\r\n{text}\r\n--x--\r\n'
    )

    pasted = visitor.fill("/what-if", {"text": text})
    uploaded = visitor.send("POST", "/what-if", parts.encode(), content_type="multipart/form-data; boundary=x")

    for seen in (pasted, uploaded):
        assert seen.status == 200, seen.said
        assert "What-if: Returns and refunds agent" in seen.said
        assert "proposal that you handed in" in seen.said
    assert pasted.said == uploaded.said


def test_every_fault_of_a_pasted_proposal_is_told_with_its_place(local: Server) -> None:
    """Line and column, and the text is still there."""
    text = "id: A\ndeployment: {action_effect: drat}\nnobody: 1\n"

    seen = Visitor(local.address).fill("/what-if", {"text": text})

    assert seen.status == 400
    for place in ("line 1, column 5", "line 2, column 29", "line 3, column 1"):
        assert place in seen.said
    assert "did you mean" in seen.said or "one of" in seen.said
    assert text.strip() in seen.text.replace("&#39;", "'")


def test_a_form_that_was_tampered_with_is_refused(local: Server) -> None:
    """The proposal that a form carries along is read like any other input."""
    decision = local.evaluate(example())
    visitor = Visitor(local.address)
    endless = base64.urlsafe_b64encode(Proposal(id="../../etc", title="x").SerializeToString()).decode()

    for base, status in (("%%%", 400), ("AAAA", 400), (endless, 400), ("", 400)):
        seen = changed(visitor, f"/what-if?decision={decision}", {"base": base, "decision": ""})
        assert seen.status == status, (base, seen.said)


def test_registered_assets_can_be_changed_like_those_of_the_proposal(local: Server) -> None:
    """Their facts are in the form, with the values that the server knows."""
    asset = Asset()
    asset.source.id = "ledger"
    asset.source.completeness = 0.5
    local.call("FoundationService/RegisterAsset", RegisterAssetRequest(asset=asset))
    proposal = example()
    proposal.id = "stands-on-ledger"
    proposal.assets.add(scope=ASSET_SCOPE_SOURCE, id="ledger")
    decision = local.evaluate(proposal)
    visitor = Visitor(local.address)
    form = dict(visitor.get(f"/what-if?decision={decision}").parsed.form("/what-if/change"))

    seen = changed(visitor, f"/what-if?decision={decision}", {"f:source[ledger].completeness": "1"})

    assert form["f:source[ledger].completeness"] == "0.5"
    assert "source[ledger].completeness : 0.5 → 1" in seen.said
    assert "No longer blocks" in seen.said


def test_what_was_waived_is_not_waived_for_other_facts(people: Server) -> None:
    """An untouched form says what was recorded, with its waiver; a changed one says that none is assumed."""
    _, answered = asked(people, "waived")
    path = answered.headers["location"]
    step(visitor_of(people, "grace"), path, "approve")
    waived = people.evaluate(small("waived", 0.5), bearer=people.token("ada"), ruleset="small", as_of=day(0))
    visitor = visitor_of(people, "ada")

    untouched = changed(visitor, f"/what-if?decision={waived}", {})
    other = changed(visitor, f"/what-if?decision={waived}", {"f:source[crm].completeness": "0.6"})

    assert "With your changes GO with conditions" in untouched.said
    assert "Before GO with conditions" in other.said
    assert "With your changes NO GO" in other.said
    assert "rests on 1 waiver" in other.said


def test_the_answer_is_that_of_simulate(people: Server) -> None:
    """Pages decide nothing: a what-if says what the RPC says."""
    bearer = people.token("ada")
    decision = people.evaluate(small("simulated", 0.5), bearer=bearer, ruleset="small")
    visitor = Visitor(people.address)
    visitor.sign_in(bearer)
    request = SimulateRequest(proposal=small("simulated"), as_of=AS_OF)
    request.ruleset.name = "small"
    said = SimulateResponse.FromString(people.call("GateService/Simulate", request, bearer)).decision

    seen = changed(visitor, f"/what-if?decision={decision}", {"f:source[crm].completeness": "0.95"})

    assert said.verdict == 1
    assert "With your changes GO Gate commit" in seen.said
    assert "Before NO GO Gate commit" in seen.said
