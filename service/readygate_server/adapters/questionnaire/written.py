"""Proposals as YAML that reads back as the same proposal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.evidence_pb2 import FactValue
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.values import from_wire
from readygate_server.adapters.proposals.vocabulary import MEMBERS, set_member, short_names
from readygate_server.adapters.yaml_lines import yaml_lines

_SCHEMA: Final = "# yaml-language-server: $schema=schema/proposal.schema.json"


def proposal_text(proposal: Proposal, *, comments: Sequence[str] = ()) -> str:
    """Returns a proposal as a file, with comments at its head."""
    lines = [_SCHEMA]
    lines += [f"# {' '.join(''.join(c if c.isprintable() else ' ' for c in line).split())}" for line in comments]
    for name, value in _plain(proposal).items():
        lines += [*([""] if isinstance(value, (dict, list)) else []), *yaml_lines({name: value})]
    return "\n".join(lines) + "\n"


def _plain(message: Message) -> dict[str, Any]:
    return {field.name: _value(field, value) for field, value in message.ListFields() if not _is_empty(value)}


def _is_empty(value: object) -> bool:
    """True for a message that says nothing; a set without members says that there are none."""
    return isinstance(value, Message) and not value.ListFields() and _member(value) is None


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.is_repeated:
        return [_one(field, each) for each in value]
    return _one(field, value)


def _one(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        names = {number: name for name, number in short_names(field.enum_type).items()}
        return names.get(value, str(value))
    if not isinstance(value, Message):
        return value
    if isinstance(value, FactValue):
        found = from_wire(value)
        return list(found) if isinstance(found, tuple) else found
    if isinstance(value, Timestamp):
        text = value.ToJsonString()
        return text.removesuffix("T00:00:00Z") if text.endswith("T00:00:00Z") else text
    member = _member(value)
    if member is not None:
        return [_one(member, each) for each in getattr(value, MEMBERS)]
    return _plain(value)


def _member(message: Message) -> FieldDescriptor | None:
    descriptor: Any = message.DESCRIPTOR  # the stubs name the type of one implementation
    return set_member(descriptor)
