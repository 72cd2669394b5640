"""From findings to one of four answers, and what waivers change."""

from __future__ import annotations

from typing import Any

import pytest

from readygate_server.domain.conditions import Unknown
from readygate_server.domain.facts import FactRef
from readygate_server.domain.finding import Finding, Observation
from readygate_server.domain.verdict import Bond, Occasion, Waiver, decide, report_unknown, waive
from readygate_server.domain.vocabulary import Effect, Gate, Outcome, Severity, Verdict
from tests.unit.make import check, evidence_rule, facts, finding, judged_one, rule, table, unknown_facts_rule

FACT = "source.completeness"
GOOD, POOR = facts(sources={"crm": {FACT: 1.0}}), facts(sources={"crm": {FACT: 0.5}})
BLANK = facts(sources={"crm": {}})
BOND = Bond("sha256:facts", "sha256:rules")
NAMES = {"good": GOOD, "poor": POOR, "blank": BLANK}


def judged(facts_are: str, severity: Severity = Severity.BLOCKER, rule_id: str = "DAT-03", **other: Any) -> Finding:
    """Returns the finding of a rule of one severity for a source that is good, poor or blank."""
    return judged_one(rule(rule_id, check(FACT, "at_least", 0.99), severity=severity, **other), NAMES[facts_are])


SATISFIED = judged("good")


@pytest.mark.parametrize(
    ("facts_are", "severity", "verdict"),
    [
        ("good", Severity.BLOCKER, Verdict.GO),
        ("poor", Severity.BLOCKER, Verdict.NO_GO),
        ("blank", Severity.BLOCKER, Verdict.UNDETERMINED),
        ("good", Severity.CONDITION, Verdict.GO),
        ("poor", Severity.CONDITION, Verdict.GO_WITH_CONDITIONS),
        ("blank", Severity.CONDITION, Verdict.GO_WITH_CONDITIONS),
        ("good", Severity.ADVISORY, Verdict.GO),
        ("poor", Severity.ADVISORY, Verdict.GO),
        ("blank", Severity.ADVISORY, Verdict.GO),
    ],
)
def test_one_finding_beside_a_satisfied_one(facts_are: str, severity: Severity, verdict: Verdict) -> None:
    """What one finding does to a verdict that would be a go without it."""
    assert decide([SATISFIED, judged(facts_are, severity)]) is verdict
    assert decide([judged(facts_are, severity), SATISFIED]) is verdict


def test_blockers_are_conjunctive() -> None:
    """One failed blocker among a thousand satisfied rules is a no."""
    assert decide([SATISFIED] * 1000 + [judged("poor")]) is Verdict.NO_GO


def test_a_no_outweighs_what_is_unknown() -> None:
    """With one blocker broken and another open the answer is no: measuring would not change it."""
    assert decide([judged("blank"), judged("poor"), SATISFIED]) is Verdict.NO_GO


def test_what_is_unknown_outweighs_conditions() -> None:
    """An open blocker leaves the answer open, whatever the conditions are."""
    assert decide([judged("poor", Severity.CONDITION), judged("blank"), SATISFIED]) is Verdict.UNDETERMINED


def test_an_open_blocker_with_broken_advice_is_undetermined() -> None:
    """A finding that is violated in its advice and open in its demand does not make a no."""
    mixed = finding(rule("DAT-03"), Outcome.UNKNOWN, Effect.BLOCKS, refuted=Effect.ADVISES)

    assert decide([SATISFIED, mixed]) is Verdict.UNDETERMINED


def test_nothing_judged_is_never_a_go() -> None:
    """No findings at all, from an empty ruleset, leave the answer open."""
    assert decide([]) is Verdict.UNDETERMINED


@pytest.mark.parametrize("outcome", [Outcome.NOT_APPLICABLE, Outcome.NOT_DUE])
def test_nothing_that_applied_is_never_a_go(outcome: Outcome) -> None:
    """Rules that did not apply or were not due have judged nothing."""
    assert decide([finding(rule("DAT-03"), outcome)]) is Verdict.UNDETERMINED


def test_rules_about_what_is_known_judge_nothing_themselves() -> None:
    """That nothing is unknown and no evidence is weak says nothing when no fact was asked for."""
    reports = [finding(unknown_facts_rule()), finding(evidence_rule())]

    assert decide(reports) is Verdict.UNDETERMINED


@pytest.mark.parametrize(
    ("severity", "verdict"), [(Severity.ADVISORY, Verdict.GO), (Severity.CONDITION, Verdict.GO_WITH_CONDITIONS)]
)
def test_a_rule_that_was_certainly_broken_has_judged(severity: Severity, verdict: Verdict) -> None:
    """A ruleset of a single condition answers with that condition, not with silence."""
    assert decide([judged("poor", severity)]) is verdict


def test_a_rule_of_which_all_is_unknown_has_not_judged() -> None:
    """Open conditions alone do not make a go: nothing at all is known."""
    assert decide([judged("blank", Severity.CONDITION)]) is Verdict.UNDETERMINED


def test_a_rule_that_perhaps_does_not_apply_has_not_judged() -> None:
    """A check that is met, but perhaps was not to be asked, is not enough for a go.

    Otherwise taking away the fact that says that nothing applies would turn an open answer into a go.
    """
    asked = rule("DAT-03", check(FACT, "at_least", 0.99), when="c")
    doubtful = judged_one(asked, GOOD, {"c": Unknown((FactRef("deployment.channel"),))})

    assert doubtful.outcome is Outcome.SATISFIED
    assert decide([doubtful]) is Verdict.UNDETERMINED
    assert decide([doubtful, SATISFIED]) is Verdict.GO


def waiver(**changes: Any) -> Waiver:
    """Returns a waiver that counts for DAT-03 of the CRM on the day of the tests."""
    values: dict[str, Any] = {
        "id": "WV-1",
        "rule_id": "DAT-03",
        "subject": "crm",
        "requested_by": "ada",
        "approved_by": ("grace",),
        "starts_on": "2026-10-15",
        "ends_on": "2026-12-31",
        "bond": BOND,
    }
    return Waiver(**{**values, **changes})


def after(found: Finding, *waivers: Waiver, as_of: str = "2026-11-01", bond: Bond = BOND) -> Finding:
    """Returns a finding after waivers."""
    (result,) = waive([found], waivers, Occasion(as_of, bond))
    return result


@pytest.mark.parametrize("facts_are", ["poor", "blank"])
def test_a_waived_finding_becomes_a_condition(facts_are: str) -> None:
    """A waiver takes the block away and leaves a condition, with the waiver's id."""
    found = after(judged(facts_are), waiver())

    assert (found.outcome, found.effect, found.waiver_id) == (Outcome.WAIVED, Effect.CONDITIONS, "WV-1")
    assert decide([SATISFIED, found]) is Verdict.GO_WITH_CONDITIONS


def test_a_condition_can_be_waived_too() -> None:
    """A waived condition stays a condition, and the waiver is named, so that the next gate finds it."""
    found = after(judged("poor", Severity.CONDITION), waiver())

    assert (found.outcome, found.effect, found.waiver_id) == (Outcome.WAIVED, Effect.CONDITIONS, "WV-1")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rule_id": "DAT-04"}, "another rule"),
        ({"subject": "erp"}, "another subject"),
        ({"subject": ""}, "the deployment"),
        ({"starts_on": "2026-11-02"}, "not yet in force"),
        ({"ends_on": "2026-10-31"}, "no longer in force"),
        ({"approved_by": ("ada",)}, "approved by who asked"),
        ({"approved_by": ()}, "approved by nobody"),
        ({"approved_by": ("",)}, "approved by no name"),
        ({"starts_on": "2026-10-02"}, "longer than the rule allows"),
        ({"bond": Bond("sha256:other", BOND.ruleset_digest)}, "another proposal"),
        ({"bond": Bond(BOND.facts_digest, "sha256:other")}, "another version of the rules"),
    ],
)
def test_a_waiver_that_does_not_fit_changes_nothing(changes: dict[str, Any], why: str) -> None:
    """A waiver counts for its rule, its subject and its days, when somebody else approved it."""
    found = judged("poor")

    assert after(found, waiver(**changes)) == found, why


@pytest.mark.parametrize("as_of", ["2026-10-15", "2026-12-31"])
def test_both_ends_of_a_waiver_count(as_of: str) -> None:
    """A waiver is in force on its first and on its last day."""
    assert after(judged("poor"), waiver(), as_of=as_of).outcome is Outcome.WAIVED


def test_the_longest_waiver_counts() -> None:
    """A waiver of exactly as many days as the rule allows is not too long."""
    assert waiver().days == 78
    assert after(judged("poor", maximum_waiver_days=78), waiver()).outcome is Outcome.WAIVED
    assert after(judged("poor", maximum_waiver_days=77), waiver()).outcome is Outcome.VIOLATED


def test_a_rule_may_want_several_people() -> None:
    """Below the quorum nothing is waived; names are counted once, and who asked or wrote the rule not at all."""
    found = judged("poor", waiver_quorum=2, authors=frozenset({"linus"}))

    for short in (("grace",), ("grace", "grace"), ("grace", "ada"), ("grace", "linus")):
        assert after(found, waiver(approved_by=short)) == found
    assert after(found, waiver(approved_by=("grace", "alan"))).outcome is Outcome.WAIVED


def test_what_a_simulation_assumes_is_for_what_it_simulates() -> None:
    """An assumed waiver is bound to nothing and has its approvals, but nobody can assume what can not be waived."""
    assumed = waiver(bond=None)

    assert after(judged("poor", waiver_quorum=2), assumed, bond=Bond("a", "b")).outcome is Outcome.WAIVED
    assert after(judged("poor", waivable=False), assumed).outcome is Outcome.VIOLATED
    assert after(judged("poor", authors=frozenset({"grace"})), assumed).outcome is Outcome.VIOLATED


def test_some_rules_can_not_be_waived() -> None:
    """What a rule forbids to waive stays a no, whoever approved it."""
    assert after(judged("poor", waivable=False), waiver()).outcome is Outcome.VIOLATED


@pytest.mark.parametrize(("facts_are", "severity"), [("good", Severity.BLOCKER), ("poor", Severity.ADVISORY)])
def test_what_holds_nothing_up_needs_no_waiver(facts_are: str, severity: Severity) -> None:
    """A satisfied rule and mere advice are left as they are."""
    found = judged(facts_are, severity)

    assert after(found, waiver()) == found


def test_of_several_waivers_the_longest_is_named() -> None:
    """A waiver that follows another is the one that a go hangs on."""
    assert after(judged("poor"), waiver(), waiver(id="WV-2", ends_on="2027-01-01")).waiver_id == "WV-2"


def test_of_waivers_that_end_together_the_first_by_id_is_named() -> None:
    """Which waiver is named does not depend on the order in which they are given."""
    waivers = [waiver(id="WV-2"), waiver(id="WV-1"), waiver(id="WV-0", subject="erp")]

    assert after(judged("poor"), *waivers).waiver_id == "WV-1"
    assert after(judged("poor"), *reversed(waivers)).waiver_id == "WV-1"


def test_a_waiver_does_not_make_a_proposal_judged() -> None:
    """A waived unknown is still not known: with nothing else judged the answer stays open."""
    assert decide([after(judged("blank"), waiver())]) is Verdict.UNDETERMINED


def reported(*findings: Finding, gate: Gate = Gate.COMMIT, **other: Any) -> Finding:
    """Returns what the rule about unknown facts says."""
    return report_unknown(table(unknown_facts_rule(**other), gate=gate), list(findings))[-1]


def test_nothing_decisive_unknown_is_reported_as_satisfied() -> None:
    """Unknown advice and unknown conditions are not decisive."""
    found = reported(SATISFIED, judged("blank", Severity.ADVISORY), judged("blank", Severity.CONDITION))

    assert (found.outcome, found.missing) == (Outcome.SATISFIED, ())


def test_what_is_decisive_and_unknown_is_named_once() -> None:
    """Each missing fact behind an open blocker is listed once, and the report blocks nothing by itself."""
    found = reported(judged("blank"), judged("blank", rule_id="DAT-99"))

    assert (found.outcome, found.effect) == (Outcome.UNKNOWN, Effect.NONE)
    assert found.missing == (FactRef(FACT, "crm"),)


def test_the_report_has_its_own_gate() -> None:
    """Before its gate the rule about unknown facts is not due."""
    assert reported(judged("blank"), due=Gate.PILOT).outcome is Outcome.NOT_DUE


def test_a_ruleset_may_do_without_the_report() -> None:
    """Without the rule nothing is added."""
    assert report_unknown(table(rule("DAT-03")), [SATISFIED]) == []


def test_observations_alone_do_not_pass() -> None:
    """A finding with an unknown observation counts as nothing judged, even when its outcome is called satisfied."""
    part = judged("blank").observations[0]
    odd = SATISFIED._replace(observations=(Observation(part.asked, None, Outcome.UNKNOWN, part.missing),))

    assert decide([odd]) is Verdict.UNDETERMINED
