"""`readygate serve`: answers over gRPC."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from readygate_server.cli.options import add_rules


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "serve",
        help="serve the gate over gRPC",
        description="Serves the gate over gRPC, on loopback only until TLS and authentication can be configured.",
    )
    parser.add_argument("--listen", default="127.0.0.1:7443", metavar="HOST:PORT", help="address (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="directory for what the server keeps")
    add_rules(parser)
    parser.add_argument("--metrics", default="", metavar="HOST:PORT", help="serve Prometheus metrics there")
    parser.add_argument("--grace", type=float, default=10.0, metavar="SECONDS", help="time for calls in flight when stopping")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    # Imported here, because the other commands need no server.
    from readygate_server.bootstrap_server import serve

    return serve(
        listen=options.listen,
        data_dir=options.data_dir,
        rules=options.rules,
        metrics=options.metrics,
        grace=options.grace,
    )
