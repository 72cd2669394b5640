"""`readygate waivers`: ask a server for an exception, approve it, take it back, and look at what there is."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from readygate_server.cli.exits import Exit
from readygate_server.cli.options import add_server_command, day

if TYPE_CHECKING:
    from readygate import GateClient
    from readygate.v1.waiver_service_pb2 import WaiverRecord

_REFUSED: Final = ("WAIVER_REFUSED", "PERMISSION_DENIED", "ETAG_MISMATCH", "NOT_FOUND")
_EXITS: Final = "exit codes: 0 done; 1 refused, with the reason; 3 bad input or usage; 4 the service failed"
_STATES: Final = ("requested", "approved", "revoked")


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("waivers", help="ask for exceptions to rules, approve them and take them back")
    own = parser.add_subparsers(dest="waivers_command", required=True, metavar="COMMAND")
    request = _add(own, "request", _request, "ask for a waiver of a rule that is in the way of a recorded decision")
    request.add_argument("decision", metavar="DECISION", help="id of the decision")
    request.add_argument("rule", metavar="RULE", help="id of the rule, such as DAT-03")
    request.add_argument(
        "--subject", default="", metavar="ID", help="data source, API or workflow (default: the deployment itself)"
    )
    request.add_argument("--reason", required=True, metavar="TEXT", help="why; kept for good, so name nobody")
    request.add_argument("--control", required=True, metavar="TEXT", help="what limits the harm meanwhile")
    request.add_argument("--from", dest="start", type=day, metavar="DATE", help="first day (default: today in UTC)")
    request.add_argument(
        "--until", dest="end", required=True, type=day, metavar="DATE", help="last day, within the rule's maximum"
    )
    approve = _add(own, "approve", _approve, "approve a waiver; takes a person who has just signed in")
    _add_waiver(approve)
    approve.add_argument("--reason", default="", metavar="TEXT", help="why; kept for good, so name nobody")
    revoke = _add(own, "revoke", _revoke, "take a waiver back, from the next decision on")
    _add_waiver(revoke)
    revoke.add_argument("--reason", required=True, metavar="TEXT", help="why; kept for good, so name nobody")
    show = _add(own, "show", _show, "show a waiver with everything that happened to it")
    show.add_argument("waiver", metavar="WAIVER", help="id of the waiver")
    listing = _add(own, "list", _list, "list waivers, newest first")
    listing.add_argument("--state", choices=_STATES, help="only those that stand there")
    listing.add_argument("--facts", default="", metavar="DIGEST", help="only those for a proposal, by its facts digest")
    listing.add_argument(
        "--limit", type=int, default=50, metavar="N", help="most that are shown (default: %(default)s)"
    )


def _add(own: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    return add_server_command(own, name, run, text, exits=_EXITS)


def _add_waiver(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("waiver", metavar="WAIVER", help="id of the waiver")
    parser.add_argument(
        "--etag",
        default="",
        metavar="ETAG",
        help="state that you saw, as `show` prints it; refused when it has changed (default: the state of now)",
    )


def _server(options: argparse.Namespace) -> AbstractContextManager[GateClient]:
    from readygate_server.cli.connection import asking

    return asking(options.server, refused=_REFUSED)


def _request(options: argparse.Namespace) -> Exit:
    from readygate.v1 import waiver_service_pb2 as pb

    request = pb.RequestWaiverRequest(
        decision_id=options.decision,
        rule_id=options.rule.upper(),
        subject=options.subject,
        reason=options.reason,
        compensating_control=options.control,
        starts_on=options.start or datetime.now(UTC).date().isoformat(),
        ends_on=options.end,
    )
    with _server(options) as client:
        return _print([client.request_waiver(request).waiver], options)


def _approve(options: argparse.Namespace) -> Exit:
    from readygate.v1 import waiver_service_pb2 as pb

    with _server(options) as client:
        etag = options.etag or _get(client, options.waiver).etag
        request = pb.ApproveWaiverRequest(waiver_id=options.waiver, etag=etag, reason=options.reason)
        return _print([client.approve_waiver(request).waiver], options)


def _revoke(options: argparse.Namespace) -> Exit:
    from readygate.v1 import waiver_service_pb2 as pb

    with _server(options) as client:
        etag = options.etag or _get(client, options.waiver).etag
        request = pb.RevokeWaiverRequest(waiver_id=options.waiver, etag=etag, reason=options.reason)
        return _print([client.revoke_waiver(request).waiver], options)


def _show(options: argparse.Namespace) -> Exit:
    with _server(options) as client:
        return _print([_get(client, options.waiver)], options)


def _list(options: argparse.Namespace) -> Exit:
    with _server(options) as client:
        found = list(islice(_pages(client, options), max(0, options.limit)))
    if options.format == "json":
        return _print(found, options)
    for waiver in found:
        print(f"{waiver.waiver.id}  {_headline(waiver)}")
    if not found:
        print("no waivers")
    return Exit.GO


def _pages(client: GateClient, options: argparse.Namespace) -> Iterator[WaiverRecord]:
    from readygate.v1 import waiver_service_pb2 as pb

    state = pb.WaiverState.Value(f"WAIVER_STATE_{(options.state or 'unspecified').upper()}")
    request = pb.ListWaiversRequest(facts_digest=options.facts, state=state, page_size=min(max(options.limit, 1), 1000))
    while True:
        page = client.list_waivers(request)
        yield from page.waivers
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def _get(client: GateClient, waiver_id: str) -> WaiverRecord:
    from readygate.v1 import waiver_service_pb2 as pb

    return client.get_waiver(pb.GetWaiverRequest(waiver_id=waiver_id)).waiver


def _print(waivers: Sequence[WaiverRecord], options: argparse.Namespace) -> Exit:
    if options.format == "json":
        from google.protobuf.json_format import MessageToDict

        plain = [MessageToDict(each, preserving_proto_field_name=True) for each in waivers]
        json.dump(plain, sys.stdout, indent=2, ensure_ascii=False)
        print()
        return Exit.GO
    for waiver in waivers:
        print("\n".join(_lines(waiver)))
    return Exit.GO


def _headline(waiver: WaiverRecord) -> str:
    terms = waiver.waiver
    about = f"{terms.rule_id} for {terms.subject}" if terms.subject else terms.rule_id
    return f"{_state(waiver)}  {about} in {waiver.proposal_id}, {terms.starts_on} to {terms.ends_on}"


def _state(waiver: WaiverRecord) -> str:
    from readygate.v1 import waiver_service_pb2 as pb

    state = pb.WaiverState.Name(waiver.state).removeprefix("WAIVER_STATE_").lower()
    approvals = sum(step.action == "approved" for step in waiver.steps)
    is_short = waiver.state == pb.WAIVER_STATE_REQUESTED and waiver.quorum > 1
    return f"{state} ({approvals} of {waiver.quorum} approvals)" if is_short else state


def _lines(waiver: WaiverRecord) -> Iterable[str]:
    """Yields a waiver for people, with the names that are not erased."""
    terms = waiver.waiver
    yield f"{terms.id}  {_headline(waiver)}"
    yield f"  reason    {terms.reason}"
    yield f"  control   {terms.compensating_control}"
    yield f"  decision  {waiver.decision_id}"
    yield f"  facts     {waiver.facts_digest}"
    yield f"  ruleset   {waiver.ruleset_name} {waiver.ruleset_digest}"
    for step in waiver.steps:
        when = step.recorded_at.ToDatetime().isoformat(sep=" ", timespec="seconds")
        said = f": {step.reason}" if step.reason and step.action != "requested" else ""
        yield f"  {step.action:<9} {when} by {step.actor or 'somebody whose name is erased'}{said}"
        yield f"            entry {step.entry_id} of the log"
    yield f"  etag      {waiver.etag}"
