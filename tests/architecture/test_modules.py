"""What holds for every module that people wrote."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.packages import PACKAGES, modules, named

LONGEST = 500
"""Lines of a Python file. Nine in ten files of the projects that served as models are shorter."""

TESTS = Path(__file__).parents[1]
every_module = pytest.mark.parametrize("file", list(modules()), ids=named)


@every_module
def test_no_module_is_too_long(file: Path) -> None:
    """A module has at most 500 lines."""
    lines = len(file.read_text(encoding="utf-8").splitlines())

    assert lines <= LONGEST, f"{named(file)} has {lines} lines; split it by what its parts know"


@every_module
def test_every_module_says_what_it_is(file: Path) -> None:
    """A module opens with a docstring whose first line is a sentence."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = docstring.partition("\n\n")[0].replace("\n", " ")

    assert first.rstrip().endswith((".", ":", "?")), f"{named(file)} opens with {first!r}"


def test_every_folder_is_a_package() -> None:
    """A folder with modules has an `__init__.py`, so that the import rules see what is in it."""
    folders = {file.parent for file in modules()}
    without = sorted(named(folder / "__init__.py") for folder in folders if not (folder / "__init__.py").exists())

    assert without == []


def test_both_packages_are_typed() -> None:
    """Callers get our types: each package has its marker."""
    assert all((package / "py.typed").exists() for package in PACKAGES)


@pytest.mark.parametrize("file", sorted(TESTS.rglob("test_*.py")), ids=lambda file: str(file.relative_to(TESTS)))
def test_every_test_states_its_behaviour(file: Path) -> None:
    """A test has a docstring: the behaviour as one sentence."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    silent = [node.name for node in functions if node.name.startswith("test_") and not ast.get_docstring(node)]

    assert silent == []
