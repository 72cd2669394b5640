"""The `readygate` command: parses arguments and hands over to one module per command."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from readygate_server import ENGINE_VERSION
from readygate_server.cli import commands, environment
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.lean import end_lean, start_lean
from readygate_server.cli.options import SERVER
from readygate_server.cli.streams import READER_LEFT, leave_reader, open_closed
from readygate_server.cli.ways_out import mistyped
from readygate_server.domain.errors import InvalidInputError

_DESCRIPTION = f"""\
readygate asks, before money is spent, whether an AI deployment has the data,
APIs, workflows and ownership that it needs, and answers go or no-go with the
work that is missing.

  readygate init customer-agent -o agent.yaml
  readygate check agent.yaml

{commands.overview()}
"""
_EPILOG = f"""\
readygate COMMAND --help says more about one.

{environment.overview()}

exit codes: 0 go, with or without conditions; 1 no-go; 2 undetermined (facts
are missing: treat it as a no); 3 bad input or usage; 4 the service failed
"""
_WAY_TO_COMMANDS = "commands need more than the client: pip install 'readygate[server]', in a checkout '.[server]'"


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors end with the exit code for bad input."""

    def error(self, message: str) -> NoReturn:
        """Prints the usage and what is wrong with it."""
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: {mistyped(message)}{self._way_out(message)}\n")
        raise SystemExit(int(Exit.BAD_INPUT))

    def _way_out(self, message: str) -> str:
        """Returns where what is missing can be found."""
        if "required" not in message:
            return ""
        if message.endswith(": COMMAND"):
            return f"; {self.prog} --help lists them"
        return f"; {SERVER} may say it as well" if "--server" in message else ""


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Returns the parser of one command, with only the names of the others; of all of them when none is named."""
    top = _Parser(
        prog="readygate",
        usage="readygate [-h] [--version] COMMAND ...",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"readygate {ENGINE_VERSION}")
    below = top.add_subparsers(
        prog="readygate",
        dest="command",
        required=True,
        metavar="COMMAND",
        parser_class=_Parser,
        help=argparse.SUPPRESS,  # the description shows them, in their groups
    )
    wanted = None if command is None else commands.COMMANDS.get(command, commands.Command("", "")).module
    loaded: set[str] = set()
    for name, (module, text) in commands.COMMANDS.items():
        if wanted not in (None, module):
            below.add_parser(name, help=text)
        elif module not in loaded:
            import_module(f"readygate_server.cli.{module}").add_to(below)
            loaded.add(module)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if arguments is not None or words[:1] == ["serve"]:
        return _run(words, _again(arguments))
    # The process is there for this command alone.
    start_lean()
    open_closed()
    try:
        return _run(words, _again(arguments))
    finally:
        end_lean()


def _run(words: Sequence[str], command_line: Sequence[str]) -> int:
    # Only what is asked for is imported: a command should not wait for all others.
    try:
        options = parser(words[0] if words else "").parse_args(words)
        options.command_line = command_line
        environment.take_variables(options)
        code: int = options.run(options)
    except CommandError as error:
        sys.stderr.write(f"readygate: {error}\n")
        return int(error.code)
    except InvalidInputError as error:
        # Such as a proposal with references to assets, which only a server knows.
        sys.stderr.write(f"readygate: {error}\n")
        return int(Exit.BAD_INPUT)
    except BrokenPipeError:
        # The reader went away, as `head` does. What was said so far is no verdict, so that 0 would be a lie.
        leave_reader()
        return READER_LEFT
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 -- a fault of ours, which Python would end with the code of a no-go
        if isinstance(error, ModuleNotFoundError) and not (error.name or "readygate").startswith("readygate"):
            sys.stderr.write(f"readygate: {error.name} is not installed; {_WAY_TO_COMMANDS}\n")
        else:
            traceback.print_exc()
        return int(Exit.SERVICE_FAILED)
    return int(code)


def _again(arguments: Sequence[str] | None) -> Sequence[str]:
    """Returns the command line that does the same in another process, with the same interpreter and its options."""
    if arguments is None:
        return (sys.executable, *sys.orig_argv[1:])
    return (sys.executable, "-m", "readygate_server", *arguments)
