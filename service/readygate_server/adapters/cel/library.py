"""The one place that touches the CEL library: environments, and what evaluation returns.

The library releases no arguments of functions written in Python, so none is ever registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from cel_expr_python import cel  # type: ignore[import-untyped]
from google.protobuf import descriptor_pool

from readygate_server.adapters.cel.vocabulary import PACKAGE, Variable

BOOL = cel.Type.BOOL


class NativeActivation(Protocol):
    """Variables bound to values. Values are converted when they are first read, and then kept."""


class NativeValue(Protocol):
    """Result of an evaluation; `value()` of an error is its text, a string that is not empty."""

    def value(self) -> object:
        """Returns a Python value."""
        ...


class NativeExpression(Protocol):
    """A compiled expression."""

    def eval(self, activation: NativeActivation) -> NativeValue:
        """Evaluates; an error is either a value or a RuntimeError."""
        ...

    def serialize(self) -> bytes:
        """Returns the checked expression."""
        ...

    def return_type(self) -> object:
        """Returns the static type of the result."""
        ...


class NativeEnvironment(Protocol):
    """Compiles expressions over declared variables."""

    def compile(self, expression: str) -> NativeExpression:
        """Parses and type-checks; faults are a RuntimeError with all of them in its text."""
        ...

    def deserialize(self, serialized: bytes) -> NativeExpression:
        """Takes a checked expression back."""
        ...

    def Activation(self, data: Mapping[str, object]) -> NativeActivation:  # noqa: N802
        """Binds variables; a list of messages has to be a `list`."""
        ...


def environment(variables: Iterable[Variable]) -> NativeEnvironment:
    """Returns an environment in which enums of the contract resolve without their package."""
    types = {variable.name: _type_of(variable) for variable in variables}
    return _new_environment(types)


def literal_environment() -> NativeEnvironment:
    """Returns an environment with the one variable `literal`, a string, to try literals in."""
    return _new_environment({"literal": cel.Type.STRING})


def _new_environment(types: Mapping[str, Any]) -> NativeEnvironment:
    made: NativeEnvironment = cel.NewEnv(descriptor_pool.Default(), variables=types, container=PACKAGE)
    return made


def _type_of(variable: Variable) -> Any:
    kind = cel.Type.STRING if variable.message is None else cel.Type(variable.message.full_name)
    return cel.Type.List(kind) if variable.listed else kind
