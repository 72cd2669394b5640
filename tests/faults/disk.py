"""A disk that loses power: what was synced is there afterwards, of the rest any part, torn at any sector.

The model is as harsh as what SQLite is made for (sqlite.org/atomiccommit.html, "Hardware Assumptions"): what was not
synced may reach the disk in any order or not at all, a write may be torn within a sector, a file may have grown before
its content is there, and a name is there only when its directory was synced. It is no harsher: what was synced stays,
and a write changes nothing beside itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

SECTOR: Final = 512
DIRECTORY: Final = 0
"""Number of what is a directory; files have numbers of their own, so that a name may come to stand for another file."""


class Named(NamedTuple):
    """A name that stands for a file or directory from now on, or for nothing."""

    path: Path
    number: int | None


class Wrote(NamedTuple):
    """Bytes of a file."""

    number: int
    offset: int
    data: bytes


class Cut(NamedTuple):
    """A new size of a file."""

    number: int
    size: int


class Synced(NamedTuple):
    """What was written to a file before a moment is on the disk."""

    number: int
    until: int


class SyncedNames(NamedTuple):
    """What was named in a directory before a moment is on the disk."""

    directory: Path
    until: int


Event = Named | Wrote | Cut | Synced | SyncedNames


@dataclass(frozen=True, slots=True)
class Image:
    """What is on a disk: directories, and files with their content, by paths within it."""

    directories: frozenset[Path] = frozenset()
    files: Mapping[Path, bytes] = field(default_factory=dict)

    def write(self, root: Path) -> None:
        """Writes it into an empty directory."""
        for path in sorted(self.directories):
            (root / path).mkdir()
        for path, content in self.files.items():
            (root / path).write_bytes(content)


class Disk:
    """Takes events in their order; at any moment says what a power cut would leave."""

    def __init__(self, image: Image, numbers: Mapping[Path, int]) -> None:
        """Starts with what is on it, and the numbers of its files."""
        self._names: dict[Path, int | None] = {**dict.fromkeys(image.directories, DIRECTORY), **numbers}
        self._contents = {numbers[path]: bytearray(content) for path, content in image.files.items()}
        self._new_names: list[tuple[int, Named]] = []
        self._new_bytes: dict[int, list[tuple[int, Wrote | Cut]]] = {}

    def take(self, at: int, event: Event) -> None:
        """Takes the event of a moment."""
        match event:
            case Named():
                self._new_names.append((at, event))
            case Wrote() | Cut():
                self._new_bytes.setdefault(event.number, []).append((at, event))
            case Synced(number, until):
                new = self._new_bytes.get(number, [])
                for _at, each in filter(lambda one: one[0] < until, new):
                    _apply(self._contents.setdefault(number, bytearray()), each)
                self._new_bytes[number] = [one for one in new if one[0] >= until]
            case SyncedNames(directory, until):
                is_synced = [one for one in self._new_names if one[1].path.parent == directory and one[0] < until]
                self._names.update(named for _at, named in is_synced)
                self._new_names = [one for one in self._new_names if one not in is_synced]

    @property
    def unsynced(self) -> frozenset[int]:
        """Numbers of the files whose content a power cut may change."""
        return frozenset(number for number, new in self._new_bytes.items() if new)

    def after_power_cut(self, random: Random) -> Image:
        """Returns what is on the disk when power is lost now, as chance has it."""
        kept = random.choice((0.0, 0.5, 1.0, random.random()))
        names = self._names | dict(named for _at, named in self._new_names if random.random() < kept)
        present = {path: number for path, number in names.items() if number is not None}
        reached = {path: each for path, each in present.items() if _is_reached(path, present)}
        return Image(
            frozenset(path for path, number in reached.items() if number == DIRECTORY),
            {path: self._content(number, kept, random) for path, number in reached.items() if number != DIRECTORY},
        )

    def _content(self, number: int, kept: float, random: Random) -> bytes:
        content = bytearray(self._contents.get(number, b""))
        for _at, event in self._new_bytes.get(number, ()):
            if isinstance(event, Wrote):
                for piece in _sectors(event):
                    _apply(content, _as_chance_has_it(piece, len(content), kept, random))
            elif random.random() < kept:
                _apply(content, event)
        return bytes(content)


def _is_reached(path: Path, present: Mapping[Path, int]) -> bool:
    return all(present.get(parent) == DIRECTORY for parent in path.parents[:-1])


def _apply(content: bytearray, event: Wrote | Cut | None) -> None:
    if event is None:
        return
    end = event.size if isinstance(event, Cut) else event.offset + len(event.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if isinstance(event, Cut):
        del content[event.size :]
    else:
        content[event.offset : end] = event.data


def _sectors(event: Wrote) -> Iterable[Wrote]:
    """Yields a write in pieces that each lie within one sector of the disk."""
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        after = min(end, start - start % SECTOR + SECTOR)
        yield Wrote(event.number, start, event.data[start - event.offset : after - event.offset])
        start = after


def _as_chance_has_it(piece: Wrote, size: int, kept: float, random: Random) -> Wrote | None:
    """Returns what becomes of a write within a sector: all, its beginning, garbage where the file grew, or nothing."""
    chance = random.random()
    if chance < kept:
        return piece
    if chance < kept + 0.1:
        return piece._replace(data=piece.data[: random.randrange(len(piece.data))])
    if piece.offset >= size and chance > 0.9:
        return piece._replace(data=random.randbytes(len(piece.data)))
    return None
