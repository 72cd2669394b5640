"""A property that is computed when it is first read.

As `functools.cached_property`, without the lock that Python 3.11 takes for each: a dossier belongs to one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")


class lazy(Generic[_T]):  # noqa: N801 -- used as `property` is
    """Decorates a method without arguments; its result takes the place of the property in the instance."""

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        """Takes what computes the value."""
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> lazy[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> _T: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> lazy[_T] | _T:
        """Returns the value, which from now on is an attribute of its own."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
