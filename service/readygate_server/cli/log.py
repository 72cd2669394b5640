"""`readygate log`: check the log of records, with or without the server that keeps it, and get proofs from it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.log_text import print_json, print_text

if TYPE_CHECKING:
    from readygate import GateClient
    from readygate_server.adapters.log.audit import Kept
    from readygate_server.adapters.log.findings import Step
    from readygate_server.adapters.log.proof_file import ProofFile
    from readygate_server.adapters.log.trust import TrustedKeys

_EXITS: Final = "exit codes: 0 sound; 1 a fault was found, with its place; 3 bad input or usage; 4 it can not be read"
_NOT_FOUND: Final = "NOT_FOUND"
_TOLD_EVERY: Final = 20_000
"""Leaves between two lines about how far a check is."""


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("log", help="check the log of records, and get proofs from it")
    own = parser.add_subparsers(dest="log_command", required=True, metavar="COMMAND")
    verify = own.add_parser(
        "verify",
        help="check a whole log, a server against a checkpoint, or a proof",
        description=(
            "Checks step by step and says what came of each. A record is checked as a whole, without its server: "
            "every entry, hash, root, signature, request and response. A server is checked for having only added "
            "to the log since a checkpoint that you kept. A proof is checked by itself."
        ),
        epilog=_EXITS,
    )
    what = _add_places(verify)
    what.add_argument("--proof", type=Path, metavar="FILE", help="proof, as `readygate log proof` writes it")
    verify.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="public keys to trust: PEM, key set or NAME+ID+KEY (default: those in the data directory)",
    )
    verify.add_argument("--origin", default="", metavar="NAME", help="name that the log must have")
    verify.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="checkpoint that you kept"
    )
    verify.add_argument(
        "--anchor",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="directory of checkpoints that a server kept (default: the one in the data directory)",
    )
    verify.add_argument(
        "--keep", type=Path, metavar="FILE", help="write the server's newest checkpoint here when no fault was found"
    )
    verify.add_argument("--format", choices=("text", "json"), default="text", help="output (default: text)")
    verify.set_defaults(run=_verify)
    proof = own.add_parser(
        "proof",
        help="get the proof that an entry is in the log",
        description="Gets the entry, the hashes up to the root and the signed checkpoint, in one file for others.",
        epilog="exit codes: 0 written; 1 the log has no such entry; 3 bad input or usage; 4 it can not be read",
    )
    proof.add_argument("entry", metavar="ENTRY", help="id of an entry; of a decision, its own")
    _add_places(proof)
    proof.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: standard output)")
    proof.set_defaults(run=_proof)


def _add_places(parser: argparse.ArgumentParser) -> Any:
    places = parser.add_mutually_exclusive_group(required=True)
    places.add_argument("--data-dir", type=Path, metavar="DIR", help="data directory with the record")
    places.add_argument("--database-url", metavar="URL", help="PostgreSQL with the record")
    places.add_argument("--server", metavar="HOST:PORT", help="server that keeps the record")
    return places


def _verify(options: argparse.Namespace) -> Exit:
    with _told():
        if options.server:
            steps = _verify_server(options)
        elif options.keep:
            raise CommandError("--keep is for the newest checkpoint of a server; give --server HOST:PORT")
        elif options.proof:
            steps = _verify_proof(options)
        else:
            steps = _verify_record(options)
    if options.format == "json":
        print_json(steps)
    else:
        print_text(steps)
    return Exit.NO_GO if any(step.count for step in steps) else Exit.GO


def _verify_record(options: argparse.Namespace) -> Sequence[Step]:
    from readygate_server.adapters.log.audit import audit
    from readygate_server.adapters.log.record_copy import RecordCopy

    kept, trusted = list(_kept(options)), _trusted(options)
    with closing(RecordCopy.open(options.data_dir or options.database_url)) as copy:
        return audit(copy, trusted=trusted, kept=kept, progress=_progress())


def _verify_server(options: argparse.Namespace) -> Sequence[Step]:
    from readygate import GateError
    from readygate.v1.log_service_pb2 import GetCheckpointRequest, GetConsistencyProofRequest
    from readygate_server.adapters.log.checkpoint import read_checkpoint
    from readygate_server.adapters.log.growth import check_growth
    from readygate_server.adapters.log.note import NoteError
    from readygate_server.adapters.log.proof_file import check_signature

    if options.anchor or len(options.checkpoint) > 1 or not (options.checkpoint or options.keep):
        raise CommandError("a server is held against one --checkpoint FILE; to begin with, --keep FILE alone gets one")
    trusted = _trusted(options)
    with _client(options.server) as client:

        def prove(first: int, second: int) -> Sequence[bytes]:
            asked = GetConsistencyProofRequest(first_tree_size=first, second_tree_size=second)
            try:
                return client.get_consistency_proof(asked).hashes
            except GateError as error:
                if error.is_callers_fault:
                    return ()  # it gave a checkpoint of the second size, and does not know the sizes: no proof
                raise

        newest = client.get_checkpoint(GetCheckpointRequest()).checkpoint.note
        try:
            read_checkpoint(newest)
        except NoteError as error:
            raise CommandError(f"{options.server} gives no checkpoint: {error}", Exit.SERVICE_FAILED) from None
        if options.checkpoint:
            kept = _text(options.checkpoint[0])
            steps = check_growth(kept=kept, newest=newest, prove=prove, trusted=trusted)
        else:
            steps = [check_signature("Newest checkpoint", newest, trusted)]
    if options.keep and not any(step.count for step in steps):
        _write(options.keep, newest)
    return steps


def _verify_proof(options: argparse.Namespace) -> Sequence[Step]:
    from readygate_server.adapters.log.proof_file import check_proof, read_proof

    if options.anchor or options.checkpoint:
        raise CommandError("a proof brings its own checkpoint; leave out --checkpoint and --anchor")
    return check_proof(read_proof(_text(options.proof)), _trusted(options))


def _proof(options: argparse.Namespace) -> Exit:
    with _told():
        proof = _proof_of_server(options) if options.server else _proof_of_record(options)
    if proof is None:
        raise CommandError(f"the log has no entry {options.entry}", Exit.NO_GO)
    if options.output is None:
        sys.stdout.write(proof.text)
    else:
        _write(options.output, proof.text)
    return Exit.GO


def _proof_of_record(options: argparse.Namespace) -> ProofFile | None:
    from readygate_server.adapters.log.record_copy import RecordCopy

    with closing(RecordCopy.open(options.data_dir or options.database_url)) as copy:
        return copy.proof(options.entry)


def _proof_of_server(options: argparse.Namespace) -> ProofFile | None:
    from readygate import GateError
    from readygate.v1.log_service_pb2 import GetInclusionProofRequest
    from readygate_server.adapters.log.proof_file import ProofFile

    with _client(options.server) as client:
        try:
            reply = client.get_inclusion_proof(GetInclusionProofRequest(entry_id=options.entry))
        except GateError as error:
            if error.reason == _NOT_FOUND:
                return None
            raise
    return ProofFile(reply.entry, reply.leaf_index, list(reply.hashes), reply.checkpoint.note)


def _client(target: str) -> GateClient:
    from readygate_server.cli.connection import connect

    return connect(target)


def _trusted(options: argparse.Namespace) -> TrustedKeys | None:
    from readygate_server.adapters.log.note import NoteError
    from readygate_server.adapters.log.trust import TrustedKeys
    from readygate_server.adapters.signing.store import has_keys, read_current

    found = []
    for file in options.key:
        try:
            found.append(TrustedKeys.read(_text(file)))
        except NoteError as error:
            raise CommandError(f"{file}: {error}") from None
    if not found and options.data_dir and has_keys(options.data_dir):
        found.append(TrustedKeys.of(read_current(options.data_dir)[0]))
    return found[0].joined(found[1:], origin=options.origin) if found else None


def _kept(options: argparse.Namespace) -> Iterator[Kept]:
    from readygate_server.adapters.log.anchor import FileAnchor
    from readygate_server.adapters.log.audit import Kept
    from readygate_server.adapters.log.checkpoint import head_of

    for file in options.checkpoint:
        yield Kept(str(file), head_of(_text(file)))
    directories = options.anchor or ([options.data_dir / "anchor"] if options.data_dir else [])
    for directory in directories:
        if options.anchor and not directory.is_dir():
            raise CommandError(f"--anchor {directory}: there is no such directory")
        anchor = FileAnchor(directory)
        newest = anchor.newest()
        older = [head for head in anchor.history() if head != newest]
        for head in [*older, newest] if newest is not None else older:
            yield Kept(str(directory), head, is_inside=not options.anchor)


@contextmanager
def _told() -> Iterator[None]:
    """Ends the command with a message and the right code when something can not be read or trusted."""
    from readygate import GateError
    from readygate_server.adapters.log.anchor import AnchorError
    from readygate_server.adapters.log.record_copy import UnreadableError
    from readygate_server.domain.errors import GateError as DomainError

    try:
        yield
    except (UnreadableError, AnchorError) as error:
        raise CommandError(str(error), Exit.SERVICE_FAILED) from None
    except GateError as error:
        raise CommandError(str(error), Exit.BAD_INPUT if error.is_callers_fault else Exit.SERVICE_FAILED) from None
    except DomainError as error:
        raise CommandError(str(error)) from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: this is not UTF-8 text (byte {error.start})") from None


def _write(file: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    part = file.with_name(f"{file.name}.new")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None


def _progress() -> Callable[[int, int], None]:
    """Returns what tells on standard error how far a long check is."""
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done - told >= _TOLD_EVERY:
            told = done
            sys.stderr.write(f"readygate: {done:,} of {total:,} leaves\n")

    return tell
