"""What goes between the command and the process of a collector: data, one line of JSON each, nothing that can run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from readygate_server.adapters.collectors.limits import Limits
from readygate_server.adapters.collectors.port import (
    ArtefactError,
    ArtefactFault,
    ArtefactLimitError,
    OptionError,
    OptionValue,
    ReaderMissingError,
    Recognition,
    scopes_of,
)
from readygate_server.adapters.collectors.registry import Entry
from readygate_server.domain.collected import Collected, Subject

MOST: Final = 8 << 20
"""Bytes of a line. What a collector finds is small: a few dozen facts."""
_FAULTS: Final = 100
_TEXT: Final = 1_000
_ERRORS: Final[Mapping[str, type[ArtefactError]]] = {
    each.__name__: each for each in (ArtefactError, ArtefactLimitError, ReaderMissingError, OptionError)
}
_T = TypeVar("_T")


class FrameError(ValueError):
    """A line is not what it should be."""


class Task(NamedTuple):
    """What the process is to do: collect with one collector, or look what files are with all of them."""

    limits: Limits
    network: bool
    collectors: tuple[Entry, ...]
    artefacts: tuple[str, ...]
    subject: Subject | None = None
    options: Mapping[str, str | bool | tuple[str, ...]] = {}


class Sighting(NamedTuple):
    """What one collector makes of one file."""

    path: str
    collector: str
    scopes: tuple[str, ...]
    kind: str
    id: str
    title: str
    confidence: str
    needs: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    along: tuple[str, ...]


class Scan(NamedTuple):
    """What collectors make of files, and what went wrong."""

    sightings: tuple[Sighting, ...]
    problems: tuple[str, ...]


class Failure(NamedTuple):
    """Why there is no result. `kind` is the error's class, or `memory`, `broken` or `network`."""

    kind: str
    text: str = ""
    faults: tuple[ArtefactFault, ...] = ()


class Frame(NamedTuple):
    """One line: exactly one of these is there."""

    progress: tuple[str, int, int] | None = None
    collected: Collected | None = None
    scan: Scan | None = None
    failure: Failure | None = None


def encode(value: Task | Frame) -> bytes:
    """Returns the line of a value."""
    return msgspec.json.encode(value) + b"\n"


def decode(line: bytes, kind: type[_T]) -> _T:
    """Returns the value of a line, with every type checked.

    Raises:
      FrameError: when it is none.
    """
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FrameError(str(error)) from None


def sighting_of(path: str, collector: Any, seen: Recognition) -> Sighting:
    """Returns what a collector makes of a file, as data."""
    scopes = (seen.scope,) if seen.scope is not None else scopes_of(collector)
    return Sighting(
        *(path, collector.name, tuple(map(str, scopes)), seen.kind, seen.id, seen.title, seen.confidence),
        *(tuple(seen.needs), tuple((name, value) for name, value in seen.options), tuple(map(str, seen.along))),
    )


def failure_of(error: ArtefactError) -> Failure:
    """Returns an error as data, with its first faults, each cut to a length that people read."""
    kind = next((each.__name__ for each in type(error).__mro__ if each.__name__ in _ERRORS), ArtefactError.__name__)
    faults = [ArtefactFault(*(_cut(text) for text in fault)) for fault in error.faults[:_FAULTS]]
    if (left := len(error.faults) - _FAULTS) > 0:
        faults.append(ArtefactFault("", f"and {left} more faults"))
    return Failure(kind, "", tuple(faults))


def error_of(failure: Failure) -> ArtefactError:
    """Returns the error that a failure tells of."""
    kind = _ERRORS[failure.kind]
    error = kind.__new__(kind)
    ArtefactError.__init__(error, *failure.faults)
    return error


def is_artefact_error(failure: Failure) -> bool:
    """True for what is wrong with an artefact, not with the collector."""
    return failure.kind in _ERRORS


def options_of(options: Mapping[str, OptionValue]) -> Mapping[str, OptionValue]:
    """Returns options in the order of their names, so that a run is the same however they were given."""
    return dict(sorted(options.items()))


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"
