"""Walks a folder for what collectors may read, within limits, always in the same order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

MAX_FILES: Final = 20_000
MAX_DEPTH: Final = 12
_SKIPPED: Final = frozenset({"__pycache__", "dbt_packages", "node_modules", "site-packages", "venv"})
_TOO_DEEP: Final = "folders that are too deep"
_NAMED: Final = frozenset({".github", ".gitlab"})
"""Hidden folders that hold a CODEOWNERS file."""


class Walked(NamedTuple):
    """Files that were met, and what was left out, in words."""

    files: tuple[Path, ...]
    left_out: tuple[str, ...]


def walk(folder: Path) -> Walked:
    """Returns the files below a folder. Links are not followed; hidden folders and those of packages are left out."""
    files: list[Path] = []
    left_out: dict[str, int] = {}
    for here, folders, names in os.walk(folder):
        depth = len(Path(here).relative_to(folder).parts)
        kept = sorted(name for name in folders if _is_wanted(name))
        if depth >= MAX_DEPTH and kept:
            left_out[_TOO_DEEP] = left_out.get(_TOO_DEEP, 0) + len(kept)
            kept = []
        folders[:] = kept
        for name in sorted(names):
            problem = _problem(Path(here, name))
            if problem:
                left_out[problem] = left_out.get(problem, 0) + 1
            elif len(files) == MAX_FILES:
                return Walked(
                    tuple(files), (*_said(left_out), f"more than {MAX_FILES:,} files: the rest was not looked at")
                )
            else:
                files.append(Path(here, name))
    return Walked(tuple(files), _said(left_out))


def _is_wanted(name: str) -> bool:
    return name not in _SKIPPED and (not name.startswith(".") or name in _NAMED)


def _problem(path: Path) -> str:
    if not _is_text(str(path)):
        return "names that are not UTF-8"
    return "links that are not followed" if path.is_symlink() else "" if path.is_file() else "entries that are no files"


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _said(left_out: dict[str, int]) -> tuple[str, ...]:
    return tuple(f"{what}: {count}" for what, count in sorted(left_out.items()))
