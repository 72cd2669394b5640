"""Which facts a what-if offers, and in which order: what stands in the way first, then the rest by asset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate.v1.gate_service_pb2 import ListRequirementsResponse
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, GROUPS, parts_of
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import FactRef
from readygate_server.domain.vocabulary import Scope
from readygate_server.web.app.fact_inputs import FactInput, ReadFacts, fact_input

MOST_INPUTS: Final = 1_500
"""Fields of a form. A proposal with more facts is changed in its file."""
_GROUP_TITLES: Final = {
    "deployment": "Deployment",
    "org": "Organisation",
    "gov": "Governance",
    "value": "Value",
    "ops": "Operations",
}
_SCOPE_TITLES: Final = {Scope.SOURCE: "Data source", Scope.API: "API", Scope.WORKFLOW: "Workflow"}


class Obstacle(NamedTuple):
    """A rule that blocks or conditions, with the facts that it turns on."""

    rule_id: str
    subject: str
    title: str
    message: str
    blocks: bool
    inputs: tuple[FactInput, ...]
    shared: tuple[FactInput, ...]
    """Facts that it turns on as well, whose fields stand further up."""


class FactGroup(NamedTuple):
    """The facts of one asset, or of one part of the proposal."""

    key: str
    title: str
    inputs: tuple[FactInput, ...]
    changed: int
    missing: int


class Offered(NamedTuple):
    """All fields of the form."""

    obstacles: tuple[Obstacle, ...]
    groups: tuple[FactGroup, ...]
    is_cut: bool


def offered(
    proposal: Proposal,
    decisions: Iterable[pb.Decision],
    requirements: Iterable[ListRequirementsResponse.Requirement],
    read: ReadFacts,
) -> Offered:
    """Returns the fields for a proposal, each once."""
    seen: dict[FactRef, FactInput] = {}
    obstacles = tuple(_obstacles(proposal, decisions, read, seen))
    rest: dict[tuple[str, str], list[FactInput]] = {}
    is_cut = False
    for ref in _all_refs(proposal, requirements, read):
        if ref in seen:
            continue
        if len(seen) >= MOST_INPUTS:
            is_cut = True
            break
        found = fact_input(proposal, ref, read)
        if found is not None:
            seen[ref] = found
            group = ref.fact.partition(".")[0]
            rest.setdefault(("source" if group == "corpus" else group, ref.subject), []).append(found)
    return Offered(obstacles, tuple(_groups(proposal, rest)), is_cut)


def _obstacles(
    proposal: Proposal, decisions: Iterable[pb.Decision], read: ReadFacts, seen: dict[FactRef, FactInput]
) -> Iterator[Obstacle]:
    told = set()
    findings = [each for decision in decisions for each in decision.findings if each.effect >= pb.EFFECT_CONDITIONS]
    for finding in sorted(findings, key=lambda each: -each.effect):
        if (finding.rule_id, finding.subject) in told or len(seen) >= MOST_INPUTS:
            continue
        told.add((finding.rule_id, finding.subject))
        inputs, shared = [], []
        for ref in facts_behind(finding):
            if ref in seen:
                shared.append(seen[ref])
            elif (found := fact_input(proposal, ref, read)) is not None:
                seen[ref] = found
                inputs.append(found)
        blocks = finding.effect == pb.EFFECT_BLOCKS
        yield Obstacle(
            finding.rule_id, finding.subject, finding.title, finding.message, blocks, tuple(inputs), tuple(shared)
        )


def facts_behind(finding: pb.Finding) -> list[FactRef]:
    """Returns the facts that a finding turns on, parts and inputs of derived facts instead of wholes, each once."""
    failed = [each.fact for each in finding.observations if each.outcome != pb.OUTCOME_SATISFIED]
    refs: dict[FactRef, None] = {}
    for name in (*(_parsed(fact, finding.subject) for fact in finding.missing_facts), *((f, None) for f in failed)):
        fact, subject = name
        for each in DERIVED[fact].inputs if fact in DERIVED else (fact,):
            for part in parts_of(each):
                scoped = part.partition(".")[0] in ("source", "corpus", "api", "workflow")
                about = subject if subject is not None else finding.subject
                refs[FactRef(part, about if scoped else "")] = None
    return [ref for ref in refs if ref.subject or ref.fact.partition(".")[0] in _GROUP_TITLES]


def _parsed(path: str, subject: str) -> tuple[str, str | None]:
    """Splits `source[crm].authority`; a name without brackets is about the subject of the finding."""
    head, dot, rest = path.partition("].")
    if not dot:
        return path, subject
    group, _, named = head.partition("[")
    return f"{group}.{rest}", named


def _all_refs(
    proposal: Proposal, requirements: Iterable[ListRequirementsResponse.Requirement], read: ReadFacts
) -> Iterator[FactRef]:
    """Yields facts that are asked for, that are stated, and that were in the form before."""
    refs: dict[FactRef, None] = {}
    for each in requirements:
        for fact in DERIVED[each.fact].inputs if each.fact in DERIVED else (each.fact,):
            refs |= dict.fromkeys(FactRef(part, each.subject) for part in parts_of(fact))
    facts = facts_of(proposal)
    refs |= dict.fromkeys(FactRef(name) for name in facts.deployment)
    for of_scope in facts.assets.values():
        refs |= dict.fromkeys(FactRef(name, subject) for subject, stated in of_scope for name in stated)
    refs |= dict.fromkeys(FactRef(each.fact, each.subject) for each in read.overrides)
    yield from (ref for ref in refs if ref.subject or ref.fact.partition(".")[0] in _GROUP_TITLES)


def _groups(proposal: Proposal, rest: dict[tuple[str, str], list[FactInput]]) -> Iterator[FactGroup]:
    keys = [(name, "") for name in _GROUP_TITLES]
    titles = {key: _GROUP_TITLES[key[0]] for key in keys}
    for scope, field in ASSET_FIELDS.items():
        group = next(name for name, way in GROUPS.items() if way == (field,))
        for asset in getattr(proposal, field):
            name = f"{asset.id} ({asset.title})" if asset.title else asset.id
            titles[group, asset.id] = f"{_SCOPE_TITLES[scope]} {name}"
            keys.append((group, asset.id))
    for key in keys:
        if inputs := rest.get(key):
            changed, missing = sum(each.is_changed for each in inputs), sum(not each.values for each in inputs)
            yield FactGroup("-".join(filter(None, key)), titles[key], tuple(inputs), changed, missing)
