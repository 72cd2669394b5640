"""`readygate check`: judges proposal files, in this process or by a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from readygate_server.cli.decided import judge_for
from readygate_server.cli.exits import CommandError, Exit, exit_of, worst
from readygate_server.cli.inputs import Located
from readygate_server.cli.judges import Judge, Wanted
from readygate_server.cli.options import (
    add_evidence,
    add_foundations,
    add_rules,
    add_ruleset,
    faults_text,
    plain_text,
)
from readygate_server.cli.outputs import add_outputs, outputs_of, write_outputs
from readygate_server.cli.progress import clear, progress
from readygate_server.cli.reading import reader_for
from readygate_server.cli.results import Result
from readygate_server.cli.what_if import add_what_if, overrides_of
from readygate_server.cli.written import refuse_inputs
from readygate_server.domain.faults import FaultsError


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "check",
        help="judge proposals: go or no-go, with the blocking work",
        description="Judges proposal files (YAML or JSON), with or without a server; the same evaluator decides.",
        epilog=(
            "Several files end with the worst exit code: 4 before 3 before 1 before 2 before 0. "
            "A file that can not be read or judged does not stop the others."
        ),
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="proposal, or - for standard input")
    add_evidence(parser)
    add_foundations(parser)
    add_ruleset(parser)
    add_what_if(parser)
    add_outputs(parser)
    add_rules(parser)
    parser.add_argument("--server", metavar="HOST:PORT", help="ask this server instead of judging here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Judges every file and returns the worst exit code."""
    if options.server and options.rules:
        raise CommandError("--server judges by its own rules; leave out --rules, or leave out --server")
    wanted = Wanted(options.ruleset, options.gate, options.as_of or "", overrides_of(options))
    outputs = outputs_of(options)
    refuse_inputs([each.file for each in outputs], options)
    with judge_for(options) as judge:
        results = list(_judge_all(judge, reader_for(options, options.files), options.files, wanted))
        unwritten = write_outputs(options, outputs, results, judge.rules)
    return worst([*(result.code for result in results), *unwritten])


def _judge_all(judge: Judge, read: Callable[[str], Located], files: Sequence[str], wanted: Wanted) -> Iterator[Result]:
    """Judges file by file; one at fault does not stop the others. A service that failed is not asked again."""
    failed: Result | None = None
    show = progress(sys.stderr)
    for number, file in enumerate(files):
        if len(files) > 1:
            show(f"judging {file}", number, len(files))
        if failed is not None:
            yield replace(failed, name=file, file=file)
            continue
        result = _judge(judge, read, file, wanted)
        clear(sys.stderr)
        if result.problem:
            sys.stderr.write(f"readygate: {result.problem}\n")
        yield result
        failed = result if result.code is Exit.SERVICE_FAILED else None


def _judge(judge: Judge, read: Callable[[str], Located], file: str, wanted: Wanted) -> Result:
    try:
        proposal, origins = read(file)
        response = judge.evaluate(proposal, wanted)
    except FaultsError as error:
        problem = f"{plain_text(file)}: {faults_text(error)}"
        return Result(file, file, Exit.BAD_INPUT, problem=problem, faults=error.faults)
    except CommandError as error:
        return Result(file, file, error.code, problem=plain_text(str(error)))
    return Result(proposal.id, file, exit_of(response.decision.verdict), response, origins=origins)
