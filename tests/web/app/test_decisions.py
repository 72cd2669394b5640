"""Recorded decisions as pages: the list, its filters, one decision and what is taken away of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import set_fact
from readygate_server.domain.facts import FactRef
from tests.web.serving import Server, Visitor, example


def small(name: str = "p", completeness: float = 0.95) -> Proposal:
    """Returns a proposal that the small ruleset lets go, or not."""
    proposal = Proposal(id=name)
    proposal.deployment.interactions_per_month = 100
    set_fact(proposal, FactRef("deployment.action_effect"), "draft")
    proposal.data_sources.add(id="crm").completeness = completeness
    return proposal


def rows(visitor: Visitor, query: str) -> list[str]:
    """Returns the proposals of a list."""
    page = visitor.get(f"/{query}").parsed
    return [each["href"] for each in page.of("a") if each.get("href", "").startswith("/decisions/")]


def test_filters_are_those_of_the_rpc(people: Server) -> None:
    """Verdict, proposal, ruleset and days narrow the list, alone and together; an empty list says why."""
    bearer = people.token("ada")
    go = people.evaluate(small("filtered"), bearer=bearer, ruleset="small")
    no = people.evaluate(small("filtered", 0.1), bearer=bearer, ruleset="small")
    visitor = Visitor(people.address)
    visitor.sign_in(bearer)
    today = datetime.now(UTC).date().isoformat()

    assert rows(visitor, "?proposal=filtered") == [f"/decisions/{no}", f"/decisions/{go}"]
    assert rows(visitor, "?proposal=filtered&verdict=go") == [f"/decisions/{go}"]
    assert rows(visitor, "?proposal=filtered&verdict=no&verdict=go") == [f"/decisions/{no}", f"/decisions/{go}"]
    assert rows(visitor, "?proposal=filtered&ruleset=operational-readiness") == []
    assert len(rows(visitor, f"?proposal=filtered&from={today}&to={today}")) == 2
    assert rows(visitor, "?proposal=filtered&to=2026-01-01") == []
    assert "fits this filter" in visitor.get("/?proposal=nobody").said


def test_a_day_that_is_none_is_told_at_its_field(people: Server) -> None:
    """The summary of errors leads to the field."""
    visitor = Visitor(people.address)
    visitor.sign_in(people.token("ada"))

    seen = visitor.get("/?from=2026-02-31")

    assert seen.status == 400
    assert {"href": "#filter-from"} in seen.parsed.of("a")
    assert any(each.get("id") == "filter-from" for each in seen.parsed.of("input"))


def test_a_verdict_that_is_none_shows_no_list(people: Server) -> None:
    """An address with a slip does not pass for the whole list."""
    visitor = Visitor(people.address)
    visitor.sign_in(people.token("ada"))

    seen = visitor.get("/?verdict=no_go")

    assert seen.status == 400
    assert "Got: no_go . Expected: one of go, conditions, no, unknown." in seen.said
    assert rows(visitor, "?verdict=no_go") == []


def test_the_list_goes_on_page_by_page(people: Server) -> None:
    """Each decision is shown once, newest first, with the filter kept."""
    bearer = people.token("ada")
    made = [people.evaluate(small("paged", 0.9 + each / 1000), bearer=bearer, ruleset="small") for each in range(27)]
    visitor = Visitor(people.address)
    visitor.sign_in(bearer)

    first = visitor.get("/?proposal=paged&verdict=go").parsed
    (older,) = [each["href"] for each in first.of("a") if each.get("rel") == "next"]
    second = visitor.get(older)

    assert "proposal=paged" in older
    assert rows(visitor, "?proposal=paged&verdict=go") == [f"/decisions/{each}" for each in reversed(made[2:])]
    assert [each["href"] for each in second.parsed.of("a") if each.get("href", "").startswith("/decisions/")] == [
        f"/decisions/{each}" for each in reversed(made[:2])
    ]
    assert {"href": "/?proposal=paged&verdict=go"} in second.parsed.of("a")


def test_a_server_without_a_record_says_so_and_offers_what_if(forgetful: Server) -> None:
    """Nobody waits there for decisions that will never come."""
    visitor = Visitor(forgetful.address)

    for path in ("/", "/waivers", "/assets"):
        seen = visitor.get(path)
        assert "This server keeps no record" in seen.said
        assert any(each.get("href") == "/what-if" for each in seen.parsed.of("a"))
    assert visitor.get("/what-if").status == 200
    assert "not set up for this" in visitor.get("/decisions/" + "0" * 32).said


def test_one_decision_shows_what_the_board_asks(local: Server) -> None:
    """Verdict, what blocks, the history of the proposal, and what to do next."""
    earlier = local.evaluate(example(), as_of="2026-10-01")
    decision = local.evaluate(example())

    seen = Visitor(local.address).get(f"/decisions/{decision}")

    assert "NO GO" in seen.said
    assert "What blocks (11)" in seen.said
    links = [each.get("href") for each in seen.parsed.of("a")]
    assert f"/decisions/{earlier}" in links
    assert f"/what-if?decision={decision}" in links
    assert f"/waivers/new?decision={decision}&finding=DAT-03/crm" in links
    assert seen.parsed.of("svg") != []


def test_no_waiver_is_offered_of_a_rule_that_can_not_be_waived(local: Server) -> None:
    """Neither with the finding nor in the form."""
    decision = local.evaluate(Proposal(id="bare"))
    visitor = Visitor(local.address)

    links = [each.get("href", "") for each in visitor.get(f"/decisions/{decision}").parsed.of("a")]
    offered = [each.get("value") for each in visitor.get(f"/waivers/new?decision={decision}").parsed.of("option")]

    assert f"/waivers/new?decision={decision}&finding=DEP-01/" in links
    assert f"/waivers/new?decision={decision}&finding=DEP-02/" not in links
    assert "DEP-01/" in offered
    assert "DEP-02/" not in offered


def test_a_go_gives_a_certificate_and_a_no_does_not(people: Server) -> None:
    """It is handed out as a file; who may not have one learns why on the page."""
    bearer = people.token("ada")
    go = people.evaluate(small("certified"), bearer=bearer, ruleset="small")
    no = people.evaluate(small("certified", 0.1), bearer=bearer, ruleset="small")
    visitor = Visitor(people.address)
    visitor.sign_in(bearer)

    given = visitor.fill(f"/decisions/{go}", {"audience": "procurement"}, action=f"/decisions/{go}/certificate")
    nameless = visitor.fill(f"/decisions/{go}", {"audience": ""}, action=f"/decisions/{go}/certificate")
    csrf = dict(visitor.get(f"/decisions/{go}").parsed.form(f"/decisions/{go}/certificate"))["csrf"]
    refused = visitor.post(f"/decisions/{no}/certificate", {"csrf": csrf, "audience": "procurement"})

    # A server whose keys are not there yet may refuse; it never hands out anything else than a bundle.
    assert given.status == 200, given.said
    assert "payload" in json.dumps(json.loads(given.text))
    assert given.headers["content-disposition"].endswith('.certificate.json"')
    assert nameless.status == 400
    assert (refused.status, "No certificate for this decision" in refused.said) == (409, True)
    assert visitor.get(f"/decisions/{no}").parsed.form(f"/decisions/{no}/certificate") == []


def test_decisions_of_others_are_not_found(people: Server) -> None:
    """Who is no auditor sees their own; pages know no more than the RPCs."""
    decision = people.evaluate(small("others"), bearer=people.token("ada"), ruleset="small")
    visitor = Visitor(people.address)
    visitor.sign_in(people.token("alan"))

    assert visitor.get(f"/decisions/{decision}").status == 404
    assert visitor.get(f"/decisions/{decision}/report.html").status == 404
    assert visitor.get(f"/what-if?decision={decision}").status == 404
    assert rows(visitor, "?proposal=others") == []
