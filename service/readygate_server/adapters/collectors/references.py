"""Follows `$ref` through the files of one artefact: inside its own folder, never over a network, never in circles.

A reference that is not followed is no fault of the artefact: what stands behind it is unknown. One that leads nowhere
inside what was read is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import unquote

from readygate_server.adapters.collectors.documents import read_document
from readygate_server.adapters.collectors.port import ArtefactFault, ArtefactLimitError
from readygate_server.domain.collected import Artefact

MAX_FILES: Final = 1_000
MAX_BYTES: Final = 100_000_000
MAX_HOPS: Final = 50
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/|\\")
_INDEX: Final = re.compile("0|[1-9][0-9]{0,8}")
_SUFFIXES: Final = (".json", ".yaml", ".yml")
_DATA: Final = frozenset({"const", "default", "enum", "example", "examples", "required"})
_NAMED: Final = frozenset(
    {
        "$defs",
        "callbacks",
        "channels",
        "definitions",
        "dependentSchemas",
        "headers",
        "links",
        "messages",
        "operations",
        "parameters",
        "pathItems",
        "paths",
        "patternProperties",
        "properties",
        "requestBodies",
        "responses",
        "schemas",
        "securitySchemes",
        "servers",
        "webhooks",
    }
)
"""Keys whose values are mappings by name, in which a key such as `default` or `$ref` is a name."""


class Lost(StrEnum):
    """Why a reference was not followed."""

    ELSEWHERE = "it leads out of the folder of the artefact"
    ABSENT = "the file is not there"
    OTHER = "it is neither a JSON nor a YAML file"
    ANCHOR = "it names an anchor, not a place"
    NOWHERE = "it leads nowhere"
    CIRCLE = "it leads round in a circle, or on and on"

    @property
    def broken(self) -> bool:
        """True when the artefact is at fault; otherwise what stands there is just not known."""
        return self in (Lost.NOWHERE, Lost.CIRCLE)


class Source(NamedTuple):
    """A file of the artefact."""

    place: PurePosixPath
    """Within the folder of the artefact."""
    artefact: Artefact
    data: object


class Target(NamedTuple):
    """What a reference led to: a value and the file that it stands in, or why there is none."""

    source: Source
    node: object
    lost: Lost | None = None


class Reference(NamedTuple):
    """One place that refers to another."""

    source: Source
    text: str


class References:
    """Reads the files of an artefact as they are referred to."""

    def __init__(self, root: Path) -> None:
        """Reads the file that all starts from.

        Raises:
          ArtefactError: when it can not be read.
        """
        read = read_document(root)
        self._folder = root.parent.resolve()
        self.language = read.language
        self.root = Source(PurePosixPath(root.name), read.artefact, read.data)
        self._sources: dict[Path, Source] = {(self._folder / root.name).resolve(): self.root}
        self._bytes = read.artefact.size
        self._inside = 0
        self._places: dict[tuple[PurePosixPath, str], Target] = {}

    @property
    def sources(self) -> tuple[Source, ...]:
        """Returns the files that were read, by name."""
        return tuple(sorted(self._sources.values(), key=lambda source: source.artefact.uri))

    def follow(self, source: Source, node: object) -> Target:
        """Returns what a value stands for: itself, unless it is a reference.

        Raises:
          ArtefactError: when a file that it leads to can not be read.
        """
        hops = 0
        while isinstance(node, dict) and isinstance(text := node.get("$ref"), str):
            hops += 1
            if hops > MAX_HOPS:
                return Target(source, None, Lost.CIRCLE)
            target = self._place(source, text)
            if target.lost is not None:
                return target
            source, node = target.source, target.node
        return Target(source, node)

    def all(self) -> Iterator[Reference]:
        """Yields each reference of the files that are read, once per file; reads on while it is being followed."""
        done: set[PurePosixPath] = set()
        while left := [source for source in self.sources if source.place not in done]:
            for source in left:
                done.add(source.place)
                yield from (Reference(source, text) for text in dict.fromkeys(_texts(source.data)))

    def _place(self, source: Source, text: str) -> Target:
        key = (source.place, text)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = self._look(source, text)
        return found

    def _look(self, source: Source, text: str) -> Target:
        name, _, fragment = text.partition("#")
        target = self._file(source, name) if name else source
        if isinstance(target, Lost):
            return Target(source, None, target)
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            return Target(target, None, Lost.ANCHOR)
        return self._pointed(target, pointer)

    def _pointed(self, source: Source, pointer: str) -> Target:
        """Returns what stands at a JSON pointer (RFC 6901) that was freed of percent signs.

        Where a step is missing beside a reference, it is looked for behind that, as most tools do.
        """
        node = source.data
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and key not in node and "$ref" in node:
                source, node, lost = self._behind(source, node)
                if lost is not None:
                    return Target(source, None, lost)
            if isinstance(node, dict) and key in node:
                node = node[key]
            elif isinstance(node, list) and _INDEX.fullmatch(key) and int(key) < len(node):
                node = node[int(key)]
            else:
                return Target(source, None, Lost.NOWHERE)
        return Target(source, node)

    def _behind(self, source: Source, node: object) -> Target:
        if self._inside >= MAX_HOPS:
            return Target(source, None, Lost.CIRCLE)
        self._inside += 1
        try:
            return self.follow(source, node)
        finally:
            self._inside -= 1

    def _file(self, source: Source, name: str) -> Source | Lost:
        plain = unquote(name)
        if _ADDRESS.match(name) or _ADDRESS.match(plain) or "?" in name or "\0" in plain or "\\" in plain:
            return Lost.ELSEWHERE
        try:
            path = (self._folder / source.place.parent / plain).resolve()
            if not path.is_relative_to(self._folder):
                return Lost.ELSEWHERE
            known = self._sources.get(path)
            if known is not None:
                return known
            if not path.is_file():
                return Lost.ABSENT
        except (OSError, RuntimeError, ValueError):  # names that are too long, links in a circle
            return Lost.ABSENT
        return self._read(path) if path.suffix.lower() in _SUFFIXES else Lost.OTHER

    def _read(self, path: Path) -> Source:
        place = PurePosixPath(path.relative_to(self._folder).as_posix())
        if len(self._sources) >= MAX_FILES:
            raise _too_much(self.root, f"at most {MAX_FILES:,} files")
        if self._bytes + path.stat().st_size > MAX_BYTES:
            raise _too_much(self.root, f"at most {MAX_BYTES:,} bytes")
        read = read_document(path)
        self._bytes += read.artefact.size
        uri = (PurePosixPath(self.root.artefact.uri).parent / place).as_posix()
        self._sources[path] = Source(place, read.artefact._replace(uri=uri), read.data)
        return self._sources[path]


def _too_much(root: Source, expected: str) -> ArtefactLimitError:
    return ArtefactLimitError(ArtefactFault(root.artefact.uri, "it refers to too much", expected=expected))


def _texts(data: object) -> Iterator[str]:
    """Yields the references of a document; examples and other data are not searched, for there it is no keyword."""
    left: list[tuple[object, bool]] = [(data, False)]
    while left:
        node, named = left.pop()
        if isinstance(node, dict):
            if not named and isinstance(text := node.get("$ref"), str):
                yield text
            for key, value in node.items():
                kind = type(value)
                if (kind is dict or kind is list) and (named or not (key in _DATA or key.startswith("x-"))):
                    left.append((value, not named and kind is dict and key in _NAMED))
        elif isinstance(node, list):
            left.extend((each, False) for each in node if type(each) is dict or type(each) is list)
