"""What a collector found in artefacts: facts with how they came about, or why there is no value."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Grade, Scope


class Status(StrEnum):
    """What became of the search for a fact. Only a stated one has a value; no other is ever taken for a no."""

    STATED = "stated"
    """A value was found."""
    NOT_STATED = "not_stated"
    """The artefact was read and does not say."""
    NOT_EVALUABLE = "not_evaluable"
    """The artefact has the fact, or a part of it, but in a way that gives no sound value."""
    NOT_APPLICABLE = "not_applicable"
    """The question makes no sense for this artefact, such as writes of an API that has none."""


class Coverage(NamedTuple):
    """How much of an artefact a value rests on."""

    examined: int
    skipped: int
    why: tuple[str, ...] = ()
    """What was skipped and the reason, in words and counts; no cell values and no names of people."""


class Measured(NamedTuple):
    """One fact as a collector found it."""

    fact: str
    """Name of the catalogue, or of a part, such as `source.accuracy.ratio`."""
    status: Status
    value: FactValue | None
    """The value in the unit of the fact; None unless stated."""
    reason: str
    """Why there is no value; empty when stated."""
    grade: Grade
    """E2 when measured, E1 where the artefact only documents or declares."""
    method: str
    """How the value came about, as a short id with its version, such as `openapi.errors.v1`."""
    parameters: tuple[tuple[str, str], ...]
    """What the method was told, sorted by name; the same method on the same bytes with these gives the same value."""
    coverage: Coverage
    as_of: datetime | None
    """Moment that the observed state belongs to, in UTC; never the moment of collection. None when nothing says it."""


class Artefact(NamedTuple):
    """A file, or whatever else was read, as evidence names it."""

    uri: str
    """The name as given: relative, never with the path of a machine, user info or a query."""
    digest: str
    """`sha256:` and the digest of the exact bytes in hexadecimal."""
    size: int
    """Bytes."""


class Subject(NamedTuple):
    """Whom facts are about."""

    scope: Scope
    id: str
    title: str = ""


class Collected(NamedTuple):
    """All that one run of a collector found."""

    collector: str
    version: str
    subject: Subject
    artefacts: tuple[Artefact, ...]
    """What was read, in the order of their names."""
    facts: tuple[Measured, ...]
    """Each fact once."""
    notes: tuple[str, ...] = ()
    """For people: what was seen that no fact says."""
