"""Reads YAML that people write into plain data, remembering where everything stood.

Only what every YAML and JSON reader understands alike is accepted: no anchors, tags, repeated keys or second
documents. Scalars follow the YAML 1.2 core schema without octal and hexadecimal numbers, so that dates, `yes`
and `on` stay text. Built on parser events: no node graph is made, so deep nesting can not exhaust the stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import yaml
from yaml import events

from readygate_server.domain.faults import Fault, FaultsError

Path = tuple[str | int, ...]

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 40
MAX_NODES: Final = 200_000
MAX_FAULTS: Final = 1_000
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LARGEST: Final = 2**63
_SURROGATE_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text; lines and columns count from 1."""

    line: int
    column: int


@dataclass
class Document:
    """Plain data of a YAML text, and where each part of it stood."""

    file: str
    data: object = None
    values: dict[Path, Mark] = field(default_factory=dict, repr=False)
    keys: dict[Path, Mark] = field(default_factory=dict, repr=False)

    def mark(self, path: Path) -> Mark:
        """Returns where the value at the path stood, or else the nearest part that encloses it."""
        return _nearest(self.values, path)

    def key_mark(self, path: Path) -> Mark:
        """Returns where the key of the path stood, or else the nearest part that encloses it."""
        return self.keys.get(path) or self.mark(path)

    def fault(
        self, path: Path, message: str, *, got: str = "", expected: str = "", suggestion: str = "", at_key: bool = False
    ) -> Fault:
        """Returns a fault at the place of the path."""
        mark = self.key_mark(path) if at_key else self.mark(path)
        return Fault(self.file, mark.line, mark.column, message, got, expected, suggestion)


def _nearest(marks: dict[Path, Mark], path: Path) -> Mark:
    """Returns the mark of the longest known beginning of the path."""
    for length in range(len(path), -1, -1):
        if (mark := marks.get(path[:length])) is not None:
            return mark
    return Mark(1, 1)


def read_yaml(
    text: str,
    *,
    file: str,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    faults: list[Fault] | None = None,
) -> Document:
    """Reads one YAML (or JSON) document.

    Faults that leave the document whole go into `faults` where it is given, so that the rest can be checked.

    Raises:
      FaultsError: with everything that is wrong with the text itself.
    """
    reader = _Reader(file, max_depth)
    if len(text) > max_bytes or len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise FaultsError([Fault(file, 0, 0, "the file is too large", expected=f"at most {max_bytes} bytes")])
    try:
        for event in yaml.parse(_without_surrogates(text), Loader=yaml.CSafeLoader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        reader.syntax_error(error)
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        reader.unreadable_character(text)
    except _StopReadingError:
        reader.whole = False
    if reader.faults and (faults is None or not reader.whole):
        raise FaultsError(reader.faults)
    if faults is not None:
        faults += reader.faults
    return reader.document


def _without_surrogates(text: str) -> str:
    """Returns the text with JSON's escapes for one character in two halves, which YAML lacks, made one escape."""
    return _SURROGATE_PAIR.sub(_one_escape, text) if text.lstrip()[:1] in ("{", "[") else text


def _one_escape(pair: re.Match[str]) -> str:
    code = 0x10000 + ((int(pair[2], 16) - 0xD800) << 10) + int(pair[3], 16) - 0xDC00
    return f"{pair[1]}\\U{code:08X}"


class _StopReadingError(Exception):
    """Ends reading early, because going on would only cost time."""


@dataclass(slots=True)
class _Level:
    """A list or mapping that is being filled."""

    container: dict[str, object] | list[object]
    path: Path
    key: str | None = None
    firsts: dict[str, Mark] = field(default_factory=dict)


class _Reader:
    """Builds a document from parser events."""

    def __init__(self, file: str, max_depth: int) -> None:
        self.document = Document(file)
        self.faults: list[Fault] = []
        self.whole = True
        self._levels: list[_Level] = []
        self._max_depth = max_depth
        self._nodes = 0
        self._documents = 0
        self._inside_key = 0

    def take(self, event: events.Event) -> None:
        """Takes the next event of the parser."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)
        if len(self.faults) >= MAX_FAULTS:
            self._fault(_mark_of(event), "the text has more faults than are listed")
            raise _StopReadingError

    def syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        """Notes a fault that the parser found."""
        self.whole = False
        mark = error.problem_mark or error.context_mark
        problem = (error.problem or "the text is not YAML").strip()
        message = f"{error.context} {problem}".strip() if error.context else problem
        place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        self._fault(place, message)

    def unreadable_character(self, text: str) -> None:
        """Notes the first character that YAML does not allow."""
        self.whole = False
        found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
        start = found.start() if found else 0
        line = text.count("\n", 0, start) + 1
        column = start - (text.rfind("\n", 0, start) + 1) + 1
        got = f"U+{ord(text[start]):04X}" if found else ""
        self._fault(Mark(line, column), "a control character may not stand in YAML", got=got)

    def _fault(self, mark: Mark, message: str, *, got: str = "", expected: str = "") -> None:
        self.faults.append(Fault(self.document.file, mark.line, mark.column, message, got, expected))

    def _document_start(self, event: events.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._fault(_mark_of(event), "a file holds one document", got="a second document")
            raise _StopReadingError

    def _alias(self, event: events.AliasEvent) -> None:
        mark = _mark_of(event)
        self._fault(mark, "aliases are not accepted; write the value out", got=f"*{event.anchor}")
        level = self._levels[-1] if self._levels else None
        if self._inside_key:
            return
        if level is not None and isinstance(level.container, dict) and level.key is None:
            level.key, self.whole = "", False
        else:
            self._place(None, mark)

    def _scalar(self, event: events.ScalarEvent) -> None:
        mark = _mark_of(event)
        self._check_decoration(event, mark)
        if self._inside_key:
            return
        level = self._levels[-1] if self._levels else None
        if level is not None and isinstance(level.container, dict) and level.key is None:
            self._take_key(level, str(event.value), mark)
        elif event.implicit[0] and not event.style:
            self._place(self._resolve(str(event.value), mark), mark)
        else:
            self._place(str(event.value), mark)

    def _start(self, event: events.SequenceStartEvent | events.MappingStartEvent) -> None:
        mark = _mark_of(event)
        self._check_decoration(event, mark)
        level = self._levels[-1] if self._levels else None
        if self._inside_key:
            self._inside_key += 1
            self._check_depth(mark)
        elif level is not None and isinstance(level.container, dict) and level.key is None:
            self._fault(mark, "a key must be text", got="a list or mapping")
            self._inside_key, self.whole = 1, False
        else:
            self._open({} if isinstance(event, events.MappingStartEvent) else [], mark)

    def _open(self, container: dict[str, object] | list[object], mark: Mark) -> None:
        path = self._place(container, mark)
        self._levels.append(_Level(container, path))
        self._check_depth(mark)

    def _check_depth(self, mark: Mark) -> None:
        if len(self._levels) + self._inside_key > self._max_depth:
            self._fault(mark, "the nesting is too deep", expected=f"at most {self._max_depth} levels")
            raise _StopReadingError

    def _end(self, _: events.Event) -> None:
        if not self._inside_key:
            self._levels.pop()
            return
        self._inside_key -= 1
        if not self._inside_key:
            self._levels[-1].key = ""

    def _take_key(self, level: _Level, key: str, mark: Mark) -> None:
        first = level.firsts.setdefault(key, mark)
        if first is not mark:
            self._fault(mark, f"the key {key!r} stands here twice", expected=f"only the one in line {first.line}")
        level.key = key
        self.document.keys.setdefault((*level.path, key), mark)

    def _place(self, value: object, mark: Mark) -> Path:
        """Puts the value where it belongs and returns its path."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._fault(mark, "the file holds too many values", expected=f"at most {MAX_NODES}")
            raise _StopReadingError
        path: Path = ()
        if not self._levels:
            self.document.data = value
        else:
            path = self._put(self._levels[-1], value)
        self.document.values.setdefault(path, mark)
        return path

    def _put(self, level: _Level, value: object) -> Path:
        if isinstance(level.container, list):
            level.container.append(value)
            return (*level.path, len(level.container) - 1)
        key, level.key = level.key or "", None
        level.container.setdefault(key, value)
        return (*level.path, key)

    def _check_decoration(
        self, event: events.ScalarEvent | events.SequenceStartEvent | events.MappingStartEvent, mark: Mark
    ) -> None:
        if event.anchor is not None:
            self._fault(mark, "anchors are not accepted", got=f"&{event.anchor}")
        if event.tag is not None:
            self._fault(mark, "tags are not accepted", got=str(event.tag))

    def _resolve(self, text: str, mark: Mark) -> object:
        """Returns what a plain scalar means."""
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return self._integer(text, mark)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if abs(number) == float("inf"):
                self._fault(mark, "the number is too large", got=text)
            return number
        if _NOT_FINITE.fullmatch(text):
            self._fault(mark, "a number must be finite", got=text, expected="a finite number")
        return text

    def _integer(self, text: str, mark: Mark) -> int:
        # Digits are counted first, because Python refuses to convert thousands of them.
        if len(text) > 20 or not -_LARGEST <= int(text) < _LARGEST:
            self._fault(mark, "the number is too large", got=text[:20], expected="at most 64 bits")
            return 0
        return int(text)


def _mark_of(event: events.Event) -> Mark:
    """Returns where an event starts."""
    mark = event.start_mark
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


# Beside the class: a reader that held its own methods would be garbage that only a search finds, with all it has read.
_HANDLERS: Final[dict[type[events.Event], Callable[..., None]]] = {
    events.ScalarEvent: _Reader._scalar,
    events.SequenceStartEvent: _Reader._start,
    events.MappingStartEvent: _Reader._start,
    events.SequenceEndEvent: _Reader._end,
    events.MappingEndEvent: _Reader._end,
    events.AliasEvent: _Reader._alias,
    events.DocumentStartEvent: _Reader._document_start,
}
