"""One evaluation: what the decision holds besides the verdict."""

from __future__ import annotations

from typing import Any

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.domain.conditions import Unknown
from readygate_server.domain.decision import Decision
from readygate_server.domain.facts import FactRef
from readygate_server.domain.rule import Rule, TierAxis, TierLevel
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Gate, Outcome, Scope, Severity, Tier, Verdict
from tests.fakes import FakeDossier, FakeExpressions
from tests.unit.make import AS_OF, OURS, check, evidence_rule, facts, rule, ruleset, unknown_facts_rule

FACT = "source.completeness"
COMPLETE = rule("DAT-03", check(FACT, "at_least", 0.99))
AGAIN = rule("DAT-02", check(FACT, "at_least", 0.9), severity=Severity.CONDITION)
REGISTERED = rule("GOV-01", check("gov.inventory_id", "stated", True), scope=Scope.DEPLOYMENT)
WAIVER = Waiver("WV-1", "DAT-03", "crm", "ada", ("grace",), "2026-10-01", "2026-11-20")


def decided(dossier: FakeDossier, *rules: Rule, question: Question | None = None, **other: Any) -> Decision:
    """Returns a decision about a proposal."""
    active = ActiveRuleset(
        ruleset(*rules, **other), FakeExpressions({"c": Unknown((FactRef("deployment.channel"),))}), {}
    )
    return evaluate(active, dossier, question or Question(Gate.COMMIT, AS_OF))


def with_source(**of_crm: Any) -> FakeDossier:
    """Returns a proposal with one source."""
    return FakeDossier(facts(sources={"crm": {name.replace("_", ".", 1): value for name, value in of_crm.items()}}))


def test_a_missing_fact_is_named_once_with_all_rules_that_need_it() -> None:
    """A fact that several rules need is one missing fact, and blocks when one of them does."""
    decision = decided(with_source(), COMPLETE, AGAIN)

    (missing,) = decision.missing
    assert (missing.ref, missing.rule_ids, missing.blocks) == (FactRef(FACT, "crm"), ("DAT-02", "DAT-03"), True)


def test_a_missing_fact_shows_what_was_said_instead() -> None:
    """A statement stands beside the fact that it is about."""
    said = FakeDossier(with_source().facts, statements={FactRef(FACT, "crm"): "not stated by its source: silent"})

    assert decided(said, COMPLETE).missing[0].statement == "not stated by its source: silent"


def test_findings_stand_by_rule_and_subject() -> None:
    """Whatever adds a finding, findings stand in the order of rules and subjects."""
    dossier = FakeDossier(facts(sources={"b": {FACT: 1.0}, "a": {}}))

    decision = decided(dossier, unknown_facts_rule("AAA-01"), COMPLETE, evidence_rule("BBB-02"), REGISTERED)

    assert [(each.rule.id, each.subject) for each in decision.findings] == [
        ("AAA-01", ""),
        ("BBB-02", ""),
        ("DAT-03", "a"),
        ("DAT-03", "b"),
        ("GOV-01", ""),
    ]


def test_only_a_go_has_a_last_day() -> None:
    """What does not pass has no validity; what passes has a plan no longer."""
    go, no = decided(with_source(source_completeness=1.0), COMPLETE), decided(with_source(), COMPLETE)

    assert (go.verdict, go.valid_until, go.plan) == (Verdict.GO, "2027-02-01", None)
    assert (no.verdict, no.valid_until) == (Verdict.UNDETERMINED, "")
    assert no.plan is not None


def test_waivers_in_use_are_named() -> None:
    """A decision names the waivers that it needed, and no others."""
    spare = Waiver("WV-2", "DAT-03", "erp", "ada", ("grace",), "2026-10-01", "2026-11-20")
    question = Question(Gate.COMMIT, AS_OF, waivers=(spare, WAIVER))
    dossier = FakeDossier(facts({"gov.inventory_id": "AI-42"}, sources={"crm": {FACT: 0.5}}))

    decision = decided(dossier, COMPLETE, REGISTERED, question=question)

    assert (decision.verdict, decision.waiver_ids) == (Verdict.GO_WITH_CONDITIONS, ("WV-1",))
    assert decision.valid_until == "2026-11-20"


def test_only_waivers_that_are_named_have_a_say() -> None:
    """A waiver that would count at a later gate only changes nothing here, so that a decision can be made again."""
    later = rule("DAT-03", check(FACT, "at_least", 0.99), due=Gate.PILOT)
    dossier = FakeDossier(facts({"gov.inventory_id": "AI-42"}, sources={"crm": {FACT: 0.5}}))

    without, unused = (
        decided(dossier, later, REGISTERED, question=Question(Gate.COMMIT, AS_OF, waivers))
        for waivers in ((), (WAIVER,))
    )

    assert (unused.waiver_ids, unused.passes_today) == ((), without.passes_today)
    assert [passing.gate for passing in unused.passes_today] == [Gate.COMMIT]
    used = decided(dossier, later, REGISTERED, question=Question(Gate.PILOT, AS_OF, (WAIVER,)))
    assert [passing.gate for passing in used.passes_today] == [Gate.PRODUCTION]


def test_counts_per_foundation_decide_nothing() -> None:
    """Each foundation has its counts, by name; stale counts as unknown."""
    dossier = FakeDossier(facts({"gov.inventory_id": "AI-42"}, sources={"a": {FACT: 1.0}, "b": {FACT: 0.1}, "c": {}}))
    counts = decided(dossier, COMPLETE, rule("GOV-01", *REGISTERED.checks, scope=Scope.DEPLOYMENT, foundation="gov"))

    assert counts.foundations == (("data", 1, 1, 1, 2), ("gov", 1, 0, 0, 0))


def test_a_floor_is_never_a_go() -> None:
    """While the tier may be higher more may be asked, so nothing passes for good."""
    axis = TierAxis("effect", "Effect", (TierLevel(Tier.T3, "c"),), OURS)

    decision = decided(with_source(source_completeness=1.0), COMPLETE, axes=(axis,))

    assert (decision.verdict, decision.tier.is_floor, decision.valid_until) == (Verdict.UNDETERMINED, True, "")


def test_a_rule_that_eases_with_the_tier_is_open_at_a_floor() -> None:
    """What fails at a floor under a rule that is not monotone may pass at the real tier."""
    axis = TierAxis("effect", "Effect", (TierLevel(Tier.T3, "c"),), OURS)
    easing = rule("VAL-03", *COMPLETE.checks, monotone=False)

    strict = decided(with_source(source_completeness=0.1), COMPLETE, axes=(axis,))
    eased = decided(with_source(source_completeness=0.1), easing, axes=(axis,))

    assert strict.verdict is Verdict.NO_GO
    assert (eased.verdict, eased.findings[0].outcome) == (Verdict.UNDETERMINED, Outcome.UNKNOWN)
    assert eased.findings[0].missing == (FactRef("deployment.channel"),)


def test_a_question_may_set_the_tier() -> None:
    """Tests of rules ask at a tier of their own, which is then no floor."""
    axis = TierAxis("effect", "Effect", (TierLevel(Tier.T3, "c"),), OURS)
    question = Question(Gate.COMMIT, AS_OF, tier=Tier.T4)

    tier = decided(with_source(source_completeness=1.0), COMPLETE, axes=(axis,), question=question).tier

    assert (tier.tier, tier.set_by, tier.is_floor) == (Tier.T4, ("question",), False)


def test_the_decision_says_what_it_rests_on() -> None:
    """Ruleset, engine, digest of the facts and day are part of the answer."""
    decision = decided(with_source(), COMPLETE, AGAIN)

    assert (decision.ruleset.name, decision.ruleset.digest, decision.rule_count) == ("example", "sha256:example", 2)
    assert (decision.facts_digest, decision.as_of, decision.gate) == ("sha256:fake", AS_OF, Gate.COMMIT)
    assert decision.engine_version
