"""Files that commands read, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals import origins
from readygate_server.cli.exits import CommandError
from readygate_server.cli.ways_out import unreadable

STDIN = "-"


class Located(NamedTuple):
    """A proposal as it is judged, and where its parts stand."""

    proposal: Proposal
    origins: origins.Origins


def read_text(file: str) -> str:
    """Returns the text of a file, or of standard input for `-`.

    Raises:
      CommandError: when it can not be read, or is no text.
    """
    try:
        return sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(unreadable(file, error)) from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: this is not UTF-8 text (byte {error.start})") from None


def name_of(file: str) -> str:
    """Returns how faults name a file."""
    return "<stdin>" if file == STDIN else file


def read_alone(file: str) -> Located:
    """Returns the proposal in a file as it stands, references included.

    Raises:
      CommandError: when the file can not be read.
      FaultsError: with every fault of its text.
    """
    return Located(*origins.read_located(name_of(file), text=read_text(file)))
