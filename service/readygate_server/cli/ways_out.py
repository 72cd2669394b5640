"""What to do about what went wrong, said beside it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readygate_server.domain.faults import suggest

if TYPE_CHECKING:
    from readygate import GateError

_CHOICES: Final = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)", re.DOTALL)
_CHOICE: Final = re.compile(r"[\w.-]+")
_MOST: Final = 1_000
"""Names in a folder that are looked at for one that was meant."""


def unreadable(file: str, error: OSError) -> str:
    """Returns why a file can not be read, with the name that was probably meant."""
    path = Path(file)
    said = f"{file}: {error.strerror}"
    if isinstance(error, IsADirectoryError):
        return f"{said}; name the files in it: {shlex.quote(file.rstrip('/'))}/*.yaml"
    if isinstance(error, FileNotFoundError):
        if not path.parent.is_dir():
            return f"{said}; there is no folder {path.parent}"
        names = [each.name for each, _ in zip(path.parent.iterdir(), range(_MOST), strict=False) if each.is_file()]
        meant = suggest(path.name, names)
        return f"{said}; did you mean {path.with_name(meant)}?" if meant else said
    return said


def unwritable(file: str, error: OSError) -> str:
    """Returns why a file can not be written, with how to make the folder that it lacks."""
    folder = Path(file).parent
    said = f"{file}: {error.strerror}"
    if isinstance(error, FileNotFoundError) and not folder.is_dir():
        return f"{said}; make the folder first: mkdir -p {shlex.quote(str(folder))}"
    return said


def unanswered(target: str, error: GateError) -> str:
    """Returns why a server gave no answer, with what to look at when it was not reached."""
    if error.reason or error.code.name != "UNAVAILABLE":
        return str(error)
    return f"{error}; is a server listening at {target}, and does it ask for TLS? Then READYGATE_CA names its authority"


def mistyped(message: str) -> str:
    """Returns what argparse says of a wrong choice, with the one that was probably meant."""
    found = _CHOICES.search(message)
    meant = suggest(found[1], _CHOICE.findall(found[2])) if found else ""
    return f"{message}; did you mean {meant}?" if meant else message
