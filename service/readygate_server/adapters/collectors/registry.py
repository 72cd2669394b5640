"""Finds collectors: ours and those that other packages register. None is imported before it is named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from readygate_server.adapters.collectors.port import GROUP, Collector, ReaderMissingError, scopes_of
from readygate_server.domain.errors import GateError
from readygate_server.domain.faults import suggest
from readygate_server.domain.vocabulary import Scope

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OURS: Final = "readygate"
AUTO: Final = "auto"
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
RESERVED: Final = frozenset({"asset", "title", "scope", "output", "help", "debug", "max-cpu", "max-memory", "max-time"})
"""Names of options that `readygate collect` itself has."""


class Entry(NamedTuple):
    """A collector as a package registers it, not yet imported."""

    name: str
    reference: str
    """`package.module:NAME`."""
    package: str
    """Distribution that registers it."""
    package_version: str


class Loaded(NamedTuple):
    """A collector, or why there is none."""

    entry: Entry
    collector: Collector | None
    problem: str = ""


class UnknownCollectorError(GateError):
    """No package registers a collector of that name."""


class BrokenCollectorError(GateError):
    """A collector can not be imported, or is none."""


def registered(points: Iterable[EntryPoint] | None = None) -> tuple[Entry, ...]:
    """Returns what packages register, sorted by name; ours first where two have one name."""
    if points is None:
        from importlib.metadata import entry_points  # late: the process of a collector is told where it is

        points = entry_points(group=GROUP)
    found = {_entry(point) for point in points}
    return tuple(sorted(found, key=lambda entry: (entry.name, entry.package != OURS, entry.package, entry.reference)))


def entry_of(name: str, entries: Sequence[Entry] | None = None) -> Entry:
    """Returns the collector of a name.

    Raises:
      UnknownCollectorError: when there is none.
      BrokenCollectorError: when two packages other than ours claim the name.
    """
    entries = registered() if entries is None else entries
    named = [entry for entry in entries if entry.name == name]
    if not named:
        names = sorted({entry.name for entry in entries})
        meant = suggest(name, names)
        question = f"; did you mean {meant}?" if meant else ""
        raise UnknownCollectorError(f"there is no collector {name!r}; there are {', '.join(names) or 'none'}{question}")
    if problem := _rivals(named):
        raise BrokenCollectorError(problem)
    return named[0]


def load(entry: Entry) -> Collector:
    """Imports a collector.

    Raises:
      BrokenCollectorError: with the reason, when that fails or gives something else.
    """
    module, _, attribute = entry.reference.partition(":")
    origin = f"the collector {entry.name} of {entry.package} {entry.package_version}".rstrip()
    try:
        found = import_module(module)
        for step in attribute.split("."):
            found = getattr(found, step)
    except (ReaderMissingError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise BrokenCollectorError(f"{origin} can not be imported: {type(error).__name__}: {error}") from error
    problems = shape_problems(entry.name, found)
    if problems:
        raise BrokenCollectorError(f"{origin} is none: {'; '.join(problems)}")
    collector: Collector = found
    return collector


def load_all(entries: Sequence[Entry] | None = None) -> tuple[Loaded, ...]:
    """Imports every collector; a broken one is told and keeps none from being there."""
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for entry in registered() if entries is None else entries:
        by_name[entry.name].append(entry)
    return tuple(loaded for named in by_name.values() for loaded in _loaded(named))


def shape_problems(name: str, collector: Any) -> tuple[str, ...]:
    """Returns what keeps an object from being a collector of that name."""
    wanted = ("name", "version", "scope", "options", "recognises", "collect")
    if missing := tuple(f"it has no {each}" for each in wanted if not hasattr(collector, each)):
        return missing
    problems = []
    if collector.name != name:
        problems.append(f"it calls itself {collector.name!r}")
    if not isinstance(collector.name, str) or NAME.fullmatch(name) is None or name == AUTO:
        problems.append("its name is not lower-case letters, digits and hyphens, or is taken")
    if not isinstance(collector.version, str) or not collector.version:
        problems.append("it has no version")
    scopes = scopes_of(collector)
    if not isinstance(collector.scope, Scope) or not all(isinstance(each, Scope) for each in scopes) or not scopes:
        problems.append("its scope is none")
    names = [option.name for option in collector.options]
    problems += [
        f"its option {each!r} is not lower-case letters, digits and hyphens" for each in names if not _sound(each)
    ]
    problems += [f"its option {each!r} is one of readygate's own" for each in names if each in RESERVED]
    problems += [f"its option {each!r} is there twice" for each in sorted(set(names)) if names.count(each) > 1]
    return tuple(problems)


def _sound(name: str) -> bool:
    return NAME.fullmatch(name) is not None


def _loaded(named: list[Entry]) -> list[Loaded]:
    first, *others = named
    if problem := _rivals(named):
        return [Loaded(entry, None, problem) for entry in named]
    shadowed = f"{OURS} has a collector of this name; its own is used"
    return [_try(first), *(Loaded(entry, None, shadowed) for entry in others)]


def _try(entry: Entry) -> Loaded:
    try:
        return Loaded(entry, load(entry))
    except GateError as error:
        return Loaded(entry, None, str(error))


def _rivals(named: list[Entry]) -> str:
    if len(named) < 2 or named[0].package == OURS:
        return ""
    claims = ", ".join(f"{entry.package} ({entry.reference})" for entry in named)
    return f"several packages register a collector {named[0].name}: {claims}; uninstall all but one"


def _entry(point: EntryPoint) -> Entry:
    package = point.dist.name if point.dist is not None else ""
    version = point.dist.version if point.dist is not None else ""
    return Entry(point.name, point.value, package, version)
