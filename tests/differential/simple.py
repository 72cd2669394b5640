"""Random simple conditions over every fact, in particular those that no rule asks about yet."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from google.protobuf.descriptor import EnumDescriptor

from readygate_server.adapters.proposals.personal import personal_facts
from readygate_server.adapters.proposals.vocabulary import FactField, Kind, fact_fields
from readygate_server.domain.facts import scope_of
from readygate_server.domain.vocabulary import Scope

_NUMBERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.NUMBER: ("0.0", "0.5", "0.95", "1.0", "30.0", "-1.0"),
    Kind.INTEGER: ("0", "1", "5", "90", "-1"),
}
_TEXTS = ("''", "'customer'", "'s0'", "'2026-10-01'", "'#'")


def simple_conditions(chance: random.Random, *, of_each_scope: int) -> Iterator[tuple[str, Scope]]:
    """Yields each fact asked about once, and then conditions that join two or three questions."""
    for scope in Scope:
        fields = [field for field in fact_fields().values() if _is_asked(field, scope)]
        for field in fields:
            yield _question(field, chance), scope
        for _ in range(of_each_scope):
            yield (
                _joined([_question(field, chance) for field in chance.sample(fields, chance.choice((2, 3)))], chance),
                scope,
            )


def _is_asked(field: FactField, scope: Scope) -> bool:
    kinds = {*_QUESTIONS, Kind.CHOICE, Kind.CHOICES, Kind.IDS}
    return field.in_proposal and scope_of(field.name) in (scope, Scope.DEPLOYMENT) and field.kind in kinds


def _joined(questions: list[str], chance: random.Random) -> str:
    text = questions[0]
    for question in questions[1:]:
        text = f"({text}) {chance.choice(('&&', '||'))} ({question})"
    return f"!({text})" if chance.random() < 0.3 else text


def _question(field: FactField, chance: random.Random) -> str:
    if field.kind in (Kind.CHOICES, Kind.IDS):
        return _about_set(field, chance)
    if chance.random() < 0.1:
        return f"has({field.name})"
    if field.name in personal_facts():
        return f"{field.name} {chance.choice(('==', '!='))} ''"
    if field.kind is Kind.CHOICE:
        assert field.leaf.enum_type is not None
        return _about_names(field.name, _values(field.leaf.enum_type), chance)
    return _QUESTIONS[field.kind](field.name, chance)


def _about_set(field: FactField, chance: random.Random) -> str:
    assert field.leaf.message_type is not None
    enum = field.leaf.message_type.fields_by_name["members"].enum_type
    values = _TEXTS if enum is None else _values(enum)
    members = f"{field.name}.members"
    if chance.random() < 0.3:
        return f"{chance.choice(values)} in {members}"
    body = _about_names("m", values, chance)
    return f"{members}.{chance.choice(('all', 'exists'))}(m, {f'!({body})' if chance.random() < 0.3 else body})"


def _about_names(name: str, values: tuple[str, ...], chance: random.Random) -> str:
    if chance.random() < 0.4:
        return f"{name} in [{', '.join(chance.sample(values, min(2, len(values))))}]"
    return f"{name} {chance.choice(('==', '!='))} {chance.choice(values)}"


def _values(enum: EnumDescriptor) -> tuple[str, ...]:
    """Returns the values that a condition may name, as it writes them."""
    return tuple(
        f"{enum.name}.{each.name}" for each in enum.values if each.number and not each.name.endswith("_UNKNOWN")
    )


def _about_number(kind: Kind) -> Callable[[str, random.Random], str]:
    def question(name: str, chance: random.Random) -> str:
        compare, number = chance.choice(("<", "<=", ">", ">=", "==", "!=")), chance.choice(_NUMBERS[kind])
        return f"{number} {compare} {name}" if chance.random() < 0.3 else f"{name} {compare} {number}"

    return question


_QUESTIONS: Mapping[Kind, Callable[[str, random.Random], str]] = {
    Kind.NUMBER: _about_number(Kind.NUMBER),
    Kind.INTEGER: _about_number(Kind.INTEGER),
    Kind.FLAG: lambda name, chance: chance.choice((name, f"!{name}", f"{name} == true", f"false != {name}")),
    Kind.TEXT: lambda name, chance: _about_names(name, _TEXTS, chance),
}
