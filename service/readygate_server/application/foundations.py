"""Assets that live once: registered revision by revision, and read by whoever judges or looks."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from readygate_server.application.foundation_ports import (
    AssetSealer,
    Claim,
    Claimed,
    FiledRevision,
    FoundationBook,
    NewRevision,
    SealedAsset,
)
from readygate_server.application.record_ports import NameVault
from readygate_server.domain.errors import (
    EtagMismatchError,
    NotFoundError,
    PermissionDeniedError,
    RequestIdReusedError,
)
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.identity import Principal, Role
from readygate_server.domain.vocabulary import Scope

READERS: Final = (Role.EVALUATOR, Role.STEWARD, Role.AUDITOR)
"""Who may look at assets."""
_KIND: Final = "asset"
_ATTEMPTS: Final = 8


class OfferedAsset(NamedTuple):
    """An asset to be registered. `content` has one encoding for all that says the same; the digest leaves names out."""

    key: AssetKey
    content: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class AssetView:
    """A revision as readers see it."""

    filed: FiledRevision
    registered_by: str
    """Empty after erasure."""
    content: bytes
    """The asset, with `*` for erased names."""
    is_whole: bool

    @property
    def key(self) -> AssetKey:
        """Which asset it is of."""
        return self.filed.revision.key

    @property
    def number(self) -> int:
        """Number of the revision."""
        return self.filed.revision.number


class Registered(NamedTuple):
    """What became of an offer: its revision, and whether that was made for it."""

    view: AssetView
    is_new: bool


class AssetPage(NamedTuple):
    """Some revisions, and whether there are more."""

    views: tuple[AssetView, ...]
    has_more: bool


class Foundations:
    """Registers assets and gives them to readers."""

    def __init__(self, book: FoundationBook, vault: NameVault, sealer: AssetSealer) -> None:
        """Takes where revisions are kept, and who seals names."""
        self._book = book
        self._vault = vault
        self._sealer = sealer
        self._turns: WeakValueDictionary[AssetKey, asyncio.Lock] = WeakValueDictionary()

    async def register(
        self, who: Principal, offered: OfferedAsset, *, request_id: str = "", newest: int | None = None
    ) -> Registered:
        """Keeps an asset as its next revision, unless the newest one says the same.

        Raises:
          PermissionDeniedError: when the caller may not register assets.
          RequestIdReusedError: when the caller used the id with another asset.
          EtagMismatchError: when there is another newest revision than the caller says.
        """
        who.require(Role.STEWARD)
        if not who.may(Role.STEWARD, asset=f"{offered.key.scope.value}/{offered.key.id}"):
            raise PermissionDeniedError(Role.STEWARD, asset=str(offered.key))
        sealed = await self._sealer.seal_soon(offered.content, caller=who.name)
        claim = None
        if request_id:
            fingerprint = sealed.fingerprint(offered.content, request_id)
            claim = Claim(self._vault.reference(who.name), request_id, fingerprint)
        # One after the other in this process, so that only other servers can be faster.
        async with self._turns.setdefault(offered.key, asyncio.Lock()):
            for attempt in range(_ATTEMPTS):
                if claim is not None and (known := await self._book.claimed(claim.caller, request_id)) is not None:
                    return await self._answered(claim, known)
                try:
                    return await self._offer(who, offered, sealed, claim, newest)
                except EtagMismatchError:
                    # Somebody else was faster: with another revision, or with the same request.
                    if newest is not None or attempt + 1 == _ATTEMPTS:
                        raise
        raise AssertionError("the last attempt returns or raises")

    async def get(self, who: Principal, key: AssetKey, number: int = 0) -> AssetView:
        """Returns a revision, of number 0 the newest; raises NotFoundError when there is none."""
        who.require(*READERS)
        return self._view(await self._filed(key, number))

    async def page(self, who: Principal, scope: Scope | None, *, after: tuple[str, str], size: int) -> AssetPage:
        """Returns the newest revision of each asset behind a scope and id, in their order."""
        who.require(*READERS)
        return self._page(await self._book.newest(scope, after=after, limit=size + 1), size)

    async def revisions(self, who: Principal, key: AssetKey, *, below: int, size: int) -> AssetPage:
        """Returns revisions of an asset, newest first; raises NotFoundError when there is no such asset."""
        who.require(*READERS)
        found = await self._book.revisions(key, below=below, limit=size + 1)
        if not found and not below:
            raise NotFoundError(_KIND, str(key))
        return self._page(found, size)

    async def _offer(
        self, who: Principal, offered: OfferedAsset, sealed: SealedAsset, claim: Claim | None, newest: int | None
    ) -> Registered:
        wanted = (offered.key, 0)
        last = (await self._book.get([wanted])).get(wanted)
        if last is not None and self._says(last, offered):
            if claim is not None:
                await self._book.claim(claim, offered.key, last.revision.number)
            return Registered(self._view(last), is_new=False)
        number = last.revision.number if last is not None else 0
        if newest is not None and newest != number:
            raise EtagMismatchError(_KIND, str(offered.key))
        name = who.name.encode()
        revision = NewRevision(
            key=offered.key,
            number=number + 1,
            digest=offered.digest,
            content=sealed.redacted,
            names=sealed.names,
            actor=self._vault.seal(who.name, name),
            content_commitment=sealed.commit(offered.content),
            actor_commitment=sealed.commit(name),
        )
        stamp = await self._book.append(revision, claim)
        return Registered(self._view(FiledRevision(revision, stamp)), is_new=True)

    async def _answered(self, claim: Claim, known: Claimed) -> Registered:
        if not hmac.compare_digest(known.request_hash, claim.request_hash):
            raise RequestIdReusedError(claim.request_id)
        return Registered(self._view(await self._filed(known.key, known.number)), known.is_new)

    async def _filed(self, key: AssetKey, number: int) -> FiledRevision:
        found = (await self._book.get([(key, number)])).get((key, number))
        if found is None:
            raise NotFoundError(_KIND, f"{key}@{number}" if number else str(key))
        return found

    def _says(self, filed: FiledRevision, offered: OfferedAsset) -> bool:
        """True when a revision says what is offered, to the letter of each name."""
        revision = filed.revision
        return revision.digest == offered.digest and self._sealer.open(revision.payload)[0] == offered.content

    def _page(self, filed: Sequence[FiledRevision], size: int) -> AssetPage:
        return AssetPage(tuple(map(self._view, filed[:size])), len(filed) > size)

    def _view(self, filed: FiledRevision) -> AssetView:
        content, is_whole = self._sealer.open(filed.revision.payload)
        name = self._vault.open(filed.revision.actor)
        return AssetView(filed, name.decode() if name is not None else "", content, is_whole)
