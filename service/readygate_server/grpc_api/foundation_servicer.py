"""FoundationService: converts, calls the use case, converts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import grpc.aio
from google.protobuf.message import Message

from readygate.v1 import foundation_service_pb2 as pb
from readygate.v1 import foundation_service_pb2_grpc
from readygate.v1.foundation_pb2 import Asset, AssetScope
from readygate_server.application.foundations import READERS, Foundations, OfferedAsset, Registered
from readygate_server.domain.errors import GateError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.identity import Role
from readygate_server.domain.vocabulary import Scope
from readygate_server.grpc_api.authorisation import permit
from readygate_server.grpc_api.foundation_messages import SCOPES_BY_NUMBER, revision_message
from readygate_server.grpc_api.page_tokens import PageTokens
from readygate_server.grpc_api.reevaluation import Reevaluation, Wanted
from readygate_server.grpc_api.requests import Faults, check_enum, usable_request_id
from readygate_server.observability import current_call, logger

_Context = grpc.aio.ServicerContext[Any, Any]
_ID: Final = re.compile(r"[a-z0-9._-]{1,63}")
_ASSETS: Final = "assets"
_REVISIONS: Final = "asset revisions"
_PROPOSALS: Final = "asset proposals"
_PAGE: Final = 50
_LARGEST_PAGE: Final = 1_000
_MOST_PROPOSALS: Final = 200
_OPEN_DAYS: Final = 90
_MOST_DAYS: Final = 366
_SPARE_SECONDS: Final = 1.0
"""What is left of a call's time when no further proposal is begun."""

Read = Callable[[Asset], OfferedAsset]
"""Returns a checked asset as it is registered; raises InvalidInputError or LimitExceededError."""


class FoundationServicer(foundation_service_pb2_grpc.FoundationServiceServicer):
    """Answers FoundationService."""

    def __init__(self, foundations: Foundations, read: Read, again: Reevaluation, tokens: PageTokens) -> None:
        """Takes the use case, who reads assets, who judges proposals again, and who makes tokens."""
        self._foundations = foundations
        self._read = read
        self._again = again
        self._tokens = tokens

    async def RegisterAsset(  # noqa: N802 -- the name in the contract
        self, request: pb.RegisterAssetRequest, context: _Context
    ) -> pb.RegisterAssetResponse:
        """Registers an asset or a new revision of one, and judges again what stands on it."""
        permit(Role.STEWARD)
        faults = Faults()
        if request.request_id and usable_request_id(request.request_id) != request.request_id:
            expected = "1 to 128 printable ASCII characters without spaces"
            faults.add("request_id", "the id is not well formed", got=request.request_id, expected=expected)
        newest = request.newest_revision if request.HasField("newest_revision") else None
        if newest is not None and newest < 0:
            faults.add("newest_revision", "no revision has this number", got=str(newest), expected="0 or more")
        offered = faults.gather(lambda: self._read(request.asset))
        faults.report()
        assert offered is not None, "an asset that could not be read has faults"
        who = current_call().principal
        registered = await self._foundations.register(who, offered, request_id=request.request_id, newest=newest)
        response = pb.RegisterAssetResponse(
            revision=revision_message(registered.view, with_asset=True), is_new=registered.is_new
        )
        if registered.is_new:
            response.reevaluation.CopyFrom(await self._changes(registered, context))
        return response

    async def GetAsset(  # noqa: N802 -- the name in the contract
        self, request: pb.GetAssetRequest, _context: _Context
    ) -> pb.GetAssetResponse:
        """Returns a revision of an asset."""
        permit(*READERS)
        faults = Faults()
        key = _key(request.scope, request.id, faults)
        if request.revision < 0:
            faults.add("revision", "no revision has this number", got=str(request.revision), expected="0 or more")
        faults.report()
        view = await self._foundations.get(current_call().principal, key, request.revision)
        return pb.GetAssetResponse(revision=revision_message(view, with_asset=True))

    async def ListAssets(  # noqa: N802 -- the name in the contract
        self, request: pb.ListAssetsRequest, _context: _Context
    ) -> pb.ListAssetsResponse:
        """Lists the newest revisions of assets."""
        permit(*READERS)
        faults = Faults()
        check_enum("scope", request.scope, AssetScope.DESCRIPTOR, faults)
        _check_page(request.page_size, _LARGEST_PAGE, faults)
        faults.report()
        who, query = current_call().principal, pb.ListAssetsRequest(scope=request.scope)
        scope, _, id_ = self._position(_ASSETS, query, request.page_token).partition("/")
        wanted = SCOPES_BY_NUMBER.get(request.scope)
        page = await self._foundations.page(who, wanted, after=(scope, id_), size=request.page_size or _PAGE)
        response = pb.ListAssetsResponse(assets=[revision_message(each, with_asset=False) for each in page.views])
        if page.has_more:
            last = page.views[-1].key
            response.next_page_token = self._token(_ASSETS, query, f"{last.scope.value}/{last.id}")
        return response

    async def ListAssetRevisions(  # noqa: N802 -- the name in the contract
        self, request: pb.ListAssetRevisionsRequest, _context: _Context
    ) -> pb.ListAssetRevisionsResponse:
        """Lists the revisions of an asset, newest first."""
        permit(*READERS)
        faults = Faults()
        key = _key(request.scope, request.id, faults)
        _check_page(request.page_size, _LARGEST_PAGE, faults)
        faults.report()
        query = pb.ListAssetRevisionsRequest(scope=request.scope, id=request.id)
        below = int(self._position(_REVISIONS, query, request.page_token) or 0)
        who, size = current_call().principal, request.page_size or _PAGE
        page = await self._foundations.revisions(who, key, below=below, size=size)
        response = pb.ListAssetRevisionsResponse(
            revisions=[revision_message(each, with_asset=False) for each in page.views]
        )
        if page.has_more:
            response.next_page_token = self._token(_REVISIONS, query, str(page.views[-1].number))
        return response

    async def ReevaluateProposals(  # noqa: N802 -- the name in the contract
        self, request: pb.ReevaluateProposalsRequest, context: _Context
    ) -> pb.ReevaluateProposalsResponse:
        """Judges open proposals again; records nothing."""
        permit(*READERS)
        faults = Faults()
        key = _key(request.scope, request.id, faults)
        if not 0 <= request.open_days <= _MOST_DAYS:
            faults.add("open_days", "too many days", got=str(request.open_days), expected=f"0 to {_MOST_DAYS}")
        _check_page(request.page_size, _MOST_PROPOSALS, faults)
        faults.report()
        who, query = current_call().principal, _proposals(key, request.open_days)
        after = self._position(_PROPOSALS, query, request.page_token)
        await self._foundations.get(who, key)
        wanted = Wanted(key, request.open_days or _OPEN_DAYS, after, request.page_size or _PAGE)
        return pb.ReevaluateProposalsResponse(reevaluation=await self._judged_again(wanted, query, context))

    async def _changes(self, registered: Registered, context: _Context) -> pb.Reevaluation:
        """Returns what a new revision changes; that it is registered holds, also when this can not be told."""
        key = registered.view.key
        try:
            return await self._judged_again(Wanted(key, _OPEN_DAYS, "", _PAGE), _proposals(key, 0), context)
        except GateError as error:
            logger().error("not_reevaluated", asset=str(key), detail=str(error))
            return pb.Reevaluation(next_page_token=self._token(_PROPOSALS, _proposals(key, 0), ""))

    async def _judged_again(self, wanted: Wanted, query: Message, context: _Context) -> pb.Reevaluation:
        def is_over() -> bool:
            remaining: float | None = context.time_remaining()
            return remaining is not None and remaining < _SPARE_SECONDS

        found = await self._again.page(current_call().principal, wanted, is_over)
        if found.next:
            found.message.next_page_token = self._token(_PROPOSALS, query, found.next)
        return found.message

    def _position(self, kind: str, query: Message, token: str) -> str:
        return self._tokens.read(kind, query, caller=current_call().principal.name, token=token) if token else ""

    def _token(self, kind: str, query: Message, position: str) -> str:
        return self._tokens.make(kind, query, caller=current_call().principal.name, position=position)


def _proposals(key: AssetKey, open_days: int) -> pb.ReevaluateProposalsRequest:
    scope = AssetScope.Value(f"ASSET_SCOPE_{key.scope.name}")
    return pb.ReevaluateProposalsRequest(scope=scope, id=key.id, open_days=open_days)


def _key(scope: AssetScope.ValueType, id_: str, faults: Faults) -> AssetKey:
    if check_enum("scope", scope, AssetScope.DESCRIPTOR, faults) and not scope:
        faults.add("scope", "the field is required", expected=", ".join(map(AssetScope.Name, SCOPES_BY_NUMBER)))
    if _ID.fullmatch(id_) is None:
        message = "the id is not well formed" if id_ else "the field is required"
        faults.add("id", message, got=id_, expected="1 to 63 of a-z, 0-9, '.', '_' and '-'")
    return AssetKey(SCOPES_BY_NUMBER.get(scope, Scope.SOURCE), id_)


def _check_page(size: int, largest: int, faults: Faults) -> None:
    if not 0 <= size <= largest:
        faults.add("page_size", "the page is too large", got=str(size), expected=f"0 to {largest:,}")
