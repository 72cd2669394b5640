"""Takes an OpenAPI or Swagger document apart into its operations, as far as facts are made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.openapi.versions import Version
from readygate_server.adapters.collectors.port import ArtefactFault, ArtefactLimitError
from readygate_server.adapters.collectors.references import References, Source

MAX_OPERATIONS: Final = 200_000
WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REPEATABLE: Final = frozenset({"PUT", "DELETE"})
"""Methods of writes that RFC 9110 (9.2.2) makes idempotent."""


class Security(StrEnum):
    """What a document says about who may call an operation."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    """`{}` is one of the alternatives."""
    ANONYMOUS = "anonymous"
    """`security: []`: said to need nothing."""
    UNDECLARED = "undeclared"
    """No word on it. That is not the same as anonymous."""
    DANGLING = "dangling"
    """Only schemes that the document does not declare."""


class Parameter(NamedTuple):
    """A parameter of an operation."""

    name: str
    place: str
    """Value of `in`."""
    described: bool


class Responses(NamedTuple):
    """What a document says about the answers of an operation."""

    codes: frozenset[str] = frozenset()
    """In capitals, such as `4XX`; `DEFAULT` too."""
    typed: frozenset[str] = frozenset()
    """Codes with a schema."""
    bare: frozenset[str] = frozenset()
    """Codes without a body."""
    unread: int = 0
    """Responses behind references that were not followed."""
    problem: bool = False
    """Some error is `application/problem+json`."""
    limits: bool = False
    """A header tells about a rate limit."""
    examples: bool = False

    @property
    def errors(self) -> frozenset[str]:
        """Returns the codes of errors; `default` stands for them only where success has a code of its own."""
        found = frozenset(code for code in self.codes if code[0] in "45")
        return (
            found | {"DEFAULT"} if "DEFAULT" in self.codes and any(code[0] in "123" for code in self.codes) else found
        )


class Operation(NamedTuple):
    """One operation: a method on a path."""

    method: str
    """In capitals."""
    path: str
    id: str
    """`operationId`; empty when it has none."""
    documented: bool
    """A summary or a description."""
    described: bool
    deprecated: bool
    sunset: str
    """Value of `x-sunset`; empty when there is none."""
    security: Security
    parameters: tuple[Parameter, ...]
    parameters_unread: int
    responses: Responses

    @property
    def name(self) -> str:
        """Returns method and path, which name every operation."""
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        """True for methods that change something."""
        return self.method in WRITES

    @property
    def key(self) -> bool:
        """True when a header for an idempotency key is documented."""
        return any(p.place == "header" and "idempoten" in p.name.lower() for p in self.parameters)


class Operations:
    """Takes a document apart. What is shared by reference is looked at once."""

    def __init__(self, references: References, version: Version) -> None:
        """Looks up what holds for all operations."""
        self._references = references
        self._version = version
        root = references.root.data
        assert isinstance(root, dict)
        self._root = root
        self.schemes = schemes_of(references, version)
        self.unread_paths = 0
        self._responses: dict[int, Responses] = {}
        self._parameters: dict[int, tuple[tuple[Parameter, ...], int]] = {}

    def all(self) -> Iterator[Operation]:
        """Yields the operations in the order of the document.

        Raises:
          ArtefactLimitError: when there are more than are read.
        """
        count = 0
        for path, source, item in self.items():
            for method, operation in self.methods(item):
                count += 1
                if count > MAX_OPERATIONS:
                    fault = ArtefactFault(
                        self._references.root.artefact.uri,
                        "the document has too many operations",
                        expected=f"at most {MAX_OPERATIONS:,}",
                    )
                    raise ArtefactLimitError(fault)
                yield self._operation(path, source, item, method, operation)

    def items(self) -> Iterator[tuple[str, Source, Mapping[str, object]]]:
        """Yields path items with the file that they stand in; those that are not followed are counted."""
        self.unread_paths = 0
        for path, node in mapping(self._root.get("paths")).items():
            if path.startswith("x-"):
                continue
            target = self._references.follow(self._references.root, node)
            if target.lost is not None and not target.lost.broken:
                self.unread_paths += 1
            elif isinstance(target.node, dict):
                yield path, target.source, target.node

    def methods(self, item: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yields the operations of a path item by method in capitals."""
        for key, operation in item.items():
            if key in self._version.methods and isinstance(operation, dict):
                yield key.upper(), operation
        if self._version.additional:
            for key, operation in mapping(item.get("additionalOperations")).items():
                if isinstance(operation, dict):
                    yield key.upper(), operation

    def _operation(
        self, path: str, source: Source, item: Mapping[str, object], method: str, operation: Mapping[str, object]
    ) -> Operation:
        shared, shared_unread = self._list(source, item.get("parameters"))
        own, own_unread = self._list(source, operation.get("parameters"))
        by_key = {(each.name, each.place): each for each in (*shared, *own)}
        return Operation(
            method=method,
            path=path,
            id=words(operation.get("operationId")),
            documented=bool(words(operation.get("summary")) or words(operation.get("description"))),
            described=bool(words(operation.get("description"))),
            deprecated=operation.get("deprecated") is True,
            sunset=words(operation.get("x-sunset")),
            security=self._security(operation),
            parameters=tuple(by_key.values()),
            parameters_unread=shared_unread + own_unread,
            responses=self._answers(source, operation.get("responses")),
        )

    def _security(self, operation: Mapping[str, object]) -> Security:
        said = operation.get("security", self._root.get("security"))
        if not isinstance(said, list):
            return Security.UNDECLARED
        if not said:
            return Security.ANONYMOUS
        ways = [way for way in said if isinstance(way, dict)]
        if any(not way for way in ways):
            return Security.OPTIONAL
        known = any(all(name in self.schemes for name in way) for way in ways)
        return Security.REQUIRED if known else Security.DANGLING

    def _list(self, source: Source, given: object) -> tuple[tuple[Parameter, ...], int]:
        """Returns the parameters of a list, and how many of them were not read."""
        if not isinstance(given, list):
            return (), 0
        found = self._parameters.get(id(given))
        if found is None:
            found = self._parameters[id(given)] = self._read_list(source, given)
        return found

    def _read_list(self, source: Source, given: list[object]) -> tuple[tuple[Parameter, ...], int]:
        parameters, unread = [], 0
        for each in given:
            target = self._references.follow(source, each)
            node = target.node
            if isinstance(node, dict):
                described = bool(words(node.get("description")))
                parameters.append(Parameter(words(node.get("name")), words(node.get("in")), described))
            elif target.lost is not None and not target.lost.broken:
                unread += 1
        return tuple(parameters), unread

    def _answers(self, source: Source, given: object) -> Responses:
        if not isinstance(given, dict):
            return Responses()
        found = self._responses.get(id(given))
        if found is None:
            found = self._responses[id(given)] = self._read_answers(source, given)
        return found

    def _read_answers(self, source: Source, given: Mapping[str, object]) -> Responses:
        codes, typed, bare, unread = set(), set(), set(), 0
        problem = limits = examples = False
        for key, each in given.items():
            if key.startswith("x-") or not key:
                continue
            code = key.upper()
            codes.add(code)
            target = self._references.follow(source, each)
            if not isinstance(target.node, dict):
                unread += target.lost is not None and not target.lost.broken
                continue
            bodies = self._bodies(target.source, target.node)
            if any(filled(body.get("schema")) for _, body in bodies):
                typed.add(code)
            if not bodies:
                bare.add(code)
            error = code[0] in "45D"
            problem |= error and any("problem+json" in media for media, _ in bodies)
            limits |= code == "429" or _tells_limit(target.node)
            examples |= _has_example(target.node, bodies)
        return Responses(frozenset(codes), frozenset(typed), frozenset(bare), unread, problem, limits, examples)

    def _bodies(self, source: Source, response: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
        """Returns media types with what is said about the body."""
        if self._version.swagger:
            return [("", response)] if "schema" in response else []
        bodies: list[tuple[str, Mapping[str, object]]] = []
        for media, node in mapping(response.get("content")).items():
            body = self._references.follow(source, node).node
            if isinstance(body, dict):
                bodies.append((media.lower(), body))
        return bodies


def schemes_of(references: References, version: Version) -> Mapping[str, str]:
    """Returns the security schemes that the document declares, with the type of each; empty when it is not known."""
    root = references.root.data
    assert isinstance(root, dict)
    if version.swagger:
        declared = mapping(root.get("securityDefinitions"))
    else:
        declared = mapping(mapping(root.get("components")).get("securitySchemes"))
    found = {}
    for name, node in declared.items():
        scheme = references.follow(references.root, node).node
        found[name] = words(scheme.get("type")) if isinstance(scheme, dict) else ""
    return found


def mapping(value: object) -> Mapping[str, object]:
    """Returns a value that is a mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def words(value: object) -> str:
    """Returns text without blanks around it; nothing for anything else."""
    return value.strip() if isinstance(value, str) else ""


def filled(schema: object) -> bool:
    """True when a schema says anything: `{}` and `true` allow whatever comes."""
    return isinstance(schema, dict) and bool(schema)


def _tells_limit(response: Mapping[str, object]) -> bool:
    names = (name.lower().removeprefix("x-") for name in mapping(response.get("headers")))
    return any(name == "retry-after" or name.replace("-", "").startswith("ratelimit") for name in names)


def _has_example(response: Mapping[str, object], bodies: list[tuple[str, Mapping[str, object]]]) -> bool:
    return "examples" in response or any("example" in body or "examples" in body for _, body in bodies)
