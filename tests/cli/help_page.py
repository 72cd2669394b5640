"""Keeps the help texts in `docs/command-line.md`: `python -m tests.cli.help_page` writes them anew."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from unittest.mock import patch

from readygate_server.cli.main import parser

PAGE = Path(__file__).parents[2] / "docs/command-line.md"
_BLOCK = re.compile(r"(?<=```text\n)\$ readygate ?([a-z -]*?) ?--help\n(.*?)(?=```)", re.DOTALL)


def help_texts(page: str) -> dict[str, str]:
    """Returns the help text of each command that a page shows."""
    return {match[1]: match[2] for match in _BLOCK.finditer(page)}


def real_help(command: str) -> str:
    """Returns what a command says about itself, on 80 columns."""
    with patch.dict(os.environ, COLUMNS="80"):
        return parser_of(*command.split()).format_help()


def parser_of(*words: str) -> argparse.ArgumentParser:
    """Returns the parser of a command, loaded as the command itself loads it."""
    found = parser(words[0] if words else "")
    for word in words:
        below = next(action for action in found._actions if isinstance(action, argparse._SubParsersAction))
        found = below.choices[word]
    return found


def same_words(text: str) -> list[str]:
    """Returns the words of a help text: versions of Python lay them out in other ways."""
    return re.sub(r"-(\w) ([A-Z]+), --(\w+) \2", r"-\1, --\3 \2", text).split()


def main() -> None:
    """Writes every help text of the page anew."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_BLOCK.sub(_renewed, page), encoding="utf-8")


def _renewed(shown: re.Match[str]) -> str:
    call = " ".join(("readygate", *shown[1].split(), "--help"))
    return f"$ {call}\n{real_help(shown[1])}"


if __name__ == "__main__":
    main()
