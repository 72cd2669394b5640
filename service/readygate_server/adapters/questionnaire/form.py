"""The questions of a form: one for each fact, or part of one, that a deployment has to state at a gate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from readygate.v1.evidence_pb2 import EvidenceGrade
from readygate.v1.gate_service_pb2 import ListRequirementsResponse
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.schema_texts import DESCRIPTIONS
from readygate_server.adapters.proposals.values import expected
from readygate_server.adapters.proposals.vocabulary import (
    ASSET_FIELDS,
    GROUPS,
    UNKNOWN,
    FactField,
    Kind,
    fact_fields,
    parts_of,
)
from readygate_server.adapters.words import gate_name
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.vocabulary import Scope

FORMAT: Final = 1
"""Version of the form; a reader takes no other."""
MARK: Final = "readygate_questionnaire"
NO_VALUE: Final = ("not_applicable", "not_stated")
GRADES: Final = ("e0_claimed", "e1_document")
"""What a form can say of an answer: that somebody claims it, or that a document says it."""

_Requirement = ListRequirementsResponse.Requirement


class Asset(NamedTuple):
    """A data source, API or workflow that is asked about."""

    scope: Scope
    id: str
    title: str


class Head(NamedTuple):
    """What a form is for; it comes back with the answers."""

    proposal: str
    title: str
    gate: str
    ruleset: str
    ruleset_digest: str
    as_of: str
    vocabulary: str
    assets: tuple[Asset, ...]


class Question(NamedTuple):
    """One fact or part of one. `stated` is what the proposal says already; metrics come with their limits."""

    ref: FactRef
    field: FactField
    meaning: str
    unit: str
    allowed: str
    owner: str
    source: str
    needed_by: str
    evidence: str
    stated: FactValue | None

    @property
    def path(self) -> str:
        """The fact with its asset, such as `source[crm].completeness`."""
        return str(self.ref)

    @property
    def choices(self) -> tuple[str, ...]:
        """Names that the answer is one of, or nothing."""
        if self.field.kind is Kind.FLAG:
            return ("yes", "no")
        return tuple(name for name in self.field.choices if name != UNKNOWN) if self.field.kind is Kind.CHOICE else ()


class Section(NamedTuple):
    """Questions about one asset, or about one side of the deployment."""

    name: str
    title: str
    questions: tuple[Question, ...]


class Form(NamedTuple):
    """All sections."""

    head: Head
    sections: tuple[Section, ...]

    @property
    def questions(self) -> Iterator[Question]:
        """Every question, section by section."""
        return (question for section in self.sections for question in section.questions)


def form_of(
    listed: ListRequirementsResponse,
    proposal: Proposal,
    *,
    gate: str,
    as_of: str,
    owner: str = "",
    missing: bool = False,
) -> Form:
    """Returns the form of what is required; of one owner role only, or only of what is not stated yet."""
    wanted = [each for each in _whole(listed.requirements, proposal) if not (missing and each.stated is not None)]
    if owner:
        wanted = [each for each in wanted if each.owner.lower() == owner.lower()]
    assets = tuple(
        Asset(scope, asset.id, asset.title) for scope, name in ASSET_FIELDS.items() for asset in getattr(proposal, name)
    )
    ruleset = f"{listed.ruleset.name} {listed.ruleset.version}"
    vocabulary = vocabulary_digest()
    head = Head(proposal.id, proposal.title, gate, ruleset, listed.ruleset.digest, as_of, vocabulary, assets)
    return Form(head, tuple(_sections(wanted, assets)))


def owners_of(listed: ListRequirementsResponse) -> tuple[str, ...]:
    """Returns the roles that own facts of a list."""
    return tuple(sorted({each.owner_role for each in listed.requirements if each.owner_role}))


def vocabulary_digest() -> str:
    """Returns a digest over the names and kinds of all facts, by which a form tells whose questions it holds."""
    text = "\n".join(f"{name} {field.kind.value}" for name, field in fact_fields().items())
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _whole(requirements: Iterable[_Requirement], proposal: Proposal) -> Iterator[Question]:
    """Yields the questions, those of a composite fact part by part, each once."""
    seen: set[FactRef] = set()
    for each in requirements:
        for name in parts_of(each.fact):
            ref = FactRef(name, each.subject)
            if ref not in seen and fact_fields()[name].in_proposal:
                seen.add(ref)
                yield _question(ref, each, proposal)


def _question(ref: FactRef, needed: _Requirement, proposal: Proposal) -> Question:
    field = fact_fields()[ref.fact]
    info = fact_catalogue().find(ref.fact)
    described = DESCRIPTIONS.get(ref.fact, "")
    collectors = ", ".join(f"readygate collect {name}" for name in info.collectors) if info else ""
    return Question(
        ref=ref,
        field=field,
        meaning=" ".join(part for part in (described, needed.range) if part),
        unit=fact_catalogue().limits(ref.fact).unit,
        allowed=_allowed(field),
        owner=needed.owner_role,
        source="; or ".join(part for part in (needed.artefact, collectors) if part),
        needed_by=f"{', '.join(needed.rule_ids)} at {gate_name(needed.due)}",
        evidence=_evidence(needed),
        stated=_stated(proposal, ref, field),
    )


def _stated(proposal: Proposal, ref: FactRef, field: FactField) -> FactValue | None:
    if not ref.subject and field.scope is not Scope.DEPLOYMENT:
        return None
    if field.kind is Kind.METRICS:
        members = proposal.value.guardrails.members
        return tuple(f"{each.metric}: {each.limit}" if each.limit else each.metric for each in members) or None
    return get_fact(proposal, ref)


def _allowed(field: FactField) -> str:
    match field.kind:
        case Kind.FLAG:
            return "yes or no"
        case Kind.METRICS:
            return "one metric a line, with its limit after a colon"
        case Kind.CHOICES | Kind.IDS:
            return f"{expected(field)}, with commas between them; [] for none"
        case _:
            return expected(field)


def _evidence(needed: _Requirement) -> str:
    parts = []
    if needed.minimum_grade:
        name = EvidenceGrade.Name(needed.minimum_grade).removeprefix("EVIDENCE_GRADE_").lower()
        parts.append(f"{name} or better")
    if needed.maximum_age_days:
        parts.append(f"at most {needed.maximum_age_days} days old")
    return ", ".join(parts)


def _sections(questions: Sequence[Question], assets: Sequence[Asset]) -> Iterator[Section]:
    order = {name: number for number, name in enumerate(fact_fields())}
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(_section_name(question), []).append(question)
    titles: Mapping[str, str] = {f"{asset.scope} {asset.id}": asset.title for asset in assets}
    places = {name: number for number, name in enumerate(titles)}
    groups_in_order = list(GROUPS)
    for name in sorted(groups, key=lambda name: (groups_in_order.index(name.partition(" ")[0]), places.get(name, 0))):
        ordered = sorted(groups[name], key=lambda question: order[question.ref.fact])
        yield Section(name, titles.get(name) or DESCRIPTIONS.get(name, ""), tuple(ordered))


def _section_name(question: Question) -> str:
    if question.field.scope is Scope.DEPLOYMENT:
        return question.field.group
    return f"{question.field.scope} {question.ref.subject}".strip()
