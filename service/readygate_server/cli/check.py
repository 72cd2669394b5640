"""`readygate check`: judges proposal files, in this process or by a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from readygate.v1.gate_service_pb2 import BatchEvaluateResponse, EvaluateResponse
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import field_of, parse_path
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.values import FactProblemError, value_from_text
from readygate_server.cli.exits import CommandError, Exit, exit_of, worst
from readygate_server.cli.judges import Judge, LocalJudge, RemoteJudge, Wanted
from readygate_server.cli.options import add_rules, add_ruleset, faults_text, open_gate
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import FaultsError


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "check",
        help="judge proposals: go or no-go, with the blocking work",
        description="Judges proposal files (YAML or JSON), with or without a server; the same evaluator decides.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="proposal, or - for standard input")
    add_ruleset(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FACT=VALUE",
        help="what if: take this value, such as source[crm].completeness=0.99; an empty one takes the fact away",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output (default: text)")
    add_rules(parser)
    parser.add_argument("--server", metavar="HOST:PORT", help="ask this server instead of judging here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Judges every file and returns the worst exit code."""
    if options.server and options.rules:
        raise CommandError("--server judges by its own rules; leave out --rules, or leave out --server")
    overrides = dict(_override(text) for text in options.set)
    wanted = Wanted(options.ruleset, options.gate, options.as_of or "", overrides)
    judge: Judge = RemoteJudge(options.server) if options.server else LocalJudge(open_gate(options.rules))
    with judge:
        results = list(_judge_all(judge, options.files, wanted))
    _print(results, options.format)
    return worst(code for _, _, code in results)


Result = tuple[str, EvaluateResponse | None, Exit]


def _judge_all(judge: Judge, files: list[str], wanted: Wanted) -> Iterator[Result]:
    for file in files:
        try:
            proposal = _read(file)
        except FaultsError as error:
            sys.stderr.write(f"{file}: {faults_text(error)}\n")
            yield file, None, Exit.BAD_INPUT
            continue
        response = judge.evaluate(proposal, wanted)
        yield proposal.id, response, exit_of(response.decision.verdict)


def _read(file: str) -> Proposal:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: this is not UTF-8 text (byte {error.start})") from None
    return read_proposal(text, file="<stdin>" if file == "-" else file)[0]


def _override(text: str) -> tuple[FactRef, FactValue | None]:
    path, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--set {text}: got no '=', expected FACT=VALUE, such as source[crm].completeness=0.99")
    try:
        ref = parse_path(path)
        return ref, value_from_text(field_of(ref.fact), value) if value else None
    except FactProblemError as error:
        raise CommandError(f"--set {text}: {error}") from None


def _print(results: list[Result], form: str) -> None:
    judged = [(name, response) for name, response, _ in results if response is not None]
    if form == "json":
        _print_json([response for _, response in judged])
        return
    # Imported here, because drawing tables is only needed for people.
    from readygate_server.cli.console import console
    from readygate_server.cli.report import print_report

    out = console()
    for number, (name, response) in enumerate(judged):
        if number:
            out.rule()
        print_report(out, response.decision, name=name)


def _print_json(responses: list[EvaluateResponse]) -> None:
    from google.protobuf.json_format import MessageToJson

    if len(responses) == 1:
        sys.stdout.write(MessageToJson(responses[0]) + "\n")
    elif responses:
        batch = BatchEvaluateResponse()
        for response in responses:
            batch.results.add().response.CopyFrom(response)
        batch.ruleset.CopyFrom(responses[0].decision.ruleset)
        sys.stdout.write(MessageToJson(batch) + "\n")
