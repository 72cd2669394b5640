"""Reads proposals that people and tools write in YAML or JSON, and names everything that is wrong with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.evidence_pb2 import Evidence, FactValue
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import put_value
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.proposals.values import (
    FactProblemError,
    Problem,
    check_value,
    expected,
    is_day,
    show,
    to_wire,
    unknown_name,
)
from readygate_server.adapters.proposals.vocabulary import (
    MEMBERS,
    FactField,
    Kind,
    fact_fields,
    fields_by_place,
    set_member,
    short_names,
)
from readygate_server.adapters.yaml_text import Document, Path, read_yaml
from readygate_server.domain.faults import Fault, FaultsError, few_suggestions, suggest

MOMENT: Final = "a day as YYYY-MM-DD, or a point in time such as 2026-10-01T08:00:00Z"
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_SETS: Final = (Kind.CHOICES, Kind.IDS, Kind.METRICS)


def read_proposal(text: str, *, file: str) -> tuple[Proposal, Document]:
    """Reads a proposal from YAML or JSON.

    Returns the message, and the document, which knows where every part of it stood.

    Raises:
      FaultsError: with every fault of the text, sorted by place.
    """
    told: list[Fault] = []
    document = read_yaml(text, file=file, faults=told)
    try:
        proposal = build_proposal(document.data, document)
    except FaultsError as error:
        raise FaultsError([*told, *_elsewhere(error.faults, told)]) from None
    if told:
        raise FaultsError(told)
    return proposal, document


def _elsewhere(faults: Iterable[Fault], told: Iterable[Fault]) -> list[Fault]:
    """Returns the faults at other places than those of which something was told already."""
    places = {(fault.line, fault.column) for fault in told}
    return [fault for fault in faults if (fault.line, fault.column) not in places]


@few_suggestions()
def build_proposal(data: object, document: Document, path: Path = ()) -> Proposal:
    """Builds a proposal from plain data that stand at a path of a document.

    Raises:
      FaultsError: with every fault of the data, sorted by place.
    """
    proposal = Proposal()
    builder = _Builder(document, path)
    builder.fill(proposal, data, ())
    faults = [*builder.faults, *_later_faults(proposal, builder)]
    if faults:
        raise FaultsError(faults)
    return proposal


def _later_faults(proposal: Proposal, builder: _Builder) -> list[Fault]:
    """Returns the faults of what was built, without those that only follow from what could not be built."""
    return [
        builder.document.fault(
            builder.root + fault.place,
            fault.message,
            got=fault.got,
            expected=fault.expected,
            suggestion=fault.suggestion,
        )
        for fault in validate_proposal(proposal)
        if not any(fault.place[: len(place)] == place for place in builder.refused)
    ]


class _Builder:
    """Fills messages from plain data and notes what does not fit."""

    def __init__(self, document: Document, root: Path) -> None:
        self.document = document
        self.root = root
        self.faults: list[Fault] = []
        self.refused: set[Path] = set()

    def fill(self, message: Message, data: object, path: Path) -> None:
        """Fills a message from a mapping."""
        if not isinstance(data, dict):
            what = "a mapping of fields" if path else "the fields of a proposal"
            self._refuse(path, Problem("the value has the wrong type", show(data), what))
            return
        descriptor: Any = message.DESCRIPTOR  # the stubs name the type of one implementation
        fields = descriptor.fields_by_name
        for key, value in data.items():
            field = fields.get(key)
            here = (*path, key)
            if field is None:
                meant = suggest(key, fields)
                allowed = "" if meant else f"one of {', '.join(fields)}"
                self._refuse(here, Problem("the field is not known", show(key), allowed, meant), at_key=True)
            elif value is None:
                advice = "leave the field out when its value is unknown"
                self._refuse(here, Problem("null is no value", "null", advice))
            elif field.message_type is not FactValue.DESCRIPTOR:
                self._fill_field(message, field, value, here)
        if isinstance(message, Evidence) and data.get("value") is not None:
            self._fill_observed(message, data["value"], (*path, "value"))

    def _fill_field(self, message: Message, field: FieldDescriptor, value: object, path: Path) -> None:
        fact = fields_by_place().get(tuple(step for step in path if isinstance(step, str)))
        if fact is not None and fact.kind in _SETS:
            self._fill_set(message, fact, value, path)
        elif fact is not None and fact.kind is not Kind.WHOLE:
            self._fill_fact(message, fact, value, path)
        elif field.is_repeated:
            self._fill_list(message, field, value, path)
        elif field.message_type is Timestamp.DESCRIPTOR:
            self._fill_moment(getattr(message, field.name), value, path)
        elif field.message_type is not None:
            child: Message = getattr(message, field.name)
            child.SetInParent()
            self.fill(child, value, path)
        else:
            self._fill_plain(message, field, value, path)

    def _fill_fact(self, message: Message, fact: FactField, value: object, path: Path) -> None:
        try:
            put_value(message, fact, check_value(fact, value))
        except FactProblemError as error:
            self._refuse(path, error.problem)

    def _fill_set(self, message: Message, fact: FactField, value: object, path: Path) -> None:
        if isinstance(value, dict) and set_member(fact.leaf.message_type) is not None:
            self.fill(getattr(message, fact.path[-1]), {key: value[key] for key in value if key != MEMBERS}, path)
            if MEMBERS not in value:
                self._refuse(path, Problem("a set needs its members", show(value), expected(fact)))
                return
            value, path = value[MEMBERS], (*path, MEMBERS)
        if fact.kind is Kind.METRICS and isinstance(value, list):
            self._fill_list(message, fact.leaf, value, path)
        elif not isinstance(value, list) or self._all_good(fact, value, path):
            self._fill_fact(message, fact, value, path)

    def _all_good(self, fact: FactField, values: list[object], path: Path) -> bool:
        """Checks each member by itself, so that each gets its own place."""
        before = len(self.faults)
        for index, value in enumerate(values):
            try:
                check_value(fact, [value])
            except FactProblemError as error:
                self._refuse((*path, index), error.problem)
        return len(self.faults) == before

    def _fill_list(self, message: Message, field: FieldDescriptor, value: object, path: Path) -> None:
        if not isinstance(value, list):
            self._refuse(path, Problem("the value has the wrong type", show(value), "a list"))
            return
        items: Any = getattr(message, field.name)
        for index, item in enumerate(value):
            here = (*path, index)
            if field.message_type is not None:
                self.fill(items.add(), item, here)
            elif isinstance(item, str):
                items.append(item)
            else:
                self._refuse(here, Problem("the value has the wrong type", show(item), "text"))
                items.append("")

    def _fill_moment(self, moment: Timestamp, value: object, path: Path) -> None:
        text = value if isinstance(value, str) else ""
        day = is_day(text)
        try:
            if not day and _MOMENT.fullmatch(text) is None:
                raise ValueError(text)
            moment.FromJsonString(f"{text}T00:00:00Z" if day else text)
            moment.SetInParent()
        except ValueError:
            self._refuse(path, Problem("this is no point in time", show(value), MOMENT))

    def _fill_plain(self, message: Message, field: FieldDescriptor, value: object, path: Path) -> None:
        """Fills a text, a count or a name that is no fact."""
        if field.type == FieldDescriptor.TYPE_INT64:
            self._fill_count(message, field, value, path)
        elif not isinstance(value, str):
            self._refuse(path, Problem("the value has the wrong type", show(value), _plain_type(field.enum_type)))
        elif field.enum_type is None:
            setattr(message, field.name, value)
        elif value not in (names := short_names(field.enum_type)):
            self._refuse(path, unknown_name(value, names))
        else:
            setattr(message, field.name, names[value])

    def _fill_count(self, message: Message, field: FieldDescriptor, value: object, path: Path) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            self._refuse(path, Problem("the value has the wrong type", show(value), "a whole number from 0 up"))
        else:
            setattr(message, field.name, value)

    def _fill_observed(self, entry: Evidence, value: object, path: Path) -> None:
        """Fills an observed value, which has the type of the one fact that the entry covers."""
        fact = fact_fields().get(entry.facts[0]) if len(entry.facts) == 1 else None
        if fact is None or not fact.in_proposal:
            # Whatever is wrong with the facts of the entry is told about them; the value only has to be there.
            entry.value.SetInParent()
            return
        try:
            entry.value.CopyFrom(to_wire(check_value(fact, value)))
        except FactProblemError as error:
            self._refuse(path, error.problem)

    def _refuse(self, path: Path, problem: Problem, *, at_key: bool = False) -> None:
        self.refused.add(path)
        fault = self.document.fault(
            self.root + path,
            problem.message,
            got=problem.got,
            expected=problem.expected,
            suggestion=problem.suggestion,
            at_key=at_key,
        )
        self.faults.append(fault)


def _plain_type(enum: EnumDescriptor | None) -> str:
    return "text" if enum is None else f"one of {', '.join(short_names(enum))}"
