"""`readygate names` and `readygate retention`: what is erased, and what is dropped when it is old."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import day

if TYPE_CHECKING:
    from readygate_server.settings import RecordSettings


def add_to(commands: Any) -> None:
    """Adds the commands."""
    names = commands.add_parser("names", help="erase the name of a person from the record, and change the names' key")
    own = names.add_subparsers(dest="names_command", required=True, metavar="COMMAND")
    erase = own.add_parser(
        "erase",
        help="erase the name of a person from all records",
        description="Erases a name for good. Proofs stay valid; the log gets an entry that does not say whose it was.",
    )
    erase.add_argument("person", metavar="NAME", help="name as it stands in requests; - reads it from standard input")
    erase.add_argument("--reason", required=True, help="why, such as the number of the request; it is kept")
    _add_places(erase).add_argument("--server", metavar="HOST:PORT", help="server that keeps the record")
    _add_anchor(erase)
    erase.set_defaults(run=_told(_erase))
    rotate = own.add_parser(
        "rotate-key",
        help="wrap the keys of all persons with a new key",
        description=(
            "Makes copies of the names useless from which somebody was erased later: without the old key nothing in "
            "them opens. A server may run. With the key in READYGATE_NAMES_KEK, put the new one in front of the old "
            "one there, separated by a comma, for this command, and restart the servers with the new one alone."
        ),
    )
    _add_places(rotate)
    rotate.set_defaults(run=_told(_rotate))
    retention = commands.add_parser(
        "retention",
        help="drop requests and answers that are old",
        description="Drops their bytes; what the log commits to stays. Servers do it by themselves with --retention.",
    )
    retention.add_argument(
        "--before", type=day, required=True, metavar="DATE", help="drop what was recorded before this day in UTC"
    )
    _add_places(retention)
    _add_anchor(retention)
    retention.set_defaults(run=_told(_retention))


def _add_places(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--database-url", default="", metavar="URL", help="PostgreSQL with the record")
    places = parser.add_mutually_exclusive_group(required=True)
    places.add_argument("--data-dir", type=Path, metavar="DIR", help="data directory of the server")
    return places


def _add_anchor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--anchor", type=Path, metavar="DIR", help="checkpoints kept outside (default: DIR/anchor)")


def _told(run: Callable[[argparse.Namespace], Exit]) -> Callable[[argparse.Namespace], Exit]:
    """Returns a command that ends with a message when the record can not be opened."""

    def told(options: argparse.Namespace) -> Exit:
        from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
        from readygate_server.adapters.storage import StoreRefusedError
        from readygate_server.domain.errors import GateError, RecordUnavailableError

        try:
            return run(options)
        except RecordUnavailableError as error:
            raise CommandError(error.detail, Exit.SERVICE_FAILED) from None
        except StoreRefusedError as error:
            raise CommandError(str(error), Exit.SERVICE_FAILED) from None
        except (GateError, KeyProblemError, MalformedError) as error:
            raise CommandError(str(error)) from None

    return told


def _settings(options: argparse.Namespace) -> RecordSettings:
    from readygate_server.settings import RecordSettings

    if not options.data_dir.is_dir():
        raise CommandError(f"--data-dir {options.data_dir}: there is no such directory")
    return RecordSettings(options.data_dir, options.database_url, getattr(options, "anchor", None))


def _erase(options: argparse.Namespace) -> Exit:
    person = sys.stdin.readline().strip() if options.person == "-" else options.person
    if not person or not options.reason.strip():
        raise CommandError("a name and a reason are needed")
    if person.casefold() in options.reason.casefold():
        raise CommandError("the reason is kept, so it must not name the person; give a reference")
    entry = _erase_by_server(options.server, person, options.reason) if options.server else None
    if not options.server:
        entry = asyncio.run(_erase_here(_settings(options), person, options.reason))
    if not entry:
        sys.stdout.write("no record knows the name\n")
        return Exit.NO_GO
    sys.stdout.write(f"erased; entry {entry} of the log says so\n")
    return Exit.GO


def _erase_by_server(target: str, person: str, reason: str) -> str:
    from readygate import GateError
    from readygate.v1.decision_service_pb2 import ErasePersonRequest
    from readygate_server.cli.connection import connect

    with connect(target) as client:
        try:
            return client.erase_person(ErasePersonRequest(person=person, reason=reason)).entry_id
        except GateError as error:
            code = Exit.BAD_INPUT if error.is_callers_fault else Exit.SERVICE_FAILED
            raise CommandError(str(error), code) from None


async def _erase_here(settings: RecordSettings, person: str, reason: str) -> str | None:
    from readygate_server.bootstrap.upkeep import upkeep_of

    async with upkeep_of(settings) as upkeep:
        return await upkeep.erasures.erase(person, reason=reason)


def _rotate(options: argparse.Namespace) -> Exit:
    from contextlib import closing

    from readygate_server.adapters.names import Vault

    settings = _settings(options)
    with closing(Vault.at(settings.database_url or settings.directory, settings.directory / "keys")) as vault:
        count = vault.replace_wrapping_key()
    sys.stdout.write(f"the keys of {count} persons and services are wrapped with the new key\n")
    return Exit.GO


def _retention(options: argparse.Namespace) -> Exit:
    dropped = asyncio.run(_drop(_settings(options), options.before))
    said = f"; entry {dropped[1]} of the log says so" if dropped[1] else ""
    sys.stdout.write(f"dropped the requests and answers of {dropped[0]} decisions{said}\n")
    return Exit.GO


async def _drop(settings: RecordSettings, before: str) -> tuple[int, str]:
    from readygate_server.application.retention import drop_payloads
    from readygate_server.bootstrap.upkeep import upkeep_of

    moment = datetime.fromisoformat(before).replace(tzinfo=UTC)
    async with upkeep_of(settings) as upkeep:
        return await drop_payloads(upkeep.retention, before=int(moment.timestamp()) * 1_000_000)
