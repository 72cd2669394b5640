"""Random proposals: facts of every type, gaps at every level, and values that say nothing."""

from __future__ import annotations

import random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from readygate.v1 import proposal_pb2

_REALS = (0.0, 0.05, 0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0, 1.5, 30.0, 5000.0, float("nan"))
_WHOLES = (0, 1, 2, 3, 4, 5, 10, 30, 90, 400, 100_000)
_TEXTS = ("", "customer", "s0", "a1", "2026-10-01", "24x7")
_IDS = ("s0", "s1", "s2", "a0", "a1", "w0", "elsewhere")
_ENTITIES = {"data_sources": "s", "apis": "a", "workflows": "w"}


def random_proposal(chance: random.Random) -> proposal_pb2.Proposal:
    """Returns a proposal with up to four assets of each kind; how much it leaves out differs from one to the next."""
    proposal = proposal_pb2.Proposal(id="random")
    gaps = chance.choice((0.0, 0.02, 0.1, 0.3, 0.7))
    for name in ("deployment", "org", "gov", "value", "ops"):
        if chance.random() >= gaps:
            _fill(getattr(proposal, name), chance, gaps)
            getattr(proposal, name).SetInParent()
    for name, letter in _ENTITIES.items():
        for number in range(chance.choice((0, 1, 1, 2, 2, 3, 4))):
            element = getattr(proposal, name).add(id=f"{letter}{number}")
            _fill(element, chance, gaps)
    return proposal


def _fill(message: Any, chance: random.Random, gaps: float) -> None:
    for field in message.DESCRIPTOR.fields:
        if field.name in ("id", "title") or chance.random() < gaps:
            continue
        if field.is_repeated:
            _fill_list(message, field, chance, gaps)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            _fill(getattr(message, field.name), chance, gaps)
        else:
            setattr(message, field.name, _value(field, chance))


def _fill_list(message: Any, field: FieldDescriptor, chance: random.Random, gaps: float) -> None:
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        if field.message_type is not None:
            _fill(getattr(message, field.name).add(), chance, gaps)
        elif field.enum_type is not None:
            getattr(message, field.name).append(_value(field, chance))
        else:
            getattr(message, field.name).append(chance.choice(_IDS))


def _value(field: FieldDescriptor, chance: random.Random) -> bool | int | float | str:
    if field.enum_type is not None:
        # Rarely the value zero, or a number that no version of the contract gave a name.
        number: int = chance.choice(field.enum_type.values[1:]).number
        return chance.choice((0, 99)) if chance.random() < 0.03 else number
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_BOOL:
            return chance.random() < 0.6
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return chance.choice(_REALS)
        case FieldDescriptor.CPPTYPE_STRING:
            return chance.choice(_TEXTS)
        case _:
            return chance.choice(_WHOLES)
