"""`readygate export`: the work that decisions ask for, as files for trackers, spreadsheets and auditors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from readygate_server.cli.decided import add_decided, check_decided, judge_for
from readygate_server.cli.exits import CommandError, Exit, worst
from readygate_server.cli.options import faults_text
from readygate_server.cli.what_if import add_what_if, overrides_of
from readygate_server.domain.faults import FaultsError

if TYPE_CHECKING:
    from readygate_server.adapters.worklists.rows import Judged, Row
    from readygate_server.cli.inputs import Located
    from readygate_server.cli.judges import Judge, Wanted

FORMATS: Final = ("csv", "xlsx", "jira", "servicenow", "oscal-poam")
_EPILOG: Final = (
    "exit codes: 0 written, whatever the verdicts are; 3 bad input or usage; 4 the service failed. When one proposal "
    "can not be judged, nothing is written: a list without its work would look complete. A proposal without work "
    "gives a list without rows."
)


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "export",
        help="write the work list as CSV, XLSX, for Jira, ServiceNow or OSCAL",
        description=(
            "Judges proposals, or takes recorded decisions from a server, and writes the work in their plans, one line "
            "for each item, in one file."
        ),
        epilog=_EPILOG,
    )
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=f"one of {', '.join(FORMATS)}")
    add_decided(parser)
    add_what_if(parser)
    parser.add_argument(
        "--split",
        type=_count,
        default=0,
        metavar="N",
        help="jira: at most N issues in a file; several are named OUT-1, OUT-2 and so on",
    )
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 1 up")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Writes the list."""
    from readygate_server.cli.written import refuse_inputs, refuse_terminal, write_whole

    _check(options)
    refuse_inputs([options.output], options)
    if options.format == "xlsx":
        refuse_terminal(options.output, "a workbook")
    judged = _recorded(options) if options.decision else _judged(options)
    for output, data in _WRITERS[options.format](judged, options):
        write_whole(output, data)
    return Exit.GO


def _check(options: argparse.Namespace) -> None:
    check_decided(options)
    if options.split and (options.format != "jira" or options.output == "-"):
        raise CommandError("--split is for files that Jira imports: readygate export jira ... --split N -o FILE")


def _judged(options: argparse.Namespace) -> list[Judged]:
    """Judges every file; any that can not be judged ends the command, after all have been looked at."""
    from readygate_server.cli.judges import Wanted
    from readygate_server.cli.reading import reader_for

    wanted = Wanted(options.ruleset, options.gate, options.as_of or "", overrides_of(options))
    read = reader_for(options, options.files)
    judged: list[Judged] = []
    problems: list[CommandError] = []
    with judge_for(options) as judge:
        for file in options.files:
            try:
                judged.append(_judge(judge, read, file, wanted))
            except CommandError as error:
                problems.append(error)
                if error.code is Exit.SERVICE_FAILED:
                    break
    if problems:
        text = "\n".join(map(str, problems))
        raise CommandError(f"{text}\nnothing was written", worst(problem.code for problem in problems))
    return judged


def _judge(judge: Judge, read: Callable[[str], Located], file: str, wanted: Wanted) -> Judged:
    from readygate_server.adapters.worklists.rows import Judged

    try:
        proposal = read(file).proposal
    except FaultsError as error:
        raise CommandError(f"{file}: {faults_text(error)}") from None
    response = judge.evaluate(proposal, wanted)
    return Judged(proposal.id, response.decision, response.record.decision_id)


def _recorded(options: argparse.Namespace) -> list[Judged]:
    from readygate.v1 import decision_service_pb2 as pb
    from readygate.v1.gate_service_pb2 import EvaluateResponse
    from readygate_server.adapters.worklists.rows import Judged
    from readygate_server.cli.connection import asking

    judged = []
    with asking(options.server) as client:
        for decision_id in options.decision:
            request = pb.GetDecisionRequest(decision_id=decision_id, view=pb.RECORD_VIEW_FULL)
            record = client.get_decision(request).decision
            if not record.response:
                raise CommandError(f"{decision_id}: its answer was dropped by retention, so that its plan is not known")
            decision = EvaluateResponse.FromString(record.response).decision
            judged.append(Judged(record.proposal_id, decision, record.ref.decision_id))
    return judged


def _rows(judged: Sequence[Judged]) -> list[Row]:
    from readygate_server.adapters.worklists.rows import rows_of

    rows = list(rows_of(judged))
    if not rows:
        sys.stderr.write("no work: nothing keeps what was judged from passing; the list has no rows\n")
    return rows


def _csv(judged: Sequence[Judged], options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    from readygate_server.adapters.worklists.tables import csv_text

    yield options.output, csv_text(_rows(judged)).encode()


def _xlsx(judged: Sequence[Judged], options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    from readygate_server.adapters.worklists.tables import workbook

    yield options.output, workbook(_rows(judged))


def _jira(judged: Sequence[Judged], options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    from readygate_server.adapters.worklists.jira import MOST_AT_ONCE, jira_text, split

    rows = _rows(judged)
    if len(rows) > MOST_AT_ONCE and not 0 < options.split <= MOST_AT_ONCE:
        sys.stderr.write(
            f"{len(rows)} issues: who does not administer Jira imports {MOST_AT_ONCE} at once; "
            f"--split {MOST_AT_ONCE} writes several files\n"
        )
    parts = split(rows, options.split or max(1, len(rows)))
    path = Path(options.output)
    for number, part in enumerate(parts, 1):
        name = options.output if len(parts) == 1 else str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        yield name, jira_text(part).encode()


def _servicenow(judged: Sequence[Judged], options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    from readygate_server.adapters.worklists.servicenow import servicenow_text

    yield options.output, servicenow_text(_rows(judged)).encode()


def _oscal(judged: Sequence[Judged], options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    from readygate_server.adapters.worklists.oscal import has_work, oscal_text

    if len(judged) > 1:
        raise CommandError("a plan of action and milestones is about one system; export each proposal by itself")
    if has_work(judged[0]):
        yield options.output, oscal_text(judged[0]).encode()
    else:
        sys.stderr.write("no work, and OSCAL knows no plan without an item: nothing was written\n")


_Writer = Callable[["Sequence[Judged]", argparse.Namespace], Iterator[tuple[str, bytes]]]
_WRITERS: Final[dict[str, _Writer]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "jira": _jira,
    "servicenow": _servicenow,
    "oscal-poam": _oscal,
}
