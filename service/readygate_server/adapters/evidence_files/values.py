"""The values that a proposal or a part of one states, and which of several stand against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.reader import EvidenceFile
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.personal import NAMED, personal_facts, same_name
from readygate_server.adapters.proposals.references import scopes
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, Kind, fact_fields
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.vocabulary import Scope

AssetKey = tuple[Scope, str]
Values = Mapping[FactRef, FactValue]


class Said(NamedTuple):
    """A file, and the values in it that are about the subjects of the proposal."""

    file: EvidenceFile
    subjects: frozenset[str]
    values: Values


def assets_of(proposal: Proposal) -> frozenset[AssetKey]:
    """Returns the assets that a proposal describes, or names as registered ones."""
    described = {(scope, asset.id) for scope, field in ASSET_FIELDS.items() for asset in getattr(proposal, field)}
    return frozenset(described | {(scopes()[each.scope], each.id) for each in proposal.assets})


def subjects_of(proposal: Proposal) -> frozenset[str]:
    """Returns the ids of the assets, and the empty one of the deployment."""
    return frozenset({"", *(name for _, name in assets_of(proposal))})


def values_of(said: Proposal, subjects: frozenset[str]) -> Values:
    """Returns the values of facts about some subjects; names of people as they stand."""
    facts = facts_of(said)
    found = {FactRef(name): value for name, value in facts.deployment.items()}
    for scope in ASSET_FIELDS:
        for subject, group in facts.of(scope):
            if subject in subjects:
                found.update({FactRef(name, subject): value for name, value in group.items()})
    for ref in found:
        if ref.fact in personal_facts():
            found[ref] = get_fact(said, ref) or ""
    for entry in said.evidence:
        # That somebody is named is said with the asset, or else it would stand against the name itself.
        if entry.subject in subjects and entry.value.text == NAMED and entry.facts[0] in personal_facts():
            found.setdefault(FactRef(entry.facts[0], entry.subject), NAMED)
    return {ref: value for ref, value in found.items() if value or not is_metrics(ref)}


def is_metrics(ref: FactRef) -> bool:
    """True for the fact whose members say more than their names."""
    return fact_fields()[ref.fact].kind is Kind.METRICS


def disputed_among(own: Values, said: Iterable[Said]) -> frozenset[FactRef]:
    """Returns the facts of which there is more than one value."""
    seen: dict[FactRef, set[FactValue]] = {}
    for values in (own, *(each.values for each in said)):
        for ref, value in values.items():
            seen.setdefault(ref, set()).update(compared(ref, value))
    return frozenset(ref for ref, values in seen.items() if len(values) > 1)


def compared(ref: FactRef, value: FactValue) -> tuple[FactValue, ...]:
    """Returns what a value is compared by; that somebody is named is no other value than the name."""
    if ref.fact not in personal_facts():
        return (value,)
    return () if value == NAMED else (same_name(str(value)),)
