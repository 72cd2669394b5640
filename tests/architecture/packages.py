"""The two packages as they are installed: sources or wheel, whichever the tests run against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import readygate
import readygate_server

PACKAGES = tuple(Path(package.__path__[0]) for package in (readygate, readygate_server))


def modules() -> Iterator[Path]:
    """Yields every Python file that people wrote."""
    for package in PACKAGES:
        for file in sorted(package.rglob("*.py")):
            if "v1" not in file.relative_to(package).parts:
                yield file


def named(file: Path) -> str:
    """Returns a file's path from its package on, for messages and test ids."""
    return next(str(file.relative_to(package.parent)) for package in PACKAGES if file.is_relative_to(package))
