"""A proposal of the contract as the use cases want it; fills the port Dossier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readygate.v1 import evidence_pb2
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.digest import facts_digest
from readygate_server.adapters.proposals.entries import Entry, entry_of, evidence_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.lazy import lazy
from readygate_server.adapters.proposals.normalise import normalise, speaks_for_use
from readygate_server.adapters.proposals.paths import clear_fact, set_fact
from readygate_server.adapters.proposals.readings import Parts, recalled_parts_of
from readygate_server.adapters.proposals.references import require_resolved
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

    def __init__(self, proposal: Proposal, conflicts: tuple[Conflict, ...] = (), parts: Parts | None = None) -> None:
        """Takes a proposal whose conflicts are settled, as `dossier_of` does, and its parts if they were recalled."""
        self.proposal = proposal
        self.conflicts = conflicts
        self._parts = parts

    @lazy
    def facts(self) -> ProposalFacts:
        """Facts in use."""
        return facts_of(self.proposal) if self._parts is None else self._parts.facts()

    @lazy
    def imprints(self) -> Mapping[Scope, Sequence[bytes]]:
        """What stands for all that is said of each asset; nothing when the proposal is judged for once."""
        return {} if self._parts is None else self._parts.imprints()

    @lazy
    def evidence(self) -> Sequence[Evidence]:
        """Evidence entries as far as judging needs them; of sources that disagree only those that won."""
        if self.conflicts:
            return evidence_of(
                [entry_of(each) for each in self.proposal.evidence if speaks_for_use(self.proposal, each)]
            )
        if self._parts is None:
            return evidence_of(self._entries)
        return [entry for reading in self._parts.readings() for entry in reading.evidence]

    @lazy
    def _entries(self) -> Sequence[Entry]:
        """Evidence entries as they are digested."""
        if self._parts is None:
            return [entry_of(entry) for entry in self.proposal.evidence[:]]
        return [entry for reading in self._parts.readings() for entry in reading.entries]

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
        return facts_digest(self.proposal, self.facts, self._entries)

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
        # Only facts have changed; what was read of evidence and statements stays as it is.
        of_assets = any(ref.subject for ref in changes)
        dossier = ProposalDossier(changed, self.conflicts, self._parts and self._parts.changed_to(changed, of_assets))
        dossier._entries, dossier.evidence = self._entries, self.evidence
        dossier.not_applicable, dossier.statements = self.not_applicable, self.statements
        return dossier


def dossier_of(proposal: Proposal, parts: Parts | None = None) -> ProposalDossier:
    """Returns the dossier of a validated proposal; settles what its sources disagree on.

    `parts` are those of `recalled_parts_of(proposal)`; without them nothing about the proposal is recalled or kept.

    Raises:
      InvalidInputError: when it references registered assets that were not put into it.
    """
    require_resolved(proposal)
    if parts is not None and parts.is_settled():
        return ProposalDossier(proposal, (), parts)
    settled, conflicts = normalise(proposal)
    if parts is not None and settled is not proposal:
        parts = recalled_parts_of(settled)
    return ProposalDossier(settled, conflicts, parts)
