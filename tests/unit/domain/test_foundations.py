"""Assets that live once: what changed between two decisions, and how long a proposal is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from readygate_server.domain.decision import Decision
from readygate_server.domain.foundations import AssetKey, ChangedOutcome, changed_outcomes, open_since
from readygate_server.domain.vocabulary import Outcome, Scope
from tests.unit.make import check, rule

ONE, TWO = (rule(name, check("source.completeness", "at_least", 0.9)) for name in ("A-01", "A-02"))


class Found:
    """A finding as far as it is compared."""

    def __init__(self, of: Any, subject: str, outcome: Outcome) -> None:
        """Takes what is compared."""
        self.rule, self.subject, self.outcome = of, subject, outcome


def decided(*findings: Found) -> Decision:
    """Returns a decision with findings, of which nothing else is looked at."""
    return cast("Decision", type("Decided", (), {"findings": findings}))


def test_an_asset_is_named_as_people_do() -> None:
    """By what it is and its id."""
    assert str(AssetKey(Scope.SOURCE, "crm")) == "source crm"


def test_findings_are_compared_by_rule_and_subject() -> None:
    """What came out otherwise, came to be and is gone is told, in the order of the later decision."""
    before = decided(
        Found(ONE, "crm", Outcome.VIOLATED), Found(TWO, "", Outcome.SATISFIED), Found(TWO, "gone", Outcome.STALE)
    )
    now = decided(
        Found(ONE, "new", Outcome.UNKNOWN), Found(ONE, "crm", Outcome.SATISFIED), Found(TWO, "", Outcome.SATISFIED)
    )

    assert changed_outcomes(before, now) == (
        ChangedOutcome("A-01", "new", None, Outcome.UNKNOWN),
        ChangedOutcome("A-01", "crm", Outcome.VIOLATED, Outcome.SATISFIED),
        ChangedOutcome("A-02", "gone", Outcome.STALE, None),
    )
    assert changed_outcomes(now, now) == ()


@pytest.mark.parametrize(("days", "first"), [(0, "2026-11-23"), (1, "2026-11-22"), (90, "2026-08-25")])
def test_a_proposal_is_open_for_whole_days(days: int, first: str) -> None:
    """The days are counted in UTC, and the first of them is open from its beginning."""
    now = int(datetime(2026, 11, 23, 9, 30, tzinfo=UTC).timestamp()) * 1_000_000

    since = datetime.fromtimestamp(open_since(now, days) / 1_000_000, UTC)

    assert since.isoformat() == f"{first}T00:00:00+00:00"
