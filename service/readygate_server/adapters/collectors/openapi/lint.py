"""Looks for what makes a document wrong by its own specification. Style is not looked at, and no schema is tried.

| check | what is wrong |
|---|---|
| `info` | no title or version, or one that is no text |
| `paths` | none where the version asks for them, one without `/` before it, or two that differ in names only |
| `path-parameter` | a name in the path that is no parameter, or a path parameter that it lacks or that is optional |
| `parameter` | no name, no known `in`, no type or schema, or the same one twice in a list |
| `operation-id` | the same one twice |
| `request-body` | no content |
| `responses` | none, a code that is none, or no description |
| `security` | a scheme that is not declared, or of a type that is not known |
| `field` | a field that the version has not, or of another kind, in a document, path, operation or response |
| `reference` | one that leads nowhere |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.openapi.fields import fields_of, fits
from readygate_server.adapters.collectors.openapi.operations import Operations, mapping, words
from readygate_server.adapters.collectors.openapi.versions import Version
from readygate_server.adapters.collectors.references import Lost, References, Source, Target

METHOD: Final = "openapi.lint.v1"
_TEMPLATE: Final = re.compile(r"\{([^{}]*)\}")
_CODE: Final = re.compile(r"default|[1-5][0-9]{2}")
_CODES: Final = re.compile(r"default|[1-5]([0-9]{2}|XX)")
_PLACES: Final = frozenset({"query", "header", "path", "cookie"})
_PLACES_2: Final = frozenset({"query", "header", "path", "formData", "body"})
_SCHEMES: Final = frozenset({"apiKey", "http", "oauth2", "openIdConnect"})
_SCHEMES_2: Final = frozenset({"basic", "apiKey", "oauth2"})


class Wrong(NamedTuple):
    """One thing that is wrong."""

    check: str
    place: str
    """For people: method and path, or the part of the document."""


class Lint:
    """Checks a document, with the parts that it refers to."""

    def __init__(self, references: References, version: Version, operations: Operations) -> None:
        """Takes what was read."""
        self._references = references
        self._version = version
        self._operations = operations
        root = references.root.data
        assert isinstance(root, dict)
        self._root: Mapping[str, object] = root
        self._fields = fields_of(version)
        self._codes = _CODE if version.swagger else _CODES
        self._checked: set[int] = set()
        self._ids: set[str] = set()

    def wrong(self) -> Iterator[Wrong]:
        """Yields all that is wrong, references aside."""
        yield from self._document()
        yield from self._schemes()
        for path, source, item in self._operations.items():
            yield from self._item(path, source, item)

    def _document(self) -> Iterator[Wrong]:
        if not fits(self._root, self._fields.root):
            yield Wrong("field", "the document")
        info = mapping(self._root.get("info"))
        if not words(info.get("title")) or not words(info.get("version")):
            yield Wrong("info", "info")
        paths = self._root.get("paths")
        if not isinstance(paths, dict):
            later = self._version.name in ("3.1", "3.2") and "paths" not in self._root
            if not (later and ("components" in self._root or "webhooks" in self._root)):
                yield Wrong("paths", "paths")
            return
        seen: set[str] = set()
        for path in paths:
            if path.startswith("x-"):
                continue
            if not isinstance(paths[path], dict):
                yield Wrong("field", path)
            bare = _TEMPLATE.sub("{}", path)
            if not path.startswith("/") or bare in seen:
                yield Wrong("paths", path)
            seen.add(bare)

    def _schemes(self) -> Iterator[Wrong]:
        known = _SCHEMES_2 if self._version.swagger else _SCHEMES
        if self._version.name in ("3.1", "3.2"):
            known |= {"mutualTLS"}
        for name, kind in self._operations.schemes.items():
            if kind not in known:
                yield Wrong("security", name)
        yield from self._security("security", self._root.get("security", []))

    def _security(self, place: str, said: object) -> Iterator[Wrong]:
        if not isinstance(said, list) or not all(isinstance(way, dict) for way in said):
            yield Wrong("security", place)
            return
        if any(name not in self._operations.schemes for way in said for name in way):
            yield Wrong("security", place)

    def _item(self, path: str, source: Source, item: Mapping[str, object]) -> Iterator[Wrong]:
        if not fits(item, self._fields.item):
            yield Wrong("field", path)
        shared = self._parameters(source, item.get("parameters"))
        yield from self._list(path, shared)
        for method, operation in self._operations.methods(item):
            yield from self._operation(f"{method} {path}", path, source, operation, shared)

    def _operation(
        self, name: str, path: str, source: Source, operation: Mapping[str, object], shared: list[Target]
    ) -> Iterator[Wrong]:
        own = self._parameters(source, operation.get("parameters"))
        yield from self._template(name, path, [*shared, *own])
        identity = words(operation.get("operationId"))
        if identity in self._ids:
            yield Wrong("operation-id", name)
        self._ids.update({identity} - {""})
        if id(operation) not in self._checked:  # many paths may refer to one item
            self._checked.add(id(operation))
            yield from self._shape(name, source, operation, own)

    def _shape(self, name: str, source: Source, operation: Mapping[str, object], own: list[Target]) -> Iterator[Wrong]:
        """Checks what does not depend on the path."""
        if not fits(operation, self._fields.operation):
            yield Wrong("field", name)
        yield from self._list(name, own)
        if "requestBody" in operation and not self._version.swagger:
            body = self._references.follow(source, operation["requestBody"])
            if body.lost is None and not mapping(mapping(body.node).get("content")):
                yield Wrong("request-body", name)
        yield from self._responses(name, source, operation)
        if "security" in operation:
            yield from self._security(name, operation["security"])

    def _parameters(self, source: Source, given: object) -> list[Target]:
        return [self._references.follow(source, each) for each in given] if isinstance(given, list) else []

    def _list(self, place: str, targets: list[Target]) -> Iterator[Wrong]:
        """Checks the parameters of one list; one that many refer to is looked at once."""
        keys: set[tuple[str, str]] = set()
        for _, node, lost in targets:
            if lost is not None:
                continue
            parameter = mapping(node)
            key = (words(parameter.get("name")), words(parameter.get("in")))
            if key in keys:
                yield Wrong("parameter", place)
            keys.add(key)
            if id(node) not in self._checked:
                self._checked.add(id(node))
                if not self._sound(parameter):
                    yield Wrong("parameter", place)

    def _sound(self, parameter: Mapping[str, object]) -> bool:
        place = words(parameter.get("in"))
        if not words(parameter.get("name")):
            return False
        if self._version.swagger:
            return place in _PLACES_2 and ("schema" if place == "body" else "type") in parameter
        places = _PLACES | {"querystring"} if self._version.additional else _PLACES
        return place in places and ("schema" in parameter) != ("content" in parameter)

    def _template(self, name: str, path: str, targets: list[Target]) -> Iterator[Wrong]:
        unread = any(target.lost is not None for target in targets)
        declared = [mapping(target.node) for target in targets if mapping(target.node).get("in") == "path"]
        wanted = _TEMPLATE.findall(path)
        given = {words(parameter.get("name")) for parameter in declared}
        missing = not unread and not given.issuperset(wanted)
        optional = any(parameter.get("required") is not True for parameter in declared)
        if missing or optional or not given.issubset(wanted) or len(set(wanted)) < len(wanted):
            yield Wrong("path-parameter", name)

    def _responses(self, name: str, source: Source, operation: Mapping[str, object]) -> Iterator[Wrong]:
        given = operation.get("responses")
        if not isinstance(given, dict) or not given:
            if "responses" in operation or self._version.name in ("2.0", "3.0"):
                yield Wrong("responses", name)
            return
        for code, each in given.items():
            if code.startswith("x-"):
                continue
            target = self._references.follow(source, each)
            described = "description" in mapping(target.node) or self._version.name == "3.2"
            if not self._codes.fullmatch(code) or (target.lost is None and not described):
                yield Wrong("responses", name)
            if target.lost is None and not fits(target.node, self._fields.response):
                yield Wrong("field", name)


class Followed(NamedTuple):
    """What became of the references of an artefact."""

    broken: tuple[Wrong, ...]
    unread: tuple[tuple[Lost, int], ...]
    """Why and how many, in the order of `Lost`."""


def follow_all(references: References) -> Followed:
    """Follows every reference.

    Raises:
      ArtefactError: when a file that one leads to can not be read.
    """
    broken: list[Wrong] = []
    unread = dict.fromkeys(Lost, 0)
    for source, text in references.all():
        lost = references.follow(source, {"$ref": text}).lost
        if lost is not None and lost.broken:
            broken.append(Wrong("reference", f"{source.artefact.uri}: {text}"))
        elif lost is not None:
            unread[lost] += 1
    return Followed(tuple(broken), tuple((lost, count) for lost, count in unread.items() if count))
