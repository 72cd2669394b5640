"""Facts as fields of a form: which there are, of what kind, and what is typed into them as values of the contract."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from readygate.v1.gate_service_pb2 import FactOverride
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.values import FactProblemError, bounds_of, check_value, to_wire
from readygate_server.adapters.proposals.vocabulary import UNKNOWN, FactField, Kind, fact_fields
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import few_suggestions
from readygate_server.web.app.errors import Fault, sentence
from readygate_server.web.app.forms import Form

EMPTY: Final = "(none)"
"""Stands for a set that is known to be empty; a set of which nothing is ticked is unknown."""
YES: Final = "yes"
NO: Final = "no"
_PREFIX: Final = "f:"
_THERE: Final = "there"
_NUMBER: Final = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(%?)")
_PERCENT: Final = 100
_LISTS: Final = (Kind.IDS, Kind.METRICS)


class FactInput(NamedTuple):
    """A fact as a field of a form."""

    name: str
    """Name of the field, from which the fact follows."""
    id: str
    fact: str
    subject: str
    label: str
    kind: str
    """One of number, flag, choice, choices, day, text, long, list: for the template."""
    hint: str
    unit: str
    choices: tuple[str, ...]
    values: tuple[str, ...]
    """What stands in the field."""
    was: str
    """What the proposal says."""
    is_changed: bool
    fault: str = ""
    owner: str = ""


class Changed(NamedTuple):
    """A fact with another value than the proposal's."""

    id: str
    path: str
    before: str
    now: str


class ReadFacts(NamedTuple):
    """What a form says of facts."""

    typed: Mapping[str, tuple[str, ...]]
    """What stands in each field that was sent."""
    overrides: tuple[FactOverride, ...]
    changed: tuple[Changed, ...]
    faults: tuple[Fault, ...]


NOTHING: Final = ReadFacts({}, (), (), ())


def fact_input(proposal: Proposal, ref: FactRef, read: ReadFacts = NOTHING) -> FactInput | None:
    """Returns the field of a fact with what was typed into it; None for what has no single value."""
    field = fact_fields().get(ref.fact)
    if field is None or not field.in_proposal or field.kind in (Kind.WHOLE, Kind.MOMENT):
        return None
    stated = _stated(proposal, ref)
    values = read.typed.get(str(ref), shown(field, stated))
    info = fact_catalogue().find(ref.fact)
    return FactInput(
        name=f"{_PREFIX}{ref}",
        id=str(ref),
        fact=ref.fact,
        subject=ref.subject,
        label=label_of(ref.fact),
        kind=_kind(field),
        hint=_hint(field),
        unit=bounds_of(field).unit,
        choices=tuple(name for name in field.choices if name != UNKNOWN),
        values=values,
        was=said(field, stated),
        is_changed=any(each.id == str(ref) for each in read.changed),
        fault=next((each.message for each in read.faults if each.field == str(ref)), ""),
        owner=info.owner_role if info else "",
    )


@few_suggestions()
def read_facts(proposal: Proposal, form: Form) -> ReadFacts:
    """Returns what a form changes; a fact that is not in the form stays as it is."""
    typed: dict[str, tuple[str, ...]] = {}
    overrides, changed, faults = [], [], []
    for name, sent in form.names().items():
        ref = _ref_of(name)
        field = fact_fields().get(ref.fact) if ref else None
        if ref is None or field is None:
            continue
        texts = tuple(each for each in sent if each != _THERE) if field.kind is Kind.CHOICES else tuple(sent[:1])
        typed[str(ref)] = tuple(each for each in texts if each)
        stated = _stated(proposal, ref)
        try:
            value = parse(field, typed[str(ref)])
        except FactProblemError as error:
            problem = error.problem
            faults.append(Fault(str(ref), sentence(problem.message), problem.got, problem.expected, str(ref)))
            continue
        if value != stated and (value is not None or stated):
            override = FactOverride(fact=ref.fact, subject=ref.subject)
            if value is not None:
                override.value.CopyFrom(to_wire(value))
            overrides.append(override)
            changed.append(Changed(str(ref), str(ref), said(field, stated), said(field, value)))
        elif stated == value and value is not None:
            typed[str(ref)] = shown(field, stated)
    return ReadFacts(typed, tuple(overrides), tuple(changed), tuple(faults))


def parse(field: FactField, texts: Sequence[str]) -> FactValue | None:
    """Returns the value that stands in a field; None for unknown.

    Raises:
      FactProblemError: when it is no value of the fact.
    """
    text = texts[0].strip() if texts else ""
    if not text:
        return None
    match field.kind:
        case Kind.NUMBER | Kind.INTEGER:
            return check_value(field, _number(field, text))
        case Kind.FLAG:
            return check_value(field, {YES: True, NO: False}.get(text, text))
        case Kind.CHOICES:
            return check_value(field, [each for each in texts if each != EMPTY])
        case Kind.IDS | Kind.METRICS:
            return check_value(field, [each.strip() for each in text.split(",") if each.strip() not in ("", EMPTY)])
        case _:
            return check_value(field, text.replace("\r\n", "\n"))


def _number(field: FactField, text: str) -> object:
    """Returns a number; of a ratio, percent as well. What is no number is left for the check to refuse."""
    found = _NUMBER.fullmatch(text)
    if found is None or (found[2] and bounds_of(field).unit != "ratio"):
        return text
    if found[2]:
        # By way of a decimal text: 99.3 / 100 is 0.993, and not a neighbour of it.
        return round(float(found[1]) / _PERCENT, 12)
    if field.kind is Kind.INTEGER and float(found[1]).is_integer():
        return int(float(found[1]))
    return float(found[1])


def shown(field: FactField, value: FactValue | None) -> tuple[str, ...]:
    """Returns what stands in the field of a value."""
    match value:
        case None:
            return ()
        case bool():
            return (YES if value else NO,)
        case tuple() if field.kind in _LISTS:
            return (", ".join(value) or EMPTY,)
        case tuple():
            return value or (EMPTY,)
        case float():
            return (repr(value).removesuffix(".0"),)
        case _:
            return (str(value),)


def said(field: FactField, value: FactValue | None) -> str:
    """Returns a value in words."""
    if value is None:
        return UNKNOWN
    if value == ():
        return "none"
    return ", ".join(shown(field, value)).replace("_", " ") if field.choices else ", ".join(shown(field, value))


def label_of(fact: str) -> str:
    """Returns the name of a fact without its group, as words, such as `accuracy: ratio`."""
    _, _, rest = fact.partition(".")
    return rest.replace(".", ": ").replace("_", " ")


def _stated(proposal: Proposal, ref: FactRef) -> FactValue | None:
    try:
        return get_fact(proposal, ref)
    except FactProblemError:
        return None


def _ref_of(name: str) -> FactRef | None:
    if not name.startswith(_PREFIX):
        return None
    path = name.removeprefix(_PREFIX)
    head, dot, rest = path.partition("].")
    if not dot:
        return FactRef(path)
    group, bracket, subject = head.partition("[")
    return FactRef(f"{group}.{rest}", subject) if bracket else None


def _kind(field: FactField) -> str:
    match field.kind:
        case Kind.NUMBER | Kind.INTEGER:
            return "number"
        case Kind.FLAG | Kind.CHOICE | Kind.CHOICES:
            return field.kind.name.lower()
        case Kind.IDS | Kind.METRICS:
            return "list"
        case _:
            if bounds_of(field).is_day:
                return "day"
            return "long" if field.name == "deployment.use_case" else "text"


def _hint(field: FactField) -> str:
    """Returns what may stand in a field."""
    bounds = bounds_of(field)
    if field.kind in (Kind.NUMBER, Kind.INTEGER):
        low, high = bounds.minimum, bounds.maximum
        what = "whole number" if field.kind is Kind.INTEGER else "number"
        if low is not None and high is not None:
            return f"{low:g} to {high:g}"
        return f"{what} from {low:g} up" if low is not None else what
    if field.kind in _LISTS:
        return "separated by commas"
    return "ISO 4217 code, such as EUR" if bounds.is_currency else ""
