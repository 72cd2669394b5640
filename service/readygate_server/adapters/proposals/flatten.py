"""Turns a proposal message into plain values by fact name, as the evaluator wants them.

Every evaluation passes here, so the message is read by straight-line functions, one per message type, that are made
from the descriptors when the module is loaded. Measured against walking `ListFields()` and against loops over field
getters, they take about two thirds of the time. A field is read first and asked for presence only when it is falsy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.personal import NAMED, holds_name
from readygate_server.adapters.proposals.vocabulary import (
    ASSET_FIELDS,
    GROUPS,
    MEMBERS,
    NOT_FACTS,
    UNKNOWN,
    set_member,
    short_names,
)
from readygate_server.domain.facts import Facts, FactValue, ProposalFacts
from readygate_server.domain.vocabulary import Scope

NO_NAME: Final = "#"
"""Stands for an enumeration number that has no name; never in a proposal that was validated."""

_Reader = Callable[[Any, dict[str, FactValue]], dict[str, FactValue]]
"""Adds the facts of a message to others, which it returns."""
_ID: Final = itemgetter(0)
_INDENT: Final = "    "


def facts_of(proposal: Proposal) -> ProposalFacts:
    """Returns the facts of a proposal as plain values: enum values and sets by short names, parts by their own names.

    An enum value that is called unknown counts as absent. A composite fact has no key of its own. Of the name of a
    person only `(named)` is left.
    """
    return ProposalFacts(deployment_facts(proposal), asset_facts(proposal))


def deployment_facts(proposal: Proposal) -> Facts:
    """Returns the facts that occur once per proposal."""
    facts: dict[str, FactValue] = {}
    has: Callable[[str], bool] = proposal.HasField  # type: ignore[assignment]  # the stubs list the names one by one
    for group, read in _SINGLES.items():
        if has(group):
            read(getattr(proposal, group), facts)
    return facts


def asset_facts(proposal: Proposal) -> Mapping[Scope, tuple[tuple[str, Facts], ...]]:
    """Returns the facts of data sources, APIs and workflows, sorted by id."""
    return {
        scope: tuple(sorted([(asset.id, read(asset, {})) for asset in getattr(proposal, field)[:]], key=_ID))
        for scope, (field, read) in _ASSETS.items()
    }


def facts_in(field: str, message: Message) -> Facts:
    """Returns the facts of one asset, or of one group that occurs once per proposal, by the field that holds it."""
    return _READERS[field](message, {})


def is_stated(facts: Facts, names: Iterable[str]) -> bool:
    """True when any of the names has a value; for a composite fact give its parts."""
    return any(name in facts for name in names)


class _Source:
    """Writes the function that reads one message type."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, object] = {}

    def read_fields(self, message: Descriptor, prefix: str, variable: str, depth: int) -> None:
        """Writes the reading of all fields of a message that is held by a variable."""
        self._write(depth, f"has{depth} = {variable}.HasField")
        for field in message.fields:
            if field.name not in NOT_FACTS or depth > 1:
                self._read_field(field, f"{prefix}.{field.name}", variable, depth)
        corpus = message.fields_by_name.get("corpus")
        if corpus is not None and corpus.message_type is not None:
            self._read_nested(corpus.name, corpus.message_type, "corpus", variable, depth)

    def _read_field(self, field: FieldDescriptor, key: str, variable: str, depth: int) -> None:
        value = f"{variable}.{field.name}"
        present = f"if (v := {value}) or has{depth}({field.name!r}):"
        if field.is_repeated:
            self._write(depth, f"out[{key!r}] = tuple(sorted([x.metric for x in {value}]))")
        elif field.enum_type is not None:
            unknown = short_names(field.enum_type).get(UNKNOWN)
            if unknown is not None:
                present = f"if ((v := {value}) or has{depth}({field.name!r})) and v != {unknown}:"
            self._write(depth, f"{present} out[{key!r}] = {self._table(field.enum_type)}(v, {NO_NAME!r})")
        elif field.message_type is None:
            self._write(depth, f"{present} out[{key!r}] = {self._plain(field)}")
        elif (member := set_member(field.message_type)) is not None:
            self._read_set(member, field.name, key, variable, depth)
        else:
            self._read_nested(field.name, field.message_type, key, variable, depth)

    @staticmethod
    def _plain(field: FieldDescriptor) -> str:
        if holds_name(field):
            return f"v and {NAMED!r}"
        # Zero is one value: what is negative about it neither passes other checks nor gives another digest.
        return "v + 0.0" if field.type == FieldDescriptor.TYPE_DOUBLE else "v"

    def _read_set(self, member: FieldDescriptor, name: str, key: str, variable: str, depth: int) -> None:
        members = f"{variable}.{name}.{MEMBERS}[:]"
        if member.enum_type is not None:
            members = f"[{self._table(member.enum_type)}(x, {NO_NAME!r}) for x in {members}]"
        self._write(depth, f"if has{depth}({name!r}): out[{key!r}] = tuple(sorted({members}))")

    def _read_nested(self, name: str, message: Descriptor, prefix: str, variable: str, depth: int) -> None:
        self._write(depth, f"if has{depth}({name!r}):")
        self._write(depth + 1, f"m{depth} = {variable}.{name}")
        self.read_fields(message, prefix, f"m{depth}", depth + 1)

    def _table(self, enum: EnumDescriptor) -> str:
        name = f"names_of_{enum.name}"
        self.names[name] = {number: short for short, number in short_names(enum).items()}.get
        return name

    def _write(self, depth: int, line: str) -> None:
        self.lines.append(_INDENT * depth + line)


def _reader_of(message: Descriptor, prefix: str) -> _Reader:
    """Returns a function that reads a message of one type. Its text is made of names of the contract only."""
    source = _Source()
    source.read_fields(message, prefix, "m", 1)
    defaults = "".join(f", {name}={name}" for name in source.names)
    text = "\n".join([f"def read(m, out{defaults}):", *source.lines, f"{_INDENT}return out"])
    scope: dict[str, Any] = dict(source.names)
    exec(compile(text, f"<facts of {message.name}>", "exec"), scope)  # noqa: S102 -- as dataclasses do; no input reaches it
    reader: _Reader = scope["read"]
    return reader


def _messages() -> Iterator[tuple[str, str, Descriptor]]:
    for group, way in GROUPS.items():
        message = Proposal.DESCRIPTOR.fields_by_name[way[0]].message_type
        if message is not None and len(way) == 1 and group != "evidence":
            yield group, way[0], message


_READERS: Final = {field: _reader_of(message, group) for group, field, message in _messages()}
_ASSETS: Final = {scope: (field, _READERS[field]) for scope, field in ASSET_FIELDS.items()}
_SINGLES: Final = {field: read for field, read in _READERS.items() if field not in ASSET_FIELDS.values()}
