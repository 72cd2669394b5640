"""Markdown in small pieces, so that what is generated from text of others shows as that text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MARK = re.compile(r"\s*\[[PSGHJ](?:/[PSGHJ])*\]")
_PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")


def cell(text: str) -> str:
    """Returns text that stays in its cell."""
    return text.replace("|", "\\|").replace("<", "&lt;").strip()


def code(text: str) -> str:
    """Returns text as code, and nothing for nothing."""
    return f"`{text}`" if text else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table with a line break after it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def anchor(name: str) -> str:
    """Returns a place that links can lead to, whatever the title beside it is."""
    return f'<a id="{name}"></a>'


def without_marks(text: str) -> str:
    """Returns a source without the marks that say how closely it was read."""
    return _MARK.sub("", text).strip()


def with_facts(text: str) -> str:
    """Returns a text in which what stands for a threshold is the name of its fact."""
    return _PLACEHOLDER.sub(r"the threshold of `\1`", text)
