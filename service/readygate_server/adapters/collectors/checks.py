"""What a collector promises of its result, held against every result before anything is made of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readygate_server.adapters.proposals.limits import MAX_TEXT
from readygate_server.adapters.proposals.personal import NAMED, personal_facts
from readygate_server.adapters.proposals.values import FactProblemError, check_value
from readygate_server.adapters.proposals.vocabulary import Kind, fact_fields
from readygate_server.domain.collected import Artefact, Collected, Measured, Status, Subject
from readygate_server.domain.errors import GateError
from readygate_server.domain.vocabulary import Grade, Scope

MAX_ARTEFACTS: Final = 10_000
MAX_REASON: Final = 1_000
MAX_NOTES: Final = 100
MAX_REASONS: Final = 50
MAX_PARAMETERS: Final = 200
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_METHOD: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\.v[0-9]+")
_GROUP: Final = re.compile(r"(?:group|team):.+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BrokenResultError(GateError):
    """A result does not keep what collectors promise; all that is wrong is listed."""

    def __init__(self, collector: str, problems: tuple[str, ...]) -> None:
        """Takes what is wrong."""
        self.problems = problems
        text = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(
            f"the collector {collector} gave a result that is not used, tell whoever maintains it:\n{text}"
        )


def folders_of(artefacts: Iterable[Path], *, here: Path | None = None) -> tuple[str, ...]:
    """Returns the folders of this machine that no result may name: those of the user, of the work and of artefacts."""
    folders = {here or Path.cwd(), Path.home(), *(path.parent for path in artefacts if path.is_absolute())}
    # A single step, such as `/app`, can as well be the path of an operation of an API.
    return tuple(sorted(str(folder) for folder in folders if len(folder.parts) > 2))


def check_collected(found: Collected, collector: str, subject: Subject, folders: Sequence[str] = ()) -> None:
    """Refuses a result that does not keep the promises; `folders` are those that it may not name.

    Raises:
      BrokenResultError: with everything that is wrong.
    """
    if problems := tuple(result_problems(found, collector, subject, folders)):
        raise BrokenResultError(collector, problems)


def result_problems(found: Collected, collector: str, subject: Subject, folders: Sequence[str] = ()) -> Iterator[str]:
    """Yields what a result does not keep."""
    yield from _head_problems(found, collector, subject)
    if any(folder in text for folder in folders for text in _texts(found)):
        yield "it names a folder of this machine"
    for artefact in found.artefacts[:MAX_ARTEFACTS]:
        yield from _artefact_problems(artefact)
    for name, times in Counter(fact.fact for fact in found.facts).items():
        if times > 1:
            yield f"{name}: is there {times} times"
    for fact in found.facts:
        yield from (f"{fact.fact}: {problem}" for problem in _fact_problems(fact, subject.scope))
    for note in found.notes[:MAX_NOTES]:
        yield from (f"a note {problem}" for problem in _text_problems(note))


def _head_problems(found: Collected, collector: str, subject: Subject) -> Iterator[str]:
    if found.collector != collector:
        yield f"it says that it is of the collector {found.collector!r}"
    if (found.subject.scope, found.subject.id) != (subject.scope, subject.id):
        yield f"it is about {found.subject.scope} {found.subject.id!r}, asked was {subject.scope} {subject.id!r}"
    if not found.artefacts:
        yield "it names no artefact"
    if len(found.artefacts) > MAX_ARTEFACTS:
        yield f"it names {len(found.artefacts)} artefacts, at most {MAX_ARTEFACTS} are taken"
    if len(found.notes) > MAX_NOTES:
        yield f"it has {len(found.notes)} notes, at most {MAX_NOTES} are taken"


def _texts(found: Collected) -> Iterator[str]:
    yield from found.notes
    yield from (artefact.uri for artefact in found.artefacts)
    for fact in found.facts:
        yield from (fact.reason, str(fact.value), *fact.coverage.why)


def _artefact_problems(artefact: Artefact) -> Iterator[str]:
    name = artefact.uri
    if not name or name.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:[\\/]", name):
        yield f"the artefact {name.rpartition('/')[2]!r} is not named relative to where it was given"
    if "://" in name and re.search(r"://[^/]*@|\?", name):
        yield "an artefact is named with user info or a query"
    if _CONTROL.search(name) or len(name) > MAX_TEXT:
        yield "the name of an artefact is no name"
    if _DIGEST.fullmatch(artefact.digest) is None:
        yield f"the digest of {name!r} is not sha256: and 64 hexadecimal digits"
    if artefact.size < 0:
        yield f"the size of {name!r} is negative"


def _fact_problems(fact: Measured, scope: Scope) -> Iterator[str]:
    field = fact_fields().get(fact.fact)
    if field is None or not field.in_proposal:
        yield "the catalogue has no such fact"
    elif field.kind in (Kind.WHOLE, Kind.METRICS):
        yield "has parts, and each part is a fact of its own"
    elif field.scope is not scope:
        yield f"is about a {field.scope}, asked was a {scope}"
    elif fact.value is not None:
        yield from _value_problems(fact)
    yield from _status_problems(fact)
    yield from _origin_problems(fact)


def _value_problems(fact: Measured) -> Iterator[str]:
    field = fact_fields()[fact.fact]
    try:
        value = check_value(field, list(fact.value) if isinstance(fact.value, tuple) else fact.value)
    except FactProblemError as error:
        yield str(error)
        return
    if isinstance(value, str):
        yield from _text_problems(value)
        if fact.fact in personal_facts() and value != NAMED and _GROUP.fullmatch(value) is None:
            yield f"names a person; a collector says {NAMED}, or names a group as group:NAME or team:NAME"


def _status_problems(fact: Measured) -> Iterator[str]:
    if (fact.status is Status.STATED) is (fact.value is None):
        yield f"is {fact.status} {'without' if fact.value is None else 'with'} a value"
    if (fact.status is Status.STATED) is bool(fact.reason.strip()):
        yield f"is {fact.status} {'with' if fact.reason.strip() else 'without'} a reason"
    if len(fact.reason) > MAX_REASON:
        yield f"gives a reason of {len(fact.reason)} characters, at most {MAX_REASON} are taken"
    yield from (f"the reason {problem}" for problem in _text_problems(fact.reason))
    if fact.grade not in (Grade.E1, Grade.E2):
        yield f"has the grade {fact.grade.name}; a collector gives E1 or E2"


def _origin_problems(fact: Measured) -> Iterator[str]:
    if _METHOD.fullmatch(fact.method) is None:
        yield f"has the method {fact.method!r}; expected an id with its version, such as openapi.errors.v1"
    names = [name for name, _ in fact.parameters]
    if names != sorted(set(names)) or len(names) > MAX_PARAMETERS:
        yield "has parameters that are not sorted by name, or are there twice, or are too many"
    if fact.coverage.examined < 0 or fact.coverage.skipped < 0:
        yield "has a negative coverage"
    if fact.coverage.skipped and not fact.coverage.why:
        yield "skips without saying why"
    if len(fact.coverage.why) > MAX_REASONS:
        yield f"gives {len(fact.coverage.why)} reasons for what it skips, at most {MAX_REASONS} are taken"
    for why in fact.coverage.why:
        yield from (f"the coverage {problem}" for problem in _text_problems(why))
    if fact.as_of is not None and not _is_utc(fact.as_of):
        yield "has an as_of that is not in UTC"


def _text_problems(text: str) -> Iterator[str]:
    if len(text) > MAX_TEXT:
        yield f"has {len(text)} characters, at most {MAX_TEXT} are taken"
    elif _CONTROL.search(text):
        yield "has control characters"


def _is_utc(moment: datetime) -> bool:
    return moment.tzinfo is not None and moment.utcoffset() == UTC.utcoffset(None)
