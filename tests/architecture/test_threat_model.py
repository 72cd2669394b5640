"""Holds the threat model to tests that exist: a defence without one is a wish."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/threat-model.md"
_NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
_DEFENDED, _NOT_DEFENDED = "## What is defended", "## What is not defended"


def defended() -> str:
    """Returns the part of the page that says what is defended."""
    return PAGE.read_text(encoding="utf-8").partition(_DEFENDED)[2].partition(_NOT_DEFENDED)[0]


@cache
def names_in(file: str) -> frozenset[str]:
    """Returns the names of the tests in a file; none when there is no such file."""
    path = TESTS / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_every_defence_names_its_test() -> None:
    """Each row of the tables names at least one test."""
    rows = [line for line in defended().splitlines() if line.startswith("| ")]
    rows = [line for line in rows if not line.startswith(("| threat ", "| --- "))]

    assert len(rows) > 50
    assert [row for row in rows if not _NAMED.search(row)] == []


def test_every_test_that_is_named_is_there() -> None:
    """A test that was renamed or taken away is missed here."""
    named = _NAMED.findall(defended())

    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    """Neither a file nor a name that does not exist passes for a test."""
    assert names_in("identity/test_nothing.py") == frozenset()
    assert "test_made_up" not in names_in("architecture/test_threat_model.py")
    assert "test_every_defence_names_its_test" in names_in("architecture/test_threat_model.py")


def test_what_is_not_defended_is_said() -> None:
    """The page says what is left open, not only what is closed."""
    assert PAGE.read_text(encoding="utf-8").partition(_NOT_DEFENDED)[2].count("\n- **") >= 10
