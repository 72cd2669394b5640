"""Finds the files with foundations in folders, so that no name in a proposal and no link leads out of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from readygate_server.domain.faults import Fault, FaultsError

FOLDER: Final = "foundations"
"""Folder beside a proposal that is looked into when nothing else is named."""
SUFFIXES: Final = (".yaml", ".yml", ".json")
MAX_FILES: Final = 1_000


def files_in(places: Sequence[Path]) -> tuple[Path, ...]:
    """Returns the files at some places, each once, in one order: files themselves, and those below folders.

    Raises:
      FaultsError: when there is no such place, or something in a folder can not be taken for a file of it.
    """
    found: dict[Path, Path] = {}
    faults: list[Fault] = []
    for place in places:
        for each in _files_below(place) if place.is_dir() else _itself(place):
            if isinstance(each, Fault):
                faults.append(each)
            else:
                found.setdefault(each.resolve(), each)
    if len(found) > MAX_FILES:
        expected = f"at most {MAX_FILES}; name the files that are meant"
        faults.append(Fault(str(places[0]), 0, 0, "these are too many files", str(len(found)), expected))
    if faults:
        raise FaultsError(faults)
    return tuple(sorted(found.values(), key=str))


def beside(file: Path) -> Path | None:
    """Returns the folder beside a proposal, if there is one.

    Raises:
      FaultsError: when it is a link, which could lead anywhere.
    """
    folder = file.parent / FOLDER
    if folder.is_symlink():
        expected = f"a folder; to follow the link, name it: --foundations {folder}"
        raise FaultsError([Fault(str(folder), 0, 0, "a link is not followed by itself", "", expected)])
    return folder if folder.is_dir() else None


def _itself(place: Path) -> Iterator[Path | Fault]:
    if place.is_file():
        yield place
    else:
        yield Fault(str(place), 0, 0, "there is no such file or folder")


def _files_below(folder: Path) -> Iterator[Path | Fault]:
    """Yields the files below a folder; hidden ones and those of other kinds are none of it."""
    inside = folder.resolve()
    for here, folders, names in os.walk(folder):
        kept = sorted(name for name in folders if not name.startswith("."))
        folders[:] = [name for name in kept if not Path(here, name).is_symlink()]
        yield from (_led_away(Path(here, name)) for name in kept if name not in folders)
        for name in sorted(names):
            if name.startswith(".") or Path(name).suffix.lower() not in SUFFIXES:
                continue
            file = Path(here, name)
            if not file.resolve().is_relative_to(inside):
                yield _led_away(file)
            elif file.is_file():
                yield file
            else:
                yield Fault(str(file), 0, 0, "this is no file that can be read")


def _led_away(path: Path) -> Fault:
    expected = "what is meant itself, or its name after --foundations"
    return Fault(str(path), 0, 0, "the link leads out of the folder, and is not followed", "", expected)
