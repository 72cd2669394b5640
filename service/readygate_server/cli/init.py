"""`readygate init`: a commented proposal to start from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from readygate_server.adapters.proposals.templates import archetype
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import ARCHETYPES
from readygate_server.cli.ways_out import unwritable


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "init",
        help="write a commented proposal to start from",
        description="Writes a proposal; every fact that it can not know is absent, so that it never checks as go.",
    )
    parser.add_argument("archetype", choices=ARCHETYPES, help="kind of deployment")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="file to write (default: standard output)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the proposal; never over a file that is there."""
    text = archetype(options.archetype)
    if options.output in (None, Path("-")):
        sys.stdout.write(text)
        return Exit.GO
    try:
        with options.output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CommandError(f"{options.output} is there already; name another file") from None
    except OSError as error:
        raise CommandError(unwritable(str(options.output), error)) from None
    sys.stderr.write(f"wrote {options.output}; fill in what you know and run: readygate check {options.output}\n")
    return Exit.GO
