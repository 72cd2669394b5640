"""What peers are told about a proposal.

A peer gets the facts as its own users would send them: plain data, enum values by their short names, sets as lists,
what nobody knows left out. It is told the tier, which readygate has to work out for itself. Where a peer can not
compute what follows from several facts, the caller may do that for it (`derived`); both are in the peers' favour.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.vocabulary import (
    ASSET_FIELDS,
    MEMBERS,
    UNKNOWN,
    set_member,
    short_names,
)
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.domain.derived import DERIVED, Derived, Partly
from readygate_server.domain.facts import Facts, ProposalFacts, scope_of
from readygate_server.domain.vocabulary import Gate, Scope, Tier
from tests.bench.peers.cases import GROUPS, cases
from tests.bench.workload import AS_OF
from tests.builders import checks_of, full_rules

__all__ = ["GROUPS", "cases", "input_of", "tier_of"]


def tier_of(proposal: Proposal) -> Tier:
    """Returns the tier that readygate assigns."""
    return evaluate(full_rules(), dossier_of(proposal), Question(Gate.COMMIT, AS_OF, full=False)).tier.tier


def input_of(proposal: Proposal, *, as_of: str, gate: Gate = Gate.COMMIT, derived: bool = False) -> dict[str, Any]:
    """Returns the facts of a proposal as plain data, ready for JSON.

    All groups and lists of assets are there, if empty. With `derived` each group and asset that has facts computed from
    others holds them under `derived`. One that can not be computed for lack of facts is there at the worst that it can
    still be, if there is a worst; a check that this passes is satisfied, every other is not.
    """
    plain: dict[str, Any] = {"as_of": as_of, "gate": gate.name.lower(), "tier": int(tier_of(proposal))}
    for group in GROUPS:
        plain[group] = _plain(getattr(proposal, group))
    for field in ASSET_FIELDS.values():
        plain[field] = [_plain(asset) for asset in getattr(proposal, field)]
    if derived:
        _add_derived(plain, dossier_of(proposal).facts)
    return plain


def _plain(message: Message) -> dict[str, Any]:
    """Returns a message as a mapping without what is absent; ids stay, titles go."""
    plain = {field.name: _value(field, value) for field, value in message.ListFields() if field.name != "title"}
    return {name: value for name, value in plain.items() if value is not None}


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.is_repeated:
        return [_plain(each) if field.message_type else _name(field, each) for each in value]
    if field.message_type is None:
        return _name(field, value)
    member = set_member(field.message_type)
    return _plain(value) if member is None else [_name(member, each) for each in getattr(value, MEMBERS)]


def _name(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is None:
        return value
    name = next(name for name, number in short_names(field.enum_type).items() if number == value)
    return None if name == UNKNOWN else name


def _add_derived(plain: dict[str, Any], facts: ProposalFacts) -> None:
    for derived in DERIVED.values():
        group, _, name = derived.name.partition(".")
        scope = scope_of(derived.name)
        sections = [("", plain[group])] if scope is Scope.DEPLOYMENT else _by_id(plain[ASSET_FIELDS[scope]])
        about = dict(facts.of(scope))
        for subject, section in sections:
            value = _computed(derived, facts, subject, about[subject])
            if value is not None:
                section.setdefault("derived", {})[name] = value


def _by_id(assets: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(asset["id"], asset) for asset in assets]


def _computed(derived: Derived, facts: ProposalFacts, subject: str, about: Facts) -> float | None:
    value = derived.compute(facts, subject, about)
    if not isinstance(value, Partly):
        return value
    more_is_better = any(check.comparator == "at_least" for check in checks_of(derived.name))
    return value.least if more_is_better else value.most
