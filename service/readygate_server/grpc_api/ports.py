"""What the servicers need from the rest of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from readygate.v1.foundation_pb2 import AssetUse
from readygate.v1.gate_service_pb2 import FactOverride
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.application.selection import Selection
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import Fault
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.rule import Ruleset
from readygate_server.grpc_api.plan_messages import FactDirectory


class FactGuide(FactDirectory, Protocol):
    """What is known about a fact, for those who have to give it."""

    def range(self, fact: str) -> str:
        """Returns what a fact means and may be."""
        ...

    def unit(self, fact: str) -> str:
        """Returns the unit of a fact or part."""
        ...


class RulesetSnapshot(Protocol):
    """The rulesets of one moment; never changes."""

    @property
    def rulesets(self) -> Sequence[Ruleset]:
        """All rulesets, by name and version."""
        ...

    def select(self, selection: Selection, *, as_of: str) -> ActiveRuleset:
        """Returns the ruleset that a selection means on a day; raises RulesetNotFoundError."""
        ...


class ServedGate(Protocol):
    """The gate behind a server."""

    @property
    def default_ruleset(self) -> str:
        """Name of the ruleset that is taken when none is named."""
        ...

    @property
    def guide(self) -> FactGuide:
        """What is known about facts."""
        ...

    def snapshot(self) -> RulesetSnapshot:
        """Returns the rulesets of now; raises NotReadyError while there are none."""
        ...

    def today(self) -> str:
        """Returns today in UTC, YYYY-MM-DD."""
        ...

    def dossier_of(self, proposal: Proposal) -> Dossier:
        """Returns a proposal that has been checked.

        Raises:
          InvalidInputError: with every fault of the proposal.
          LimitExceededError: when a list or text of it is too long.
        """
        ...

    def changes_of(self, proposal: Proposal, overrides: Sequence[FactOverride]) -> Mapping[FactRef, FactValue | None]:
        """Returns what overrides change; raises InvalidInputError with every fault, by `overrides[0].value`."""
        ...

    def check_rulesets(self, files: Mapping[str, str]) -> tuple[Sequence[Ruleset], Sequence[Fault]]:
        """Returns the rulesets that files make, and every fault in them. Slow: seconds, not milliseconds."""
        ...


class AssetResolver(Protocol):
    """Knows the registered assets that proposals reference."""

    async def resolved(
        self,
        proposal: Proposal,
        *,
        pins: Mapping[AssetKey, int] | None = None,
        people: dict[str, int] | None = None,
    ) -> tuple[Proposal, Sequence[AssetUse]]:
        """Returns a proposal that says itself what is registered of the assets that it references, and the revisions.

        `pins` take the place of the revisions that the proposal asks for. Erased names are told apart by `people`.

        Raises:
          InvalidInputError: when a reference is to nothing, or does not go together with the proposal.
          RecordUnavailableError: when the assets can not be read.
        """
        ...

    async def note_use(self, proposal_id: str, uses: Sequence[AssetUse]) -> None:
        """Keeps that a proposal references assets, so that it is found when these change."""
        ...
