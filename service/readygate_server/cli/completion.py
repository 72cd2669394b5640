"""`readygate completion`: what completes the commands in a shell, written once and without readygate from then on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any, Final

from readygate_server.cli.exits import CommandError, Exit

SHELLS: Final = ("bash", "zsh", "fish")
_FILES: Final = frozenset({"ARTEFACT", "BUNDLE", "FILE", "FORMAT[=FILE]", "KEYSET", "OUT", "PLACE"})
_FOLDERS: Final = frozenset({"DIR"})
_TEXT: Final = """\
Writes a script to standard output that completes commands, options and their
values in a shell. It stands by itself: to complete starts no readygate.

  bash  readygate completion bash > ~/.local/share/bash-completion/completions/readygate
  zsh   readygate completion zsh > ~/.zfunc/_readygate        (a folder of $fpath)
  fish  readygate completion fish > ~/.config/fish/completions/readygate.fish
"""


def add_to(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "completion",
        help="write what completes these commands in a shell",
        description=_TEXT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="shell that it is for")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the script."""
    sys.stdout.write(script(options.shell))
    return Exit.GO


def script(shell: str) -> str:
    """Returns what completes all commands in a shell.

    Raises:
      CommandError: when the library that writes it is not installed.
    """
    from readygate_server.cli.main import parser

    try:
        import shtab
    except ImportError:
        message = "completion is written by shtab, which is not installed; pip install 'readygate[completion]'"
        raise CommandError(message) from None
    top = parser()
    for action in _actions(top):
        action.help = "" if action.help == argparse.SUPPRESS else action.help
        if action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # by which shtab knows it
        elif action.metavar in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    written: str = shtab.complete(top, shell)
    return written


def _actions(of: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yields the arguments of a command and of those below it."""
    for action in of._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
