"""`readygate assets`: register data sources, APIs and workflows once, look at them, and see what stands on them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_server_command

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from readygate import GateClient
    from readygate.v1.foundation_pb2 import AssetScope
    from readygate.v1.foundation_service_pb2 import AssetRevision, Reevaluation, RegisterAssetRequest
    from readygate_server.adapters.foundations.updating import Named

_REFUSED: Final = ("PERMISSION_DENIED", "ETAG_MISMATCH", "REQUEST_ID_REUSED", "NOT_FOUND")
_EXITS: Final = "exit codes: 0 done; 1 refused, with the reason; 3 bad input or usage; 4 the service failed"
_SCOPES: Final = ("source", "api", "workflow")
_PAGE: Final = 200


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("assets", help="register data sources, APIs and workflows once for all proposals")
    own = parser.add_subparsers(dest="assets_command", required=True, metavar="COMMAND")
    register = _add(own, "register", _register, "register the assets in files, and say which verdicts that changes")
    register.add_argument(
        "files", nargs="+", metavar="FILE", help="facts and evidence, as `readygate collect` writes them; - for stdin"
    )
    register.add_argument(
        "--replace", action="store_true", help="drop what else is registered of them (default: keep it)"
    )
    register.add_argument(
        "--limit", type=int, default=1000, metavar="N", help="most proposals that are judged again (default: 1000)"
    )
    listing = _add(own, "list", _list, "list assets, each as it is now")
    listing.add_argument("--scope", choices=_SCOPES, help="only those of one kind")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="most that are shown (default: 50)")
    show = _add(own, "show", _show, "show an asset with its facts and evidence")
    _add_asset(show)
    show.add_argument("--revision", type=int, default=0, metavar="N", help="as it was then (default: as it is now)")
    revisions = _add(own, "revisions", _revisions, "list the revisions of an asset, newest first")
    _add_asset(revisions)
    revisions.add_argument("--limit", type=int, default=50, metavar="N", help="most that are shown (default: 50)")
    proposals = _add(own, "proposals", _proposals, "judge the open proposals that stand on an asset again, today")
    _add_asset(proposals)
    proposals.add_argument(
        "--open-days", type=int, default=0, metavar="N", help="how long a proposal is open after its decision"
    )
    proposals.add_argument(
        "--limit", type=int, default=1000, metavar="N", help="most proposals that are judged again (default: 1000)"
    )


def _add(own: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    return add_server_command(own, name, run, text, exits=_EXITS)


def _add_asset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ID", help="id of the asset")
    parser.add_argument("--scope", choices=_SCOPES, help="what it is, where several have the id")


def _server(options: argparse.Namespace) -> AbstractContextManager[GateClient]:
    from readygate_server.cli.connection import asking

    return asking(options.server, refused=_REFUSED)


def _register(options: argparse.Namespace) -> Exit:
    from readygate.v1 import foundation_service_pb2 as pb
    from readygate_server.cli.asset_files import found_in
    from readygate_server.cli.asset_text import registered_line

    found = found_in(options.files)
    done = []
    with _server(options) as client:
        for each in found:
            request = pb.RegisterAssetRequest(asset=each.asset)
            if not options.replace:
                _update(client, each, request)
            answer = client.register_asset(request)
            revision = answer.revision
            _follow(client, revision.scope, revision.id, 0, answer.reevaluation, options.limit)
            done.append(answer)
            if options.format == "text":
                print(registered_line(answer))
                _print_changes(answer.reevaluation)
    return _json(done) if options.format == "json" else Exit.GO


def _update(client: GateClient, found: Named, request: RegisterAssetRequest) -> None:
    """Joins what was found to what is registered, if anything is; refused when that changes meanwhile."""
    from readygate import GateError
    from readygate.v1 import foundation_service_pb2 as pb
    from readygate_server.adapters.foundations.forms import key_of
    from readygate_server.adapters.foundations.updating import updated
    from readygate_server.cli.options import faults_text
    from readygate_server.domain.faults import FaultsError

    key = key_of(found.asset)
    try:
        newest = client.get_asset(pb.GetAssetRequest(scope=_scope(key.scope.value), id=key.id)).revision
        request.asset.CopyFrom(updated(newest.asset, found))
        request.newest_revision = newest.revision
    except GateError as error:
        if error.reason != "NOT_FOUND":
            raise
        request.newest_revision = 0
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None


def _list(options: argparse.Namespace) -> Exit:
    with _server(options) as client:
        found = list(islice(_assets(client, options), max(0, options.limit)))
    return _print_revisions(found, options, none="no assets")


def _assets(client: GateClient, options: argparse.Namespace) -> Iterator[AssetRevision]:
    from readygate.v1 import foundation_service_pb2 as pb

    request = pb.ListAssetsRequest(page_size=min(max(options.limit, 1), 1000))
    if options.scope:
        request.scope = _scope(options.scope)
    while True:
        page = client.list_assets(request)
        yield from page.assets
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def _show(options: argparse.Namespace) -> Exit:
    with _server(options) as client:
        revision = _found(client, options, options.revision)
    if options.format == "json":
        return _json([revision])
    from readygate_server.cli.asset_text import lines

    print("\n".join(lines(revision)))
    return Exit.GO


def _revisions(options: argparse.Namespace) -> Exit:
    from readygate.v1 import foundation_service_pb2 as pb

    found: list[AssetRevision] = []
    with _server(options) as client:
        newest = _found(client, options)
        request = pb.ListAssetRevisionsRequest(scope=newest.scope, id=newest.id)
        while len(found) < options.limit:
            request.page_size = min(options.limit - len(found), 1000)
            page = client.list_asset_revisions(request)
            found += page.revisions
            request.page_token = page.next_page_token
            if not page.next_page_token:
                break
    return _print_revisions(found, options, none="no revisions")


def _proposals(options: argparse.Namespace) -> Exit:
    from readygate.v1 import foundation_service_pb2 as pb

    with _server(options) as client:
        asset = _found(client, options)
        request = pb.ReevaluateProposalsRequest(
            scope=asset.scope, id=asset.id, open_days=options.open_days, page_size=min(max(options.limit, 1), _PAGE)
        )
        found = client.reevaluate_proposals(request).reevaluation
        _follow(client, asset.scope, asset.id, options.open_days, found, options.limit)
    if options.format == "json":
        return _json([found])
    _print_changes(found, with_all=True)
    return Exit.GO


def _follow(
    client: GateClient, scope: AssetScope.ValueType, id_: str, days: int, found: Reevaluation, limit: int
) -> None:
    """Adds what further pages tell, while fewer proposals than the limit were looked at."""
    from readygate.v1 import foundation_service_pb2 as pb

    while found.next_page_token and len(found.proposals) < limit:
        if sys.stderr.isatty():
            print(f"{len(found.proposals)} proposals judged again", file=sys.stderr)
        request = pb.ReevaluateProposalsRequest(
            scope=scope, id=id_, open_days=days, page_size=_PAGE, page_token=found.next_page_token
        )
        found.ClearField("next_page_token")
        more = client.reevaluate_proposals(request).reevaluation
        found.proposals.extend(more.proposals)
        found.pinned += more.pinned
        found.not_shown += more.not_shown
        found.next_page_token = more.next_page_token


def _found(client: GateClient, options: argparse.Namespace, number: int = 0) -> AssetRevision:
    """Returns the asset that is meant, of whatever kind it is."""
    from readygate import GateError
    from readygate.v1 import foundation_service_pb2 as pb

    found = []
    for name in (options.scope,) if options.scope else _SCOPES:
        request = pb.GetAssetRequest(scope=_scope(name), id=options.asset, revision=number)
        try:
            found.append(client.get_asset(request).revision)
        except GateError as error:
            if error.reason != "NOT_FOUND" or options.scope:
                raise
    if not found:
        wanted = f"{options.asset}@{number}" if number else options.asset
        raise CommandError(f"no asset has the id {wanted}", Exit.NO_GO)
    if len(found) > 1:
        from readygate_server.cli.asset_text import name_of_scope

        kinds = ", ".join(name_of_scope(each.scope) for each in found)
        raise CommandError(f"{options.asset}: there are several, so say which with --scope: {kinds}")
    return found[0]


def _scope(name: str) -> AssetScope.ValueType:
    from readygate.v1.foundation_pb2 import AssetScope

    return AssetScope.Value(f"ASSET_SCOPE_{name.upper()}")


def _json(messages: Sequence[Message]) -> Exit:
    from google.protobuf.json_format import MessageToDict

    plain = [MessageToDict(each, preserving_proto_field_name=True) for each in messages]
    json.dump(plain, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return Exit.GO


def _print_revisions(found: Sequence[AssetRevision], options: argparse.Namespace, *, none: str) -> Exit:
    if options.format == "json":
        return _json(found)
    from readygate_server.cli.asset_text import headline

    print("\n".join(map(headline, found)) or none)
    return Exit.GO


def _print_changes(found: Reevaluation, *, with_all: bool = False) -> None:
    from readygate_server.cli.asset_text import change_lines

    for line in change_lines(found, with_all=with_all):
        print(line)
