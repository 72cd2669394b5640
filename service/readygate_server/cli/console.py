"""The console that people read: colour only on a terminal, wide enough for a table when piped."""

from __future__ import annotations

import os
import sys

from rich.console import Console

_PIPED_WIDTH = 140


def console() -> Console:
    """Returns the console on standard output; `NO_COLOR` and `COLUMNS` are respected."""
    terminal = sys.stdout.isatty()
    width = None if terminal or "COLUMNS" in os.environ else _PIPED_WIDTH
    return Console(
        file=sys.stdout, width=width, no_color=None if terminal else True, highlight=False, emoji=False, markup=False
    )
