"""`readygate report`: decisions as one HTML file, for people who meet over it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from readygate_server.cli.decided import add_decided, check_decided, judge_for
from readygate_server.cli.exits import CommandError, Exit, exit_of, worst
from readygate_server.cli.options import faults_text
from readygate_server.domain.faults import FaultsError

if TYPE_CHECKING:
    from readygate import GateClient
    from readygate.v1.foundation_pb2 import AssetUse
    from readygate.v1.foundation_service_pb2 import AssetRevision
    from readygate.v1.proposal_pb2 import Proposal
    from readygate.v1.record_pb2 import DecisionRecord
    from readygate.v1.waiver_pb2 import Waiver
    from readygate_server.cli.inputs import Located
    from readygate_server.cli.judges import Judge, Wanted

_EPILOG: Final = (
    "Exit codes are those of check: 0 go, 1 no-go, 2 undetermined, 3 bad input, 4 the service failed; of several the "
    "worst. A file that can not be judged stands in the report with what is wrong with it."
)
_HISTORY: Final = 20


class Shown(NamedTuple):
    """What became of one proposal: what the templates are given, or why there is nothing."""

    code: Exit
    context: Mapping[str, Any] | None = None
    problem: str = ""


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "report",
        help="write decisions as one HTML file, with the plan drawn",
        description=(
            "Judges proposals, or takes recorded decisions from a server, and writes all that a board needs as one "
            "HTML file: the verdict, what blocks, the plan drawn, the evidence. It needs nothing else and prints well."
        ),
        epilog=_EPILOG,
    )
    add_decided(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the file and returns the worst exit code."""
    from readygate_server.cli.written import refuse_inputs, write_whole
    from readygate_server.web.report.file import report_file

    check_decided(options)
    refuse_inputs([options.output], options)
    shown = list(_recorded(options) if options.decision else _judged(options))
    problems = [each.problem for each in shown if each.problem]
    for problem in problems:
        sys.stderr.write(f"readygate: {problem}\n")
    contexts = [each.context for each in shown if each.context is not None]
    code = worst(each.code for each in shown)
    if contexts:
        write_whole(options.output, report_file(contexts, not_judged=problems).encode())
    return code


def _judged(options: argparse.Namespace) -> Iterator[Shown]:
    """Judges file by file; one at fault does not stop the others. A service that failed is not asked again."""
    from readygate_server.cli.judges import Wanted
    from readygate_server.cli.reading import reader_for

    wanted = Wanted(options.ruleset, options.gate, options.as_of or "", {})
    read = reader_for(options, options.files)
    with judge_for(options) as judge:
        for number, file in enumerate(options.files, 1):
            shown = _judge(judge, read, file, wanted, f"d{number}")
            yield shown
            if shown.code is Exit.SERVICE_FAILED:
                return


def _judge(judge: Judge, read: Callable[[str], Located], file: str, wanted: Wanted, key: str) -> Shown:
    from readygate.v1.record_pb2 import DecisionRecord
    from readygate_server.web.report.page import report_context

    try:
        proposal = read(file).proposal
        response = judge.evaluate(proposal, wanted)
    except FaultsError as error:
        return Shown(Exit.BAD_INPUT, problem=f"{file}: {faults_text(error)}")
    except CommandError as error:
        return Shown(error.code, problem=str(error))
    record = DecisionRecord(ref=response.record) if response.HasField("record") else None
    context = report_context(response.decision, proposal, record=record, key=key)
    return Shown(exit_of(response.decision.verdict), context)


def _recorded(options: argparse.Namespace) -> Iterator[Shown]:
    """Takes decisions from the record; one that is not there ends the command."""
    from readygate.v1 import decision_service_pb2 as pb
    from readygate_server.cli.connection import asking

    with asking(options.server) as client:
        for number, decision_id in enumerate(options.decision, 1):
            request = pb.GetDecisionRequest(decision_id=decision_id, view=pb.RECORD_VIEW_FULL)
            yield _of_record(client, client.get_decision(request).decision, f"d{number}")


def _of_record(client: GateClient, record: DecisionRecord, key: str) -> Shown:
    from readygate.v1.gate_service_pb2 import EvaluateResponse
    from readygate_server.web.report.page import report_context

    if not record.response:
        raise CommandError(f"{record.ref.decision_id}: its answer was dropped by retention, and can not be shown")
    answer = EvaluateResponse.FromString(record.response)
    decision = answer.decision
    context = report_context(
        decision,
        _proposal(client, record, answer.assets),
        _history(client, record.proposal_id),
        waivers=_waivers(client, decision.waiver_ids),
        record=record,
        key=key,
    )
    return Shown(exit_of(decision.verdict), context)


def _proposal(client: GateClient, record: DecisionRecord, uses: Iterable[AssetUse]) -> Proposal | None:
    """Returns the proposal as it was judged, with the assets that it names; None when it was dropped."""
    from readygate.v1.gate_service_pb2 import EvaluateRequest
    from readygate_server.web.report.registered import with_registered

    if not record.request:
        return None
    return with_registered(EvaluateRequest.FromString(record.request).proposal, _revisions(client, uses))


def _revisions(client: GateClient, uses: Iterable[AssetUse]) -> Iterator[AssetRevision]:
    """Yields the revisions that the caller may see; without one of them the report shows no evidence of assets."""
    from readygate import GateError
    from readygate.v1.foundation_service_pb2 import GetAssetRequest

    for use in uses:
        with suppress(GateError):
            yield client.get_asset(GetAssetRequest(scope=use.scope, id=use.id, revision=use.revision)).revision


def _history(client: GateClient, proposal_id: str) -> Sequence[DecisionRecord]:
    from readygate.v1 import decision_service_pb2 as pb

    wanted = pb.DecisionFilter(proposal_id=proposal_id)
    return client.list_decisions(pb.ListDecisionsRequest(filter=wanted, page_size=_HISTORY)).decisions


def _waivers(client: GateClient, ids: Sequence[str]) -> Iterator[Waiver]:
    """Yields the waivers that the caller may see; of others the report has only the ids."""
    from readygate import GateError
    from readygate.v1.waiver_service_pb2 import GetWaiverRequest

    for waiver_id in ids:
        with suppress(GateError):
            yield client.get_waiver(GetWaiverRequest(waiver_id=waiver_id)).waiver.waiver
