"""`readygate request`: writes proposals as the JSON that a server takes over HTTP."""

from __future__ import annotations

import argparse
from typing import Any

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_evidence, add_foundations, add_ruleset, faults_text, plain_text
from readygate_server.domain.faults import FaultsError

VIEWS = ("summary", "full")


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "request",
        help="write a proposal as the JSON that a server takes over HTTP",
        description=(
            "Writes a proposal, with its evidence and foundations, as the request of GateService/Evaluate in proto "
            "JSON; several as that of GateService/BatchEvaluate. Judges nothing."
        ),
        epilog="exit codes: 0 written; 3 bad input or usage",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="proposal, or - for standard input")
    parser.add_argument("-o", "--output", default="-", metavar="OUT", help="file to write (default: standard output)")
    parser.add_argument("--view", choices=VIEWS, help="what the answer is to hold (default: the server's)")
    add_evidence(parser)
    add_foundations(parser)
    add_ruleset(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the request."""
    from google.protobuf.json_format import MessageToJson

    from readygate_server.cli.written import refuse_inputs, write_whole

    refuse_inputs([options.output], options)
    write_whole(options.output, (MessageToJson(_request(options)) + "\n").encode())
    return Exit.GO


def _request(options: argparse.Namespace) -> Any:
    from readygate.v1.gate_service_pb2 import BatchEvaluateRequest, EvaluateRequest, View
    from readygate_server.cli.asking import evaluate_request, selector_of
    from readygate_server.cli.reading import reader_for

    read = reader_for(options, options.files)
    items: list[EvaluateRequest] = []
    problems: list[str] = []
    alone = len(options.files) == 1
    for file in options.files:
        try:
            proposal = read(file).proposal
        except FaultsError as error:
            problems.append(f"{plain_text(file)}: {faults_text(error)}")
            continue
        except CommandError as error:
            problems.append(plain_text(str(error)))
            continue
        # All items of a batch are judged by one ruleset, which the batch names.
        ruleset = options.ruleset if alone else ""
        request = evaluate_request(proposal, ruleset=ruleset, gate=options.gate, as_of=options.as_of or "")
        if options.view:
            request.view = View.Value(f"VIEW_{options.view.upper()}")
        items.append(request)
    if problems:
        raise CommandError("\n".join(problems))
    if alone:
        return items[0]
    return BatchEvaluateRequest(items=items, ruleset=selector_of(options.ruleset) if options.ruleset else None)
