"""`readygate comment`: puts a report on a pull or merge request, in the place of the one from before."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.inputs import read_text

_DESCRIPTION = (
    "Puts what `readygate check --format markdown` wrote on the pull or merge request that a job is about. "
    "The comment that has the same marker and is our own is changed; else there is a new one."
)
_EPILOG = (
    "At GitHub the job's GITHUB_TOKEN with the permission `pull-requests: write` does it; at GitLab GITLAB_TOKEN, a "
    "project access token with the scope `api`. Ends with 0, or with 4 when the comment could not be written."
)


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "comment", help="put a report on a pull or merge request", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("file", metavar="FILE", help="report in Markdown, or - for standard input")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the comment."""
    from readygate_server.adapters.comments.forges import forge_of, put_comment
    from readygate_server.adapters.comments.http import ForgeError

    text = read_text(options.file)
    try:
        done = put_comment(forge_of(os.environ), text)
    except ForgeError as error:
        raise CommandError(f"no comment: {error}", Exit.SERVICE_FAILED) from None
    sys.stdout.write(f"comment {done}\n")
    return Exit.GO
