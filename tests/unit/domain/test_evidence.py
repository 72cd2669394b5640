"""Which evidence counts, what a ruleset demands of it, and what a shortfall does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from readygate_server.domain.backing import FactClass
from readygate_server.domain.evaluation import Case
from readygate_server.domain.evidence import Evidence, EvidenceIndex
from readygate_server.domain.facts import FactRef, ProposalFacts
from readygate_server.domain.finding import Finding
from readygate_server.domain.hearing import hear
from readygate_server.domain.rule import Rule, SeverityWhen
from readygate_server.domain.vocabulary import Effect, Gate, Grade, Outcome, Scope, Severity, Tier
from tests.fakes import Answer, FakeConditions
from tests.unit.make import AS_OF, check, evidence_rule, facts, per_tier, requirement, rule, table

TODAY = date.fromisoformat(AS_OF).toordinal()
FACT = "source.completeness"
CRM = FactRef(FACT, "crm")
MEASURED = FactClass("measured", tool_exists=True)
CLASSES = {
    FACT: MEASURED,
    "source.accuracy": FactClass("test", tool_exists=False),
    "gov.inventory_id": FactClass("document", tool_exists=False),
    "deployment.use_case": FactClass("declared", tool_exists=False),
}
COMPLETE = rule("DAT-03", check(FACT, "at_least", 0.99))
GOOD, POOR = facts(sources={"crm": {FACT: 1.0}}), facts(sources={"crm": {FACT: 0.5}})


def seen(
    grade: Grade | None = Grade.E2, *, days_ago: int | None = 0, fact: str = FACT, subject: str = "crm", **other: Any
) -> Evidence:
    """Returns evidence of a grade and an age."""
    return Evidence((fact,), subject, grade, None if days_ago is None else TODAY - days_ago, **other)


def demanded(
    rules: Sequence[Rule],
    given: ProposalFacts,
    *evidence: Evidence,
    tier: Tier = Tier.T3,
    gate: Gate = Gate.COMMIT,
    answers: dict[str, Answer] | None = None,
    reads: dict[str, frozenset[str]] | None = None,
    as_of: str = AS_OF,
) -> dict[str, Finding]:
    """Returns the findings by rule, after evidence was asked for; the rule about evidence is EVD-02."""
    day = date.fromisoformat(as_of).toordinal()
    rules_of = table(*rules, tier=tier, gate=gate, classes=CLASSES, reads=reads)
    case = Case(given, FakeConditions(answers or {}, given), {}, as_of, day)
    about_facts, about_evidence = hear(rules_of, case, EvidenceIndex(evidence, day))
    return {each.rule.id: each for each in [*about_facts, *about_evidence]}


def outcome(*evidence: Evidence, given: ProposalFacts = GOOD, **other: Any) -> tuple[Outcome, Outcome]:
    """Returns the outcomes of a rule about completeness and of the rule about evidence."""
    of_rule = {name: other.pop(name) for name in ("tier", "gate") if name in other}
    found = demanded([COMPLETE, evidence_rule(**other)], given, *evidence, **of_rule)
    return found["DAT-03"].outcome, found["EVD-02"].outcome


def test_good_evidence_satisfies() -> None:
    """Evidence of the grade and the age that is asked for leaves both rules satisfied."""
    assert outcome(seen()) == (Outcome.SATISFIED, Outcome.SATISFIED)


def test_weak_evidence_violates() -> None:
    """A claim where a document is asked for is known not to be good enough."""
    found = demanded([COMPLETE, evidence_rule()], GOOD, seen(Grade.E0))["EVD-02"]

    assert (found.outcome, found.effect, found.refuted, found.open) == (
        Outcome.VIOLATED,
        Effect.BLOCKS,
        Effect.BLOCKS,
        Effect.NONE,
    )
    assert [(part.fact, part.observed, part.required) for part in found.observations] == [
        ("source[crm].completeness", "E0", ">= E1")
    ]


@pytest.mark.parametrize(
    "evidence", [[], [seen(None)], [seen(days_ago=None)]], ids=["none", "without grade", "without day"]
)
def test_missing_evidence_is_unknown(evidence: list[Evidence]) -> None:
    """A fact without evidence, or with evidence of no grade or no day, leaves the rule about evidence unknown."""
    found = demanded([COMPLETE, evidence_rule()], GOOD, *evidence)["EVD-02"]

    assert (found.outcome, found.missing, found.open) == (Outcome.UNKNOWN, (CRM,), Effect.BLOCKS)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(30, (Outcome.SATISFIED, Outcome.SATISFIED)), (31, (Outcome.STALE, Outcome.STALE))],
)
def test_old_evidence_is_stale(days: int, expected: tuple[Outcome, Outcome]) -> None:
    """A yes that rests on evidence older than its kind allows is stale, and so is the rule about evidence."""
    assert outcome(seen(days_ago=days)) == expected


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(0, (Outcome.SATISFIED, Outcome.SATISFIED)), (-1, (Outcome.STALE, Outcome.STALE))],
)
def test_expired_evidence_is_stale(days_left: int, expected: tuple[Outcome, Outcome]) -> None:
    """Evidence counts up to the day on which it expires, however new it is."""
    assert outcome(seen(expires=TODAY + days_left)) == expected


def test_an_old_no_stays_a_no() -> None:
    """A violation that rests on old evidence is not taken back by its age."""
    assert outcome(seen(days_ago=400), given=POOR) == (Outcome.VIOLATED, Outcome.STALE)


def test_a_stale_finding_is_open_and_says_what_to_measure_again() -> None:
    """What is stale blocks like what is unknown, with the facts to measure again."""
    found = demanded([COMPLETE, evidence_rule()], GOOD, seen(days_ago=31))["DAT-03"]

    assert (found.effect, found.open, found.refuted, found.missing) == (
        Effect.BLOCKS,
        Effect.BLOCKS,
        Effect.NONE,
        (CRM,),
    )


def test_only_the_stale_part_counts() -> None:
    """A rule whose condition rests on old evidence is a condition, though its blocker rests on new evidence."""
    mild = check("source.accuracy.ratio", "at_least", 0.9, severity=per_tier(Severity.CONDITION))
    given = facts(sources={"crm": {FACT: 1.0, "source.accuracy.ratio": 1.0}})
    both = rule("DAT-03", check(FACT, "at_least", 0.99), mild)

    found = demanded([both, evidence_rule()], given, seen(), seen(fact="source.accuracy", days_ago=91))["DAT-03"]

    assert (found.outcome, found.effect) == (Outcome.STALE, Effect.CONDITIONS)


def test_evidence_from_the_future_does_not_count() -> None:
    """What was observed after the day of asking was not known on that day."""
    assert outcome(seen(days_ago=-1)) == (Outcome.SATISFIED, Outcome.UNKNOWN)
    assert outcome(seen(Grade.E0), seen(Grade.E3, days_ago=-1)) == (Outcome.SATISFIED, Outcome.VIOLATED)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (seen(Grade.E2, days_ago=20), seen(Grade.E1, days_ago=0)),
        (seen(Grade.E2, days_ago=1), seen(Grade.E2, days_ago=2)),
        (seen(Grade.E0, days_ago=9), seen(None, days_ago=0)),
        (seen(Grade.E1, days_ago=9), seen(Grade.E1, days_ago=None)),
        (seen(source_uri="https://b"), seen(source_uri="https://a")),
    ],
    ids=["grade", "age", "no grade", "no day", "source"],
)
def test_the_best_of_several_counts(better: Evidence, worse: Evidence, turned: bool) -> None:
    """The highest grade counts, then the newest, in whatever order the evidence is listed."""
    entries = [worse, better] if turned else [better, worse]

    assert EvidenceIndex(entries, TODAY).of(FACT, "crm") == better


def test_a_better_entry_that_became_old_takes_nothing_from_one_that_suffices() -> None:
    """Evidence of the grade that is needed counts, whatever older and better evidence there is."""
    fresh, old = seen(Grade.E2, days_ago=5), seen(Grade.E3, days_ago=400)

    assert outcome(old) == (Outcome.STALE, Outcome.STALE)
    assert outcome(old, fresh) == outcome(fresh) == (Outcome.SATISFIED, Outcome.SATISFIED)


@pytest.mark.parametrize(
    ("entry", "covers"),
    [
        (seen(fact="source.*"), True),
        (seen(fact="source.*", subject="erp"), False),
        (seen(fact="corpus.*"), False),
        (seen(fact="source.accuracy"), False),
        (seen(subject=""), False),
    ],
)
def test_evidence_covers_what_it_names(entry: Evidence, covers: bool) -> None:
    """Evidence covers a fact by its name, or all facts of its group and subject, and nothing else."""
    assert (EvidenceIndex([entry], TODAY).of(FACT, "crm") is not None) is covers


@pytest.mark.parametrize(("exact", "group", "named"), [(Grade.E1, Grade.E2, "group"), (Grade.E2, Grade.E1, "exact")])
def test_a_wildcard_counts_when_it_is_better(exact: Grade, group: Grade, named: str) -> None:
    """Between evidence for the fact and evidence for its group the better one counts."""
    found = EvidenceIndex([seen(exact), seen(group, fact="source.*")], TODAY).of(FACT, "crm")

    assert found == (seen(group, fact="source.*") if named == "group" else seen(exact))


def test_evidence_for_a_whole_fact_covers_its_parts() -> None:
    """A composite fact has one evidence for all of its parts, and lacks it once."""
    audited = rule(
        "DAT-04",
        check("source.accuracy.ratio", "at_least", 0.9),
        check("source.accuracy.sample_size", "at_least", 100),
    )
    given = facts(sources={"crm": {"source.accuracy.ratio": 1.0, "source.accuracy.sample_size": 300}})

    backed = demanded([audited, evidence_rule()], given, seen(fact="source.accuracy"))["EVD-02"]
    bare = demanded([audited, evidence_rule()], given)["EVD-02"]

    assert backed.outcome is Outcome.SATISFIED
    assert bare.missing == (FactRef("source.accuracy", "crm"),)


def test_a_derived_fact_is_backed_by_its_inputs() -> None:
    """A bound computed from an audit needs evidence for the audit."""
    bound = rule("DAT-04", check("source.accuracy_lower95", "at_least", 0.9))
    given = facts(sources={"crm": {"source.accuracy.ratio": 1.0, "source.accuracy.sample_size": 300}})

    assert demanded([bound, evidence_rule()], given)["EVD-02"].missing == (FactRef("source.accuracy", "crm"),)


def test_a_requirement_is_backed_by_what_it_reads() -> None:
    """A requirement that was met or broken rests on the facts in its expression; an open one rests on nothing."""
    asked = [rule("DAT-03", requirement("r")), evidence_rule()]
    reads = {"r": frozenset({FACT, "deployment.use_case", "api.latency_p95"})}
    given = facts(sources={"crm": {FACT: 1.0}})

    met = demanded(asked, given, answers={"r": True}, reads=reads)["EVD-02"]
    late = demanded(asked, given, seen(days_ago=31), answers={"r": True}, reads=reads)["DAT-03"]

    assert met.missing == (CRM,)
    assert (late.outcome, late.missing) == (Outcome.STALE, (CRM,))


def test_what_is_not_stated_needs_no_evidence() -> None:
    """An expression that was decided without one of its facts does not rest on it."""
    asked = [rule("DAT-03", requirement("r")), evidence_rule()]

    found = demanded(asked, facts(sources={"crm": {}}), answers={"r": True}, reads={"r": frozenset({FACT})})

    assert found["EVD-02"].outcome is Outcome.SATISFIED


def test_an_unknown_fact_needs_no_evidence_yet() -> None:
    """What is not stated is missing itself; its evidence is not asked for on top."""
    found = demanded([COMPLETE, evidence_rule()], facts(sources={"crm": {}}))

    assert (found["DAT-03"].outcome, found["EVD-02"].outcome) == (Outcome.UNKNOWN, Outcome.SATISFIED)


def test_what_is_declared_needs_no_evidence() -> None:
    """A proposer decides what the deployment is for; that is no observation."""
    declared = rule("DEP-01", check("deployment.use_case", "stated", True), scope=Scope.DEPLOYMENT)

    found = demanded([declared, evidence_rule()], facts({"deployment.use_case": "answers"}))

    assert found["EVD-02"].outcome is Outcome.SATISFIED


def test_advice_needs_no_evidence() -> None:
    """Facts behind mere advice are taken at their word."""
    advice = rule("DAT-03", check(FACT, "at_least", 0.99), severity=Severity.ADVISORY)

    assert demanded([advice, evidence_rule()], GOOD)["EVD-02"].outcome is Outcome.SATISFIED


@pytest.mark.parametrize("grade", [Grade.E0, None], ids=["weak", "missing"])
@pytest.mark.parametrize(
    ("gate", "effect"), [(Gate.COMMIT, Effect.CONDITIONS), (Gate.PILOT, Effect.BLOCKS)], ids=["condition", "overdue"]
)
def test_evidence_weighs_no_more_than_what_rests_on_it(grade: Grade | None, gate: Gate, effect: Effect) -> None:
    """Weak evidence behind a condition is a condition.

    Otherwise leaving the fact out, which is a condition as well, would be better than stating it.
    """
    condition = rule("DAT-03", check(FACT, "at_least", 0.99), severity=Severity.CONDITION)

    found = demanded([condition, evidence_rule()], GOOD, seen(grade), gate=gate)["EVD-02"]

    assert found.effect is effect


def test_the_weightiest_use_of_a_fact_counts() -> None:
    """A fact behind a condition and a blocker needs its evidence like a blocker."""
    condition = rule("DAT-09", check(FACT, "at_least", 0.9), severity=Severity.CONDITION)

    for rules in ([COMPLETE, condition], [rule("DAT-10", *COMPLETE.checks), condition]):
        assert demanded([*rules, evidence_rule()], GOOD)["EVD-02"].effect is Effect.BLOCKS


def test_evidence_weighs_no_more_than_its_own_rule() -> None:
    """Where the rule about evidence is a condition, weak evidence behind a blocker is one too."""
    found = demanded([COMPLETE, evidence_rule(severity=Severity.CONDITION)], GOOD)["EVD-02"]

    assert found.effect is Effect.CONDITIONS


DEMAND: dict[str, Any] = {
    "minimum_grade_where_a_tool_exists": {Tier.T3: Grade.E2},
    "minimum_grade_of_blockers": {Tier.T4: {"data": Grade.E3}},
}


@pytest.mark.parametrize(
    ("tier", "least"), [(Tier.T2, Grade.E1), (Tier.T3, Grade.E2), (Tier.T4, Grade.E3)], ids=lambda each: each.name
)
def test_the_grade_rises_with_what_is_at_stake(tier: Tier, least: Grade) -> None:
    """A document, a tool's measurement where there is a tool, and an independent check for the gravest blockers."""
    for grade in Grade:
        expected = Outcome.SATISFIED if grade >= least else Outcome.VIOLATED
        assert outcome(seen(grade), tier=tier, **DEMAND) == (Outcome.SATISFIED, expected)


def test_a_tool_is_asked_for_only_where_there_is_one() -> None:
    """A fact that no tool measures is shown by a document."""
    registered = rule("GOV-01", check("gov.inventory_id", "stated", True), scope=Scope.DEPLOYMENT)
    given = facts({"gov.inventory_id": "AI-42"})
    document = seen(Grade.E1, fact="gov.inventory_id", subject="")

    found = demanded([registered, evidence_rule(**DEMAND)], given, document)["EVD-02"]

    assert found.outcome is Outcome.SATISFIED


def test_the_worst_shortfall_names_the_outcome() -> None:
    """One weak, one missing and one old evidence: known to be weak outweighs unknown, unknown outweighs old."""
    sources = {name: {FACT: 1.0} for name in ("weak", "missing", "old")}
    weak, old = seen(Grade.E0, subject="weak"), seen(subject="old", days_ago=99)

    def judged(*names: str) -> Outcome:
        given = facts(sources={name: sources[name] for name in names})
        return demanded([COMPLETE, evidence_rule()], given, weak, old)["EVD-02"].outcome

    assert judged("weak", "missing", "old") is Outcome.VIOLATED
    assert judged("missing", "old") is Outcome.UNKNOWN
    assert judged("old") is Outcome.STALE


def test_of_several_demands_on_a_fact_the_worst_shortfall_is_kept() -> None:
    """A fact that is good enough for one rule and too weak for another is too weak, whatever the rules are called."""
    elsewhere = rule("{}", check(FACT, "at_least", 0.5), foundation="value")
    grades: dict[str, Any] = {"minimum_grade_of_blockers": {Tier.T3: {"data": Grade.E2}}}
    entry = seen(Grade.E1, days_ago=99)

    for rule_id in ("AAA-01", "ZZZ-01"):
        renamed = rule(rule_id, *elsewhere.checks, foundation="value")
        found = demanded([COMPLETE, renamed, evidence_rule(**grades)], GOOD, entry)["EVD-02"]
        assert found.outcome is Outcome.VIOLATED


def test_before_its_gate_evidence_is_not_asked_for() -> None:
    """A rule about evidence that is due later leaves old evidence alone until then."""
    assert outcome(seen(days_ago=99), due=Gate.PILOT) == (Outcome.SATISFIED, Outcome.NOT_DUE)
    assert outcome(seen(days_ago=99), due=Gate.PILOT, gate=Gate.PILOT) == (Outcome.STALE, Outcome.STALE)


@pytest.mark.parametrize("as_of", ["2026-03-31", "2026-10-01"])
def test_a_rule_about_evidence_has_its_days(as_of: str) -> None:
    """Before its first day and after its last a rule about evidence asks nothing."""
    timed = evidence_rule(effective_from="2026-04-01", effective_until="2026-09-30")

    found = demanded([COMPLETE, timed], GOOD, as_of=as_of)

    assert (found["DAT-03"].outcome, found["EVD-02"].outcome) == (Outcome.SATISFIED, Outcome.NOT_APPLICABLE)
    assert demanded([COMPLETE, timed], GOOD, as_of="2026-04-01")["EVD-02"].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("first", [FACT, "source.*"])
@pytest.mark.parametrize("second", ["source.validity", "source.*", None])
def test_facts_of_one_rule_may_rest_on_different_evidence(first: str, second: str | None) -> None:
    """Each fact counts by evidence of its own or of its group; only one with neither falls short."""
    both = rule("DAT-03", check(FACT, "at_least", 0.99), check("source.validity", "at_least", 0.9))
    classes = {**CLASSES, "source.validity": CLASSES[FACT]}
    given = facts(sources={"crm": {FACT: 1.0, "source.validity": 1.0}})
    rules_of = table(both, evidence_rule(), classes=classes)
    index = EvidenceIndex([seen(fact=name) for name in (first, second) if name], TODAY)

    (own,) = hear(rules_of, Case(given, FakeConditions({}, given), {}, AS_OF, TODAY), index).about_evidence

    covered = second is not None or first == "source.*"
    assert own.outcome is (Outcome.SATISFIED if covered else Outcome.UNKNOWN)
    assert own.missing == (() if covered else (FactRef("source.validity", "crm"),))


def test_evidence_for_one_source_covers_no_other() -> None:
    """What covers a source says nothing about the next one."""
    given = facts(sources={"crm": {FACT: 1.0}, "erp": {FACT: 1.0}})

    found = demanded([COMPLETE, evidence_rule()], given, seen(fact="source.*"))

    assert found["EVD-02"].missing == (FactRef(FACT, "erp"),)


def test_a_ruleset_may_do_without_evidence() -> None:
    """Without a rule about evidence nothing is asked of it."""
    assert demanded([COMPLETE], GOOD).keys() == {"DAT-03"}


@pytest.mark.parametrize(("strict", "outcome"), [(True, Outcome.UNKNOWN), (False, Outcome.SATISFIED)])
def test_evidence_follows_a_severity_that_depends_on_the_proposal(strict: bool, outcome: Outcome) -> None:
    """Advice that a condition turns into a blocker needs evidence; a blocker that it turns into advice needs none."""
    for base, other in ((Severity.ADVISORY, Severity.BLOCKER), (Severity.BLOCKER, Severity.ADVISORY)):
        turned = SeverityWhen("c", per_tier(other))
        asked = rule("DAT-10", check(FACT, "at_least", 0.99), severity=base, severity_when=(turned,))
        answer = strict if other is Severity.BLOCKER else not strict
        found = demanded([asked, evidence_rule()], GOOD, answers={"c": answer})
        assert found["EVD-02"].outcome is outcome


def test_the_weightiest_of_several_shortfalls_decides() -> None:
    """Weak evidence behind a condition for one source and behind a blocker for another blocks."""
    mild = rule("DAT-09", check("source.accuracy.ratio", "at_least", 0.9), severity=Severity.CONDITION)
    given = facts(sources={"crm": {FACT: 1.0}, "erp": {"source.accuracy.ratio": 1.0}})
    weak = (seen(Grade.E0), seen(Grade.E0, fact="source.accuracy", subject="erp"))

    found = demanded([COMPLETE, mild, evidence_rule()], given, *weak)["EVD-02"]

    assert (found.outcome, found.effect, found.refuted) == (Outcome.VIOLATED, Effect.BLOCKS, Effect.BLOCKS)


def test_old_and_expired_say_which_of_the_two() -> None:
    """Evidence that is young enough to the day, and has expired, is called expired."""
    found = demanded([COMPLETE, evidence_rule()], GOOD, seen(days_ago=30, expires=TODAY - 2))["EVD-02"]

    assert [part.observed for part in found.observations] == ["expired 2 days ago"]
