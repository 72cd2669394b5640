"""Paths of files as tools that read outputs want them: relative to the root of what is checked, with slashes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

_ROOTS: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Variables that name the root of the checkout on GitHub and GitLab; jobs may work in a folder below it."""
_STDIN: Final = ("-", "<stdin>")


def paths_from(folder: str, environment: Mapping[str, str]) -> Callable[[str], str]:
    """Returns what turns a path that holds in a folder into one from the root of the checkout.

    What lies outside stays absolute, and standard input has no path.
    """
    roots = [environment.get(name, "") for name in _ROOTS]
    root = next((each for each in roots if each and _inside(folder, each)), folder)

    def path_of(file: str) -> str:
        if file in _STDIN:
            return ""
        absolute = os.path.normpath(os.path.join(folder, file))  # noqa: PTH118 -- nothing of it is looked up
        path = os.path.relpath(absolute, root) if _inside(absolute, root) else absolute
        return path.replace(os.sep, "/")

    return path_of


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
