"""The gate as the servicers see it: rulesets that are swapped when their files change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readygate.v1.gate_service_pb2 import FactOverride
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.clock import today
from readygate_server.adapters.fact_directory import CatalogueDirectory
from readygate_server.adapters.proposals.dossier import ProposalDossier, dossier_of
from readygate_server.adapters.proposals.faults import error_of
from readygate_server.adapters.proposals.overrides import changes_of
from readygate_server.adapters.proposals.readings import recalled_parts_of
from readygate_server.adapters.proposals.validation import is_certainly_sound, validate_proposal
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.bootstrap.local import DEFAULT_RULESET, Snapshot, fact_directory, packaged_rules
from readygate_server.domain.errors import NotReadyError
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import Fault, FaultsError
from readygate_server.domain.rule import Ruleset


class ServedRules:
    """The gate as the servicers see it. What they hold is a snapshot; what is swapped is one reference."""

    def __init__(self) -> None:
        """Starts without rulesets, so that nothing can be judged yet."""
        self._snapshot: Snapshot | None = None
        self._guide = fact_directory()

    @property
    def default_ruleset(self) -> str:
        """Name that is taken when none is given."""
        return DEFAULT_RULESET

    @property
    def guide(self) -> CatalogueDirectory:
        """What is known about facts."""
        return self._guide

    def snapshot(self) -> Snapshot:
        """Returns the rulesets of now; raises NotReadyError while there are none."""
        if self._snapshot is None:
            raise NotReadyError
        return self._snapshot

    @property
    def is_ready(self) -> bool:
        """True once there are rulesets."""
        return self._snapshot is not None

    def swap(self, snapshot: Snapshot) -> None:
        """Serves other rulesets from now on; calls in flight keep theirs."""
        self._snapshot = snapshot

    def today(self) -> str:
        """Returns today in UTC."""
        return today()

    def dossier_of(self, proposal: Proposal) -> ProposalDossier:
        """Returns a checked proposal; raises InvalidInputError or LimitExceededError."""
        parts = recalled_parts_of(proposal)
        if not is_certainly_sound(proposal, parts) and (faults := validate_proposal(proposal)):
            raise error_of(faults)
        return dossier_of(proposal, parts)

    def changes_of(self, proposal: Proposal, overrides: Sequence[FactOverride]) -> Mapping[FactRef, FactValue | None]:
        """Returns what overrides change; raises InvalidInputError with every fault."""
        return changes_of(proposal, overrides)

    def check_rulesets(self, files: Mapping[str, str]) -> tuple[Sequence[Ruleset], Sequence[Fault]]:
        """Returns the rulesets that files make over the packaged ones, or every fault."""
        try:
            return load_rulesets(files, base=packaged_rules()).rulesets, ()
        except FaultsError as error:
            return (), error.faults
