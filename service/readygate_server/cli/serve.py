"""`readygate serve`: answers over gRPC and HTTP."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from readygate_server.bootstrap.seat import Seat
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_rules, faults_text
from readygate_server.domain.faults import FaultsError
from readygate_server.settings import Address, ListenError, RecordSettings, ServerSettings, SettingsError, Tls


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "serve",
        help="serve the gate over gRPC and HTTP",
        description="Serves the gate over gRPC and HTTP. Beyond loopback it listens with TLS and identities only.",
    )
    parser.add_argument(
        "--listen", default="127.0.0.1:7443", metavar="HOST:PORT", help="address (default: %(default)s)"
    )
    parser.add_argument("--http", metavar="HOST:PORT", help="answer calls in JSON over HTTP there, and show the pages")
    _add_record(parser)
    add_rules(parser)
    parser.add_argument("--identity", type=Path, metavar="FILE", help="YAML file of those who may call")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain of the server, in PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, in PEM")
    parser.add_argument("--listen-mtls", metavar="HOST:PORT", help="address for callers with a client certificate")
    parser.add_argument("--client-ca", type=Path, metavar="FILE", help="CA of client certificates, in PEM")
    parser.add_argument("--metrics", metavar="HOST:PORT", help="serve Prometheus metrics there")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes that share the port (default: %(default)s)"
    )
    parser.add_argument(
        "--grace", type=float, default=20.0, metavar="SECONDS", help="time for calls in flight when stopping"
    )
    parser.set_defaults(run=run)


def _add_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="directory for keys and the record of decisions")
    parser.add_argument(
        "--database-url",
        default=os.environ.get("READYGATE_DATABASE_URL", ""),
        metavar="URL",
        help="PostgreSQL for the record, shared by several servers with the same keys (READYGATE_DATABASE_URL)",
    )
    parser.add_argument(
        "--anchor",
        type=Path,
        metavar="DIR",
        help="directory for the newest checkpoint, outside of what a backup restores (default: in the data directory)",
    )
    parser.add_argument("--log-origin", default="", metavar="NAME", help="name of the log (default: a random one)")
    parser.add_argument(
        "--retention", type=int, default=0, metavar="DAYS", help="drop the bytes of older requests and answers"
    )
    parser.add_argument(
        "--waiver-sign-in",
        type=int,
        default=15 * 60,
        metavar="SECONDS",
        help="how long ago the approver of a waiver may have signed in (default: 900)",
    )
    parser.add_argument("--webhooks", type=Path, metavar="FILE", help="YAML file of those who are told what happens")
    parser.add_argument("--no-record", action="store_true", help="keep no record: decisions can not be proven")


def _record(options: argparse.Namespace) -> RecordSettings | None:
    if options.no_record:
        if options.webhooks is not None:
            raise SettingsError("--webhooks tells what is recorded, and --no-record records nothing; leave one out")
        return None
    directory = data_directory(options.data_dir)
    if directory is None:
        raise SettingsError("--data-dir DIR is missing: decisions are recorded; --no-record keeps no record")
    return RecordSettings(
        directory,
        options.database_url,
        options.anchor,
        options.log_origin,
        retention_days=options.retention,
        waiver_sign_in_seconds=options.waiver_sign_in,
        webhooks=options.webhooks,
    )


def data_directory(path: Path | None) -> Path | None:
    """Returns the data directory, made when it is not there."""
    if path is not None:
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CommandError(f"--data-dir {path}: {error.strerror}") from None
    return path


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    try:
        settings = _settings(options)
        seat = Seat.taken(os.environ)
    except (SettingsError, OSError) as error:
        raise CommandError(str(error)) from None
    try:
        if seat is None and settings.workers > 1:
            return _serve_with_workers(settings, options.command_line)
        return _serve(seat.settings(settings) if seat else settings, seat)
    except SettingsError as error:
        raise CommandError(str(error)) from None
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None
    except ListenError as error:
        raise CommandError(str(error), Exit.SERVICE_FAILED) from None


# What they need is imported in these, because other commands need no server, and who starts workers answers nothing.


def _serve(settings: ServerSettings, seat: Seat | None) -> int:
    from readygate_server.bootstrap.server import serve

    asyncio.run(serve(settings, seat))
    return Exit.GO


def _serve_with_workers(settings: ServerSettings, command_line: Sequence[str]) -> int:
    from readygate_server.bootstrap.workers import serve_with_workers

    return asyncio.run(serve_with_workers(settings, command_line))


def _settings(options: argparse.Namespace) -> ServerSettings:
    return ServerSettings(
        listen=Address.parse(options.listen),
        record=_record(options),
        rules=options.rules,
        metrics=Address.parse(options.metrics, what="--metrics") if options.metrics else None,
        identity=options.identity,
        tls=_tls(options),
        listen_mtls=Address.parse(options.listen_mtls, what="--listen-mtls") if options.listen_mtls else None,
        http=Address.parse(options.http, what="--http") if options.http else None,
        workers=options.workers,
        drain_seconds=options.grace,
    )


def _tls(options: argparse.Namespace) -> Tls | None:
    if options.tls_cert is None and options.tls_key is None and options.client_ca is None:
        return None
    if options.tls_cert is None or options.tls_key is None:
        raise CommandError("--tls-cert and --tls-key belong together, and --client-ca needs both")
    return Tls(options.tls_cert, options.tls_key, options.client_ca)
