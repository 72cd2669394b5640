"""`readygate certificate`: ask a server for a certificate, and check one without any server."""

from __future__ import annotations

import argparse
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_foundations, add_server
from readygate_server.cli.ways_out import unreadable

if TYPE_CHECKING:
    from readygate_server.adapters.certificates.report import ProposalDigest, Report
    from readygate_server.domain.keys import KeySet

_BYTES_SUFFIX = ".binpb"


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("certificate", help="get a certificate of a go, or check one offline")
    own = parser.add_subparsers(dest="certificate_command", required=True, metavar="COMMAND")
    issue = own.add_parser(
        "issue",
        help="ask a server for the certificate of a recorded go",
        description="Asks a server for the certificate of a go that it recorded, with the proof from its log.",
    )
    issue.add_argument("decision", metavar="DECISION", help="id of the decision")
    add_server(issue, "server that recorded it")
    issue.add_argument("--audience", required=True, metavar="NAME", help="who it is for; others are to refuse it")
    issue.add_argument(
        "--days", type=int, default=0, metavar="N", help="days that it is to hold (default: as long as possible)"
    )
    issue.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: standard output)")
    issue.set_defaults(run=_issue)
    verify = own.add_parser(
        "verify",
        help="check a certificate, without a server",
        description="Checks a certificate step by step and says what came of each; nothing is asked over the network.",
        epilog="exit codes: 0 valid; 1 refused, with the reason; 3 bad input or usage",
    )
    verify.add_argument("bundle", type=Path, metavar="BUNDLE", help="certificate, as issued")
    verify.add_argument(
        "--keys", type=Path, required=True, metavar="KEYSET", help="public keys, as `readygate keys export` writes them"
    )
    verify.add_argument(
        "--newer-keys",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="signed key set that came after; it counts when the keys before have signed it",
    )
    verify.add_argument(
        "--proposal",
        type=Path,
        metavar="FILE",
        help="proposal in question: YAML or JSON is compared by its facts, .binpb by its bytes",
    )
    add_foundations(verify)
    verify.add_argument("--audience", default="", metavar="NAME", help="who you are")
    verify.add_argument("--at", type=_moment, metavar="TIME", help="moment to check for (default: now)")
    verify.add_argument("--checkpoint", type=Path, metavar="FILE", help="checkpoint of the log, got from elsewhere")
    verify.add_argument("--format", choices=("text", "json"), default="text", help="output (default: text)")
    verify.set_defaults(run=_verify)


def _issue(options: argparse.Namespace) -> Exit:
    from readygate.v1.certificate_service_pb2 import IssueCertificateRequest
    from readygate_server.cli.connection import asking

    request = IssueCertificateRequest(
        decision_id=options.decision, audience=options.audience, validity_days=options.days
    )
    with asking(options.server, refused=("CERTIFICATE_REFUSED", "PERMISSION_DENIED")) as client:
        response = client.issue_certificate(request)
    if options.output is None:
        sys.stdout.write(response.bundle)
        return Exit.GO
    options.output.write_text(response.bundle, encoding="utf-8")
    print(f"{options.output}: holds to {response.not_after.ToJsonString()}, entry {response.entry_id} of the log")
    return Exit.GO


def _verify(options: argparse.Namespace) -> Exit:
    from readygate_server.adapters.certificates.report import Expected
    from readygate_server.adapters.certificates.verify import verify

    expected = Expected(
        keys=_keys(options.keys, options.newer_keys),
        at=int(time.time()) if options.at is None else options.at,
        audience=options.audience,
        proposal=None if options.proposal is None else _digest(options),
        checkpoint="" if options.checkpoint is None else _text(options.checkpoint),
    )
    report = verify(_text(options.bundle), expected)
    if options.format == "json":
        _print_json(report)
    else:
        _print_text(report)
    return Exit.GO if report.is_valid else Exit.NO_GO


def _keys(file: Path, newer: list[Path]) -> KeySet:
    from readygate_server.adapters.signing.canonical import read_object
    from readygate_server.adapters.signing.envelope import read_envelope
    from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
    from readygate_server.adapters.signing.key_sets import follow, read_key_set

    try:
        keys = read_key_set(_text(file))
        for file in newer:
            keys = follow(keys, read_envelope(read_object(_text(file), "envelope")))
    except (KeyProblemError, MalformedError) as error:
        raise CommandError(f"{file}: {error}") from None
    return keys


def _digest(options: argparse.Namespace) -> ProposalDigest:
    """Returns the digest of a proposal: of its bytes when they are a message, else of what it says."""
    from readygate_server.adapters.certificates.report import ProposalDigest

    file: Path = options.proposal
    if file.suffix == _BYTES_SUFFIX:
        return ProposalDigest(f"sha256:{sha256(_bytes(file)).hexdigest()}", of_bytes=True)
    stated, registered = (_read_digest(options, str(file), as_registered=way) for way in (False, True))
    return ProposalDigest(stated, of_bytes=False, as_registered=registered)


def _read_digest(options: argparse.Namespace, file: str, *, as_registered: bool) -> str:
    """Returns the digest of what a file says; a server may have had the facts in it, or registered from other files."""
    from readygate_server.adapters.proposals.dossier import dossier_of
    from readygate_server.cli.options import faults_text
    from readygate_server.cli.reading import reader_for
    from readygate_server.domain.faults import FaultsError

    try:
        return dossier_of(reader_for(options, [file], as_registered=as_registered)(file).proposal).digest
    except FaultsError as error:
        raise CommandError(f"{file}: {faults_text(error)}") from None


def _text(file: Path) -> str:
    try:
        return _bytes(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: this is not UTF-8 text (byte {error.start})") from None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(unreadable(str(file), error)) from None


def _moment(text: str) -> int:
    from readygate_server.adapters.signing.canonical import moment_of
    from readygate_server.adapters.signing.errors import MalformedError

    try:
        return moment_of(text, "time")
    except MalformedError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _print_text(report: Report) -> None:
    from readygate_server.adapters.certificates.report import Result

    skipped = ", ".join(step.name for step in report.steps if step.result is Result.SKIPPED)
    valid = f"VALID, with nothing said about: {skipped}" if skipped else "VALID"
    print(valid if report.is_valid else f"REFUSED: {report.reason}")
    for step in report.steps:
        print(f"  {step.number:>2} {step.name:<12} {step.result.replace('_', ' '):<11} {step.detail}".rstrip())


def _print_json(report: Report) -> None:
    import json

    document = {
        "valid": report.is_valid,
        "reason": report.reason,
        "steps": [
            {"number": step.number, "name": step.name, "result": step.result.value, "detail": step.detail}
            for step in report.steps
        ],
        "certificate": report.predicate,
    }
    print(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))
