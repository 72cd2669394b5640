"""The console that people read: colour only on a terminal, wide enough for a table when piped."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Mapping
from typing import IO, TextIO, cast

from rich.console import Console

PIPED_WIDTH = 140
"""Columns of what is not printed on a terminal."""
_TRAILING = re.compile(r"[ \t]+(?=\n)")


class _Trimmed(io.TextIOBase):
    """Writes without blanks at the ends of lines, which tables leave and nobody wants in a file."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute of the base class
        return self._file.encoding

    def write(self, text: str) -> int:
        self._file.write(_TRAILING.sub("", text))
        return len(text)

    def flush(self) -> None:
        self._file.flush()


class _Console(Console):
    """A console that leaves it to the command what a reader who goes away means: 1, as rich has it, is a no-go."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Returns the console on standard output; `NO_COLOR` and `COLUMNS` are respected."""
    if sys.stdout.isatty():
        return _Console(highlight=False, emoji=False, markup=False, _environ=_variables())
    width = None if "COLUMNS" in _variables() else PIPED_WIDTH
    return plain_console(sys.stdout, width=width)


def plain_console(file: TextIO, *, width: int | None = PIPED_WIDTH) -> Console:
    """Returns a console that writes plain text into a file."""
    return _Console(
        file=cast("IO[str]", _Trimmed(file)),
        width=width,
        force_terminal=False,
        highlight=False,
        emoji=False,
        markup=False,
        _environ=_variables(),
    )


def _variables() -> Mapping[str, str]:
    """Returns the environment without a width that is none, such as the 0 of some terminals: nothing would show."""
    wide = os.environ.get("COLUMNS", "")
    if wide.isascii() and wide.isdigit() and int(wide) > 0:
        return os.environ
    return {name: value for name, value in os.environ.items() if name != "COLUMNS"}
