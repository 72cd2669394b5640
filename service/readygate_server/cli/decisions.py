"""`readygate decisions`: look at what a server has recorded, watch it, and have it made again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_server_command, day

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from readygate import GateClient
    from readygate.v1 import decision_service_pb2 as pb
    from readygate.v1.record_pb2 import DecisionRecord

_EXITS: Final = (
    "exit codes: 0 done; 1 the replay differs, or nothing is known under the id; 3 bad input or usage; "
    "4 the service failed"
)
_VERDICTS: Final = ("go", "go_with_conditions", "no_go", "undetermined")
_REFUSED: Final = ("NOT_FOUND", "PERMISSION_DENIED")
_PAGE: Final = 200


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("decisions", help="look at recorded decisions, watch them, and replay them")
    own = parser.add_subparsers(dest="decisions_command", required=True, metavar="COMMAND")
    listing = _add(own, "list", _list, "list decisions, newest first")
    _add_filter(listing)
    listing.add_argument(
        "--limit", type=int, default=50, metavar="N", help="most that are shown (default: %(default)s)"
    )
    watch = _add(own, "watch", _watch, "show decisions as they are recorded, until interrupted")
    _add_filter(watch)
    watch.add_argument("--all", action="store_true", help="begin with the oldest instead of with what comes")
    show = _add(own, "show", _show, "show a decision, and keep the bytes of its request and answer")
    show.add_argument("decision", metavar="DECISION", help="id of the decision")
    show.add_argument("--request", type=Path, metavar="FILE", help="write the request there, as it was received")
    show.add_argument("--response", type=Path, metavar="FILE", help="write the answer there, as it was sent")
    replay = _add(own, "replay", _replay, "judge a recorded request again, by its ruleset on its day, and compare")
    replay.add_argument("decision", metavar="DECISION", help="id of the decision")


def _add(own: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    return add_server_command(own, name, run, text, exits=_EXITS)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--proposal", default="", metavar="ID", help="only those about a proposal")
    parser.add_argument("--verdict", choices=_VERDICTS, action="append", default=[], help="only these; may be repeated")
    parser.add_argument("--ruleset", default="", metavar="NAME", help="only those by a ruleset: its name or digest")
    parser.add_argument("--caller", default="", metavar="NAME", help="only those that somebody asked for")
    parser.add_argument(
        "--from", dest="start", type=day, metavar="DATE", help="only those recorded on this day or later"
    )
    parser.add_argument("--before", dest="end", type=day, metavar="DATE", help="only those recorded before this day")


def _filter(options: argparse.Namespace) -> pb.DecisionFilter:
    from readygate.v1 import decision_pb2
    from readygate.v1 import decision_service_pb2 as pb

    wanted = pb.DecisionFilter(
        proposal_id=options.proposal,
        verdicts=[decision_pb2.Verdict.Value(f"VERDICT_{verdict.upper()}") for verdict in options.verdict],
        ruleset=options.ruleset,
        caller=options.caller,
    )
    if options.start:
        wanted.recorded_from.FromJsonString(f"{options.start}T00:00:00Z")
    if options.end:
        wanted.recorded_before.FromJsonString(f"{options.end}T00:00:00Z")
    return wanted


def _list(options: argparse.Namespace) -> Exit:
    from readygate_server.cli.connection import asking

    with asking(options.server) as client:
        _print(islice(_pages(client, _filter(options), options.limit), options.limit), options)
    return Exit.GO


def _pages(client: GateClient, wanted: pb.DecisionFilter, limit: int) -> Iterator[DecisionRecord]:
    from readygate.v1 import decision_service_pb2 as pb

    request = pb.ListDecisionsRequest(filter=wanted, page_size=max(1, min(limit, _PAGE)))
    while True:
        page = client.list_decisions(request)
        yield from page.decisions
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def _watch(options: argparse.Namespace) -> Exit:
    from readygate.v1 import decision_service_pb2 as pb
    from readygate_server.cli.connection import asking

    request = pb.WatchDecisionsRequest(filter=_filter(options), from_now=not options.all)
    with asking(options.server) as client:
        for reply in client.watch_decisions(request):
            _print([reply.decision], options)
            sys.stdout.flush()
    return Exit.GO


def _show(options: argparse.Namespace) -> Exit:
    from readygate.v1 import decision_service_pb2 as pb
    from readygate_server.cli.connection import asking

    request = pb.GetDecisionRequest(decision_id=options.decision, view=pb.RECORD_VIEW_FULL)
    with asking(options.server, refused=_REFUSED) as client:
        record = client.get_decision(request).decision
    for path, data in ((options.request, record.request), (options.response, record.response)):
        if path is not None:
            _write(path, data)
    if options.format == "json":
        _print_json(record)
    else:
        _print_record(record)
    return Exit.GO


def _write(path: Path, data: bytes) -> None:
    if not data:
        raise CommandError(f"{path}: not written, the bytes were dropped by retention", Exit.NO_GO)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None


def _replay(options: argparse.Namespace) -> Exit:
    from readygate.v1 import decision_service_pb2 as pb
    from readygate_server.cli.connection import asking

    with asking(options.server, refused=_REFUSED) as client:
        replayed = client.replay_decision(pb.ReplayDecisionRequest(decision_id=options.decision))
    if options.format == "json":
        _print_json(replayed)
    elif replayed.identical:
        print(f"identical: engine {replayed.engine_version} gives the recorded answer, byte by byte")
    else:
        engines = f"engine {replayed.recorded_engine_version} recorded, {replayed.engine_version} replayed"
        print(f"{len(replayed.differences)} differences; {engines}")
        for each in replayed.differences:
            print(f"  {each.path or 'encoding'}: {each.recorded or '(absent)'} -> {each.replayed or '(absent)'}")
    return Exit.GO if replayed.identical else Exit.NO_GO


def _print(records: Iterable[DecisionRecord], options: argparse.Namespace) -> None:
    """Prints a line per decision, as it comes."""
    from readygate_server.adapters.words import gate_name, tier_word, verdict_name

    for record in records:
        if options.format == "json":
            _print_json(record, lines=True)
            continue
        at = record.ref.recorded_at.ToJsonString()[:19].replace("T", " ")
        judged = f"{record.proposal_id} at {gate_name(record.gate)}, {tier_word(record.tier)}"
        print(f"{record.ref.decision_id}  {at}  {verdict_name(record.verdict):18}  {judged}")


def _print_record(record: DecisionRecord) -> None:
    from readygate.v1.gate_service_pb2 import EvaluateResponse
    from readygate.v1.record_pb2 import PayloadState
    from readygate_server.cli.console import console
    from readygate_server.cli.report import print_report

    state = PayloadState.Name(record.payload).removeprefix("PAYLOAD_STATE_").replace("_", " ").lower()
    position = f"leaf {record.position.leaf_index}" if record.HasField("position") else "not in the log yet"
    print(f"decision  {record.ref.decision_id}, {position}")
    print(f"recorded  {record.ref.recorded_at.ToJsonString()}, for {record.caller or 'somebody who was erased'}")
    print(f"request   {record.request_id or '(no id)'}, {record.request_digest}")
    print(f"payload   {state}")
    if record.response:
        print()
        print_report(console(), EvaluateResponse.FromString(record.response).decision, name=record.proposal_id)


def _print_json(message: Message, *, lines: bool = False) -> None:
    from google.protobuf.json_format import MessageToJson

    sys.stdout.write(MessageToJson(message, indent=None if lines else 2) + "\n")
