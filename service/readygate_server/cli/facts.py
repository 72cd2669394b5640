"""`readygate facts`: what has to be known, who knows it, and what would give it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from readygate.v1.gate_service_pb2 import ListRequirementsResponse
from readygate_server.bootstrap import LocalGate
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_evidence, add_foundations, add_rules, add_ruleset, faults_text, open_gate
from readygate_server.cli.reading import reader_for
from readygate_server.domain.errors import GateError
from readygate_server.domain.faults import FaultsError

if TYPE_CHECKING:
    from rich.console import RenderableType


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "facts",
        help="list the facts that a deployment needs at a gate",
        description=(
            "Lists the facts that the rules ask for at a gate, who normally owns each, and what would give it. "
            "With a proposal only those that this kind of deployment needs, per asset."
        ),
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="proposal, as far as it is known; - for standard input")
    add_evidence(parser)
    add_foundations(parser)
    add_ruleset(parser)
    parser.add_argument("--missing", action="store_true", help="only facts that the proposal does not state yet")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output (default: text)")
    add_rules(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the list."""
    gate = open_gate(options.rules)
    try:
        response = _listed(gate, options)
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None
    except GateError as error:
        raise CommandError(str(error)) from None
    if options.missing:
        needed = [each for each in response.requirements if not each.stated]
        del response.requirements[:]
        response.requirements.extend(needed)
    if options.format == "json":
        from google.protobuf.json_format import MessageToJson

        sys.stdout.write(MessageToJson(response) + "\n")
    else:
        _print(response)
    return Exit.GO


def _listed(gate: LocalGate, options: argparse.Namespace) -> ListRequirementsResponse:
    proposal = None
    if options.file is not None:
        proposal = reader_for(options, [options.file])(options.file).proposal
    return gate.requirements(proposal, ruleset=options.ruleset, gate=options.gate, as_of=options.as_of or "")


def _print(response: ListRequirementsResponse) -> None:
    # Imported here, because drawing tables is only needed for people.
    from rich.table import Table

    from readygate_server.adapters.words import gate_name, tier_name
    from readygate_server.cli.console import console

    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("fact, and what gives it", overflow="fold")
    table.add_column("due", no_wrap=True)
    table.add_column("rules", max_width=16)
    count = sum(each.stated for each in response.requirements)
    if count:
        table.add_column("stated", no_wrap=True)
    for each in response.requirements:
        stated = ["yes" if each.stated else ""] if count else []
        table.add_row(_fact(each), gate_name(each.due), ", ".join(each.rule_ids), *stated)
    out.print(table)
    ruleset = f"{response.ruleset.name} {response.ruleset.version}"
    out.print(f"{len(response.requirements)} facts, {count} stated; {tier_name(response.tier)}; {ruleset}")


def _fact(required: ListRequirementsResponse.Requirement) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from readygate_server.adapters.words import fact_path

    origin = ", from ".join(part for part in (required.owner_role, required.artefact) if part)
    said = "; ".join(part for part in (required.range, origin) if part)
    return Group(
        Text(fact_path(required.fact, required.subject)),
        Padding(Text(said, style="dim"), (0, 0, 0, 2)),
    )
