"""Files that commands read, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals import origins
from readygate_server.cli.exits import CommandError


def read_text(file: str) -> str:
    """Returns the text of a file, or of standard input for `-`.

    Raises:
      CommandError: when it can not be read, or is no text.
    """
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: this is not UTF-8 text (byte {error.start})") from None


def name_of(file: str) -> str:
    """Returns how faults name a file."""
    return "<stdin>" if file == "-" else file


def read_file(file: str) -> Proposal:
    """Returns the proposal in a file.

    Raises:
      CommandError: when the file can not be read.
      FaultsError: with every fault of its text.
    """
    return read_located(file)[0]


def read_located(file: str) -> tuple[Proposal, origins.Origins]:
    """Returns the proposal in a file, and where its parts stand.

    Raises:
      CommandError: when the file can not be read.
      FaultsError: with every fault of its text.
    """
    return origins.read_located(name_of(file), text=read_text(file))
