"""Writes messages in every encoding that protobuf allows, most of which no library makes."""

from __future__ import annotations

import random
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

NAMES = ("Jane Doe", "jane doe", "joe@bank.example", "Zoë", "2", "Z" * 140, "王芳", "*", "")
_FIXED64 = (FieldDescriptor.TYPE_DOUBLE,)
_TEXTS = ("", "customer", "Z\x08Jane Doe", "2\x032 b", "source.owner.person", "source.completeness", "x" * 300)


def random_message(descriptor: Descriptor, chance: random.Random, depth: int = 0) -> bytes:
    """Returns a message of a type: fields in any order, twice, in pieces, unknown, with numbers too long."""
    fields = [field for field in descriptor.fields if depth < 5 and (not depth or chance.random() < 0.5)]
    parts = [each for field in fields for each in _occurrences(field, chance, depth)]
    parts += [_unknown(descriptor, chance) for _ in range(chance.choice((0, 0, 1, 2)))]
    chance.shuffle(parts)
    return b"".join(parts)


def number(value: int, chance: random.Random) -> bytes:
    """Returns a number of variable length, now and then with bytes that say nothing."""
    groups = [value & 127]
    while value := value >> 7:
        groups.append(value & 127)
    groups += [0] * chance.choice((0, 0, 0, 0, 1, 5 - len(groups))) if len(groups) < 5 else []
    return bytes([each | 128 for each in groups[:-1]] + groups[-1:])


def names_in(message: Message) -> list[str]:
    """Returns every name in a parsed message, in the order of its fields: a reading of its own of the marks."""
    found: list[str] = []
    for field, value in message.ListFields():
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                found += names_in(each)
            elif field.GetOptions().debug_redact and each:
                found.append(each)
    if message.DESCRIPTOR.name == "Evidence" and any(_is_name(fact) for fact in _facts(message)):
        found += [text for text in [_text(message)] if text]
    return found


def _is_name(fact: str) -> bool:
    return fact.endswith((".owner.person", "accountable_owner.person", "accountable_owner.sponsor", "stop_decider"))


def _facts(message: Any) -> list[str]:
    return list(message.facts)


def _text(message: Any) -> str:
    text: str = message.value.text
    return text


def _occurrences(field: FieldDescriptor, chance: random.Random, depth: int) -> list[bytes]:
    count = chance.choice((0, 1, 2, 3)) if field.is_repeated else chance.choice((1, 1, 1, 2))
    return [_one(field, chance, depth) for _ in range(count)]


def _one(field: FieldDescriptor, chance: random.Random, depth: int) -> bytes:
    if chance.random() < 0.03:
        return _as_another_type(field, chance)
    if field.type in _FIXED64:
        return number(field.number << 3 | 1, chance) + chance.randbytes(7) + b"\x3f"
    if field.message_type is not None:
        return _sized(field, random_message(field.message_type, chance, depth + 1), chance)
    if field.type == FieldDescriptor.TYPE_STRING:
        holder = field.containing_type
        marked = field.GetOptions().debug_redact or (holder is not None and holder.name == "FactValue")
        return _sized(field, chance.choice(NAMES if marked else _TEXTS).encode(), chance)
    return number(field.number << 3, chance) + number(chance.choice((0, 1, 2, 3, 130, 70_000)), chance)


def _as_another_type(field: FieldDescriptor, chance: random.Random) -> bytes:
    """Returns a known field with a wire type that it never has; parsers take it for an unknown one."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return number(field.number << 3, chance) + number(7, chance)
    return number(field.number << 3 | 5, chance) + chance.randbytes(4)


def _unknown(descriptor: Descriptor, chance: random.Random) -> bytes:
    known = {field.number for field in descriptor.fields}
    free = chance.choice([each for each in (*range(1, 16), 17, 200, 19_999, 500_000) if each not in known])
    inside = number(1 << 3 | 2, chance) + b"\x04Jane" + number(2 << 3, chance) + b"\x05"
    group = number(free << 3 | 3, chance) + inside + number(free << 3 | 4, chance)
    plain = (
        number(free << 3, chance) + number(300, chance),
        number(free << 3 | 1, chance) + chance.randbytes(8),
        number(free << 3 | 5, chance) + chance.randbytes(4),
        number(free << 3 | 2, chance) + number(len(inside), chance) + inside,
    )
    return chance.choice((*plain, group))


def _sized(field: FieldDescriptor, content: bytes, chance: random.Random) -> bytes:
    return number(field.number << 3 | 2, chance) + number(len(content), chance) + content
