"""The `readygate` command: parses arguments and hands over to one module per command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final, NoReturn

from readygate_server import ENGINE_VERSION
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.lean import end_lean, start_lean
from readygate_server.domain.errors import InvalidInputError

_DESCRIPTION = """\
readygate asks, before money is spent, whether an AI deployment has the data, APIs, workflows and ownership
that it needs, and answers go or no-go with the work that is missing.
"""
_EXITS = """\
exit codes: 0 go, with or without conditions; 1 no-go; 2 undetermined (facts are missing: treat it as a no);
3 bad input or usage; 4 the service failed
"""


_COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "check": ("check", "judge proposals: go or no-go, with the blocking work"),
    "report": ("report_page", "write decisions as one HTML file, with the plan drawn"),
    "export": ("export", "write the work list as CSV, XLSX, for Jira, ServiceNow or OSCAL"),
    "comment": ("comment", "put a report on a pull or merge request"),
    "init": ("init", "write a commented proposal to start from"),
    "facts": ("facts", "list the facts that a deployment needs at a gate"),
    "questionnaire": ("questionnaire", "ask for facts in a form (XLSX or YAML), and read the answers"),
    "collect": ("collect", "read artefacts, write the facts that they give"),
    "evidence": ("evidence", "show what each fact rests on"),
    "rules": ("rules", "look at rulesets, check, test and compare them"),
    "decisions": ("decisions", "look at recorded decisions, watch them, and replay them"),
    "certificate": ("certificate", "get a certificate of a go, or check one offline"),
    "keys": ("keys", "make, rotate, list and publish the keys that sign"),
    "log": ("log", "check the log of records, and get proofs from it"),
    "api-keys": ("api_keys", "make keys of services for the identity file"),
    "waivers": ("waivers", "ask for exceptions to rules, approve them and take them back"),
    "assets": ("assets", "register data sources, APIs and workflows once for all proposals"),
    "names": ("upkeep", "erase the name of a person from the record, and change the names' key"),
    "retention": ("upkeep", "drop requests and answers that are old"),
    "backup": ("backup", "copy the record, while the server runs"),
    "restore": ("backup", "put a copy into a data directory that has none"),
    "fork": ("backup", "go on with a log that has lost entries for good, under a new name"),
    "serve": ("serve", "serve the gate over gRPC and HTTP"),
}
"""Commands with the module that has each and the line that the help of all shows."""


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors end with the exit code for bad input."""

    def error(self, message: str) -> NoReturn:
        """Prints the usage and what is wrong with it."""
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: {message}\n")
        raise SystemExit(int(Exit.BAD_INPUT))


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Returns the parser of one command, with only the names of the others; of all of them when none is named."""
    top = _Parser(
        prog="readygate",
        description=_DESCRIPTION,
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"readygate {ENGINE_VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    wanted = None if command is None else _COMMANDS.get(command, ("", ""))[0]
    loaded: set[str] = set()
    for name, (module, text) in _COMMANDS.items():
        if wanted not in (None, module):
            commands.add_parser(name, help=text)
        elif module not in loaded:
            import_module(f"readygate_server.cli.{module}").add_to(commands)
            loaded.add(module)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if arguments is not None or words[:1] == ["serve"]:
        return _run(words, _again(arguments))
    # The process is there for this command alone.
    start_lean()
    try:
        return _run(words, _again(arguments))
    finally:
        end_lean()


def _run(words: Sequence[str], command_line: Sequence[str]) -> int:
    # Only what is asked for is imported: a command should not wait for all others.
    options = parser(words[0] if words else "").parse_args(words)
    options.command_line = command_line
    try:
        code: int = options.run(options)
    except CommandError as error:
        sys.stderr.write(f"readygate: {error}\n")
        return int(error.code)
    except InvalidInputError as error:
        # Such as a proposal with references to assets, which only a server knows.
        sys.stderr.write(f"readygate: {error}\n")
        return int(Exit.BAD_INPUT)
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
