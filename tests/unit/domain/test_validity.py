"""The last day of a go: never beyond what it rests on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from readygate_server.domain.backing import FactClass
from readygate_server.domain.evaluation import Case
from readygate_server.domain.evidence import Evidence, EvidenceIndex
from readygate_server.domain.facts import ProposalFacts
from readygate_server.domain.hearing import hear
from readygate_server.domain.rule import Rule
from readygate_server.domain.validity import valid_until
from readygate_server.domain.verdict import Bond, Occasion, Waiver, waive
from readygate_server.domain.vocabulary import Grade, Outcome, Scope, Severity
from tests.fakes import FakeConditions
from tests.unit.make import AS_OF, check, evidence_rule, facts, rule, table

START = date.fromisoformat(AS_OF)
FACT = "source.completeness"
CLASSES = {FACT: FactClass("measured", tool_exists=True), "source.accuracy": FactClass("test", tool_exists=False)}
COMPLETE = rule("DAT-03", check(FACT, "at_least", 0.99))
GOOD = facts(sources={"crm": {FACT: 1.0}})


def day(days: int) -> str:
    """Returns the day so many days after the day of asking."""
    return (START + timedelta(days=days)).isoformat()


def seen(fact: str = FACT, *, days_ago: int = 0, expires_in: int | None = None, subject: str = "crm") -> Evidence:
    """Returns measured evidence."""
    expires = None if expires_in is None else START.toordinal() + expires_in
    return Evidence((fact,), subject, Grade.E3, START.toordinal() - days_ago, expires)


def last_day(given: ProposalFacts, *rules: Rule, evidence: tuple[Evidence, ...] = (), waivers: Any = ()) -> str:
    """Returns the last day of a go that was given on the day of asking."""
    rules_of = table(*rules, classes=CLASSES)
    nothing = EvidenceIndex((), START.toordinal())
    found = hear(rules_of, Case(given, FakeConditions({}), {}, AS_OF, nothing.day), nothing).about_facts
    index = EvidenceIndex(evidence, START.toordinal())
    return valid_until(
        rules_of,
        waive(found, waivers, Occasion(AS_OF, Bond("sha256:facts", "sha256:rules"))),
        index,
        waivers,
        START.toordinal(),
    )


def test_the_ruleset_has_its_own_limit() -> None:
    """With nothing that lapses earlier a go holds as long as the ruleset says."""
    assert last_day(GOOD, COMPLETE) == day(92)


@pytest.mark.parametrize(("days_ago", "last"), [(0, 30), (10, 20), (30, 0)])
def test_a_go_ends_when_its_evidence_is_too_old(days_ago: int, last: int) -> None:
    """The last day is the last on which the oldest evidence in use is young enough."""
    assert last_day(GOOD, COMPLETE, evidence_rule(), evidence=(seen(days_ago=days_ago),)) == day(last)


def test_a_go_ends_when_its_evidence_expires() -> None:
    """Evidence that expires before it is old ends a go on that day."""
    assert last_day(GOOD, COMPLETE, evidence_rule(), evidence=(seen(expires_in=7),)) == day(7)


def test_the_earliest_end_counts() -> None:
    """Of several ends the first decides, in whatever order."""
    given = facts(sources={"a": {FACT: 1.0}, "b": {FACT: 1.0}, "c": {FACT: 1.0}})
    entries = tuple(seen(subject=name, days_ago=days) for name, days in (("a", 3), ("b", 25), ("c", 9)))

    assert last_day(given, COMPLETE, evidence_rule(), evidence=entries) == day(5)


def test_the_evidence_of_inputs_counts() -> None:
    """A check on a computed bound rests on the evidence of what the bound is computed from."""
    bound = rule("DAT-04", check("source.accuracy_lower95", "at_least", 0.9))
    given = facts(sources={"crm": {"source.accuracy.ratio": 1.0, "source.accuracy.sample_size": 300}})

    assert last_day(given, bound, evidence_rule(), evidence=(seen("source.accuracy", days_ago=80),)) == day(10)


def test_evidence_of_mere_advice_ends_nothing() -> None:
    """Advice holds nothing up, so its evidence ends nothing."""
    advice = rule("DAT-03", check(FACT, "at_least", 0.99), severity=Severity.ADVISORY)

    assert last_day(GOOD, advice, evidence_rule(), evidence=(seen(days_ago=29),)) == day(92)


TESTED, REVIEW = "api.authz_test.tested_on", "gov.next_review_on"


def dated(comparator: str, fact: str, limit: int) -> Rule:
    """Returns a rule about a date."""
    scope = Scope.API if fact == TESTED else Scope.DEPLOYMENT
    return rule("API-05", check(fact, comparator, limit), scope=scope)


@pytest.mark.parametrize("ago", [0, 50, 90])
def test_a_go_ends_when_a_date_is_too_long_ago(ago: int) -> None:
    """A test that may be 90 days old carries a go until it is."""
    asked = dated("at_most_days_ago", TESTED, 90)
    given = facts(apis={"a": {TESTED: day(-ago)}})

    assert last_day(given, asked) == day(90 - ago)
    assert _satisfied(asked, given, day(90 - ago))
    assert not _satisfied(asked, given, day(91 - ago))


@pytest.mark.parametrize("ahead", [1, 50, 90])
def test_a_go_ends_before_a_date_that_has_to_lie_ahead(ahead: int) -> None:
    """A review that has to be ahead carries a go until the day before it."""
    asked = dated("at_most_days_ahead", REVIEW, 90)
    given = facts({REVIEW: day(ahead)})

    assert last_day(given, asked) == day(ahead - 1)
    assert _satisfied(asked, given, day(ahead - 1))
    assert not _satisfied(asked, given, day(ahead))


def _satisfied(asked: Rule, given: ProposalFacts, as_of: str) -> bool:
    case = Case(given, FakeConditions({}), {}, as_of, date.fromisoformat(as_of).toordinal())
    (found,) = hear(table(asked), case, EvidenceIndex((), case.day)).about_facts
    return found.outcome is Outcome.SATISFIED


def test_a_go_ends_with_a_waiver_in_use() -> None:
    """A go that needs a waiver ends with it; a waiver that is not needed ends nothing."""
    given = facts(sources={"crm": {FACT: 0.5}, "erp": {FACT: 1.0}})
    waivers = [
        Waiver("WV-1", "DAT-03", "crm", "ada", ("grace",), day(-5), day(20)),
        Waiver("WV-2", "DAT-03", "erp", "ada", ("grace",), day(-5), day(3)),
    ]

    assert last_day(given, COMPLETE, waivers=waivers) == day(20)
