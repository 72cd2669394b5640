"""`readygate serve`: answers over gRPC."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_rules


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "serve",
        help="serve the gate over gRPC",
        description="Serves the gate over gRPC, on loopback only until TLS and authentication can be configured.",
    )
    parser.add_argument(
        "--listen", default="127.0.0.1:7443", metavar="HOST:PORT", help="address (default: %(default)s)"
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="directory for what the server keeps")
    add_rules(parser)
    parser.add_argument("--metrics", metavar="HOST:PORT", help="serve Prometheus metrics there")
    parser.add_argument(
        "--grace", type=float, default=20.0, metavar="SECONDS", help="time for calls in flight when stopping"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    # Imported here, because the other commands need no server.
    from readygate_server.bootstrap.server import data_directory, serve
    from readygate_server.grpc_api.server import ListenError
    from readygate_server.settings import Address, ServerSettings, SettingsError

    try:
        settings = ServerSettings(
            listen=Address.parse(options.listen),
            data_dir=data_directory(options.data_dir),
            rules=options.rules,
            metrics=Address.parse(options.metrics, what="--metrics") if options.metrics else None,
            drain_seconds=options.grace,
        )
    except (SettingsError, OSError) as error:
        raise CommandError(str(error)) from None
    try:
        asyncio.run(serve(settings))
    except ListenError as error:
        raise CommandError(str(error), Exit.SERVICE_FAILED) from None
    return Exit.GO
