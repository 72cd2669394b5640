"""Shows on a terminal how far long work is; anywhere else nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_PAUSE = 0.5
"""Seconds before progress is shown: what is done sooner needs none."""


def progress(terminal: TextIO) -> Callable[[str, int, int], None]:
    """Returns what shows progress in one line of a terminal; anywhere else nothing is shown."""
    if not terminal.isatty():
        return lambda _what, _done, _total: None
    started = time.monotonic()

    def show(what: str, done: int, total: int) -> None:
        if time.monotonic() - started < _PAUSE:
            return
        share = f" {min(100, 100 * done // total)} %" if total > 0 else f" {done:,}" if done else ""
        line = "".join(each for each in f"{what}{share}" if each.isprintable())
        terminal.write(f"\r\x1b[K{line[:100]}")
        terminal.flush()

    return show


def clear(terminal: TextIO) -> None:
    """Takes the line of progress away."""
    if terminal.isatty():
        terminal.write("\r\x1b[K")
        terminal.flush()
