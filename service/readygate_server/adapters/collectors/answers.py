"""Answers to what a fact asks: a value, or why an artefact gives none."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from readygate_server.domain.collected import Coverage, Measured, Status
from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Grade


class Answer(NamedTuple):
    """A value, or why there is none."""

    status: Status
    value: FactValue | None = None
    reason: str = ""
    skipped: int = 0
    why: tuple[str, ...] = ()
    """What was skipped, or not looked at."""


def stated(value: FactValue, /, *why: str) -> Answer:
    """Returns an answer with a value."""
    return Answer(Status.STATED, value, why=why)


def not_stated(reason: str) -> Answer:
    """Returns the answer of an artefact that says nothing."""
    return Answer(Status.NOT_STATED, reason=reason)


def not_evaluable(reason: str, skipped: int = 0) -> Answer:
    """Returns the answer of an artefact that gives no sound value."""
    return Answer(Status.NOT_EVALUABLE, reason=reason, skipped=skipped, why=(reason,) if skipped else ())


def owner(*, contact: bool) -> Answer:
    """Returns who answers for an API, as far as a contact in its document says: a mailbox is no person."""
    if not contact:
        return not_stated("info.contact names nobody")
    return not_evaluable("info.contact is given; whether a person answers there it does not say, and no name is copied")


class Asked(NamedTuple):
    """What facts of one artefact have in common."""

    examined: int
    as_of: datetime | None
    parameters: tuple[tuple[str, str], ...] = ()

    def measured(self, fact: str, method: str, answer: Answer, grade: Grade = Grade.E1) -> Measured:
        """Returns a fact; a document is the grade unless something was computed."""
        return Measured(
            fact=fact,
            status=answer.status,
            value=answer.value,
            reason=answer.reason,
            grade=grade,
            method=method,
            parameters=self.parameters,
            coverage=Coverage(self.examined - answer.skipped, answer.skipped, answer.why),
            as_of=self.as_of,
        )
