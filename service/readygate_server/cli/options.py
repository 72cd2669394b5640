"""Arguments that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from readygate_server.bootstrap import LocalGate, local_gate
from readygate_server.cli.exits import CommandError
from readygate_server.domain.faults import FaultsError

GATES = ("commit", "pilot", "production")
ARCHETYPES = ("staff-assistant", "customer-agent", "back-office-automation", "decision-support")


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Adds `--rules DIR`."""
    parser.add_argument("--rules", type=Path, metavar="DIR", help="directory with an organisation's own rulesets")


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


def day(text: str) -> str:
    """Returns a day as YYYY-MM-DD; argparse reports anything else."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a day as YYYY-MM-DD, such as 2026-11-01") from None


def open_gate(rules: Path | None) -> LocalGate:
    """Returns the gate in this process; a faulty rules directory ends the command with every fault."""
    if rules is not None and not rules.is_dir():
        raise CommandError(f"--rules {rules}: there is no such directory")
    try:
        return local_gate(rules)
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None


def faults_text(error: FaultsError) -> str:
    """Returns every fault, one a line, and how many there are."""
    count = len(error.faults)
    lines = [str(fault) for fault in error.faults]
    return "\n".join([f"{count} fault{'s' if count != 1 else ''}", *lines])
