"""Everything around registered assets, in memory: a book, a sealer, and people."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from readygate_server.application.foundation_ports import Claim, Claimed, FiledRevision, NewRevision, Use
from readygate_server.application.foundations import Foundations, OfferedAsset
from readygate_server.domain.errors import EtagMismatchError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.record import Payload, SealedText, Stamp
from readygate_server.domain.vocabulary import Scope
from tests.fake_waivers import NOW, FakeVault

CRM = AssetKey(Scope.SOURCE, "crm")


def revision(key: AssetKey = CRM, number: int = 1, content: bytes = b"content", **other: Any) -> NewRevision:
    """Returns a revision to be kept."""
    return NewRevision(
        key=key,
        number=number,
        digest=other.get("digest", f"sha256:{sha256(content).hexdigest()}"),
        content=content,
        names=b"names",
        actor=SealedText(other.get("person", "person-1"), b"\x00cipher\xff"),
        content_commitment=hmac.digest(b"salt", content, "sha256"),
        actor_commitment=hmac.digest(b"salt", b"ada", "sha256"),
    )


def offer(content: bytes = b"content", key: AssetKey = CRM) -> OfferedAsset:
    """Returns an asset to be registered."""
    return OfferedAsset(key, content, f"sha256:{sha256(content).hexdigest()}")


class FakeFoundationBook:
    """A book whose every operation lets others go first, so that races show."""

    def __init__(self) -> None:
        """Starts empty."""
        self.filed: list[FiledRevision] = []
        self.claims: dict[tuple[str, str], Claimed] = {}
        self.uses: dict[tuple[AssetKey, str], str] = {}

    async def append(self, revision: NewRevision, claim: Claim | None) -> Stamp:
        """Keeps a revision."""
        await asyncio.sleep(0)
        if revision.number != self._last(revision.key) + 1 or (claim and (claim[0], claim[1]) in self.claims):
            raise EtagMismatchError("asset", str(revision.key))
        stamp = Stamp(f"{len(self.filed) + 1:032x}", NOW * 1_000_000 + len(self.filed))
        self.filed.append(FiledRevision(revision, stamp))
        if claim:
            claimed = Claimed(claim.request_hash, revision.key, revision.number, is_new=True)
            self.claims[claim.caller, claim.request_id] = claimed
        return stamp

    async def claim(self, claim: Claim, key: AssetKey, number: int) -> None:
        """Keeps what a request was answered with."""
        await asyncio.sleep(0)
        if (claim.caller, claim.request_id) in self.claims:
            raise EtagMismatchError("asset", str(key))
        self.claims[claim.caller, claim.request_id] = Claimed(claim.request_hash, key, number, is_new=False)

    async def claimed(self, caller: str, request_id: str) -> Claimed | None:
        """Returns what a request id stands for."""
        await asyncio.sleep(0)
        return self.claims.get((caller, request_id))

    async def get(self, wanted: Collection[tuple[AssetKey, int]]) -> Mapping[tuple[AssetKey, int], FiledRevision]:
        """Returns revisions by asset and number."""
        await asyncio.sleep(0)
        held = {(each.revision.key, each.revision.number): each for each in self.filed}
        found = {(key, number): held.get((key, number or self._last(key))) for key, number in wanted}
        return {each: filed for each, filed in found.items() if filed is not None}

    async def newest(self, scope: Scope | None, *, after: tuple[str, str], limit: int) -> Sequence[FiledRevision]:
        """Returns the newest revision of each asset."""
        keys = sorted({each.revision.key for each in self.filed}, key=lambda key: (key.scope.value, key.id))
        wanted = [key for key in keys if scope in (None, key.scope) and (key.scope.value, key.id) > after]
        return [(await self.get([(key, 0)]))[key, 0] for key in wanted][:limit]

    async def revisions(self, key: AssetKey, *, below: int, limit: int) -> Sequence[FiledRevision]:
        """Returns revisions of an asset, newest first."""
        found = [each for each in self.filed if each.revision.key == key and not 0 < below <= each.revision.number]
        return sorted(found, key=lambda each: -each.revision.number)[:limit]

    async def note_use(self, proposal_id: str, keys: Collection[AssetKey]) -> None:
        """Keeps that a proposal references assets."""
        for key in keys:
            self.uses.setdefault((key, proposal_id), f"{len(self.uses):032x}")

    async def users(self, key: AssetKey, *, after: str, limit: int) -> Sequence[Use]:
        """Returns the proposals that referenced an asset."""
        found = sorted(Use(id_, proposal) for (held, proposal), id_ in self.uses.items() if held == key and id_ > after)
        return found[:limit]

    def _last(self, key: AssetKey) -> int:
        return max((each.revision.number for each in self.filed if each.revision.key == key), default=0)


@dataclass(frozen=True)
class FakeSealed:
    """An asset without names."""

    redacted: bytes
    names: bytes = b"names"

    def commit(self, text: bytes) -> bytes:
        """Returns a commitment."""
        return hmac.digest(b"salt", text, "sha256")

    def fingerprint(self, request: bytes, request_id: str) -> bytes:
        """Returns what only the same asset under the same id has."""
        return hmac.digest(request_id.encode(), request, "sha256")


class FakeSealer:
    """Seals assets in which nobody is named."""

    async def seal_soon(self, request: bytes, *, caller: str) -> FakeSealed:
        """Returns the asset as it is."""
        del caller
        return FakeSealed(request)

    def open(self, payload: Payload) -> tuple[bytes, bool]:
        """Returns the asset as it is."""
        return payload.request, True


@dataclass
class AssetWorld:
    """The use case and everything around it."""

    book: Any = field(default_factory=FakeFoundationBook)
    vault: FakeVault = field(default_factory=FakeVault)

    @property
    def foundations(self) -> Foundations:
        """The use case over all of it."""
        return Foundations(self.book, self.vault, FakeSealer())
