"""Ways through the messages of the contract to the fields that hold names, ready to be followed over their bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from readygate_server.adapters.proposals.personal import holds_name

VARINT: Final = 0
FIXED64: Final = 1
DELIMITED: Final = 2
GROUP: Final = 3
FIXED32: Final = 5
NAME: Final = 8
"""The field holds a name."""
OBSERVED: Final = 9
"""The field holds a value that is a name when the message says that it is of a fact that is one."""
INNER: Final = 16
"""The field holds a message with a way of its own; what is above this number says which."""

ONE_BYTE: Final = 128
_ASSETS: Final = frozenset(f"readygate.v1.{name}" for name in ("DataSource", "Api", "Workflow"))
_OBSERVATIONS: Final = {"readygate.v1.Evidence": ("facts", "value"), "readygate.v1.FactOverride": ("fact", "value")}
"""Messages that state the value of a fact beside its name: the fields of the name and of the value."""


@dataclass(slots=True, eq=False)
class Route:
    """What to do with each field of a message type, by its tag: skip it, take it for a name, or walk into it.

    All of it in numbers: below 8 a field is skipped by its wire type.
    """

    short: list[int] = field(default_factory=lambda: [tag & 7 for tag in range(ONE_BYTE)])
    """For all tags of one byte."""
    long: dict[int, int] = field(default_factory=dict)
    """For the other tags that are not skipped."""
    inner: list[Route] = field(default_factory=list)
    """Ways through the messages of fields."""
    fact_tag: int = -1
    """Tag of the names of facts, where a value is observed."""
    observed: Route | None = None
    """Way through a value that is a name."""
    recalled: dict[bytes, tuple[tuple[int, int], ...]] | None = None
    """Of an asset, what was found in one by its digest: assets come back unchanged, and take most of the time."""

    def lay(self, tag: int, to: int | Route) -> None:
        """Sets what is done with a field."""
        action = to if isinstance(to, int) else INNER + len(self.inner)
        if isinstance(to, Route):
            self.inner.append(to)
        if tag < ONE_BYTE:
            self.short[tag] = action
        else:
            self.long[tag] = action


_ROUTES: Final[dict[str, Route | None]] = {}


def route_through(message: Descriptor) -> Route | None:
    """Returns the way through a message type; None when it can hold no name."""
    known = _ROUTES.get(message.full_name, ...)
    if known is ...:
        known = _ROUTES[message.full_name] = _route_through(message) if _can_hold_names(message, set()) else None
    return known


def _route_through(message: Descriptor) -> Route:
    # Kept before it is complete, so that a message that holds its like finds itself.
    route = Route()
    _ROUTES[message.full_name] = route
    for each in message.fields:
        if each.message_type is not None:
            inner = route_through(each.message_type)
            if inner is not None:
                if each.message_type.full_name in _ASSETS:
                    inner.recalled = {}
                route.lay(_tag(each), inner)
        elif holds_name(each):
            route.lay(_tag(each), NAME)
    observation = _OBSERVATIONS.get(message.full_name)
    if observation is not None:
        fact, value = (message.fields_by_name[name] for name in observation)
        assert value.message_type is not None
        route.fact_tag = _tag(fact)
        route.observed = Route()
        route.observed.lay(_tag(value.message_type.fields_by_name["text"]), NAME)
        route.lay(_tag(value), OBSERVED)
    return route


def _can_hold_names(message: Descriptor, seen: set[str]) -> bool:
    seen.add(message.full_name)
    return message.full_name in _OBSERVATIONS or any(
        holds_name(each)
        or (
            each.message_type is not None
            and each.message_type.full_name not in seen
            and _can_hold_names(each.message_type, seen)
        )
        for each in message.fields
    )


def _tag(of: FieldDescriptor) -> int:
    if of.type not in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_MESSAGE):
        raise TypeError(f"{of.full_name}: only a text can hold a name")
    return of.number << 3 | DELIMITED
