"""The facts as the contract's descriptors spell them: every name, its type and its way through a proposal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.domain.facts import parent_of, scope_of
from readygate_server.domain.vocabulary import Scope

FIRST_ATTRIBUTE: Final = 61
MEMBERS: Final = "members"
UNKNOWN: Final = "unknown"
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "deployment": ("deployment",),
    "source": ("data_sources",),
    "corpus": ("data_sources", "corpus"),
    "api": ("apis",),
    "workflow": ("workflows",),
    "org": ("org",),
    "gov": ("gov",),
    "value": ("value",),
    "ops": ("ops",),
    "evidence": ("evidence",),
}
ASSET_FIELDS: Final[Mapping[Scope, str]] = {
    Scope.SOURCE: "data_sources",
    Scope.API: "apis",
    Scope.WORKFLOW: "workflows",
}
_EVIDENCE_FACTS: Final = ("grade", "collected_at")
NOT_FACTS: Final = ("id", "title", "corpus")


class Kind(Enum):
    """What the value of a fact is."""

    NUMBER = "a number"
    INTEGER = "a whole number"
    FLAG = "true or false"
    TEXT = "text"
    CHOICE = "one name of a list"
    CHOICES = "a list of names"
    IDS = "a list of ids"
    METRICS = "a list of metrics"
    MOMENT = "a point in time"
    WHOLE = "parts"


@dataclass(frozen=True, slots=True, eq=False)
class FactField:
    """A fact, a part of one or a description attribute, and where a proposal keeps it."""

    name: str
    scope: Scope
    kind: Kind
    path: tuple[str, ...]
    leaf: FieldDescriptor
    choices: Mapping[str, int]
    attribute: bool

    @property
    def group(self) -> str:
        """First part of the name, such as `source`."""
        return self.name.partition(".")[0]

    @property
    def is_part(self) -> bool:
        """True for a part of a composite fact."""
        return parent_of(self.name) != self.name

    @property
    def in_proposal(self) -> bool:
        """False for the facts about evidence, which are said in evidence entries."""
        return self.group != "evidence"


def short_names(enum: EnumDescriptor) -> dict[str, int]:
    """Returns the short lower-case names of an enumeration, in its order, with their numbers."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values if value.number}


def set_member(message: Descriptor | None) -> FieldDescriptor | None:
    """Returns the only field of a message that stands for a set, or None for another message."""
    if message is None or len(message.fields) != 1 or message.fields[0].name != MEMBERS:
        return None
    return message.fields[0]


@cache
def fact_fields() -> Mapping[str, FactField]:
    """Returns every fact, part and attribute by name, in the order of the contract."""
    return {field.name: field for group in GROUPS for field in _fields_of_group(group)}


@cache
def parts_of(fact: str) -> tuple[str, ...]:
    """Returns the names of the parts of a composite fact; of a plain fact, its own name."""
    parts = tuple(name for name in fact_fields() if name.startswith(f"{fact}."))
    return parts or (fact,)


@cache
def fields_by_place() -> Mapping[tuple[str, ...], FactField]:
    """Returns every fact, part and attribute of a proposal by the fields that lead to it."""
    return {(*GROUPS[field.group], *field.path): field for field in fact_fields().values() if field.in_proposal}


def is_plain_value(name: str) -> bool:
    """True when all that a proposal says of a fact is one value; a set whose members say more is none."""
    field = fact_fields().get(name)
    return field is not None and field.kind not in (Kind.WHOLE, Kind.METRICS, Kind.MOMENT)


def all_facts() -> tuple[str, ...]:
    """Returns the names of all facts of the catalogue, without parts and attributes."""
    return tuple(f.name for f in fact_fields().values() if not f.is_part and not f.attribute)


def all_attributes() -> tuple[str, ...]:
    """Returns the names of all description attributes."""
    return tuple(f.name for f in fact_fields().values() if f.attribute)


def _fields_of_group(group: str) -> Iterator[FactField]:
    message = Proposal.DESCRIPTOR
    for step in GROUPS[group]:
        message = message.fields_by_name[step].message_type or message
    for field in message.fields:
        wanted = field.name in _EVIDENCE_FACTS if group == "evidence" else field.name not in NOT_FACTS
        if wanted:
            attribute = group != "evidence" and field.number >= FIRST_ATTRIBUTE
            yield from _fields_of(f"{group}.{field.name}", (field,), attribute=attribute)


def _fields_of(name: str, way: tuple[FieldDescriptor, ...], *, attribute: bool) -> Iterator[FactField]:
    leaf = way[-1]
    kind, enum = _kind_of(leaf)
    choices = short_names(enum) if enum is not None else {}
    path = tuple(step.name for step in way)
    scope = Scope.DEPLOYMENT if name.startswith("evidence.") else scope_of(name)
    yield FactField(name, scope, kind, path, leaf, choices, attribute)
    if kind is Kind.WHOLE and leaf.message_type is not None:
        for field in leaf.message_type.fields:
            yield from _fields_of(f"{name}.{field.name}", (*way, field), attribute=attribute)


_SCALARS: Final = {
    FieldDescriptor.TYPE_DOUBLE: Kind.NUMBER,
    FieldDescriptor.TYPE_INT32: Kind.INTEGER,
    FieldDescriptor.TYPE_INT64: Kind.INTEGER,
    FieldDescriptor.TYPE_BOOL: Kind.FLAG,
    FieldDescriptor.TYPE_STRING: Kind.TEXT,
}


def _kind_of(field: FieldDescriptor) -> tuple[Kind, EnumDescriptor | None]:
    if field.enum_type is not None:
        return Kind.CHOICE, field.enum_type
    if field.message_type is None:
        return _SCALARS[field.type], None
    if field.is_repeated:
        return Kind.METRICS, None
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return Kind.MOMENT, None
    member = set_member(field.message_type)
    if member is None:
        return Kind.WHOLE, None
    return (Kind.CHOICES, member.enum_type) if member.enum_type is not None else (Kind.IDS, None)


ID_PATTERN: Final = r"^[a-z0-9._-]{1,63}$"
ID: Final = re.compile(ID_PATTERN)
