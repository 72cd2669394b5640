"""Assets that live once: data sources, APIs and workflows, each with its evidence, revision by revision."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from readygate_server.domain.decision import Decision
from readygate_server.domain.vocabulary import Outcome, Scope


class AssetKey(NamedTuple):
    """Which asset is meant."""

    scope: Scope
    id: str

    def __str__(self) -> str:
        """Returns the asset as people name it."""
        return f"{self.scope.value} {self.id}"


class ChangedOutcome(NamedTuple):
    """A finding that comes out otherwise; an outcome is None where there is no such finding."""

    rule_id: str
    subject: str
    before: Outcome | None
    now: Outcome | None


def changed_outcomes(before: Decision, now: Decision) -> tuple[ChangedOutcome, ...]:
    """Returns the findings of two decisions that come out otherwise, in the order of the later one."""
    held = {(each.rule.id, each.subject): each.outcome for each in before.findings}
    given = {(each.rule.id, each.subject): each.outcome for each in now.findings}
    return tuple(
        ChangedOutcome(*key, held.get(key), given.get(key))
        for key in {**given, **held}
        if held.get(key) is not given.get(key)
    )


def open_since(now: int, days: int) -> int:
    """Returns from when on decisions keep their proposals open: the first moment of a day in UTC, in microseconds."""
    today: date = datetime.fromtimestamp(now / 1_000_000, UTC).date()
    first = datetime.combine(today - timedelta(days=days), time(), UTC)
    return int(first.timestamp()) * 1_000_000
