"""Reads JSON and YAML documents that others wrote, as data alone: within limits, and without losing anything silently.

Keys that repeat are refused, because readers differ in which one counts. Keys are text as written, so that `200:` and
`"200":` are the same. Scalars follow the YAML 1.2 core schema: dates, `no` and `017` stay text. Aliases and merge keys
are followed; what they would unfold to counts towards the limit. Nothing here recurses by the depth of a document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import yaml
from yaml import events

from readygate_server.adapters.collectors.artefacts import read_whole
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError
from readygate_server.domain.collected import Artefact

MAX_DEPTH: Final = 200
MAX_NODES: Final = 10_000_000
_MAX_FAULTS: Final = 50
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CORE: Final = "tag:yaml.org,2002:"
_MERGE: Final = "<<"


class Read(NamedTuple):
    """A document as it was read."""

    artefact: Artefact
    data: object
    language: str
    """`JSON` or `YAML`."""


def read_document(path: Path) -> Read:
    """Reads a file that holds one JSON or YAML document; which of them, its content says.

    Raises:
      ArtefactError: with every fault that was found.
      ArtefactLimitError: when it is larger, deeper or more tangled than is read.
    """
    artefact, content = read_whole(path)
    text = decoded(content, artefact.uri)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return Read(artefact, parse_json(text, artefact.uri), "JSON")
        except ArtefactLimitError:
            raise
        except ArtefactError:
            if path.suffix.lower() not in (".yaml", ".yml"):
                raise
    found = list(parse_yaml(text, artefact.uri))
    if len(found) != 1:
        what = f"{len(found)} documents" if found else "an empty file"
        raise ArtefactError(ArtefactFault(artefact.uri, "a file holds one document", got=what))
    return Read(artefact, found[0], "YAML")


def decoded(content: bytes, place: str) -> str:
    """Returns UTF-8 as text.

    Raises:
      ArtefactError: naming the first byte that is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = ArtefactFault(
            place,
            "the text is not UTF-8",
            got=f"byte 0x{content[error.start]:02x} at offset {error.start:,}",
            way_out="save it as UTF-8",
        )
        raise ArtefactError(fault) from None


def parse_json(text: str, place: str) -> object:
    """Returns what JSON says.

    Raises:
      ArtefactError: when it is not JSON, a key repeats, or a number is not finite.
      ArtefactLimitError: when it nests too deep.
    """
    twice: dict[str, None] = {}

    def one_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs) and len(twice) < _MAX_FAULTS:
            twice.update(dict.fromkeys(islice(_repeated(pairs), _MAX_FAULTS)))
        return found

    try:
        data: object = json.loads(text, object_pairs_hook=one_object, parse_constant=_refuse, parse_int=_whole)
    except json.JSONDecodeError as error:
        where = f"{place}:{error.lineno}:{error.colno}"
        raise ArtefactError(ArtefactFault(where, f"the text is not JSON: {error.msg}")) from None
    except _NotFiniteError as error:
        raise ArtefactError(ArtefactFault(place, "a number must be finite", got=str(error))) from None
    except RecursionError:
        raise _too_deep(place) from None
    if twice:
        raise ArtefactError(*(ArtefactFault(place, "a key repeats in one object", got=shown(key)) for key in twice))
    return data


def _repeated(pairs: list[tuple[str, object]]) -> Iterator[str]:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            yield key
        seen.add(key)


class _NotFiniteError(ValueError):
    """JSON that says NaN or Infinity."""


def _refuse(constant: str) -> object:
    raise _NotFiniteError(constant)


def _whole(digits: str) -> int | str:
    """Returns a whole number; one of more than 19 digits stays text, for Python refuses thousands of them."""
    return int(digits) if len(digits) < 20 else digits


def shown(text: str) -> str:
    """Returns text as an error may show it: short, and without characters that a terminal would obey."""
    plain = text if text.isprintable() else repr(text)[1:-1]
    return plain if len(plain) <= 80 else f"{plain[:77]}..."


def parse_yaml(text: str, place: str) -> Iterator[object]:
    """Yields the documents of a YAML text.

    Raises:
      ArtefactError: with every fault that was found.
      ArtefactLimitError: when it nests too deep, or its aliases unfold to too much.
    """
    builder = _Builder(place)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{place}:{mark.line + 1}:{mark.column + 1}" if mark else place
        builder.faults.append(ArtefactFault(where, f"the text is not YAML: {(error.problem or '').strip()}"))
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        builder.faults.append(ArtefactFault(place, "a character that YAML does not allow"))
    if builder.faults:
        raise ArtefactError.of(builder.faults)
    yield from builder.documents


class _Level:
    """A list or mapping that is being filled."""

    __slots__ = ("anchor", "container", "key", "merged", "start")

    def __init__(self, container: dict[str, object] | list[object], anchor: str | None, start: int) -> None:
        self.container = container
        self.anchor = anchor
        self.start = start
        self.key: str | None = None
        self.merged: list[dict[str, object]] = []


class _Builder:
    """Builds plain data from the events of a parser."""

    def __init__(self, place: str) -> None:
        self.documents: list[object] = []
        self.faults: list[ArtefactFault] = []
        self._place = place
        self._levels: list[_Level] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._nodes = 0
        self._handlers: dict[type[events.Event], Callable[..., None]] = {
            events.ScalarEvent: self._scalar,
            events.SequenceStartEvent: self._start_list,
            events.MappingStartEvent: self._start_mapping,
            events.SequenceEndEvent: self._end,
            events.MappingEndEvent: self._end,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._start_document,
        }

    def take(self, event: events.Event) -> None:
        """Takes the next event."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _start_document(self, _: events.DocumentStartEvent) -> None:
        self._anchors = {}

    def _scalar(self, event: events.ScalarEvent) -> None:
        text: str = event.value
        self._nodes += 1
        level = self._levels[-1] if self._levels else None
        if level is not None and level.key is None and type(level.container) is dict:
            self._key(level, event, text)
            return
        value = self._plain(text) if event.implicit[0] else self._tagged(event, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._put(level, value, event)

    def _key(self, level: _Level, event: events.ScalarEvent, text: str) -> None:
        if text == _MERGE and event.implicit[0]:
            level.key = _MERGE
            return
        if event.anchor is not None:
            self._anchors[event.anchor] = (text, 1)
        if text in level.container:
            self._fault(event, "a key repeats in one mapping", got=shown(text))
        level.key = text

    def _plain(self, text: str) -> object:
        """Returns what a scalar without quotes means; a number that no 64 bits hold, and one that is none, is text."""
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if len(text) < 40 and _FLOAT.fullmatch(text):
            number = float(text)
            return text if abs(number) == float("inf") else number
        return text

    def _tagged(self, event: events.ScalarEvent, text: str) -> object:
        tag = event.tag
        if tag is None or tag in ("!", f"{_CORE}str"):
            return text
        if tag in (f"{_CORE}int", f"{_CORE}float", f"{_CORE}bool", f"{_CORE}null"):
            return self._plain(text)
        self._fault(event, "tags are not read", got=shown(str(tag)))
        return text

    def _start_list(self, event: events.SequenceStartEvent) -> None:
        self._start(event, [], "seq")

    def _start_mapping(self, event: events.MappingStartEvent) -> None:
        self._start(event, {}, "map")

    def _start(
        self,
        event: events.SequenceStartEvent | events.MappingStartEvent,
        container: dict[str, object] | list[object],
        kind: str,
    ) -> None:
        if event.tag not in (None, "!", f"{_CORE}{kind}"):
            self._fault(event, "tags are not read", got=shown(str(event.tag)))
        level = self._levels[-1] if self._levels else None
        if level is not None and level.key is None and type(level.container) is dict:
            self._fault(event, "a key must be text", got="a list or mapping")
            raise ArtefactError.of(self.faults)
        if len(self._levels) >= MAX_DEPTH:
            raise _too_deep(self._where(event))
        self._nodes += 1
        if not (level is not None and level.key == _MERGE):
            self._put(level, container, event)
        self._levels.append(_Level(container, event.anchor, self._nodes))

    def _end(self, event: events.SequenceEndEvent | events.MappingEndEvent) -> None:
        level = self._levels.pop()
        for merged in level.merged:
            mapping = level.container
            assert isinstance(mapping, dict)
            for key, value in merged.items():
                mapping.setdefault(key, value)
        if level.anchor is not None:
            self._anchors[level.anchor] = (level.container, self._nodes - level.start + 1)
        above = self._levels[-1] if self._levels else None
        if above is not None and above.key == _MERGE:
            self._put(above, level.container, event)

    def _alias(self, event: events.AliasEvent) -> None:
        name = event.anchor or ""
        known = self._anchors.get(name)
        if known is None:
            self._fault(event, "an alias names nothing that stands whole before it", got=f"*{shown(name)}")
            raise ArtefactError.of(self.faults)
        value, size = known
        self._nodes += size
        if self._nodes > MAX_NODES:
            raise ArtefactLimitError(
                ArtefactFault(self._where(event), "the document unfolds to too much", expected=f"at most {MAX_NODES:,}")
            )
        level = self._levels[-1] if self._levels else None
        if level is not None and level.key is None and type(level.container) is dict:
            if not isinstance(value, str):
                self._fault(event, "a key must be text", got=f"*{shown(name)}")
            level.key = str(value)
            return
        self._put(level, value, event)

    def _put(self, level: _Level | None, value: object, event: events.Event) -> None:
        """Puts a value where it belongs."""
        if level is None:
            self.documents.append(value)
        elif type(level.container) is list:
            level.container.append(value)
        elif level.key == _MERGE:
            level.key = None
            self._merge(level, value, event)
        else:
            assert level.key is not None
            assert isinstance(level.container, dict)
            level.container[level.key] = value
            level.key = None
        if self._nodes > MAX_NODES:
            raise ArtefactLimitError(
                ArtefactFault(self._place, "the document holds too many values", expected=f"at most {MAX_NODES:,}")
            )

    def _merge(self, level: _Level, value: object, event: events.Event) -> None:
        given = value if isinstance(value, list) else [value]
        for each in given:
            if isinstance(each, dict):
                level.merged.append(each)
            else:
                self._fault(event, "only mappings can be merged")

    def _where(self, event: events.Event) -> str:
        mark = event.start_mark
        return f"{self._place}:{mark.line + 1}:{mark.column + 1}" if mark else self._place

    def _fault(self, event: events.Event, message: str, *, got: str = "") -> None:
        self.faults.append(ArtefactFault(self._where(event), message, got=got))
        if len(self.faults) >= _MAX_FAULTS:
            raise ArtefactError.of(self.faults)


def _too_deep(place: str) -> ArtefactLimitError:
    return ArtefactLimitError(ArtefactFault(place, "the nesting is too deep", expected=f"at most {MAX_DEPTH} levels"))
