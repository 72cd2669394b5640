"""`readygate webhooks`: who is told what happens, what they have not got, and trying it again."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from readygate_server.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from readygate_server.application.notice_ports import Answer, Endpoint

_T = TypeVar("_T")


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("webhooks", help="see who is told what happens, and try again what they did not get")
    own = parser.add_subparsers(dest="webhooks_command", required=True, metavar="COMMAND")
    listed = own.add_parser(
        "list", help="list endpoints with what they have not got", description="Lists endpoints; a server may run."
    )
    _add_places(listed)
    listed.set_defaults(run=_list)
    dead = own.add_parser(
        "dead", help="list dead letters", description="Lists what was given up; a server may run. Nothing is lost."
    )
    _add_places(dead)
    dead.add_argument("--endpoint", default="", metavar="NAME", help="of this endpoint only")
    dead.set_defaults(run=_dead)
    retry = own.add_parser(
        "retry",
        help="try dead letters again",
        description=(
            "Asks the server of a data directory to try dead letters of an endpoint again, and switches the endpoint "
            "on when its receiver had said that it is gone. The server does so within a second, or when it starts."
        ),
    )
    retry.add_argument("endpoint", metavar="ENDPOINT", help="name in the webhooks file")
    retry.add_argument("events", nargs="*", metavar="EVENT", help="ids of events (default: all)")
    retry.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="data directory of the server")
    retry.set_defaults(run=_retry)
    test = own.add_parser(
        "test",
        help="send a test event to endpoints",
        description="Sends each endpoint one event of type dev.readygate.webhook.test.v1, and says what came of it.",
        epilog="exit codes: 0 all took it; 3 bad input or usage; 4 at least one did not",
    )
    test.add_argument("endpoints", nargs="*", metavar="ENDPOINT", help="names in the file (default: all)")
    test.add_argument("--webhooks", type=Path, required=True, metavar="FILE", help="webhooks file")
    test.set_defaults(run=_test)


def _add_places(parser: argparse.ArgumentParser) -> None:
    places = parser.add_mutually_exclusive_group(required=True)
    places.add_argument("--data-dir", type=Path, metavar="DIR", help="data directory of the server")
    places.add_argument("--database-url", default="", metavar="URL", help="PostgreSQL with the record")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output (default: text)")


def _list(options: argparse.Namespace) -> Exit:
    from readygate_server.adapters.storage.notices import endpoint_states

    states = [state._asdict() for state in _asked(options, endpoint_states)]
    _show(options, states, ("name", "pending", "dead", "behind", "is_disabled"), "no endpoint was told anything yet")
    return Exit.GO


def _dead(options: argparse.Namespace) -> Exit:
    from readygate_server.adapters.storage.notices import dead_letters

    letters = _asked(options, lambda connection: dead_letters(connection, options.endpoint))
    columns = ("endpoint", "event_id", "type", "subject", "attempts", "detail")
    _show(options, letters, columns, "no dead letters")
    return Exit.GO


def _retry(options: argparse.Namespace) -> Exit:
    from readygate_server.adapters.notices.requests import Again, ask

    if not options.data_dir.is_dir():
        raise CommandError(f"--data-dir {options.data_dir}: there is no such directory")
    ask(options.data_dir, Again(options.endpoint, tuple(options.events)))
    print(f"asked for {options.endpoint}: {', '.join(options.events) or 'all dead letters'}")
    return Exit.GO


def _test(options: argparse.Namespace) -> Exit:
    from readygate_server.adapters.notices.reader import read_webhooks
    from readygate_server.cli.options import faults_text
    from readygate_server.domain.faults import FaultsError

    try:
        endpoints = read_webhooks(options.webhooks)
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None
    except OSError as error:
        raise CommandError(f"{options.webhooks}: {error.strerror}") from None
    unknown = sorted({*options.endpoints} - {endpoint.name for endpoint in endpoints})
    if unknown:
        raise CommandError(f"{options.webhooks} has no endpoint {', '.join(unknown)}")
    chosen = [each for each in endpoints if not options.endpoints or each.name in options.endpoints]
    answers = asyncio.run(_send(chosen))
    for endpoint, answer in zip(chosen, answers, strict=True):
        print(f"{endpoint.name}: {answer.result.value}, {answer.detail}")
    return Exit.GO if all(answer.result.value == "delivered" for answer in answers) else Exit.SERVICE_FAILED


async def _send(endpoints: Sequence[Endpoint]) -> Sequence[Answer]:
    from readygate_server.adapters.notices.cloud_events import cloud_event
    from readygate_server.adapters.notices.sender import HttpSender
    from readygate_server.adapters.storage.clock import microseconds_now
    from readygate_server.domain.notices import Notice, NoticeType

    sender = HttpSender()
    notice = Notice(f"test-{secrets.token_hex(8)}", NoticeType.TEST, "test", microseconds_now(), (("test", 1),))
    body = cloud_event(notice, source="readygate.local/test")
    try:
        return await asyncio.gather(*(sender.send(endpoint, notice.id, body) for endpoint in endpoints))
    finally:
        await sender.close()


def _asked(options: argparse.Namespace, query: Callable[[Connection], _T]) -> _T:
    """Asks a record, whose server may run, and writes nothing to it."""
    from sqlalchemy.exc import DBAPIError

    from readygate_server.adapters.storage import StoreRefusedError, postgres, sqlite
    from readygate_server.adapters.storage.opening import FILE
    from readygate_server.adapters.storage.outages import detail_of

    if not options.database_url and not (options.data_dir / FILE).is_file():
        raise CommandError(f"{options.data_dir / FILE}: there is no such file; is this the data directory of a server?")
    try:
        if options.database_url:
            engine = postgres.reading_engine(postgres.database_url(options.database_url))
        else:
            engine = sqlite.reading_engine(options.data_dir / FILE)
        with engine.connect() as connection:
            found = query(connection)
        engine.dispose()
    except StoreRefusedError as error:
        raise CommandError(str(error)) from None
    except (DBAPIError, OSError) as error:
        raise CommandError(f"the record can not be read: {detail_of(error)}", Exit.SERVICE_FAILED) from None
    return found


def _show(options: argparse.Namespace, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], nothing: str) -> None:
    if options.format == "json":
        json.dump([dict(row) for row in rows], sys.stdout, indent=2)
        print()
        return
    if not rows:
        print(nothing)
        return
    cells = [[name.removeprefix("is_") for name in columns], *([_cell(row[name]) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
