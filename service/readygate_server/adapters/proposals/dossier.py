"""A proposal of the contract as the use cases want it; fills the port Dossier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readygate.v1 import evidence_pb2
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.digest import facts_digest
from readygate_server.adapters.proposals.lazy import lazy
from readygate_server.adapters.proposals.normalise import normalise
from readygate_server.adapters.proposals.paths import clear_fact, set_fact
from readygate_server.adapters.proposals.readings import Parts, parts_of
from readygate_server.domain.decision import Conflict
from readygate_server.domain.evidence import Evidence
from readygate_server.domain.facts import FactRef, FactValue, ProposalFacts
from readygate_server.domain.vocabulary import Gate, Scope

_STATEMENTS = {
    evidence_pb2.FACT_STATEMENT_KIND_NOT_APPLICABLE: "said not to apply",
    evidence_pb2.FACT_STATEMENT_KIND_NOT_STATED: "not stated by its source",
}


class ProposalDossier:
    """A validated proposal with the value of each fact that is in use. Treat it as a value: it is never changed."""

    def __init__(self, proposal: Proposal, conflicts: tuple[Conflict, ...] = ()) -> None:
        """Takes a proposal whose conflicts are settled; `dossier_of` settles them."""
        self.proposal = proposal
        self.conflicts = conflicts

    @lazy
    def parts(self) -> Parts:
        """What was read of each part."""
        return parts_of(self.proposal)

    @lazy
    def facts(self) -> ProposalFacts:
        """Facts in use."""
        return self.parts.facts()

    @lazy
    def imprints(self) -> Mapping[Scope, Sequence[bytes]]:
        """What stands for all that is said of each asset; nothing when the proposal was read for once."""
        if not self.parts.beside.imprint:
            return {}
        return {scope: [said.imprint for _, said in found] for scope, found in self.parts.assets.items()}

    @lazy
    def evidence(self) -> Sequence[Evidence]:
        """Evidence entries as far as judging needs them."""
        return [entry for reading in self.parts.readings() for entry in reading.evidence]

    @lazy
    def not_applicable(self) -> Mapping[FactRef, str]:
        """Facts that somebody named says do not apply, with the reason."""
        return {
            FactRef(each.fact, each.subject): each.reason
            for each in self.proposal.statements
            if each.kind == evidence_pb2.FACT_STATEMENT_KIND_NOT_APPLICABLE and each.reason and each.stated_by
        }

    @lazy
    def statements(self) -> Mapping[FactRef, str]:
        """What is said instead of a value."""
        return {
            FactRef(each.fact, each.subject): f"{_STATEMENTS.get(each.kind, 'said')}: {each.reason}"
            for each in self.proposal.statements
        }

    @lazy
    def digest(self) -> str:
        """Digest over all facts."""
        return facts_digest(self.proposal, self.parts)

    @property
    def target_gate(self) -> Gate | None:
        """Gate that the proposal asks for."""
        deployment = self.proposal.deployment
        return Gate(deployment.target_gate) if deployment.HasField("target_gate") else None

    def with_facts(self, changes: Mapping[FactRef, FactValue | None]) -> ProposalDossier:
        """Returns the same proposal with other values.

        Raises:
          FactProblemError: when a fact, a subject or a value is not acceptable.
        """
        changed = Proposal()
        changed.CopyFrom(self.proposal)
        for ref, value in changes.items():
            if value is None:
                clear_fact(changed, ref)
            else:
                set_fact(changed, ref, list(value) if isinstance(value, tuple) else value)
        dossier = ProposalDossier(changed, self.conflicts)
        if not any(ref.subject for ref in changes):
            dossier.parts = self.parts.with_groups_of(changed)
        return dossier


def dossier_of(proposal: Proposal, parts: Parts | None = None) -> ProposalDossier:
    """Returns the dossier of a validated proposal; settles what its sources disagree on.

    `parts` are those of `parts_of(proposal)`, when they have been read; settling that changes any reads them again.
    """
    parts = parts_of(proposal) if parts is None else parts
    settled, conflicts = (proposal, ()) if parts.is_settled() else normalise(proposal)
    dossier = ProposalDossier(settled, conflicts)
    if settled is proposal:
        dossier.parts = parts
    return dossier
