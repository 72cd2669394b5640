"""JSON Schema of proposal files, made from the descriptors and the fact catalogue, so that editors complete and check.

    python -m readygate_server.adapters.proposals.schema

writes `rules/schema/proposal.schema.json` anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.evidence_pb2 import Evidence, FactStatement, FactValue
from readygate.v1.foundation_pb2 import AssetReference
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.proposals.limits import LIST_LIMITS, MAX_NAMES, MAX_TEXT
from readygate_server.adapters.proposals.schema_texts import DESCRIPTIONS, SET_OF
from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import (
    ID_PATTERN,
    MEMBERS,
    FactField,
    Kind,
    fact_fields,
    fields_by_place,
    set_member,
    short_names,
)

Schema = dict[str, Any]

TITLE: Final = "Proposal of readygate"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
DAY_PATTERN: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOMENT_PATTERN: Final = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
)
_INTEGER_BITS: Final = {FieldDescriptor.TYPE_INT32: 31, FieldDescriptor.TYPE_INT64: 63}
_REQUIRED: Final = {
    Evidence.DESCRIPTOR.full_name: ["facts"],
    FactStatement.DESCRIPTOR.full_name: ["fact", "kind", "reason"],
    AssetReference.DESCRIPTOR.full_name: ["scope", "id"],
}


def proposal_schema() -> Schema:
    """Returns the schema of proposal files."""
    schema = {"$schema": DIALECT, "title": TITLE, **_message(Proposal.DESCRIPTOR, ())}
    return {**schema, "description": DESCRIPTIONS["proposal"]}


def schema_text() -> str:
    """Returns the schema as it is committed."""
    return json.dumps(proposal_schema(), ensure_ascii=False, indent=2) + "\n"


def schema_path() -> Path:
    """Returns the file that the schema is committed in."""
    return rules_directory() / "schema" / "proposal.schema.json"


def main() -> int:
    """Writes the schema anew."""
    schema_path().write_text(schema_text(), encoding="utf-8")
    return 0


def _message(message: Descriptor, steps: tuple[str, ...]) -> Schema:
    properties = {field.name: _field(field, (*steps, field.name)) for field in message.fields}
    required = _REQUIRED.get(message.full_name, ["id"] if "id" in message.fields_by_name else [])
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else schema


def _field(field: FieldDescriptor, steps: tuple[str, ...]) -> Schema:
    fact = fields_by_place().get(steps)
    if fact is not None:
        return {**_described(fact), **_fact(fact, steps)}
    text = DESCRIPTIONS.get(".".join(steps)) or DESCRIPTIONS.get(field.name, "")
    return {"description": text, **_plain(field, steps)} if text else _plain(field, steps)


def _plain(field: FieldDescriptor, steps: tuple[str, ...]) -> Schema:
    message = field.message_type
    if field.is_repeated:
        limit = LIST_LIMITS.get(field.name, MAX_NAMES)
        return {"type": "array", "maxItems": limit, "items": _item(message, steps)}
    if message is None:
        return _leaf(field)
    if message.full_name == Timestamp.DESCRIPTOR.full_name:
        return {"type": "string", "pattern": MOMENT_PATTERN}
    if message.full_name == FactValue.DESCRIPTOR.full_name:
        names = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": MAX_NAMES}
        return {"anyOf": [{"type": ["number", "boolean", "string"]}, names]}
    return _message(message, steps)


def _item(message: Descriptor | None, steps: tuple[str, ...]) -> Schema:
    if message is not None:
        return _message(message, steps)
    return {"type": "string", "enum": _covered_names()} if steps == ("evidence", "facts") else _text(MAX_TEXT)


def _leaf(field: FieldDescriptor) -> Schema:
    if field.enum_type is not None:
        return {"enum": list(short_names(field.enum_type))}
    if field.name == "id":
        return {"type": "string", "pattern": ID_PATTERN}
    if field.type == FieldDescriptor.TYPE_INT64:
        return {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    if field.containing_type is FactStatement.DESCRIPTOR and field.name == "fact":
        return {"type": "string", "enum": [name for name in _covered_names() if not name.endswith("*")]}
    return _text(MAX_TEXT)


def _text(length: int) -> Schema:
    return {"type": "string", "maxLength": length}


def _fact(fact: FactField, steps: tuple[str, ...]) -> Schema:
    message = fact.leaf.message_type
    match fact.kind:
        case Kind.NUMBER | Kind.INTEGER:
            return _number(fact)
        case Kind.FLAG:
            return {"type": "boolean"}
        case Kind.TEXT:
            return _fact_text(fact)
        case Kind.CHOICE:
            return {"enum": list(fact.choices)}
        case Kind.CHOICES:
            return _set(fact, {"enum": list(fact.choices)})
        case Kind.IDS:
            return _set(fact, {"type": "string", "pattern": ID_PATTERN})
        case _ if message is not None and fact.kind is Kind.METRICS:
            metrics = _message(message, steps)
            return {"type": "array", "maxItems": MAX_NAMES, "items": {**metrics, "required": ["metric"]}}
        case _:
            return _message(message, steps) if message is not None else {}


def _number(fact: FactField) -> Schema:
    bounds = bounds_of(fact)
    schema: Schema = {"type": "integer" if fact.kind is Kind.INTEGER else "number"}
    bits = _INTEGER_BITS.get(fact.leaf.type)
    highest = bounds.maximum if bits is None or bounds.maximum is not None else 2**bits - 1
    lowest = bounds.minimum if bits is None or bounds.minimum is not None else -(2**bits)
    if lowest is not None:
        schema["minimum"] = _whole(lowest)
    if highest is not None:
        schema["maximum"] = _whole(highest)
    return schema


def _whole(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def _fact_text(fact: FactField) -> Schema:
    bounds = bounds_of(fact)
    if bounds.is_day:
        return {"type": "string", "pattern": DAY_PATTERN, "examples": ["2026-10-01"]}
    if bounds.is_currency:
        return {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]}
    return _text(bounds.max_length)


def _set(fact: FactField, item: Schema) -> Schema:
    members: Schema = {"type": "array", "uniqueItems": True, "maxItems": MAX_NAMES, "items": item}
    wrapped = {"type": "object", "additionalProperties": False, "properties": {MEMBERS: members}, "required": [MEMBERS]}
    return {"anyOf": [members, wrapped]} if set_member(fact.leaf.message_type) is not None else members


def _described(fact: FactField) -> Schema:
    """Returns the description of a fact: its meaning, unit, and what gives it."""
    unit = bounds_of(fact).unit
    if fact.is_part or fact.attribute:
        text = DESCRIPTIONS.get(fact.name) or DESCRIPTIONS.get(fact.path[-1], "")
        parts = [text, f"Unit: {unit}." if unit and unit != "date" else ""]
    else:
        info = fact_catalogue()[fact.name]
        parts = [
            f"Fact {fact.name}: {info.range}.",
            f"Unit: {info.unit}." if info.unit and info.unit != "date" else "",
            f"Given by: {info.artefact}. Owner: {info.owner_role}.",
            SET_OF if fact.kind in (Kind.CHOICES, Kind.IDS) else "",
        ]
    text = " ".join(part for part in parts if part)
    return {"description": text} if text else {}


def _covered_names() -> list[str]:
    names = {field.name: field.group for field in fact_fields().values() if field.in_proposal}
    return sorted({*names, *(f"{group}.*" for group in names.values())})


if __name__ == "__main__":
    sys.exit(main())
