"""Texts that people wrote, on one line of an output."""

from __future__ import annotations

import re
from typing import Final

from readygate_server.domain.texts import clean

_SPACE: Final = re.compile(r"\s+")


def one_line(text: str, limit: int = 1_000) -> str:
    """Returns a clean text on one line, cut with an ellipsis where it is longer than `limit`."""
    line = _SPACE.sub(" ", clean(text)).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
