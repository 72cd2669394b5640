"""Resolves the names of types in `.proto` files, as far as the files that they import are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from proto_schema_parser.ast import Enum, Field, File, Group, MapField, Message, Service

_SCALARS: Final = frozenset(
    {
        *("bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64"),
        *("sfixed32", "sfixed64", "sint32", "sint64", "string", "uint32", "uint64"),
    }
)
_SHIPPED: Final = "google/protobuf/"
"""Files that every compiler brings along."""
_SHIPPED_TYPES: Final = "google.protobuf."


class Use(NamedTuple):
    """A place that names a type."""

    scope: str
    name: str
    call: bool
    """True for what a call takes or gives, which has to be a message."""


class Names:
    """Names that files define and use."""

    def __init__(self) -> None:
        """Knows none yet."""
        self.defined: Counter[str] = Counter()
        self.messages: set[str] = set()
        self.uses: list[Use] = []
        self.numbers: list[str] = []
        """Messages in which a number or a name of a field repeats."""
        self._imports: set[str] = set()

    def add(self, file: File) -> None:
        """Adds what a file defines and uses."""
        from proto_schema_parser import ast

        packages = [each.name for each in file.file_elements if isinstance(each, ast.Package)]
        scope = packages[0] if packages else ""
        for element in file.file_elements:
            if isinstance(element, ast.Import):
                self._imports.add(element.name)
            elif isinstance(element, ast.Message):
                self._message(scope, element)
            elif isinstance(element, ast.Enum):
                self._enum(scope, element)
            elif isinstance(element, ast.Service):
                self._service(scope, element)

    def missing(self, places: list[str]) -> int:
        """Returns how many files are imported and not among these, by the ends of their paths."""
        split = [place.split("/") for place in places]
        ends = {"/".join(parts[start:]) for parts in split for start in range(len(parts))}
        return sum(not name.startswith(_SHIPPED) and name not in ends for name in self._imports)

    def wrong(self) -> Iterator[str]:
        """Yields what is wrong whatever is imported."""
        for name, count in self.defined.items():
            if count > 1:
                yield f"{name} is defined {count} times"
        yield from self.numbers

    def unknown(self) -> list[Use]:
        """Returns the uses of names that nothing here defines."""
        return [use for use in self.uses if not self._known(use)]

    def _known(self, use: Use) -> bool:
        known = self.messages if use.call else self.defined
        name = use.name
        if name in _SCALARS:
            return not use.call
        if name.startswith("."):
            return name[1:] in known or name[1:].startswith(_SHIPPED_TYPES)
        scope = use.scope
        while True:
            full = _joined(scope, name)
            if full in known or full.startswith(_SHIPPED_TYPES):
                return True
            if not scope:
                return False
            scope = scope.rpartition(".")[0]

    def _message(self, scope: str, message: Message | Group) -> None:
        from proto_schema_parser import ast

        left: list[tuple[str, Message | Group]] = [(scope, message)]
        while left:
            outer, each = left.pop()
            name = _joined(outer, each.name)
            self.defined[name] += 1
            self.messages.add(name)
            fields = list(_fields(each))
            numbers = Counter(field.number for field in fields)
            labels = Counter(field.name for field in fields)
            if any(count > 1 for count in (*numbers.values(), *labels.values())):
                self.numbers.append(f"{name} has a field twice")
            for field in fields:
                if not isinstance(field, ast.Group):
                    kind = field.value_type if isinstance(field, ast.MapField) else field.type
                    self.uses.append(Use(name, kind, call=False))
            left.extend((name, inner) for inner in fields if isinstance(inner, ast.Group))
            left.extend((name, inner) for inner in each.elements if isinstance(inner, ast.Message))
            for inner in each.elements:
                if isinstance(inner, ast.Enum):
                    self._enum(name, inner)

    def _enum(self, scope: str, enum: Enum) -> None:
        self.defined[_joined(scope, enum.name)] += 1

    def _service(self, scope: str, service: Service) -> None:
        from proto_schema_parser import ast

        name = _joined(scope, service.name)
        self.defined[name] += 1
        for method in service.elements:
            if isinstance(method, ast.Method):
                for kind in (method.input_type, method.output_type):
                    self.uses.append(Use(scope, str(kind.type), call=True))


def _fields(message: Message | Group) -> Iterator[Field | MapField | Group]:
    """Yields the fields of a message, those of which only one is set included."""
    from proto_schema_parser import ast

    for element in message.elements:
        inner = element.elements if isinstance(element, ast.OneOf) else [element]
        yield from (each for each in inner if isinstance(each, ast.Field | ast.MapField | ast.Group))


def _joined(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name
