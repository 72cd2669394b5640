"""Standard output that is closed, or whose reader goes away: neither may pass for a verdict."""

from __future__ import annotations

import os
import sys
from typing import Final

READER_LEFT: Final = 141
"""What a shell reports of a program that the pipe ended, 128 and SIGPIPE; no verdict has it."""


def open_closed() -> None:
    """Opens the null device for standard streams that were closed, so that no file of ours takes their place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 -- for the whole run


def leave_reader() -> None:
    """Lets what is still to be written to standard output go nowhere, because nobody reads it."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
