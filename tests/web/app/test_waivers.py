"""Waivers as forms: asked for, approved, taken back, each refused with its reason."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from tests.web.app.test_decisions import small
from tests.web.serving import Seen, Server, Visitor

REASON, CONTROL = "The CRM is replaced this month.", "Staff check each answer."


def day(ahead: int) -> str:
    """Returns a day from today in UTC."""
    return (datetime.now(UTC).date() + timedelta(days=ahead)).isoformat()


def visitor_of(server: Server, who: str, **claims: object) -> Visitor:
    """Returns a browser in which somebody signed in."""
    visitor = Visitor(server.address)
    visitor.sign_in(server.token(who, **claims))
    return visitor


def asked(server: Server, name: str, **changes: str) -> tuple[str, Seen]:
    """Asks for a waiver as Ada; returns the decision and the answer."""
    decision = server.evaluate(small(name, 0.5), bearer=server.token("ada"), ruleset="small", as_of=day(0))
    said = {"finding": "ACM-01/crm", "reason": REASON, "compensating_control": CONTROL} | changes
    visitor = visitor_of(server, "ada")
    return decision, visitor.fill(f"/waivers/new?decision={decision}&finding=ACM-01/crm", said, action="/waivers/new")


def step(visitor: Visitor, path: str, what: str, reason: str = "Seen with the team.") -> Seen:
    """Approves or revokes on the page of a waiver."""
    return visitor.fill(path, {"reason": reason}, action=f"{path}/{what}")


def test_from_asking_to_taking_back(people: Server) -> None:
    """Ada asks, Grace approves, Ada takes back; each step is on the page."""
    decision, answered = asked(people, "flow")
    path = answered.headers["location"]
    ada, grace = visitor_of(people, "ada"), visitor_of(people, "grace")
    requested = ada.get(path)
    approved = step(grace, path, "approve")
    granted = ada.get(path)
    step(ada, path, "revoke", "The new CRM is live.")
    revoked = ada.get(path)

    assert (answered.status, requested.status, approved.status) == (303, 200, 303)
    assert "0 of 1 approval" in requested.said
    assert REASON in requested.said
    assert CONTROL in requested.said
    assert f"In force from {day(0)} to {day(29)}" in granted.said
    assert "Approved by grace" in granted.said
    assert "Taken back" in revoked.said
    assert revoked.parsed.form(f"{path}/revoke") == []
    assert any(each.get("href") == path for each in ada.get("/waivers?state=revoked").parsed.of("a"))
    assert any(each.get("href") == path for each in ada.get(f"/decisions/{decision}").parsed.of("a"))


def test_whoever_asked_does_not_approve(people: Server) -> None:
    """The page says why, and nothing has happened."""
    _, answered = asked(people, "own")
    path = answered.headers["location"]
    ada = visitor_of(people, "ada")

    refused = step(ada, path, "approve")

    assert refused.status == 409
    assert "The waiver is refused Who asked for it can not approve it." in refused.said
    assert "0 of 1 approval" in ada.get(path).said


def test_neither_an_old_sign_in_nor_a_key_approves(people: Server) -> None:
    """Approving takes a person who has just signed in, whatever the browser kept."""
    _, answered = asked(people, "old")
    path = answered.headers["location"]
    late = visitor_of(people, "grace", auth_time=int(time.time()) - 3600)
    key = Visitor(people.address)
    key.sign_in(people.key)

    for visitor in (late, key):
        refused = step(visitor, path, "approve")
        assert refused.status in {403, 409}
        assert "refused" in refused.said or "may not" in refused.said
    assert "0 of 1 approval" in visitor_of(people, "ada").get(path).said


def test_a_step_that_somebody_else_was_faster_with_is_shown_anew(people: Server) -> None:
    """A stale etag changes nothing; the page shows how the waiver stands now."""
    _, answered = asked(people, "stale")
    path = answered.headers["location"]
    ada, grace = visitor_of(people, "ada"), visitor_of(people, "grace")
    seen_before = dict(grace.get(path).parsed.form(f"{path}/approve"))
    step(ada, path, "revoke", "A mistake.")

    refused = grace.post(f"{path}/approve", seen_before)

    assert refused.status == 409
    assert "Somebody else was faster" in refused.said
    assert "Taken back" in refused.said


def test_what_is_wrong_with_a_wish_is_told_at_its_field(people: Server) -> None:
    """What was typed in is still there."""
    _, missing = asked(people, "wrong", starts_on="", reason="")
    _, too_long = asked(people, "wrong", ends_on=day(400))

    assert missing.status == 400
    assert {"href": "#starts_on"} in missing.parsed.of("a")
    assert {"href": "#reason"} in missing.parsed.of("a")
    fields = {each.get("id"): each for each in missing.parsed.of("input")}
    assert fields["starts_on"]["aria-invalid"] == "true"
    assert CONTROL in missing.text
    assert too_long.status == 409
    assert "90 days" in too_long.said
    assert REASON in too_long.text


def test_who_may_not_see_waivers_is_told_which_role_it_takes(people: Server) -> None:
    """Alan may evaluate only."""
    refused = visitor_of(people, "alan").get("/waivers")

    assert refused.status == 403
    assert "Needed: the role" in refused.said


def test_nobody_approves_without_identities(local: Server) -> None:
    """On loopback anybody may look, and nobody grants."""
    visitor = Visitor(local.address)

    assert visitor.get("/waivers").status == 200


def test_where_nobody_can_ask_the_form_says_so_first(local: Server) -> None:
    """A server without identities tells it before anything is typed in; one with people does not."""
    decision, answered = local.evaluate(small("nobody", 0.5)), Visitor(local.address)

    assert "knows no person who could ask" in answered.get(f"/waivers/new?decision={decision}").said
