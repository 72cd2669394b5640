"""One rule against facts: three-valued logic, gates, subjects and severities."""

from __future__ import annotations

import pytest

from readygate_server.domain.conditions import Truth, Unknown
from readygate_server.domain.facts import FactRef
from readygate_server.domain.rule import SeverityWhen
from readygate_server.domain.vocabulary import Effect, Gate, Outcome, Scope, Severity, Tier
from tests.unit.make import check, facts, judged, judged_one, requirement, rule

COMPLETE = check("source.completeness", "at_least", 0.99)
AUTONOMY = FactRef("deployment.autonomy_level")
DOUBT = Unknown((AUTONOMY,))
GOOD = facts(sources={"crm": {"source.completeness": 0.995}})
POOR = facts(sources={"crm": {"source.completeness": 0.9}})
BLANK = facts(sources={"crm": {}})


def test_a_met_threshold_satisfies() -> None:
    """A value on the right side of its threshold satisfies the rule, and the finding shows both."""
    finding = judged_one(rule("DAT-03", COMPLETE), GOOD)

    assert (finding.outcome, finding.effect, finding.subject) == (Outcome.SATISFIED, Effect.NONE, "crm")
    assert (finding.observations[0].observed, finding.observations[0].required) == (0.995, ">= 0.99")


def test_a_missed_threshold_of_a_blocker_blocks() -> None:
    """A value on the wrong side violates, and the violation of a blocker blocks."""
    finding = judged_one(rule("DAT-03", COMPLETE), POOR)

    assert (finding.outcome, finding.effect) == (Outcome.VIOLATED, Effect.BLOCKS)
    assert (finding.refuted, finding.open) == (Effect.BLOCKS, Effect.NONE)


def test_an_absent_fact_is_unknown_and_named() -> None:
    """An absent fact never counts as zero: the rule is unknown, blocks, and says what is missing."""
    finding = judged_one(rule("DAT-03", COMPLETE), BLANK)

    assert (finding.outcome, finding.effect) == (Outcome.UNKNOWN, Effect.BLOCKS)
    assert finding.missing == (FactRef("source.completeness", "crm"),)
    assert (finding.refuted, finding.open) == (Effect.NONE, Effect.BLOCKS)


@pytest.mark.parametrize("where", ["when", "where", "check"])
@pytest.mark.parametrize(
    ("truth", "given", "outcome"),
    [
        (True, GOOD, Outcome.SATISFIED),
        (True, POOR, Outcome.VIOLATED),
        (True, BLANK, Outcome.UNKNOWN),
        (False, GOOD, Outcome.NOT_APPLICABLE),
        (False, POOR, Outcome.NOT_APPLICABLE),
        (False, BLANK, Outcome.NOT_APPLICABLE),
        (DOUBT, GOOD, Outcome.SATISFIED),
        (DOUBT, POOR, Outcome.UNKNOWN),
        (DOUBT, BLANK, Outcome.UNKNOWN),
    ],
)
def test_a_condition_and_a_check_combine_as_implication(
    where: str, truth: Truth, given: object, outcome: Outcome
) -> None:
    """`if condition then check` is Kleene's implication, wherever the condition stands."""
    conditional = check("source.completeness", "at_least", 0.99, where="c" if where == "check" else "")
    asked = rule("DAT-03", conditional, when="c" if where == "when" else "", where="c" if where == "where" else "")

    assert judged_one(asked, given, {"c": truth}).outcome is outcome  # type: ignore[arg-type]


def test_doubt_names_the_facts_behind_it() -> None:
    """A missed check that perhaps is not asked is unknown because of the condition's facts, not its own."""
    finding = judged_one(rule("DAT-03", COMPLETE, where="c"), POOR, {"c": DOUBT})

    assert finding.missing == (AUTONOMY,)


def test_doubts_add_up() -> None:
    """With the value and all conditions open every missing fact is named, the check's own first."""
    of_check = FactRef("source.entity", "crm")
    conditional = check("source.completeness", "at_least", 0.99, where="b")
    answers = {"a": DOUBT, "b": Unknown((of_check,))}

    finding = judged_one(rule("DAT-03", conditional, when="a"), BLANK, answers)

    assert finding.missing == (FactRef("source.completeness", "crm"), AUTONOMY, of_check)


def test_a_false_condition_beats_an_unknown_one() -> None:
    """`unknown && false` is false: a rule that certainly does not apply is not in doubt."""
    asked = rule("DAT-03", COMPLETE, when="open", where="no")

    assert judged_one(asked, POOR, {"open": DOUBT, "no": False}).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("truth", "outcome"), [(True, Outcome.SATISFIED), (False, Outcome.VIOLATED), (DOUBT, Outcome.UNKNOWN)]
)
def test_a_requirement_has_three_values(truth: Truth, outcome: Outcome) -> None:
    """A requirement is met, broken or unknown as its expression is."""
    finding = judged_one(rule("DAT-03", requirement("r")), BLANK, {"r": truth})

    assert finding.outcome is outcome
    assert finding.missing == (DOUBT.missing if truth is DOUBT else ())


@pytest.mark.parametrize(
    ("truth", "outcome"), [(True, Outcome.SATISFIED), (False, Outcome.UNKNOWN), (DOUBT, Outcome.UNKNOWN)]
)
def test_a_requirement_in_doubt_is_never_broken(truth: Truth, outcome: Outcome) -> None:
    """A requirement that perhaps is not asked can pass, but it can not be held against the proposal."""
    asked = rule("DAT-03", requirement("r", where="open"))

    assert judged_one(asked, BLANK, {"r": truth, "open": DOUBT}).outcome is outcome


def test_a_requirement_that_is_not_asked_leaves_the_rest() -> None:
    """A requirement whose condition is false is left out; the checks decide."""
    finding = judged_one(rule("DAT-03", COMPLETE, requirement("r", where="no")), GOOD, {"no": False})

    assert finding.outcome is Outcome.SATISFIED
    assert [part.check_id for part in finding.observations] == ["completeness"]


def test_one_violation_is_enough() -> None:
    """The parts of a rule are conjunctive: one broken part and a hundred met ones make a violation."""
    parts = [check("source.completeness", "at_least", 0.1, id=f"c{number}") for number in range(100)]

    assert judged_one(rule("DAT-03", *parts, COMPLETE), POOR).outcome is Outcome.VIOLATED


def test_a_violation_beats_an_unknown_of_the_same_weight() -> None:
    """`false && unknown` is false: what is missing can not undo what is broken. It is named all the same."""
    finding = judged_one(rule("DAT-03", COMPLETE, check("source.entity", "stated", True)), POOR)

    assert (finding.outcome, finding.refuted, finding.open) == (Outcome.VIOLATED, Effect.BLOCKS, Effect.BLOCKS)
    assert finding.missing == (FactRef("source.entity", "crm"),)


def test_an_unknown_blocker_beats_a_violated_advisory() -> None:
    """Advice that is not followed does not turn an open question into a no."""
    advice = check("source.completeness", "at_least", 0.99, severity={Tier.T3: Severity.ADVISORY})

    finding = judged_one(rule("DAT-03", advice, check("source.entity", "stated", True)), POOR)

    assert (finding.outcome, finding.effect) == (Outcome.UNKNOWN, Effect.BLOCKS)
    assert (finding.refuted, finding.open) == (Effect.ADVISES, Effect.BLOCKS)


def test_each_subject_has_its_own_finding() -> None:
    """A rule about sources is asked for each, by id, and a good one does not make up for a poor one."""
    given = facts(sources={"b": {"source.completeness": 0.9}, "a": {"source.completeness": 1.0}, "c": {}})

    found = judged(rule("DAT-03", COMPLETE), given)

    assert [(each.subject, each.outcome) for each in found] == [
        ("a", Outcome.SATISFIED),
        ("b", Outcome.VIOLATED),
        ("c", Outcome.UNKNOWN),
    ]


def test_where_picks_subjects() -> None:
    """A subject that a rule is not about is not applicable; the others are judged."""
    given = facts(sources={"a": {}, "b": {}})

    found = judged(rule("DAT-03", COMPLETE, where="picked"), given, {"picked": lambda _, subject: subject == "a"})

    assert [each.outcome for each in found] == [Outcome.UNKNOWN, Outcome.NOT_APPLICABLE]


def test_a_rule_without_subjects_does_not_apply() -> None:
    """A rule about workflows says nothing about a proposal that has none."""
    asked = rule("WFL-01", check("workflow.rule_coverage", "at_least", 0.9), scope=Scope.WORKFLOW)

    assert judged_one(asked, facts()).outcome is Outcome.NOT_APPLICABLE


def test_a_rule_about_assets_may_ask_about_the_deployment() -> None:
    """A deployment fact in a rule about sources is read from the deployment, and missed there."""
    asked = rule("DAT-03", check("gov.log_retention", "at_least", 180))
    given = facts({"gov.log_retention": 200}, sources={"crm": {}})

    assert judged_one(asked, given).outcome is Outcome.SATISFIED
    assert judged_one(asked, BLANK).missing == (FactRef("gov.log_retention"),)


def test_a_tier_without_a_threshold_is_not_asked() -> None:
    """A rule with no check at a tier does not apply there, whatever the facts are."""
    asked = rule("DAT-03", check("source.completeness", "at_least", {Tier.T4: 0.99}))

    assert judged_one(asked, POOR, tier=Tier.T3).outcome is Outcome.NOT_APPLICABLE
    assert judged_one(asked, POOR, tier=Tier.T4).outcome is Outcome.VIOLATED


def test_a_severity_of_none_is_not_asked() -> None:
    """A rule that has no severity at a tier does not apply there."""
    severity = {
        Tier.T1: Severity.NONE,
        Tier.T2: Severity.ADVISORY,
        Tier.T3: Severity.BLOCKER,
        Tier.T4: Severity.BLOCKER,
    }
    asked = rule("DAT-03", COMPLETE, severity=severity)

    assert judged_one(asked, POOR, tier=Tier.T1).outcome is Outcome.NOT_APPLICABLE
    assert judged_one(asked, POOR, tier=Tier.T2).effect is Effect.ADVISES


@pytest.mark.parametrize(
    ("severity", "at_commit", "at_pilot", "at_production"),
    [
        (Severity.ADVISORY, Effect.NONE, Effect.ADVISES, Effect.ADVISES),
        (Severity.CONDITION, Effect.NONE, Effect.CONDITIONS, Effect.BLOCKS),
        (Severity.BLOCKER, Effect.NONE, Effect.BLOCKS, Effect.BLOCKS),
    ],
)
def test_a_condition_that_is_overdue_blocks(
    severity: Severity, at_commit: Effect, at_pilot: Effect, at_production: Effect
) -> None:
    """Due at pilot: nothing before, its own weight at pilot; after it a condition weighs as much as a blocker."""
    asked = rule("DAT-03", COMPLETE, severity=severity, due=Gate.PILOT)

    effects = [judged_one(asked, POOR, gate=gate).effect for gate in Gate]

    assert effects == [at_commit, at_pilot, at_production]


def test_before_its_gate_a_rule_is_not_due() -> None:
    """A rule of a later gate is reported as not due, and nothing of it is missing yet."""
    finding = judged_one(rule("DAT-03", COMPLETE, due=Gate.PILOT), BLANK)

    assert (finding.outcome, finding.missing, finding.due) == (Outcome.NOT_DUE, (), Gate.PILOT)


def test_a_check_may_be_due_later_than_its_rule() -> None:
    """What is not due yet is shown and does not hold up what is."""
    later = check("source.entity", "stated", True, due=Gate.PILOT)
    asked = rule("DAT-03", COMPLETE, later)

    now, then = judged_one(asked, GOOD), judged_one(asked, GOOD, gate=Gate.PILOT)

    assert (now.outcome, [part.outcome for part in now.observations]) == (
        Outcome.SATISFIED,
        [Outcome.SATISFIED, Outcome.NOT_DUE],
    )
    assert then.outcome is Outcome.UNKNOWN


def test_a_rule_of_which_all_is_due_later_is_not_due() -> None:
    """A rule whose only check comes later is neither satisfied nor unknown."""
    asked = rule("DAT-03", check("source.entity", "stated", True, due=Gate.PILOT), requirement("r", due=Gate.PILOT))

    assert judged_one(asked, BLANK).outcome is Outcome.NOT_DUE


def test_a_check_is_never_due_before_its_rule() -> None:
    """The later of the two gates counts."""
    asked = rule("DAT-03", check("source.entity", "stated", True, due=Gate.COMMIT), due=Gate.PILOT)

    assert judged_one(asked, BLANK, gate=Gate.COMMIT).outcome is Outcome.NOT_DUE
    assert judged_one(asked, BLANK, gate=Gate.PILOT).outcome is Outcome.UNKNOWN


def test_a_check_may_weigh_less_than_its_rule() -> None:
    """A check with a severity of its own has the effect of that severity."""
    own = check("source.completeness", "at_least", 0.99, severity={Tier.T3: Severity.CONDITION})

    finding = judged_one(rule("DAT-03", own), POOR)

    assert (finding.outcome, finding.effect, finding.severity) == (
        Outcome.VIOLATED,
        Effect.CONDITIONS,
        Severity.BLOCKER,
    )


@pytest.mark.parametrize(
    ("as_of", "outcome"),
    [
        ("2026-03-31", Outcome.NOT_APPLICABLE),
        ("2026-04-01", Outcome.VIOLATED),
        ("2026-09-30", Outcome.VIOLATED),
        ("2026-10-01", Outcome.NOT_APPLICABLE),
    ],
)
def test_a_rule_is_in_force_between_its_days(as_of: str, outcome: Outcome) -> None:
    """A rule applies from its first day to its last, both counted."""
    asked = rule("DAT-03", COMPLETE, effective_from="2026-04-01", effective_until="2026-09-30")

    assert judged_one(asked, POOR, as_of=as_of).outcome is outcome


def _when(condition: str, severity: Severity) -> SeverityWhen:
    return SeverityWhen(condition, dict.fromkeys(Tier, severity))


@pytest.mark.parametrize(
    ("answers", "severity"),
    [
        ((False, False), Severity.CONDITION),
        ((True, False), Severity.BLOCKER),
        ((False, True), Severity.ADVISORY),
        ((True, True), Severity.BLOCKER),
        ((DOUBT, False), Severity.BLOCKER),
        ((False, DOUBT), Severity.CONDITION),
        ((DOUBT, True), Severity.BLOCKER),
        ((True, DOUBT), Severity.BLOCKER),
        ((DOUBT, DOUBT), Severity.BLOCKER),
    ],
)
def test_of_several_severities_the_first_that_holds_counts(answers: tuple[Truth, Truth], severity: Severity) -> None:
    """The first condition that holds sets the severity; while one is unknown, the strictest that is possible does."""
    others = (_when("strict", Severity.BLOCKER), _when("mild", Severity.ADVISORY))
    asked = rule("DAT-03", COMPLETE, severity=Severity.CONDITION, severity_when=others)

    finding = judged_one(asked, POOR, {"strict": answers[0], "mild": answers[1]})

    assert (finding.severity, finding.effect) == (severity, Effect(int(severity)))


def test_a_condition_of_severity_spares_parts_with_their_own() -> None:
    """A severity that a part states for itself is not changed by conditions over the deployment."""
    own = check("source.completeness", "at_least", 0.99, severity={Tier.T3: Severity.ADVISORY})
    asked = rule("DAT-03", own, requirement("r"), severity_when=(_when("c", Severity.CONDITION),))

    finding = judged_one(asked, POOR, {"c": True, "r": False})

    assert [part.effect for part in finding.observations] == [Effect.ADVISES, Effect.CONDITIONS]


EXCUSED = FactRef("source.cross_system_consistency", "crm")
CONSISTENT = check("source.cross_system_consistency", "at_least", 0.98)


def test_a_fact_that_does_not_apply_has_to_be_confirmed() -> None:
    """A blocker whose fact is said not to apply becomes a condition, with the reason for people."""
    asked = rule("DAT-05", CONSISTENT, may_be_not_applicable=frozenset({EXCUSED.fact}))

    finding = judged_one(asked, BLANK, not_applicable={EXCUSED: "only one system"})

    assert (finding.outcome, finding.effect) == (Outcome.NOT_APPLICABLE, Effect.CONDITIONS)
    assert finding.note == "source[crm].cross_system_consistency is said not to apply: only one system"


def test_a_condition_whose_fact_does_not_apply_asks_nothing() -> None:
    """Where the rule would only have been a condition there is nothing to confirm yet."""
    allowed = frozenset({EXCUSED.fact})
    asked = rule("DAT-05", CONSISTENT, may_be_not_applicable=allowed, severity=Severity.CONDITION)

    assert judged_one(asked, BLANK, not_applicable={EXCUSED: "only one system"}).effect is Effect.NONE


def test_only_listed_facts_may_be_said_not_to_apply() -> None:
    """Saying that a fact does not apply is no way around a rule that does not allow it."""
    finding = judged_one(rule("DAT-05", CONSISTENT), BLANK, not_applicable={EXCUSED: "only one system"})

    assert (finding.outcome, finding.effect) == (Outcome.UNKNOWN, Effect.BLOCKS)


def test_what_is_said_of_one_subject_does_not_excuse_another() -> None:
    """A statement counts for the subject that it names."""
    asked = rule("DAT-05", CONSISTENT, may_be_not_applicable=frozenset({EXCUSED.fact}))
    given = facts(sources={"crm": {}, "erp": {}})

    found = judged(asked, given, not_applicable={EXCUSED: "only one system"})

    assert [each.outcome for each in found] == [Outcome.NOT_APPLICABLE, Outcome.UNKNOWN]


def test_a_stated_value_counts_whatever_is_said() -> None:
    """A value that is there is judged, even when somebody says that the fact does not apply."""
    asked = rule("DAT-05", CONSISTENT, may_be_not_applicable=frozenset({EXCUSED.fact}))
    given = facts(sources={"crm": {EXCUSED.fact: 0.5}})

    assert judged_one(asked, given, not_applicable={EXCUSED: "only one system"}).outcome is Outcome.VIOLATED


def test_a_whole_fact_excuses_its_parts() -> None:
    """Saying that a composite fact does not apply says it of each part."""
    asked = rule(
        "DAT-04",
        check("source.accuracy.ratio", "at_least", 0.9),
        may_be_not_applicable=frozenset({"source.accuracy"}),
    )

    finding = judged_one(asked, BLANK, not_applicable={FactRef("source.accuracy", "crm"): "no records"})

    assert finding.outcome is Outcome.NOT_APPLICABLE


def test_an_excuse_does_not_hide_a_violation() -> None:
    """A rule with one part excused and another broken is violated."""
    asked = rule("DAT-05", COMPLETE, CONSISTENT, may_be_not_applicable=frozenset({EXCUSED.fact}))

    finding = judged_one(asked, POOR, not_applicable={EXCUSED: "only one system"})

    assert (finding.outcome, finding.effect) == (Outcome.VIOLATED, Effect.BLOCKS)


def test_an_excuse_leaves_a_condition_beside_what_is_satisfied() -> None:
    """A rule with one part excused and the others met is satisfied, and still has to be confirmed."""
    asked = rule("DAT-05", COMPLETE, CONSISTENT, may_be_not_applicable=frozenset({EXCUSED.fact}))

    finding = judged_one(asked, GOOD, not_applicable={EXCUSED: "only one system"})

    assert (finding.outcome, finding.effect) == (Outcome.SATISFIED, Effect.CONDITIONS)


LATENCY = check("deployment.sequential_latency_p95", "at_most", 1000)


def test_a_derived_fact_is_computed() -> None:
    """A check on a derived fact shows the computed value."""
    given = facts(apis={"a": {"api.critical_path": True, "api.latency_p95": 400}})

    finding = judged_one(rule("API-04", LATENCY, scope=Scope.DEPLOYMENT), given)

    assert (finding.outcome, finding.observations[0].observed) == (Outcome.SATISFIED, 400.0)


def test_a_derived_fact_in_part_can_already_fail() -> None:
    """When the best that is still possible is not enough the check is violated; what is missing can not help."""
    slow = {"api.critical_path": True, "api.latency_p95": 1200}
    given = facts(apis={"a": slow, "b": {"api.critical_path": True}})

    finding = judged_one(rule("API-04", LATENCY, scope=Scope.DEPLOYMENT), given)

    assert (finding.outcome, finding.observations[0].observed, finding.missing) == (Outcome.VIOLATED, 1200.0, ())


def test_a_derived_fact_in_part_never_passes() -> None:
    """When the best that is possible would pass the check is unknown and names the missing inputs."""
    given = facts(apis={"a": {"api.critical_path": True, "api.latency_p95": 100}, "b": {"api.critical_path": True}})

    finding = judged_one(rule("API-04", LATENCY, scope=Scope.DEPLOYMENT), given)

    assert (finding.outcome, finding.missing) == (Outcome.UNKNOWN, (FactRef("api.latency_p95", "b"),))


@pytest.mark.parametrize(
    ("latency", "outcome"),
    [(400, Outcome.SATISFIED), (500, Outcome.SATISFIED), (600, Outcome.UNKNOWN), (1200, Outcome.VIOLATED)],
)
def test_a_derived_fact_in_part_passes_at_its_worst(latency: int, outcome: Outcome) -> None:
    """When even the worst that is possible is enough, what is missing does not matter; it is Kleene's logic of sums."""
    link = {"api.latency_p95": latency}
    given = facts(apis={"a": {"api.critical_path": True, **link}, "b": link})

    assert judged_one(rule("API-04", LATENCY, scope=Scope.DEPLOYMENT), given).outcome is outcome


@pytest.mark.parametrize(
    ("comparator", "limit"), [("at_least", 100), ("equals", 500), ("at_least", 2000)], ids=["more", "just", "far more"]
)
def test_a_least_value_decides_nothing_where_more_is_better(comparator: str, limit: float) -> None:
    """A sum that can still grow is no violation of a check that asks for more."""
    asked = rule("API-04", check("deployment.sequential_latency_p95", comparator, limit), scope=Scope.DEPLOYMENT)
    given = facts(apis={"a": {"api.critical_path": True, "api.latency_p95": 50}, "b": {"api.critical_path": True}})

    assert judged_one(asked, given).outcome is Outcome.UNKNOWN
