"""Arguments that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from readygate_server.cli.exits import CommandError
from readygate_server.domain.faults import FaultsError

if TYPE_CHECKING:
    from readygate_server.bootstrap import LocalGate

GATES = ("commit", "pilot", "production")
SERVER: Final = "READYGATE_SERVER"
"""Variable that stands for `--server`."""
ARCHETYPES = ("staff-assistant", "customer-agent", "back-office-automation", "decision-support")


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Adds `--rules DIR`."""
    parser.add_argument("--rules", type=Path, metavar="DIR", help="directory with an organisation's own rulesets")


def add_evidence(parser: argparse.ArgumentParser) -> None:
    """Adds `--evidence FILE`."""
    parser.add_argument(
        "--evidence",
        action="append",
        default=[],
        metavar="FILE",
        help="facts and evidence about the proposal's assets, as `readygate collect` writes them; can be repeated",
    )


def add_foundations(parser: argparse.ArgumentParser) -> None:
    """Adds `--foundations PLACE`."""
    parser.add_argument(
        "--foundations",
        action="append",
        default=[],
        type=Path,
        metavar="PLACE",
        help="file or folder that says what is known of the assets that the proposal references; can be repeated "
        "(default: the folder 'foundations' beside the proposal)",
    )


def add_ruleset(parser: argparse.ArgumentParser) -> None:
    """Adds `--ruleset`, `--gate` and `--as-of`."""
    parser.add_argument(
        "--ruleset",
        default="",
        metavar="NAME[@CHOICE]",
        help="ruleset; CHOICE is a version, digest, channel or day (default: the newest stable one)",
    )
    parser.add_argument(
        "--gate", choices=GATES, default="", help="gate to ask for (default: the proposal's target_gate)"
    )
    parser.add_argument("--as-of", type=day, metavar="DATE", help="day to judge on (default: today in UTC)")


def add_server_command(own: Any, name: str, run: Any, text: str, *, exits: str) -> argparse.ArgumentParser:
    """Adds a command that asks a server about its record; `exits` says what its exit codes mean."""
    formatter = argparse.RawDescriptionHelpFormatter
    epilog = f"{exits}\nwho you are comes from the environment: READYGATE_TOKEN or READYGATE_TOKEN_FILE, READYGATE_CA"
    parser: argparse.ArgumentParser = own.add_parser(name, help=text, epilog=epilog, formatter_class=formatter)
    add_server(parser, "server that keeps the record")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output (default: text)")
    parser.set_defaults(run=run)
    return parser


def add_server(parser: argparse.ArgumentParser, text: str) -> None:
    """Adds `--server`, without which the command can do nothing; a variable may stand for it."""
    parser.add_argument("--server", required=not os.environ.get(SERVER), metavar="HOST:PORT", help=text)


def day(text: str) -> str:
    """Returns a day as YYYY-MM-DD; argparse reports anything else."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a day as YYYY-MM-DD, such as 2026-11-01") from None


def open_gate(rules: Path | None) -> LocalGate:
    """Returns the gate in this process; a faulty rules directory ends the command with every fault."""
    from readygate_server.bootstrap import local_gate  # late: not every command needs the engine

    if rules is not None and not rules.is_dir():
        raise CommandError(f"--rules {rules}: there is no such directory")
    try:
        return local_gate(rules)
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None


def faults_text(error: FaultsError) -> str:
    """Returns every fault, one a line, and how many there are."""
    count = len(error.faults)
    lines = [plain_text(str(fault)) for fault in error.faults]
    return "\n".join([f"{count} fault{'s' if count != 1 else ''}", *lines])


def plain_text(text: str) -> str:
    """Returns a text that names a file in lines of a log that say nothing else.

    Runners of jobs take a line that starts with two colons for a command, and files have the names that others gave.
    """
    lines = ("".join(each if each.isprintable() else "\ufffd" for each in line) for line in text.split("\n"))
    return "\n".join(f"./{line}" if line.lstrip().startswith("::") else line for line in lines)
