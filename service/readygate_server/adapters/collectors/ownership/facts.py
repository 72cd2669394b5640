"""What owners that are named make of the facts about an asset's owner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.ownership.catalogue import Entity
from readygate_server.adapters.collectors.ownership.codeowners import CodeOwners
from readygate_server.adapters.collectors.ownership.owners import Kind, Owner
from readygate_server.adapters.proposals.personal import NAMED
from readygate_server.domain.collected import Coverage, Measured, Status
from readygate_server.domain.vocabulary import Grade, Scope

_LIFECYCLES: Final = {"production": "active", "deprecated": "deprecated"}
_SILENT: Final = {
    "accepted": "neither a catalogue nor CODEOWNERS says that the owner has accepted",
    "support_hours": "neither a catalogue nor CODEOWNERS says when the owner can be reached",
}
_LONGEST: Final = 300


class Told(NamedTuple):
    """What the collector was told, and when the files are of."""

    scope: Scope
    entity: str
    paths: tuple[str, ...]
    team_answers: bool
    as_of: datetime | None


class Answer(NamedTuple):
    """What one file says of who answers, or why it says nothing."""

    value: str
    status: Status
    reason: str
    method: str
    coverage: Coverage


def catalogue_answer(entity: Entity, told: Told) -> Answer:
    """Returns who the catalogue says owns an entity."""
    value, status, reason = _said((entity.owner,) if entity.owner else (), "the catalogue", told)
    return Answer(value, status, reason, "ownership.catalogue.v1", Coverage(1, 0))


def code_answer(rules: CodeOwners, told: Told) -> Answer:
    """Returns who owns all paths of the asset; a path that nobody owns leaves it open."""
    found = [rules.of(path) for path in told.paths]
    bare = sum(not owners for owners in found)
    coverage = Coverage(len(found), 0)
    if bare:
        reason = f"{bare} of {len(found)} paths have no owner in CODEOWNERS"
        return Answer("", Status.NOT_STATED, reason, "ownership.codeowners.v1", coverage)
    answers = [_said(owners or (), "CODEOWNERS", told) for owners in found]
    open_ones = [answer for answer in answers if answer[1] is not Status.STATED]
    value, status, reason = open_ones[0] if open_ones else _joined([value for value, _, _ in answers])
    return Answer(value, status, reason, "ownership.codeowners.v1", coverage)


def facts_of(answers: Sequence[Answer], entity: Entity | None, told: Told) -> Iterator[Measured]:
    """Yields the facts; of several files the first that names somebody counts."""
    best = next((answer for answer in answers if answer.status is Status.STATED), answers[0])
    reason = "" if best.status is Status.STATED else "; ".join(dict.fromkeys(answer.reason for answer in answers))
    group = told.scope.value
    yield _measured(f"{group}.owner.person", best._replace(reason=reason[:_LONGEST]), told)
    for part, why in _SILENT.items():
        silent = Answer("", Status.NOT_STATED, why, "ownership.silent.v1", best.coverage)
        yield _measured(f"{group}.owner.{part}", silent, told)
    if told.scope is Scope.API and entity is not None:
        yield _measured("api.lifecycle.status", _lifecycle(entity), told)


def _lifecycle(entity: Entity) -> Answer:
    method, coverage = "ownership.lifecycle.v1", Coverage(1, 0)
    if not entity.lifecycle:
        return Answer("", Status.NOT_STATED, "the catalogue states no lifecycle", method, coverage)
    if (status := _LIFECYCLES.get(entity.lifecycle)) is None:
        reason = "the lifecycle in the catalogue is neither production nor deprecated"
        return Answer("", Status.NOT_EVALUABLE, reason, method, coverage)
    return Answer(status, Status.STATED, "", method, coverage)


def _said(owners: Sequence[Owner], where: str, told: Told) -> tuple[str, Status, str]:
    """Returns value, status and reason for the owners that a file names."""
    kinds = [owner.kind for owner in owners]
    teams = sorted({owner.team for owner in owners if owner.team})
    if Kind.PERSON in kinds:
        return NAMED, Status.STATED, ""
    if teams and told.team_answers:
        return teams[0] if len(teams) == 1 else f"{teams[0]} and {len(teams) - 1} more", Status.STATED, ""
    if teams:
        names = teams[0] if len(teams) == 1 else f"{teams[0]} and {len(teams) - 1} more"
        return "", Status.NOT_STATED, f"{where} names a team ({names}) and no person; see --team-answers"
    if Kind.UNCLEAR in kinds:
        return "", Status.NOT_EVALUABLE, f"{where} names {Kind.UNCLEAR.value}"
    if Kind.NOBODY in kinds:
        return "", Status.NOT_STATED, f"in {where} {Kind.NOBODY.value} stands where the owner would"
    if Kind.INVALID in kinds:
        return "", Status.NOT_EVALUABLE, f"{where} names {Kind.INVALID.value}"
    return "", Status.NOT_STATED, f"{where} names no owner"


def _joined(values: Sequence[str]) -> tuple[str, Status, str]:
    """Returns one value for the owners of all paths: a person where every path has one, else the teams."""
    teams = sorted({value for value in values if value != NAMED})
    if not teams:
        return NAMED, Status.STATED, ""
    return teams[0] if len(teams) == 1 else f"{teams[0]} and {len(teams) - 1} more", Status.STATED, ""


def _measured(fact: str, answer: Answer, told: Told) -> Measured:
    parameters = {"entity": told.entity, "paths": " ".join(told.paths), "team_answers": str(told.team_answers).lower()}
    return Measured(
        fact=fact,
        status=answer.status,
        value=answer.value if answer.status is Status.STATED else None,
        reason=answer.reason,
        grade=Grade.E1,
        method=answer.method,
        parameters=tuple(sorted(parameters.items())),
        coverage=answer.coverage,
        as_of=told.as_of,
    )
