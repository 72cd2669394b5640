"""The `readygate` command: parses arguments and hands over to one module per command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from readygate_server import ENGINE_VERSION
from readygate_server.cli import (
    api_keys,
    backup,
    certificate,
    check,
    decisions,
    facts,
    init,
    keys,
    log,
    rules,
    serve,
    upkeep,
    waivers,
)
from readygate_server.cli.exits import CommandError, Exit

_DESCRIPTION = """\
readygate asks, before money is spent, whether an AI deployment has the data, APIs, workflows and ownership
that it needs, and answers go or no-go with the work that is missing.
"""
_EXITS = """\
exit codes: 0 go, with or without conditions; 1 no-go; 2 undetermined (facts are missing: treat it as a no);
3 bad input or usage; 4 the service failed
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors end with the exit code for bad input."""

    def error(self, message: str) -> NoReturn:
        """Prints the usage and what is wrong with it."""
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: {message}\n")
        raise SystemExit(int(Exit.BAD_INPUT))


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the whole command line."""
    top = _Parser(
        prog="readygate",
        description=_DESCRIPTION,
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"readygate {ENGINE_VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for module in (
        check,
        init,
        facts,
        rules,
        decisions,
        certificate,
        keys,
        log,
        api_keys,
        waivers,
        upkeep,
        backup,
        serve,
    ):
        module.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    options = parser().parse_args(arguments)
    options.command_line = _again(arguments)
    try:
        code: int = options.run(options)
    except CommandError as error:
        sys.stderr.write(f"readygate: {error}\n")
        return int(error.code)
    except BrokenPipeError:
        # The reader went away, as `head` does; there is nobody left to tell.
        sys.stderr.close()
        return int(Exit.GO)
    except KeyboardInterrupt:
        return 130
    return int(code)


def _again(arguments: Sequence[str] | None) -> Sequence[str]:
    """Returns the command line that does the same in another process, with the same interpreter and its options."""
    if arguments is None:
        return (sys.executable, *sys.orig_argv[1:])
    return (sys.executable, "-m", "readygate_server", *arguments)
