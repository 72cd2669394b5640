"""Assets as messages: checked, in one encoding for all that says the same, and as the parts of proposals they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.message import Message

from readygate.v1.foundation_pb2 import Asset
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.digest import facts_digest
from readygate_server.adapters.proposals.faults import ProposalFault, error_of
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
from readygate_server.application.foundations import OfferedAsset
from readygate_server.domain.errors import InvalidInputError, LimitExceededError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.vocabulary import Scope

MOST_ENTRIES: Final = 1_000
"""Entries of evidence, and statements, of one asset."""
_NO_ID: Final = "asset"
_Fault = tuple[str, str, str, str]


def offered(asset: Asset) -> OfferedAsset:
    """Returns a checked asset as it is registered.

    Raises:
      InvalidInputError: with every fault of it.
      LimitExceededError: when a list or text of it is too long.
    """
    kind = asset.WhichOneof("kind")
    if kind is None:
        expected = f"one of {', '.join(scope.value for scope in ASSET_FIELDS)}"
        raise InvalidInputError("asset", (("asset.kind", "the field is required", "", expected),))
    for name in ("evidence", "statements"):
        if (count := len(getattr(asset, name))) > MOST_ENTRIES:
            raise LimitExceededError(f"asset.{name}", MOST_ENTRIES, count)
    part = part_of(asset)
    _refuse_faults(part, kind)
    key = key_of(asset)
    plain = _in_order(asset)
    return OfferedAsset(key, plain.SerializeToString(deterministic=True), digest_of(plain))


def key_of(asset: Asset) -> AssetKey:
    """Returns which asset it is."""
    kind = asset.WhichOneof("kind") or ""
    return AssetKey(Scope(kind), subject_of(asset).id)


def subject_of(asset: Asset) -> Any:
    """Returns the data source, API or workflow itself."""
    return getattr(asset, asset.WhichOneof("kind") or "")


def digest_of(asset: Asset) -> str:
    """Returns the digest over all that an asset says but names of people: that of a proposal that says nothing else."""
    part = part_of(asset)
    part.id = subject_of(asset).id
    return facts_digest(part)


def part_of(asset: Asset) -> Proposal:
    """Returns the part of a proposal that says the same; its id stands for none."""
    part = Proposal(id=_NO_ID, evidence=asset.evidence, statements=asset.statements)
    getattr(part, ASSET_FIELDS[Scope(asset.WhichOneof("kind") or "")]).append(subject_of(asset))
    return part


def assets_in(part: Proposal) -> Iterator[Asset]:
    """Yields the assets of a proposal or a part of one, each with what is said of it."""
    for scope, field in ASSET_FIELDS.items():
        for subject in getattr(part, field):
            asset = Asset(
                evidence=[each for each in part.evidence if each.subject == subject.id],
                statements=[each for each in part.statements if each.subject == subject.id],
            )
            getattr(asset, scope.value).CopyFrom(subject)
            yield asset


def _refuse_faults(part: Proposal, kind: str) -> None:
    faults = validate_proposal(part)
    if any(fault.limit for fault in faults):
        raise error_of(faults)
    found = [(_path(fault, kind), fault.message, fault.got, fault.expected) for fault in faults]
    found += _strangers(part)
    if found:
        raise InvalidInputError("asset", tuple(sorted(found)))


def _path(fault: ProposalFault, kind: str) -> str:
    """Returns the place of a fault as the asset has it: `asset.source.completeness`."""
    head, _, rest = fault.path.partition(".")
    if fault.place[0] in ASSET_FIELDS.values():
        return f"asset.{kind}.{rest}"
    return f"asset.{head}.{rest}" if rest else f"asset.{head}"


def _strangers(part: Proposal) -> Iterator[_Fault]:
    """Yields what is about something else than the asset."""
    (own,) = (subject.id for field in ASSET_FIELDS.values() for subject in getattr(part, field))
    for name in ("evidence", "statements"):
        for index, each in enumerate(getattr(part, name)):
            if not each.subject:
                yield f"asset.{name}[{index}].subject", "an asset says nothing about the deployment", "", own


def _in_order(asset: Asset) -> Asset:
    """Returns an asset that says the same, each entry once and in an order that follows from what they say."""
    plain = Asset(evidence=_sorted(asset.evidence), statements=_sorted(asset.statements))
    getattr(plain, asset.WhichOneof("kind") or "").CopyFrom(subject_of(asset))
    return plain


def _sorted(entries: Any) -> list[Any]:
    held: dict[bytes, Message] = {each.SerializeToString(deterministic=True): each for each in entries}
    return [held[text] for text in sorted(held)]
