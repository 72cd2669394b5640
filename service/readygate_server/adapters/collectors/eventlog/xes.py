"""Reads XES, also compressed: elements in turn, so that memory holds the columns only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readygate_server.adapters.collectors.artefacts import uri_of
from readygate_server.adapters.collectors.eventlog.log import EventLog, Mapping, joined
from readygate_server.adapters.collectors.eventlog.times import Clock
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError
from readygate_server.adapters.collectors.streams import opened
from readygate_server.adapters.collectors.xml_events import MAX_DEPTH, feed, parser_for, too_deep

if TYPE_CHECKING:
    from xml.parsers import expat

_NAME: Final = "concept:name"
_IN_LOG: Final = 1
_IN_TRACE: Final = 2
_PLAIN: Final = {"key": "value"}
"""Which name follows which where an attribute has a key and a value, in this order."""
_VALUE: Final = 3
_KEYS: Final = re.compile(r"'([^']*)'|(\S+)")


def read_xes(
    path: Path, mapping: Mapping, clock: Clock, classifier: str, progress: Callable[[str, int, int], None]
) -> EventLog:
    """Returns the events of a file. A trace is a case, whatever its name, and only its own events are in it.

    A classifier that the log declares says which attributes an activity is made of; it goes before the mapping.

    Raises:
      ArtefactError: when the file is no XES, or timestamps say no timezone.
      OptionError: when the log does not declare the classifier.
    """
    place = uri_of(path)
    log = EventLog(place, "XES", mapping)
    parser = parser_for(place)
    reader = _Reader(parser, log, clock, classifier)
    reader.attach()
    with opened(path) as source:
        feed(parser, source, place, lambda _: progress("reading events", log.read, 0))
    reader.finish()
    clock.close(log)
    return log


Handlers = tuple[Callable[[str, list[str]], None], Callable[[str], None]]


class _Reader:
    """Follows the elements of a log. Handlers change with the place, so that each does little."""

    def __init__(self, parser: expat.XMLParserType, log: EventLog, clock: Clock, classifier: str) -> None:
        self._parser, self._log, self._clock = parser, log, clock
        self._classifier, self._classified = classifier, not classifier
        self._prefix = ""
        self._event_tag = "event"
        self._depth = 0
        self._in_case = False
        self._names: set[str] = set()
        self._of_event, self.finish = self._handlers_of_events()

    def attach(self) -> None:
        """Follows the parser outside of events."""
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: list[str]) -> None:
        """Takes an element outside of events."""
        depth = self._depth
        if depth == _IN_TRACE:
            if self._in_case:
                if tag == self._event_tag:
                    self._parser.StartElementHandler, self._parser.EndElementHandler = self._of_event
                    return
                if attributes[1:2] == [_NAME]:
                    self._named(attributes)
        elif depth == _IN_LOG:
            self._below_log(tag, attributes)
        elif depth == 0:
            self._root(tag)
        elif depth >= MAX_DEPTH:
            raise too_deep(self._log.place, self._parser.CurrentLineNumber)
        self._depth = depth + 1

    def _end(self, _tag: str) -> None:
        self._depth -= 1

    def _root(self, tag: str) -> None:
        prefix, colon, name = tag.rpartition(":")
        if name != "log":
            raise ArtefactError(
                ArtefactFault(f"{self._log.place}:1", "the file is no XES", got="another root", expected="<log>")
            )
        self._prefix = prefix + colon
        self._event_tag = self._prefix + "event"

    def _below_log(self, tag: str, attributes: list[str]) -> None:
        name = tag.removeprefix(self._prefix)
        if name == "trace":
            if not self._classified:
                raise _undeclared(self._classifier)
            self._log.cases += 1
            self._in_case = True
            return
        self._in_case = False
        if name == "event":
            self._log.unused["outside of a case"] += 1
        elif name == "classifier" and self._classifier:
            self._declared(dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def _named(self, attributes: list[str]) -> None:
        """Counts traces whose name another has: an export to a table would make one case of them."""
        name = attributes[3] if len(attributes) > _VALUE else ""
        if name in self._names:
            self._log.namesakes += 1
        self._names.add(name)

    def _declared(self, attributes: dict[str, str]) -> None:
        if attributes.get("name") == self._classifier:
            keys = tuple(quoted or plain for quoted, plain in _KEYS.findall(attributes.get("keys", "")))
            if keys:
                self._log.mapping = self._log.mapping._replace(activity=keys)
                self._classified = True

    def _handlers_of_events(self) -> tuple[Handlers, Callable[[], None]]:
        """Returns what follows an event, and what takes it when it is over.

        Elements are kept as they start, and ends as the parser gives them to a list, which takes no call of Python. As
        many of both mean that what starts next is an attribute of the event itself; more ends, that the event is over.
        """
        parser, log, add, read = self._parser, self._log, self._log.adder(), self._clock.read
        starts: list[list[str] | None] = []
        ends: list[str] = []
        keep, plain = starts.append, _PLAIN

        def start(tag: str, attributes: list[str]) -> None:
            within = len(starts) - len(ends)
            if not within:
                keep(attributes)
            elif within < 0:
                take()
                if within < -1 or tag != self._event_tag:
                    self._depth += within + 1
                    self.attach()
                    self._start(tag, attributes)
            elif within < MAX_DEPTH:
                keep(None)
            else:
                raise too_deep(log.place, parser.CurrentLineNumber)

        def take() -> None:
            own: dict[str, str] = {}
            try:
                for first, key, second, value in starts:  # type: ignore[misc]
                    if plain[first] == second:
                        own[key] = value  # noqa: PERF403 - a comprehension is a call, of which there are many
            except (KeyError, TypeError, ValueError):  # another order, other attributes, or elements within
                own = _own(starts)
            get = own.get
            _, keys, timestamp, lifecycle, resource = log.mapping
            activity = get(keys[0]) if len(keys) == 1 else joined([get(key) for key in keys])
            add(log.cases - 1, activity, read(get(timestamp)), get(lifecycle), get(resource))
            starts.clear()
            ends.clear()

        def finish() -> None:
            if len(ends) > len(starts):
                take()

        return (start, ends.append), finish


def _own(starts: Iterable[list[str] | None]) -> dict[str, str]:
    """Returns the attributes of an event; of two with one key the later, as in a table."""
    found: dict[str, str] = {}
    for attributes in starts:
        if attributes is not None:
            given = dict(zip(attributes[::2], attributes[1::2], strict=True))
            found[given.get("key", "")] = given.get("value", "")
    return found


def _undeclared(classifier: str) -> OptionError:
    return OptionError(
        ArtefactFault(
            "--classifier",
            "the log declares no classifier of this name before its first case",
            got=classifier,
            way_out="name the attributes themselves with --activity",
        )
    )
