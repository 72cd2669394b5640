"""What is made of an interface file, whatever its language."""

from __future__ import annotations

from typing import NamedTuple

from readygate_server.adapters.collectors.answers import Answer, not_evaluable, not_stated, stated
from readygate_server.domain.collected import Artefact


class Reading(NamedTuple):
    """Answers to the facts, and what they rest on. What is left out, the language has no word for."""

    language: str
    """For people, such as `GraphQL`; its capitals lowered it begins the names of methods."""
    examined: int
    """Operations, calls, fields or channels."""
    artefacts: tuple[Artefact, ...]
    valid: Answer
    integration: Answer
    notes: tuple[str, ...]
    owner: Answer = not_stated("the file has no place for who answers for it")
    lifecycle: Answer = not_stated("the file has no mark for what is deprecated")
    idempotent: Answer = not_stated("the file has no word for whether a call may be repeated")
    errors: Answer = not_stated("the file has no word for the errors of a call")
    parameters: tuple[tuple[str, str], ...] = ()
    """Of the check of validity."""


def lifecycle_of(marked: int, of: int, what: str) -> Answer:
    """Returns the stage in life that marks give: deprecated when all are marked, and nothing when none is."""
    if not marked:
        return not_stated(f"none of {of} {what} is marked as deprecated, and no mark says that an API is supported")
    if marked < of:
        return not_evaluable(f"{marked} of {of} {what} are marked as deprecated; which are used the file does not say")
    return stated("deprecated")
