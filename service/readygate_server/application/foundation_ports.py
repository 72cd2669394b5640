"""What registered assets need from outside. One contract suite in `tests/contracts` holds for every book."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.record import Payload, SealedText, Stamp
from readygate_server.domain.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A revision to be kept, with what its leaf of the log commits to. Names in it, and who registered it, are sealed.

    `content` is the asset with every name filled with `*`; the leaf has its digest.
    """

    key: AssetKey
    number: int
    """From 1; no asset has two revisions of one number."""
    digest: str
    content: bytes
    names: bytes
    actor: SealedText
    content_commitment: bytes
    actor_commitment: bytes

    @property
    def payload(self) -> Payload:
        """Returns content and names as they are sealed and opened."""
        return Payload(self.content, self.names, b"")


@dataclass(frozen=True, slots=True)
class FiledRevision:
    """A revision as kept: what it is, and when under which id of an entry it was recorded."""

    revision: NewRevision
    stamp: Stamp


class Claim(NamedTuple):
    """A request id of a caller, which goes by a reference, and the fingerprint of the request that had it first."""

    caller: str
    request_id: str
    request_hash: bytes


class Claimed(NamedTuple):
    """What a request id stands for: the fingerprint, the revision that was the answer, and whether it was new."""

    request_hash: bytes
    key: AssetKey
    number: int
    is_new: bool


class Use(NamedTuple):
    """A proposal that referenced an asset at least once; `id` orders such proposals by when they first did."""

    id: str
    proposal_id: str


class FoundationBook(Protocol):
    """Keeps revisions of assets. Every method raises RecordUnavailableError when it can not."""

    async def append(self, revision: NewRevision, claim: Claim | None) -> Stamp:
        """Keeps a revision with its entry of the log and the claim of its request; durable when it returns.

        Raises:
          EtagMismatchError: when its number is not the next one, or the request id is taken; nothing is kept then.
        """
        ...

    async def claim(self, claim: Claim, key: AssetKey, number: int) -> None:
        """Keeps that a request was answered with a revision that was there; raises EtagMismatchError as `append`."""
        ...

    async def claimed(self, caller: str, request_id: str) -> Claimed | None:
        """Returns what a request id stands for, None when it is free."""
        ...

    async def get(self, wanted: Collection[tuple[AssetKey, int]]) -> Mapping[tuple[AssetKey, int], FiledRevision]:
        """Returns revisions by asset and number, of which 0 is the newest; those that there are not are left out.

        Sees every revision that was durable before it was called, whichever server kept it.
        """
        ...

    async def newest(self, scope: Scope | None, *, after: tuple[str, str], limit: int) -> Sequence[FiledRevision]:
        """Returns the newest revision of each asset behind a scope and id, in their order, at most `limit`."""
        ...

    async def revisions(self, key: AssetKey, *, below: int, limit: int) -> Sequence[FiledRevision]:
        """Returns revisions with numbers below one (all when 0), the highest number first, at most `limit`."""
        ...

    async def note_use(self, proposal_id: str, keys: Collection[AssetKey]) -> None:
        """Keeps that a proposal references assets; nothing when that is kept already."""
        ...

    async def users(self, key: AssetKey, *, after: str, limit: int) -> Sequence[Use]:
        """Returns the proposals that referenced an asset behind one by its id (all when empty), at most `limit`."""
        ...


class SealedAsset(Protocol):
    """An asset whose names are sealed."""

    @property
    def redacted(self) -> bytes:
        """The asset with every letter of a name as `*`."""
        ...

    @property
    def names(self) -> bytes:
        """The sealed names with their places, and what the salt is made of."""
        ...

    def commit(self, text: bytes) -> bytes:
        """Returns HMAC-SHA-256 over a text with the revision's salt, which goes with the names."""
        ...

    def fingerprint(self, request: bytes, request_id: str) -> bytes:
        """Returns what is the same for the same asset under the same request id, and for no other."""
        ...


class AssetSealer(Protocol):
    """Seals the names in assets, and opens them."""

    async def seal_soon(self, request: bytes, *, caller: str) -> SealedAsset:
        """Returns an asset with its names sealed; the caller's has a share in the salt."""
        ...

    def open(self, payload: Payload) -> tuple[bytes, bool]:
        """Returns an asset as registered and True, or with `*` for the names that were erased and False."""
        ...
