"""Waivers from the request to the decision that uses them, over everything in memory."""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import replace

import pytest

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.application.waiver_ports import WaiverFilter
from readygate_server.domain.decision import Decision
from readygate_server.domain.errors import (
    EtagMismatchError,
    NotFoundError,
    PermissionDeniedError,
    WaiverRefusedError,
)
from readygate_server.domain.facts import FactRef
from readygate_server.domain.identity import Binding, Principal, Role
from readygate_server.domain.rule import Rule
from readygate_server.domain.verdict import Bond
from readygate_server.domain.vocabulary import Gate, Outcome, Verdict
from readygate_server.domain.waivers import Decided, WaiverAction, WaiverCase, WaiverState
from tests.fake_waivers import BOND, DECISION, RULE, FakeBook, World, person, wish
from tests.fakes import FakeDossier, FakeExpressions
from tests.unit.make import check, facts, rule, ruleset

ADA, GRACE, ALAN = person("ada"), person("grace"), person("alan")
OTHER_RULE = rule("DAT-99", check("source.validity", "at_least", 0.9))
POOR = FakeDossier(facts(sources={"crm": {"source.completeness": 0.5, "source.validity": 1.0}}), digest="sha256:facts")


async def granted(world: World, *approvers: Principal, **changes: str) -> WaiverCase:
    """Asks for a waiver as Ada, and has it approved."""
    case = await world.waivers.request(ADA, wish(**changes))
    for who in approvers or (GRACE,):
        case = await world.waivers.approve(who, case.id, etag=case.etag, reason="Seen.")
    return case


async def decided(
    world: World, dossier: FakeDossier = POOR, *, as_of: str = "2026-11-10", version: Rule = RULE
) -> Decision:
    """Judges as a server does: with the waivers that are in force for the proposal and the ruleset."""
    active = ActiveRuleset(ruleset(version, OTHER_RULE), FakeExpressions(), {})
    if version != RULE:
        identity = replace(active.ruleset.identity, digest="sha256:newer")
        active = ActiveRuleset(replace(active.ruleset, identity=identity), FakeExpressions(), {})
    waivers = await world.waivers.in_force(dossier.digest, active.ruleset.identity.digest)
    return evaluate(active, dossier, Question(Gate.COMMIT, as_of, waivers))


async def test_a_waiver_turns_a_no_into_a_conditional_go() -> None:
    """Only once it is approved; it is named in the decision, and the go ends with it."""
    world = World()
    assert (await decided(world)).verdict is Verdict.NO_GO
    case = await world.waivers.request(ADA, wish())
    assert (await decided(world)).verdict is Verdict.NO_GO

    await world.waivers.approve(GRACE, case.id, etag=case.etag)
    decision = await decided(world)

    assert (decision.verdict, decision.waiver_ids) == (Verdict.GO_WITH_CONDITIONS, (case.id,))
    assert decision.valid_until == "2026-11-30"
    waived = [finding for finding in decision.findings if finding.outcome is Outcome.WAIVED]
    assert [(finding.rule.id, finding.subject, finding.waiver_id) for finding in waived] == [("DAT-03", "crm", case.id)]


@pytest.mark.parametrize(("as_of", "counts"), [("2026-11-01", True), ("2026-11-30", True), ("2026-12-01", False)])
async def test_the_day_of_the_decision_counts(as_of: str, counts: bool) -> None:
    """A waiver is held against the day that the decision is about, not against the clock."""
    world = World()
    await granted(world)
    world.now += 365 * 86_400

    assert (await decided(world, as_of=as_of)).verdict.passes is counts


async def test_one_changed_fact_is_another_proposal() -> None:
    """The waiver is for what was seen when it was asked for, so that it does not count once anything changes."""
    world = World()
    await granted(world)
    better = replace(POOR.with_facts({FactRef("source.completeness", "crm"): 0.6}), digest="sha256:better")

    assert (await decided(world)).verdict.passes
    assert (await decided(world, better)).verdict is Verdict.NO_GO


async def test_a_new_version_of_the_rules_needs_a_new_waiver() -> None:
    """A waiver of one digest does not count for another, however alike the rules are."""
    world = World()
    await granted(world)

    newer = replace(RULE, title="The same, said better")
    assert (await decided(world, version=newer)).verdict is Verdict.NO_GO


async def test_what_is_revoked_does_not_count() -> None:
    """From the revocation on; that it was granted is still known, for decisions made before."""
    world = World()
    case = await granted(world)
    revoked = await world.waivers.revoke(ADA, case.id, etag=case.etag, reason="It is mended.")

    assert revoked.state is WaiverState.REVOKED
    assert (await decided(world)).verdict is Verdict.NO_GO
    assert await world.waivers.in_force(*BOND) == ()
    assert [waiver.id for waiver in await world.waivers.named((case.id,))] == [case.id]


async def test_what_was_never_granted_is_never_named() -> None:
    """A request, and an id that nobody knows, are no waivers."""
    world = World()
    case = await world.waivers.request(ADA, wish())

    assert await world.waivers.named((case.id, "f" * 32)) == ()


async def test_a_quorum_of_two() -> None:
    """One approval is not enough; the second, by another person, is."""
    two = replace(RULE, waiver_quorum=2)
    world = World(rule=two)
    case = await granted(world)

    assert case.state is WaiverState.REQUESTED
    assert await world.waivers.in_force(*BOND) == ()
    with pytest.raises(WaiverRefusedError, match="grace has approved it already"):
        await world.waivers.approve(GRACE, case.id, etag=case.etag)
    case = await world.waivers.approve(ALAN, case.id, etag=case.etag)
    (waiver,) = await world.waivers.in_force(*BOND)
    assert (case.state, waiver.approved_by) == (WaiverState.APPROVED, ("grace", "alan"))


@pytest.mark.parametrize(("guarded", "winners"), [(True, 1), (False, 16)])
async def test_of_sixteen_approvals_at_once_one_wins(guarded: bool, winners: int) -> None:
    """All saw the same state, and only one of them can be the next step; without the book's guard all sixteen are."""
    world = World(rule=replace(RULE, waiver_quorum=3), book=FakeBook(guarded=guarded))
    case = await world.waivers.request(ADA, wish())
    crowd = [person(f"approver-{number}") for number in range(16)]

    outcomes = await asyncio.gather(
        *(world.waivers.approve(who, case.id, etag=case.etag) for who in crowd), return_exceptions=True
    )

    won = [outcome for outcome in outcomes if isinstance(outcome, WaiverCase)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, EtagMismatchError)]
    assert (len(won), len(won) + len(lost)) == (winners, 16)
    assert len(await world.book.get(case.id)) == 1 + winners


async def test_who_was_late_reads_again_and_approves() -> None:
    """After a lost race the next etag leads on, until the quorum is full."""
    world = World(rule=replace(RULE, waiver_quorum=3))
    case = await world.waivers.request(ADA, wish())

    async def insist(who: Principal) -> str:
        while True:
            seen = await world.waivers.get(who, case.id)
            try:
                await world.waivers.approve(who, case.id, etag=seen.etag)
            except EtagMismatchError:
                continue
            except WaiverRefusedError as error:
                return error.why
            return ""

    said = await asyncio.gather(*(insist(person(f"approver-{number}")) for number in range(16)))

    assert sorted(said) == [""] * 3 + ["it is approved already"] * 13
    assert (await world.waivers.get(ADA, case.id)).state is WaiverState.APPROVED


async def test_a_late_sign_in_is_measured_by_the_clock() -> None:
    """The same caller may approve now and not in an hour, unless the settings give more time."""
    world = World()
    case = await world.waivers.request(ADA, wish())
    world.now += 3600
    with pytest.raises(WaiverRefusedError, match="signed in 3630 s ago"):
        await world.waivers.approve(GRACE, case.id, etag=case.etag)

    world.sign_in_seconds = 3630
    assert (await world.waivers.approve(GRACE, case.id, etag=case.etag)).state is WaiverState.APPROVED


async def test_an_erased_person_is_nobody_and_their_waiver_stays() -> None:
    """Erasing takes the name from every step; what was granted stays granted, by people who were not the same."""
    world = World(rule=replace(RULE, waiver_quorum=2))
    case = await granted(world, GRACE, ALAN)
    world.vault.erase("ada")
    world.vault.erase("grace")

    shown = await world.waivers.get(ALAN, case.id)
    (waiver,) = await world.waivers.in_force(*BOND)

    assert [each.actor.name for each in shown.steps] == [None, None, "alan"]
    assert [each.actor_salt for each in shown.steps[:2]] == [b"", b""]
    assert waiver.requested_by == "erased:person-1"
    assert waiver.approved_by == ("erased:person-2", "alan")


async def test_erasure_is_no_way_to_approve_what_one_asked_for() -> None:
    """Once the name of who asked is erased, a person of that name could be the same, and nobody can approve."""
    world = World()
    case = await world.waivers.request(ADA, wish())
    world.vault.erase("ada")

    for who in (ADA, GRACE):
        with pytest.raises(WaiverRefusedError, match="erased"):
            await world.waivers.approve(who, case.id, etag=case.etag)


async def test_a_step_commits_to_everything_but_the_name() -> None:
    """The body holds terms and reason; who did it is a star there, and a commitment that its salt opens."""
    world = World()
    case = await granted(world)
    asked, approved = (each.step for each in world.book.filed)

    assert json.loads(asked.body) == {
        "action": "requested",
        "actor": "*",
        "compensating_control": "Staff check each answer against the old system.",
        "decision_id": DECISION,
        "ends_on": "2026-11-30",
        "facts_digest": "sha256:facts",
        "proposal_id": "refund-agent",
        "quorum": 1,
        "reason": "The CRM is replaced in November.",
        "rule_id": "DAT-03",
        "ruleset_digest": "sha256:example",
        "ruleset_name": "example",
        "starts_on": "2026-11-01",
        "step": 1,
        "subject": "crm",
        "waiver_id": case.id,
    }
    assert json.loads(approved.body) == {
        "action": "approved",
        "actor": "*",
        "reason": "Seen.",
        "step": 2,
        "waiver_id": case.id,
    }
    for shown, kept in zip(case.steps, world.book.filed, strict=True):
        assert shown.body == kept.step.body
        assert shown.actor.name is not None
        name = shown.actor.name.encode()
        assert kept.step.actor_commitment == hmac.digest(shown.actor_salt, name, "sha256")
        assert name not in kept.step.body
    assert case.steps[0].actor_salt != case.steps[1].actor_salt


async def test_what_a_caller_may_not_know_of_is_not_there() -> None:
    """Decisions and waivers outside of a caller's scope are as if they did not exist."""
    world = World()
    case = await world.waivers.request(ADA, wish())
    stranger = person("eve", bindings=(Binding(Role.REQUESTER, proposals=("other",)), Binding(Role.EVALUATOR)))

    with pytest.raises(NotFoundError, match="decision"):
        await world.waivers.request(stranger, wish())
    with pytest.raises(NotFoundError, match="decision"):
        await world.waivers.request(ADA, wish(decision_id="e" * 32))
    with pytest.raises(NotFoundError, match="waiver"):
        await world.waivers.get(stranger, case.id)
    with pytest.raises(NotFoundError, match="waiver"):
        await world.waivers.approve(stranger, case.id, etag=case.etag)
    with pytest.raises(NotFoundError, match="waiver"):
        await world.waivers.revoke(stranger, "f" * 32, etag=case.etag, reason="An example.")
    with pytest.raises(PermissionDeniedError):
        await world.waivers.request(person("eve", Role.EVALUATOR), wish())


async def test_a_rule_that_is_not_served_is_not_waived() -> None:
    """A server without the ruleset knows neither maximum nor authors, so that it takes no step forward."""
    world = World()
    case = await world.waivers.request(ADA, wish())
    world.is_served = False

    with pytest.raises(WaiverRefusedError, match="no longer has the rule"):
        await world.waivers.request(ADA, wish())
    with pytest.raises(WaiverRefusedError, match="no longer has the rule"):
        await world.waivers.approve(GRACE, case.id, etag=case.etag)
    revoked = await world.waivers.revoke(GRACE, case.id, etag=case.etag, reason="An example.")
    assert revoked.steps[-1].action is WaiverAction.REVOKED


async def test_pages_show_what_may_be_seen() -> None:
    """Waivers outside of the caller's scope fill no place on a page, and the last page says that it is the last."""
    world = World()
    hidden = Decided("other", "example", Bond("sha256:hidden", BOND.ruleset_digest), frozenset({("DAT-03", "crm")}))
    world.decided["e" * 32] = hidden
    for number in range(9):
        world.now += 1
        await world.waivers.request(ADA, wish(decision_id="e" * 32 if number % 3 else DECISION))
    who = person("alan", bindings=(Binding(Role.APPROVER, proposals=("refund-*",)),))

    first = await world.waivers.page(who, WaiverFilter(), before="", size=2)
    second = await world.waivers.page(who, WaiverFilter(), before=first.last, size=2)
    everything = await world.waivers.page(ADA, WaiverFilter(), before="", size=100)

    assert [len(page.cases) for page in (first, second, everything)] == [2, 1, 9]
    assert (second.last, everything.last) == ("", "")
    ids = [case.id for case in everything.cases]
    assert ids == sorted(ids, reverse=True)
    assert [case.id for case in (*first.cases, *second.cases)] == [
        case.id for case in everything.cases if case.terms.proposal_id == "refund-agent"
    ]


async def test_pages_are_filtered() -> None:
    """By proposal and by state; whoever has nothing to do with waivers sees none."""
    world = World()
    await granted(world)
    await world.waivers.request(ADA, wish())

    async def count(wanted: WaiverFilter) -> int:
        return len((await world.waivers.page(ADA, wanted, before="", size=10)).cases)

    assert await count(WaiverFilter(state=WaiverState.APPROVED)) == 1
    assert await count(WaiverFilter(state=WaiverState.REQUESTED)) == 1
    assert await count(WaiverFilter(facts_digest="sha256:facts")) == 2
    assert await count(WaiverFilter(facts_digest="sha256:other")) == 0
    with pytest.raises(PermissionDeniedError):
        await world.waivers.page(person("eve", Role.EVALUATOR), WaiverFilter(), before="", size=10)
