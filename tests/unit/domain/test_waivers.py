"""Who may ask for a waiver, approve it and take it back, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from readygate_server.domain import waivers
from readygate_server.domain.errors import EtagMismatchError, PermissionDeniedError, WaiverRefusedError
from readygate_server.domain.identity import LOCAL, Binding, Credential, Principal, PrincipalKind, Role
from readygate_server.domain.rule import Rule
from readygate_server.domain.verdict import Bond
from readygate_server.domain.waivers import (
    Actor,
    Decided,
    WaiverAction,
    WaiverCase,
    WaiverState,
    WaiverStep,
    WaiverTerms,
)
from tests.fake_waivers import BOND, DECISION, NOW, RULE, TODAY, person, wish

ADA, GRACE, ALAN = person("ada"), person("grace"), person("alan")
DECIDED = Decided("refund-agent", "example", BOND, frozenset({("DAT-03", "crm")}))
TWO = replace(RULE, waiver_quorum=2)
MADE_BY_LINUS = replace(RULE, authors=frozenset({"linus"}))
ELSEWHERE = (Binding(Role.REQUESTER, proposals=("other",)), Binding(Role.APPROVER, rulesets=("other",)))


def asked(who: Principal = ADA, rule: Rule | None = RULE, **changes: str) -> WaiverTerms:
    """Returns the terms of a new waiver."""
    return waivers.request(who, wish(**changes), DECIDED, rule, today=TODAY)


def step(action: WaiverAction, name: str | None, number: int = 1) -> WaiverStep:
    """Returns a step by somebody."""
    return WaiverStep(action, Actor(f"ref-{name}", name), "An example.", f"{number:032x}", NOW, b"{}")


def case(*steps: tuple[WaiverAction, str | None], rule: Rule = RULE) -> WaiverCase:
    """Returns a waiver that Ada asked for, after more steps."""
    first = step(WaiverAction.REQUESTED, "ada")
    more = [step(action, name, number) for number, (action, name) in enumerate(steps, 2)]
    return WaiverCase("w" * 32, asked(rule=rule), (first, *more))


APPROVED, REVOKED = WaiverAction.APPROVED, WaiverAction.REVOKED


def approved(who: Principal, waiver: WaiverCase | None = None, rule: Rule | None = RULE, **other: Any) -> None:
    """Approves as far as the rules of waivers allow it."""
    waiver = waiver or case()
    values = {"etag": waiver.etag, "now": NOW, "sign_in_seconds": 900, "today": TODAY, **other}
    waivers.approve(who, waiver, rule, **values)


def refused(does: Callable[[], object]) -> str:
    """Returns why something is refused."""
    with pytest.raises(WaiverRefusedError) as caught:
        does()
    return caught.value.why


def test_a_request_has_the_terms_of_its_decision() -> None:
    """Proposal, ruleset and quorum come from the decision and its rule, not from who asks."""
    assert asked(rule=TWO) == WaiverTerms(
        decision_id=DECISION,
        proposal_id="refund-agent",
        ruleset_name="example",
        bond=BOND,
        rule_id="DAT-03",
        subject="crm",
        compensating_control="Staff check each answer against the old system.",
        starts_on=TODAY,
        ends_on="2026-11-30",
        quorum=2,
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rule_id": "DAT-04"}, "DAT-04 for crm neither blocks nor conditions"),
        ({"subject": "erp"}, "DAT-03 for erp neither blocks nor conditions"),
        ({"subject": ""}, "DAT-03 neither blocks nor conditions"),
        ({"reason": " \n"}, "the reason is missing"),
        ({"compensating_control": ""}, "the compensating control is missing"),
        ({"starts_on": "2026-10-31"}, "it starts on 2026-10-31, which is over"),
        ({"starts_on": "2026-11-30", "ends_on": "2026-11-29"}, "before it starts"),
        ({"ends_on": "2027-01-30"}, "DAT-03 can be waived for 90 days, until 2027-01-29"),
        ({"starts_on": "2027-01-01", "ends_on": "2027-02-01"}, "until 2027-01-29"),
    ],
)
def test_what_nobody_may_ask_for(changes: dict[str, str], why: str) -> None:
    """A waiver is for what is in the way, with a reason and a control, from today on and not for too long."""
    assert why in refused(lambda: asked(ADA, RULE, **changes))


def test_the_longest_waiver_ends_on_its_last_day() -> None:
    """Both ends count: ninety days from the first of November end on the twenty-ninth of January."""
    assert asked(ends_on="2027-01-29").ends_on == "2027-01-29"
    assert asked(rule=replace(RULE, maximum_waiver_days=1), ends_on=TODAY).ends_on == TODAY


def test_some_rules_are_never_waived() -> None:
    """Nobody can ask for a waiver of a rule that forbids it."""
    assert refused(lambda: asked(rule=replace(RULE, waivable=False))) == "DAT-03 can not be waived"


def test_the_rule_has_to_be_at_hand() -> None:
    """What a server can not look up it neither takes nor approves."""
    assert "no longer has the rule" in refused(lambda: asked(rule=None))
    assert "no longer has the rule" in refused(lambda: approved(GRACE, rule=None))


@pytest.mark.parametrize("who", [person("ada", Role.APPROVER), person("ada", bindings=ELSEWHERE)])
def test_asking_takes_a_role(who: Principal) -> None:
    """Without the role of a requester for this proposal there is no asking."""
    with pytest.raises(PermissionDeniedError, match="requester"):
        asked(who)


def test_only_people_ask() -> None:
    """Behind a program may stand the one who approves, so that a program can not ask."""
    assert "service:local is no person" in refused(lambda: asked(LOCAL))


@pytest.mark.parametrize("name", ["linus", "LINUS"])
def test_authors_of_a_rule_keep_out_of_its_waivers(name: str) -> None:
    """Who wrote the rule neither asks nor approves."""
    assert "is an author of DAT-03" in refused(lambda: asked(person(name), MADE_BY_LINUS))
    assert "is an author of DAT-03" in refused(lambda: approved(person(name), rule=MADE_BY_LINUS))


def test_an_approver_approves() -> None:
    """Another person with the role who has just signed in may."""
    approved(GRACE)
    approved(person("grace", credential=Credential.MTLS))


@pytest.mark.parametrize("who", [person("grace", Role.REQUESTER), person("grace", bindings=ELSEWHERE)])
def test_approving_takes_a_role(who: Principal) -> None:
    """Without the role of an approver for this ruleset there is no approving."""
    with pytest.raises(PermissionDeniedError, match="approver"):
        approved(who)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"credential": Credential.API_KEY}, "nobody approves by api key"),
        ({"credential": Credential.LOCAL}, "nobody approves by local"),
        ({"kind": PrincipalKind.SERVICE}, "grace is no person"),
        ({"kind": PrincipalKind.SERVICE, "credential": Credential.API_KEY}, "grace is no person"),
        ({"signed_in_at": None}, "nothing says when the approver signed in"),
        ({"signed_in_at": NOW - 901}, "signed in 901 s ago, and at most 900 s are allowed"),
        ({"signed_in_at": NOW + 61}, "61 s ahead of this server's clock"),
        ({"signed_in_at": 0}, "sign in again"),
    ],
)
def test_approving_takes_a_person_who_has_just_signed_in(changes: dict[str, Any], why: str) -> None:
    """No key, no CI token (which stands for a program), no sign-in of this morning, and none of the future."""
    assert why in refused(lambda: approved(person("grace", **changes)))


@pytest.mark.parametrize("signed_in_at", [NOW - 900, NOW, NOW + 60])
def test_the_edges_of_a_fresh_sign_in(signed_in_at: int) -> None:
    """Fifteen minutes to the second, and a minute for clocks that differ."""
    approved(person("grace", signed_in_at=signed_in_at))


def test_nobody_approves_what_they_asked_for() -> None:
    """Also not when signed in another way, because a person has one name."""
    assert refused(lambda: approved(ADA)) == "who asked for it can not approve it"
    by_certificate = person("ada", credential=Credential.MTLS)
    assert refused(lambda: approved(by_certificate)) == "who asked for it can not approve it"


def test_a_quorum_is_of_different_people() -> None:
    """The same person counts once, by whatever credential the second time; another person completes the two."""
    once = case((APPROVED, "grace"), rule=TWO)

    for again in (GRACE, person("grace", credential=Credential.MTLS)):
        assert "grace has approved it already" in refused(lambda who=again: approved(who, once, TWO))  # type: ignore[misc]
    approved(ALAN, once, TWO)
    assert once.state is WaiverState.REQUESTED
    assert once.state_after(APPROVED) is WaiverState.APPROVED
    assert case(rule=TWO).state_after(APPROVED) is WaiverState.REQUESTED


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([(APPROVED, "grace")], "it is approved already"),
        ([(REVOKED, "ada")], "it was revoked"),
        ([(APPROVED, "grace"), (REVOKED, "grace")], "it was revoked"),
    ],
)
def test_only_what_is_open_is_approved(steps: list[tuple[WaiverAction, str]], why: str) -> None:
    """A waiver that is approved or revoked takes no more approvals."""
    assert refused(lambda: approved(ALAN, case(*steps))) == why


def test_what_is_over_is_not_approved() -> None:
    """On its last day a waiver can be approved, on the day after no more."""
    approved(GRACE, today="2026-11-30")
    assert "it ended on 2026-11-30" in refused(lambda: approved(GRACE, today="2026-12-01"))


def test_who_is_erased_can_not_be_told_from_others() -> None:
    """When nobody knows any more who asked or approved, nobody can show that they are somebody else."""
    asked_by_nobody = WaiverCase("w" * 32, asked(), (step(WaiverAction.REQUESTED, None),))

    assert "is erased" in refused(lambda: approved(GRACE, asked_by_nobody))
    assert "is erased" in refused(lambda: approved(GRACE, case((APPROVED, None), rule=TWO), TWO))


def test_an_approval_is_of_what_was_seen() -> None:
    """With the etag of an earlier state nothing is approved or revoked."""
    before, after = case(rule=TWO), case((APPROVED, "grace"), rule=TWO)

    assert before.etag != after.etag
    with pytest.raises(EtagMismatchError):
        approved(ALAN, after, TWO, etag=before.etag)
    with pytest.raises(EtagMismatchError):
        waivers.revoke(ALAN, after, etag=before.etag, reason="An example.")


@pytest.mark.parametrize(
    "who",
    [
        person("ada", Role.REQUESTER),
        person("ada", bindings=()),
        person("alan", Role.APPROVER, signed_in_at=None),
        person("service:guard", Role.APPROVER, kind=PrincipalKind.SERVICE, credential=Credential.API_KEY),
    ],
)
def test_who_may_take_it_back(who: Principal) -> None:
    """Who asked, and approvers of any kind: taking back is the safe direction, and may be urgent."""
    waivers.revoke(who, case((APPROVED, "grace")), etag=case((APPROVED, "grace")).etag, reason="It was found out.")


def test_who_may_not_take_it_back() -> None:
    """Others who ask for waivers have no say in this one."""
    with pytest.raises(PermissionDeniedError, match="approver"):
        waivers.revoke(person("eve", Role.REQUESTER), case(), etag=case().etag, reason="An example.")


def test_what_is_taken_back_stays_so() -> None:
    """A second time is refused, and so is one without a reason."""
    gone = case((REVOKED, "ada"))

    assert refused(lambda: waivers.revoke(ADA, gone, etag=gone.etag, reason="Again.")) == "it was revoked before"
    assert "reason" in refused(lambda: waivers.revoke(ADA, case(), etag=case().etag, reason=" "))


def test_a_granted_waiver_is_bound() -> None:
    """What verdicts get names its proposal and ruleset, who asked and who approved; the erased by what is left."""
    waiver = case((APPROVED, None), (APPROVED, "alan"), rule=TWO).as_granted()

    assert waiver.bond == Bond("sha256:facts", "sha256:example")
    assert (waiver.requested_by, waiver.approved_by) == ("ada", ("erased:ref-None", "alan"))
    assert (waiver.rule_id, waiver.subject, waiver.starts_on, waiver.ends_on) == ("DAT-03", "crm", TODAY, "2026-11-30")


def test_who_sees_a_waiver() -> None:
    """Those concerned with waivers of its proposal, auditors, and who asked; nobody else."""
    waiver = case()

    for who in (person("x", Role.REQUESTER), person("x", Role.APPROVER), person("x", Role.AUDITOR)):
        assert waiver.is_visible_to(who)
    assert waiver.is_visible_to(person("ada", bindings=()))
    assert not waiver.is_visible_to(person("x", Role.EVALUATOR))
    assert not waiver.is_visible_to(person("x", bindings=ELSEWHERE))
