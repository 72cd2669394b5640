"""`readygate questionnaire`: asks people for facts in a form, and makes facts of the answers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import (
    ARCHETYPES,
    add_evidence,
    add_foundations,
    add_rules,
    add_ruleset,
    faults_text,
    open_gate,
)
from readygate_server.domain.errors import GateError
from readygate_server.domain.faults import Fault, FaultsError

if TYPE_CHECKING:
    from readygate.v1.gate_service_pb2 import ListRequirementsResponse
    from readygate.v1.proposal_pb2 import Proposal
    from readygate_server.adapters.questionnaire.answers import Returned
    from readygate_server.adapters.questionnaire.form import Form

_WORKBOOK: Final = ".xlsx"
_YAML: Final = (".yaml", ".yml")
_EXITS: Final = "exit codes: 0 done; 3 bad input or usage"


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("questionnaire", help="ask for facts in a form (XLSX or YAML), and read the answers")
    own = parser.add_subparsers(dest="questionnaire_command", required=True, metavar="COMMAND")
    _add_write(own)
    _add_read(own)


def _add_write(own: Any) -> None:
    parser = own.add_parser(
        "write",
        help="write a form of what a deployment has to state",
        description=(
            "Writes a form with a question for each fact that the rules ask for at a gate: what it means, its unit and "
            "range, who owns it and what gives it. What the proposal states is filled in. Never writes over a file."
        ),
        epilog=_EXITS,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="proposal, as far as it is known; - for standard input")
    parser.add_argument("--archetype", choices=ARCHETYPES, help="kind of deployment, while there is no proposal")
    add_evidence(parser)
    add_foundations(parser)
    add_ruleset(parser)
    parser.add_argument("--owner", default="", metavar="ROLE", help="only what this role owns, such as 'Data owner'")
    parser.add_argument("--missing", action="store_true", help="only what the proposal does not state yet")
    add_rules(parser)
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="OUT",
        help="file to write, .xlsx or .yaml (default: YAML, standard output)",
    )
    parser.set_defaults(run=_write)


def _add_read(own: Any) -> None:
    parser = own.add_parser(
        "read",
        help="make facts with evidence of the answers in a form",
        description=(
            "Reads a form that came back, and writes a proposal. An answer counts as claimed, or as documented where "
            "it names a document; an empty one stays unknown. Every fault is named at once, with its sheet and cell, "
            "or its line and column. Never writes over a file."
        ),
        epilog=_EXITS,
    )
    parser.add_argument(
        "file", metavar="FORM", help="form that was filled in, .xlsx or .yaml; - for YAML, standard input"
    )
    parser.add_argument(
        "--into",
        metavar="PROPOSAL",
        help="join the answers to this proposal; where it has another value, both are kept as a conflict",
    )
    add_foundations(parser)
    parser.add_argument("-o", "--output", default="-", metavar="OUT", help="file to write (default: standard output)")
    parser.set_defaults(run=_read)


def _write(options: argparse.Namespace) -> Exit:
    from readygate_server.cli.written import write_new

    if (options.file is None) == (options.archetype is None):
        raise CommandError("name a proposal, or a kind of deployment with --archetype, and not both")
    suffix = _YAML[0] if options.output == "-" else _suffix(options.output)
    form = _form(options)
    if not any(form.questions):
        sys.stderr.write("nothing is asked: every fact is stated, or no rule needs one\n")
    if suffix == _WORKBOOK:
        from readygate_server.adapters.questionnaire.workbook import workbook

        data = workbook(form)
    else:
        from readygate_server.adapters.questionnaire.yaml_form import yaml_text

        data = yaml_text(form).encode()
    write_new(options.output, data)
    return Exit.GO


def _form(options: argparse.Namespace) -> Form:
    from readygate_server.adapters.clock import today
    from readygate_server.adapters.questionnaire.form import form_of, owners_of

    as_of = options.as_of or today()
    try:
        proposal = _proposal(options)
        gate = options.gate or _own_gate(proposal)
        listed = open_gate(options.rules).requirements(proposal, ruleset=options.ruleset, gate=gate, as_of=as_of)
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None
    except GateError as error:
        raise CommandError(str(error)) from None
    _check_owner(options.owner, listed, owners_of(listed))
    return form_of(listed, proposal, gate=gate, as_of=as_of, owner=options.owner, missing=options.missing)


def _proposal(options: argparse.Namespace) -> Proposal:
    if options.archetype is None:
        from readygate_server.cli.reading import reader_for

        return reader_for(options, [options.file])(options.file).proposal
    from readygate_server.adapters.proposals.reader import read_proposal
    from readygate_server.adapters.proposals.templates import archetype

    return read_proposal(archetype(options.archetype), file=options.archetype)[0]


def _own_gate(proposal: Proposal) -> str:
    from readygate_server.adapters.proposals.paths import get_fact
    from readygate_server.domain.facts import FactRef

    return str(get_fact(proposal, FactRef("deployment.target_gate")) or "production")


def _check_owner(owner: str, listed: ListRequirementsResponse, roles: tuple[str, ...]) -> None:
    from readygate_server.domain.faults import suggest

    if owner and owner.lower() not in {role.lower() for role in roles}:
        meant = suggest(owner, roles)
        question = f"; did you mean {meant!r}?" if meant else ""
        known = f"expected one of {', '.join(roles)}" if listed.requirements else "nothing is asked"
        raise CommandError(f"--owner {owner}: no such role owns what is asked, {known}{question}")


def _suffix(name: str) -> str:
    """Returns how a form is written by the end of its name."""
    suffix = Path(name).suffix.lower()
    if suffix not in (_WORKBOOK, *_YAML):
        advice = "save it as .xlsx" if suffix in (".xls", ".xlsm", ".xlsb", ".ods", ".csv") else "name it so"
        raise CommandError(f"{name}: a form is .xlsx or .yaml; {advice}")
    return suffix


def _read(options: argparse.Namespace) -> Exit:
    from readygate_server.adapters.questionnaire.returned import answered
    from readygate_server.adapters.questionnaire.written import proposal_text
    from readygate_server.cli.inputs import name_of, read_alone
    from readygate_server.cli.written import write_new

    if options.file == "-" and options.into == "-":
        raise CommandError("standard input can be read once; name the other file")
    try:
        returned = _returned(options.file)
        known = read_alone(options.into).proposal if options.into else None
        said = answered(returned, file=name_of(options.file), known=known and _resolved(known, options))
        proposal = said if known is None else _joined(known, said, name_of(options.file))
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None
    except GateError as error:
        raise CommandError(str(error)) from None
    head = returned.head
    about = f"Answers to a questionnaire for the gate {head.get('gate', '')} by {head.get('ruleset', '')}"
    comments = (about, head.get("ruleset_digest", ""))
    write_new(options.output, proposal_text(proposal, comments=[line for line in comments if line]).encode())
    given, empty = sum(bool(each.cells) for each in returned.answers), sum(not each.cells for each in returned.answers)
    new = "" if known is None else f", {len(said.evidence) + len(said.statements)} of them new"
    sys.stderr.write(f"{given} answers{new}; {empty} questions without one stay unknown\n")
    return Exit.GO


def _returned(file: str) -> Returned:
    if file != "-" and _suffix(file) == _WORKBOOK:
        from readygate_server.adapters.questionnaire.reading import read_workbook

        return read_workbook(Path(file))
    from readygate_server.adapters.questionnaire.yaml_returned import read_yaml_form
    from readygate_server.cli.inputs import name_of, read_text

    return read_yaml_form(read_text(file), file=name_of(file))


def _resolved(known: Proposal, options: argparse.Namespace) -> Proposal:
    """Returns a proposal with what files beside it say of the assets that it references, where there are any."""
    from readygate_server.cli.reading import reader_for

    if not known.assets or options.into == "-":
        return known
    try:
        return reader_for(options, [options.into])(options.into).proposal
    except FaultsError:
        # Only a server knows its assets; an answer that repeats what it says is then kept beside that.
        return known


def _joined(known: Proposal, said: Proposal, file: str) -> Proposal:
    """Joins answers to a proposal as files with evidence are joined to one."""
    from readygate_server.adapters.evidence_files.merge import with_evidence
    from readygate_server.adapters.evidence_files.reader import EvidenceFile
    from readygate_server.adapters.yaml_text import Document

    try:
        return with_evidence(known, [EvidenceFile(said, Document(file))])
    except FaultsError as error:
        # The answers were checked already: what is left has no place in the form.
        raise FaultsError(
            Fault(file, 0, 0, each.message, each.got, each.expected, each.suggestion) for each in error.faults
        ) from None
