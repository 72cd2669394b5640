"""What peers are told about a proposal, and the proposals that their answers are compared on.

A peer gets the facts as its own users would send them: plain data, enum values by their short names, sets as lists,
what nobody knows left out. It is told the tier, which readygate has to work out for itself. Where a peer can not
compute what follows from several facts, the caller may do that for it (`derived`); both are in the peers' favour.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from readygate.v1.deployment_pb2 import CHANNEL_CHAT
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.paths import clear_fact, set_fact
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.vocabulary import (
    ASSET_FIELDS,
    MEMBERS,
    UNKNOWN,
    Kind,
    fact_fields,
    set_member,
    short_names,
)
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.domain.derived import DERIVED, Derived, Partly
from readygate_server.domain.facts import FactRef, Facts, FactValue, ProposalFacts, scope_of
from readygate_server.domain.vocabulary import Gate, Scope, Tier
from tests.bench.workload import AS_OF, workload
from tests.builders import checks_of, full_rules, passing_proposal
from tests.properties.generated import candidates

BACKTEST = Path(__file__).resolve().parents[2] / "cases" / "backtest"
GROUPS = ("deployment", "org", "gov", "value", "ops")
PERTURBED, SEED = 400, 4


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


@cache
def _cases() -> tuple[bytes, ...]:
    whole = [workload(), repaired(), *(passing_proposal(tier) for tier in Tier), *_real()]
    for proposal in whole:
        del proposal.statements[:]  # peers are not told what somebody says instead of a fact
    changed = [_perturbed(whole, random.Random(SEED + number)) for number in range(PERTURBED)]  # noqa: S311 -- no secret
    return tuple(proposal.SerializeToString(deterministic=True) for proposal in (*whole, *changed))


def cases() -> list[Proposal]:
    """Returns the proposals that answers are compared on, the same each time; the first is the benchmark's.

    After it come the same with its gaps closed, complete ones of each tier, those of documented cases, and random
    changes of all of these: facts taken away, numbers and days moved across thresholds, other names of a list.
    """
    return [Proposal.FromString(each) for each in _cases()]


def repaired() -> Proposal:
    """Returns the benchmark's proposal with every fact as a complete proposal of its tier has it."""
    proposal, good = workload(), passing_proposal(Tier.T3)
    dependencies = proposal.deployment.dependencies.members[:]
    for group in GROUPS:
        getattr(proposal, group).CopyFrom(getattr(good, group))
    proposal.deployment.dependencies.members[:] = dependencies
    proposal.deployment.channel = CHANNEL_CHAT  # six APIs in a row are too slow for a voice
    models = {"data_sources": good.data_sources[0], "apis": good.apis[1], "workflows": good.workflows[0]}
    for field, model in models.items():
        for number, asset in enumerate(getattr(proposal, field)):
            before = type(asset)()
            before.CopyFrom(asset)
            asset.CopyFrom(model)
            asset.id, asset.title = before.id, before.title
            if field == "data_sources":
                asset.corpus.CopyFrom(good.data_sources[1].corpus)
                asset.uses.CopyFrom(before.uses)
                asset.entity = f"entity-{number}"
    return proposal


def _real() -> list[Proposal]:
    """Returns the proposals of documented cases."""
    return [
        read_proposal(path.read_text(encoding="utf-8"), file=path.name)[0]
        for path in sorted(BACKTEST.glob("[FMS]*.yaml"))
    ]


def _perturbed(bases: list[Proposal], chance: random.Random) -> Proposal:
    """Returns one of the proposals with some of its facts changed or gone, most often a complete one."""
    proposal = Proposal()
    proposal.CopyFrom(chance.choice(bases[:6] if chance.random() < 0.8 else bases))
    fates = list(_fates(proposal))
    thinned = chance.random() < 0.1
    for ref, values in chance.sample(fates, k=min(len(fates), chance.choice((1, 4, 16, 32)))):
        if thinned or not values or chance.random() < 0.25:
            clear_fact(proposal, ref)
        else:
            value = chance.choice(values)
            set_fact(proposal, ref, list(value) if isinstance(value, tuple) else value)
    return proposal


def _fates(proposal: Proposal) -> Iterator[tuple[FactRef, tuple[FactValue, ...]]]:
    """Yields each fact that a proposal can state, with values on all sides of what is asked of it."""
    for name, field in fact_fields().items():
        if field.kind is Kind.WHOLE or not field.in_proposal:
            continue
        assets = (
            [""] if field.scope is Scope.DEPLOYMENT else [a.id for a in getattr(proposal, ASSET_FIELDS[field.scope])]
        )
        for subject in assets:
            yield FactRef(name, subject), candidates(name)
