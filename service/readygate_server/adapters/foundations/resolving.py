"""Puts what is registered of assets into the proposals that reference them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from readygate.v1.foundation_pb2 import Asset, AssetScope, AssetUse
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.foundations.joining import Known, joined_with
from readygate_server.adapters.proposals.faults import error_of
from readygate_server.adapters.proposals.references import key_of, reference_faults
from readygate_server.application.foundation_ports import FiledRevision, FoundationBook
from readygate_server.domain.errors import InvalidInputError
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.record import Payload

_WORDS = {"source": "data source", "api": "API", "workflow": "workflow"}


class RevisionOpener(Protocol):
    """Opens registered assets to be judged by."""

    def for_replay(self, payload: Payload, people: dict[str, int] | None = None) -> bytes:
        """Returns an asset whose erased names have stand-ins, by numbers that all who share `people` agree on."""
        ...


class RegisteredAssets:
    """Fills the port AssetResolver."""

    def __init__(self, book: FoundationBook, opener: RevisionOpener) -> None:
        """Takes where revisions are kept, and who opens the names in them."""
        self._book = book
        self._opener = opener

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
        if faults := tuple(reference_faults(proposal)):
            raise error_of(faults)
        held = pins or {}
        wanted = [(key, held.get(key) or each.revision) for each in proposal.assets for key in (key_of(each),)]
        found = await self._book.get(wanted)
        if absent := [each for each in wanted if each not in found]:
            raise _unknown(absent)
        numbers: dict[str, int] = {} if people is None else people
        known = [self._known(found[each], numbers) for each in wanted]
        return _joined(proposal, known), [_use(found[each]) for each in wanted]

    async def note_use(self, proposal_id: str, uses: Sequence[AssetUse]) -> None:
        """Keeps that a proposal references assets, so that it is found when these change."""
        await self._book.note_use(proposal_id, [key_of(each) for each in uses])

    def _known(self, filed: FiledRevision, people: dict[str, int]) -> Known:
        revision = filed.revision
        asset = Asset.FromString(self._opener.for_replay(revision.payload, people))
        return Known(revision.key, asset, f"{revision.key}@{revision.number}")


def _joined(proposal: Proposal, known: Sequence[Known]) -> Proposal:
    try:
        return joined_with(proposal, known)
    except FaultsError as error:
        rows = ((f"assets[{each.file}]", each.message, each.got, each.expected) for each in error.faults)
        raise InvalidInputError("proposal", tuple(sorted(rows))) from None


def _use(filed: FiledRevision) -> AssetUse:
    revision = filed.revision
    scope = AssetScope.Value(f"ASSET_SCOPE_{revision.key.scope.name}")
    return AssetUse(scope=scope, id=revision.key.id, revision=revision.number, digest=revision.digest)


def _unknown(absent: Collection[tuple[AssetKey, int]]) -> InvalidInputError:
    rows = []
    for key, number in absent:
        what = f"no {_WORDS[key.scope.value]} is registered under this id"
        message = f"{what}, or not in revision {number}" if number else what
        rows.append((f"assets[{key.id}]", message, f"{key}@{number}" if number else str(key), "a registered asset"))
    return InvalidInputError("proposal", tuple(sorted(rows)))
