"""Reads what documents show, so that tests can hold it to what happens."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tests.cli.command import Ran, readygate

ROOT = Path(__file__).parents[1]
_FENCE = "```"
_NAMED = re.compile(r"`([\w./-]+\.yaml)`:?$")
_OURS = re.compile(r"^(?:\.venv/bin/)?readygate ")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    language: str
    text: str
    file: str
    """File that the line before the block says it is; empty when it says none."""


def blocks(document: str, language: str) -> list[Block]:
    """Returns the blocks of a document in one language, in their order."""
    return [block for block in _all(document) if block.language == language]


def _all(document: str) -> Iterator[Block]:
    before = ""
    lines = iter((ROOT / document).read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith(_FENCE):
            text = "\n".join(takewhile(lambda each: each != _FENCE, lines))
            named = _NAMED.search(before)
            yield Block(line.removeprefix(_FENCE), text + "\n", named[1] if named else "")
        before = line or before


def steps(document: str) -> list[tuple[list[str], str]]:
    """Returns the commands of each shell block, with the output that is shown right after it; empty when none is."""
    found: list[tuple[list[str], str]] = []
    for block in _all(document):
        if block.language == "sh":
            found.append(([line for line in block.text.splitlines() if line], ""))
        elif block.language == "text" and found and not found[-1][1]:
            found[-1] = (found[-1][0], block.text)
    return found


def write_files(document: str, directory: Path) -> list[Path]:
    """Writes the YAML blocks that are said to be files, and returns where."""
    written = []
    for block in blocks(document, "yaml"):
        if block.file:
            path = directory / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            written.append(path)
    return written


def commands(document: str) -> list[str]:
    """Returns the lines of the shell blocks of a document."""
    return [line for block in blocks(document, "sh") for line in block.text.splitlines() if line]


def run(line: str, directory: Path, *, columns: int = 80) -> Ran:
    """Runs a line that calls `readygate`, in a directory; the installed command is that of this interpreter."""
    assert _OURS.match(line), f"not a command of ours: {line}"
    return readygate(*shlex.split(_OURS.sub("", line)), env={"COLUMNS": str(columns)}, cwd=directory)
