"""Facts in a proposal by their paths, such as `source[crm].completeness`: parse, get, set, clear."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from google.protobuf.message import Message

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.values import FactProblemError, Problem, check_value, show
from readygate_server.adapters.proposals.vocabulary import (
    ASSET_FIELDS,
    GROUPS,
    MEMBERS,
    UNKNOWN,
    FactField,
    Kind,
    fact_fields,
)
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import suggest
from readygate_server.domain.vocabulary import Scope

_PATH: Final = re.compile(r"(?P<group>[a-z]+)(\[(?P<subject>[^\[\]]*)\])?\.(?P<rest>[a-z0-9_.]+)")
_KINDS_OF_ASSET: Final = {Scope.SOURCE: "data source", Scope.API: "API", Scope.WORKFLOW: "workflow"}


def field_of(name: str) -> FactField:
    """Returns the fact, part or attribute of a name.

    Raises:
      FactProblemError: when there is none.
    """
    field = fact_fields().get(name)
    if field is None:
        meant = suggest(name, fact_fields())
        raise FactProblemError(Problem("there is no such fact", show(name), suggestion=meant))
    return field


def parse_path(text: str, *, subject: str = "") -> FactRef:
    """Returns the fact and subject of a path such as `source[crm].accuracy.ratio`; the subject may stand apart.

    Raises:
      FactProblemError: when the fact is unknown, or the subject is missing or too much.
    """
    found = _PATH.fullmatch(text.strip())
    if found is None:
        example = "a path such as source[crm].completeness or gov.log_retention"
        raise FactProblemError(Problem("this is no path of a fact", show(text), example))
    ref = FactRef(f"{found['group']}.{found['rest']}", found["subject"] or subject)
    check_subject(field_of(ref.fact), ref.subject)
    return ref


def check_subject(field: FactField, subject: str) -> None:
    """Raises FactProblemError when a fact of an asset has no subject, or a fact of the whole proposal has one."""
    kind = _KINDS_OF_ASSET.get(field.scope)
    if kind is None and subject:
        raise FactProblemError(Problem(f"{field.name} occurs once per proposal", f"subject {show(subject)}", "none"))
    if kind is not None and not subject:
        raise FactProblemError(Problem(f"{field.name} belongs to one {kind}", "no subject", f"the id of the {kind}"))


def get_fact(proposal: Proposal, ref: FactRef) -> FactValue | None:
    """Returns the value of a fact, or None when it is absent, unknown, or has parts instead of a value.

    Raises:
      FactProblemError: when there is no such fact or subject.
    """
    field = field_of(ref.fact)
    holder = _holder(proposal, field, ref.subject)
    if holder is None or field.kind is Kind.WHOLE or not (field.kind is Kind.METRICS or _has(holder, field)):
        return None
    value = getattr(holder, field.path[-1])
    match field.kind:
        case Kind.CHOICE:
            name = _name_of(field, value)
            return None if name == UNKNOWN else name
        case Kind.CHOICES:
            return tuple(sorted(_name_of(field, number) for number in value.members))
        case Kind.IDS:
            return tuple(sorted(value.members))
        case Kind.METRICS:
            return tuple(sorted(guardrail.metric for guardrail in value))
    found: FactValue = value
    return found


def has_fact(proposal: Proposal, ref: FactRef) -> bool:
    """True when the fact has a value; a composite fact has one when any of its parts has."""
    field = field_of(ref.fact)
    if field.kind is not Kind.WHOLE:
        return get_fact(proposal, ref) is not None
    holder = _holder(proposal, field, ref.subject)
    return holder is not None and _has(holder, field) and bool(getattr(holder, field.path[-1]).ListFields())


def set_fact(proposal: Proposal, ref: FactRef, value: object) -> None:
    """Sets a fact to a plain value, after checking it; makes the messages on the way, but no assets.

    Raises:
      FactProblemError: when the fact, the subject or the value is not acceptable.
    """
    field = field_of(ref.fact)
    checked = check_value(field, value)
    put_value(_made_holder(proposal, field, ref.subject), field, checked)


def put_value(holder: Message, field: FactField, value: FactValue) -> None:
    """Puts a checked value into the message that holds the field."""
    name = field.path[-1]
    match value:
        case tuple() if field.kind is Kind.METRICS:
            _put_metrics(getattr(holder, name), value)
        case tuple():
            members = getattr(holder, name)
            members.SetInParent()
            numbers: Iterable[object] = [field.choices[each] for each in value] if field.choices else value
            members.ClearField(MEMBERS)
            getattr(members, MEMBERS).extend(numbers)
        case str() if field.kind is Kind.CHOICE:
            setattr(holder, name, field.choices[value])
        case _:
            setattr(holder, name, value)


def clear_fact(proposal: Proposal, ref: FactRef) -> None:
    """Takes a fact away, with all its parts; a composite fact whose last part goes, goes too.

    Raises:
      FactProblemError: when there is no such fact or subject.
    """
    field = field_of(ref.fact)
    holder = _holder(proposal, field, ref.subject)
    if holder is None:
        return
    holder.ClearField(field.path[-1])
    if field.is_part and not holder.ListFields():
        whole = _holder(proposal, field_of(ref.fact.rpartition(".")[0]), ref.subject)
        if whole is not None:
            whole.ClearField(field.path[0])


def find_asset(proposal: Proposal, scope: Scope, subject: str) -> Message | None:
    """Returns the asset of an id, or None."""
    assets: Iterable[Message] = getattr(proposal, ASSET_FIELDS[scope])
    return next((asset for asset in assets if getattr(asset, "id") == subject), None)  # noqa: B009 -- typed as Message


def _put_metrics(guardrails: Any, metrics: tuple[str, ...]) -> None:
    limits = {each.metric: each.limit for each in guardrails if each.HasField("limit")}
    del guardrails[:]
    for metric in metrics:
        guardrails.add(metric=metric, limit=limits.get(metric))


def _name_of(field: FactField, number: int) -> str:
    return next((name for name, its_number in field.choices.items() if its_number == number), UNKNOWN)


def _has(holder: Message, field: FactField) -> bool:
    has: Callable[[str], bool] = holder.HasField
    return has(field.path[-1])


def _holder(proposal: Proposal, field: FactField, subject: str) -> Message | None:
    """Returns the message that holds the last step of the field's path, or None when it is absent."""
    message, steps = _start(proposal, field, subject)
    for step in steps:
        has: Callable[[str], bool] = message.HasField
        if not has(step):
            return None
        message = getattr(message, step)
    return message


def _made_holder(proposal: Proposal, field: FactField, subject: str) -> Message:
    """Returns the message that holds the last step of the field's path, made where it is absent."""
    message, steps = _start(proposal, field, subject)
    for step in steps:
        message = getattr(message, step)
        message.SetInParent()
    return message


def _start(proposal: Proposal, field: FactField, subject: str) -> tuple[Message, tuple[str, ...]]:
    """Returns the asset or the proposal, and the steps from there to the message that holds the field."""
    if not field.in_proposal:
        where = "in entries of `evidence`"
        raise FactProblemError(Problem(f"{field.name} is said about evidence", expected=where))
    check_subject(field, subject)
    steps = (*GROUPS[field.group], *field.path[:-1])
    if field.scope is Scope.DEPLOYMENT:
        return proposal, steps
    return _asset(proposal, field.scope, subject), steps[1:]


def _asset(proposal: Proposal, scope: Scope, subject: str) -> Message:
    asset = find_asset(proposal, scope, subject)
    if asset is None:
        ids = [each.id for each in getattr(proposal, ASSET_FIELDS[scope])]
        known = f"one of {', '.join(sorted(ids))}" if ids else "none, for the proposal has none"
        message = f"the proposal has no such {_KINDS_OF_ASSET[scope]}"
        raise FactProblemError(Problem(message, show(subject), known, suggest(subject, ids)))
    return asset
