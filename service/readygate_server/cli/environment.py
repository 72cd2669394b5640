"""Variables that stand for options: a flag counts before its variable, a variable before the default."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from readygate_server.cli.exits import CommandError
from readygate_server.cli.options import GATES, SERVER

_RULES: Final = "READYGATE_RULES"
_RULESET: Final = "READYGATE_RULESET"
_GATE: Final = "READYGATE_GATE"
_JUDGING: Final = "as_of"
"""Option that all commands have that judge, and no others."""
_PLACES: Final = ("data_dir", "record", "database_url")
"""Options that name where a record is in another way than by a server."""

VARIABLES: Final[Mapping[str, str]] = {
    SERVER: "--server, of commands that ask one",
    _RULES: "--rules",
    _RULESET: "--ruleset, of commands that judge",
    _GATE: "--gate, of commands that judge",
    "READYGATE_TOKEN": "token or API key to show a server",
    "READYGATE_TOKEN_FILE": "file with it, read anew for each command",
    "READYGATE_CA": "file with the authorities that a server's certificate is checked by",
    "READYGATE_CLIENT_CERT": "file with a certificate of one's own",
    "READYGATE_CLIENT_KEY": "file with the key of that",
    "READYGATE_DATABASE_URL": "--database-url",
    "NO_COLOR": "no colours on a terminal either, whatever it says",
    "COLUMNS": "width of tables",
}
"""Variables with what each is for."""


def overview() -> str:
    """Returns the variables as the help shows them."""
    longest = max(map(len, VARIABLES))
    gap = " " * (longest + 4)
    lines = ["variables, each for a flag that is not given:"]
    for name, text in VARIABLES.items():
        lines += textwrap.wrap(text, 79, initial_indent=f"  {name:{longest}}  ", subsequent_indent=gap)
    return "\n".join(lines)


def take_variables(options: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> None:
    """Sets the options that were not given and that a variable stands for.

    Raises:
      CommandError: when a variable has a value that its option does not take, or two of them exclude each other.
    """
    found = {name: value for name in _offered(options) if (value := environment.get(name, ""))}
    if SERVER in found and _RULES in found:
        raise CommandError(f"{SERVER} and {_RULES} are both set, and a server judges by its own rules; unset one")
    gate = found.get(_GATE)
    if gate and gate not in GATES:
        raise CommandError(f"{_GATE}: got {gate!r}, expected one of {', '.join(GATES)}")
    for name, value in found.items():
        setattr(options, _dest(name), Path(value) if name == _RULES else value)


def _offered(options: argparse.Namespace) -> Iterator[str]:
    """Yields the variables that stand for an option of the command that was not given."""
    given = {name for name in ("server", "rules") if getattr(options, name, None) is not None}
    elsewhere = any(hasattr(options, place) for place in _PLACES)
    judges = hasattr(options, _JUDGING)
    if hasattr(options, "server") and not given and not elsewhere:
        yield SERVER
    if hasattr(options, "rules") and not given:
        yield _RULES
    if judges and getattr(options, "ruleset", None) == "":
        yield _RULESET
    if judges and getattr(options, "gate", None) == "":
        yield _GATE


def _dest(variable: str) -> str:
    return variable.removeprefix("READYGATE_").lower()
