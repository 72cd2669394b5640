"""`readygate evidence`: what each fact of a proposal rests on."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_evidence, add_foundations, add_rules, add_ruleset, faults_text, open_gate
from readygate_server.cli.reading import reader_for
from readygate_server.domain.errors import GateError
from readygate_server.domain.faults import FaultsError

if TYPE_CHECKING:
    from readygate_server.bootstrap import LocalGate
    from readygate_server.cli.evidence_text import Shown


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "evidence",
        help="show what each fact rests on",
        description="Looks at the evidence of proposals.",
    )
    own = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    show = own.add_parser(
        "show",
        help="list the facts of each asset: measured, documented, claimed, stale or missing",
        description=(
            "Lists the facts that a proposal needs at a gate, asset by asset: which are measured, documented, claimed, "
            "stale or missing, and which of them the ruleset takes for too little."
        ),
    )
    show.add_argument("file", metavar="FILE", help="proposal, or - for standard input")
    add_evidence(show)
    add_foundations(show)
    add_ruleset(show)
    show.add_argument("--all", action="store_true", help="facts that nothing asks for at the gate as well")
    show.add_argument("--format", choices=("text", "json"), default="text", help="output (default: text)")
    add_rules(show)
    show.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the table."""
    shown = _shown(open_gate(options.rules), _read(options), options)
    if options.format == "json":
        from readygate_server.cli.evidence_json import json_text

        sys.stdout.write(json_text(shown))
    else:
        # Imported here, because drawing tables is only needed for people.
        from readygate_server.cli.console import console
        from readygate_server.cli.evidence_text import print_states

        print_states(console(), shown)
    return Exit.GO


def _read(options: argparse.Namespace) -> Proposal:
    try:
        return reader_for(options, [options.file])(options.file).proposal
    except FaultsError as error:
        raise CommandError(f"{options.file}: {faults_text(error)}") from None


def _shown(gate: LocalGate, proposal: Proposal, options: argparse.Namespace) -> Shown:
    from readygate_server.adapters.clock import today
    from readygate_server.adapters.proposals.dossier import dossier_of
    from readygate_server.application.evidence_states import evidence_states
    from readygate_server.application.selection import Selection
    from readygate_server.bootstrap.local import asked_gate
    from readygate_server.cli.evidence_text import Shown

    dossier, day = dossier_of(proposal), options.as_of or today()
    asked = asked_gate(dossier, options.gate)
    try:
        active = gate.snapshot.select(Selection.parse(options.ruleset), as_of=day)
        states = evidence_states(active, dossier, gate=asked, as_of=day)
    except GateError as error:
        raise CommandError(f"{proposal.id}: {error}") from None
    facts = tuple(each for each in states.facts if options.all or each.needed is not None)
    return Shown(
        proposal.id, asked, day, states.tier, active.ruleset.identity, facts, len(states.facts), gate.directory
    )
