"""Registered assets: the list, and one with its revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from readygate.v1 import foundation_pb2
from readygate.v1 import foundation_service_pb2 as pb
from readygate_server.adapters.proposals.flatten import facts_in
from readygate_server.domain.facts import Facts
from readygate_server.web.app.errors import plain_error
from readygate_server.web.app.visit import Page, Visit

_SCOPES: Final[Mapping[str, foundation_pb2.AssetScope.ValueType]] = {
    "source": foundation_pb2.ASSET_SCOPE_SOURCE,
    "api": foundation_pb2.ASSET_SCOPE_API,
    "workflow": foundation_pb2.ASSET_SCOPE_WORKFLOW,
}
_NAMES: Final = {number: name for name, number in _SCOPES.items()}
_FIELDS: Final = {"source": "data_sources", "api": "apis", "workflow": "workflows"}
_PAGE: Final = 50


async def assets(visit: Visit) -> Response:
    """Lists assets, each as it is now."""
    if not visit.house.keeps_record:
        return visit.page("no_record.html")
    asked = visit.request.query_params
    scope = asked.get("scope", "")
    token = asked.get("page", "")
    request = pb.ListAssetsRequest(
        scope=_SCOPES.get(scope, foundation_pb2.ASSET_SCOPE_UNSPECIFIED), page_size=_PAGE, page_token=token
    )
    reply = await visit.ask(request, pb.ListAssetsResponse)
    context = {
        "assets": reply.assets,
        "names": _NAMES,
        "scope": scope if scope in _SCOPES else "",
        "scopes": tuple(_SCOPES),
        "token": reply.next_page_token,
        "is_later_page": bool(token),
    }
    return visit.page("assets.html", context)


async def asset(visit: Visit) -> Response:
    """Shows an asset, as it is now or was in a revision, and lists its revisions."""
    asked = visit.request.path_params
    scope, asset_id = _SCOPES.get(asked["scope"]), asked["id"]
    if scope is None:
        return plain_error(visit, 404, "There is no such page", "The address leads to nothing here.")
    text = visit.request.query_params.get("revision", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
    request = pb.GetAssetRequest(scope=scope, id=asset_id, revision=number)
    found = (await visit.ask(request, pb.GetAssetResponse)).revision
    listing = pb.ListAssetRevisionsRequest(scope=scope, id=asset_id, page_size=_PAGE)
    listed = await visit.ask(listing, pb.ListAssetRevisionsResponse)
    context = {
        "asset": found,
        "scope": asked["scope"],
        "facts": _facts(found.asset),
        "evidence": found.asset.evidence,
        "revisions": listed.revisions,
    }
    return visit.page("asset.html", context)


def _facts(asset: foundation_pb2.Asset) -> Facts:
    kind = asset.WhichOneof("kind")
    return facts_in(_FIELDS[kind], getattr(asset, kind)) if kind else {}


PAGES: Final[Sequence[tuple[str, str, Page]]] = (
    ("GET", "/assets", assets),
    ("GET", "/assets/{scope}/{id}", asset),
)
