"""Lives of a server, each cut short by a loss of power, the next one beginning with what the last has left."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from sqlalchemy import Engine, event

from readygate_server.adapters.storage import opening
from readygate_server.adapters.storage.opening import FILE
from readygate_server.domain.record import NewDecision, TreeHead
from tests.faults import workload
from tests.faults.aftermath import Aftermath, Promises, look
from tests.faults.disk import Disk, Image, Wrote
from tests.faults.recording import Acknowledged, Opened, Recording, Shown

LIVES: Final = 3
CUTS_PER_LIFE: Final = 10
CUTS: Final = LIVES * CUTS_PER_LIFE
"""Cuts of a chain."""
_WORK: Final = (workload.Work(), workload.LARGE, workload.SEVERAL)
_MOST_SAID: Final = 5
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- directories of random names are made in it
_SCRATCH: Final = _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 1 << 30 else None
"""Where files are while they are recorded. It is the model that says what is on a disk, so memory will do."""


@dataclass
class Tally:
    """What became of many cuts."""

    cuts: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    """How many cuts came at a moment of interest; a cut may come at several."""
    acknowledged: int = 0
    """Promises that were looked after, summed over all cuts."""
    lost: int = 0
    worst: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    """How many cuts had a fault of a kind."""
    said: list[str] = field(default_factory=list)

    @property
    def unsound(self) -> int:
        """How many cuts broke a promise."""
        return self.faults["unsound"]

    def add(self, other: Tally) -> None:
        """Takes in another one."""
        self.cuts += other.cuts
        self.moments += other.moments
        self.acknowledged += other.acknowledged
        self.lost += other.lost
        self.worst = max(self.worst, other.worst)
        self.faults += other.faults
        self.said = [*self.said, *other.said][:_MOST_SAID]

    def take(self, found: Aftermath, promises: Promises, where: str) -> None:
        """Takes in what one cut has left."""
        self.cuts += 1
        self.acknowledged += len(promises.acknowledged)
        self.lost += found.lost
        self.worst = max(self.worst, found.lost)
        kinds = {
            "losing": found.lost > 0,
            "doubling": found.doubled > 0,
            "corrupt": found.is_corrupt,
            "refused": found.is_refused,
            "broken": bool(found.broken),
            "unsound": not found.is_sound,
        }
        self.faults.update(kind for kind, is_so in kinds.items() if is_so)
        if not found.is_sound and len(self.said) < _MOST_SAID:
            self.said.append(f"{where}: lost {found.lost}; {found.said} {'; '.join(found.broken)}")


@contextmanager
def _synchronous(value: str) -> Iterator[None]:
    """Sets how SQLite syncs after the store has set and read back its own wish."""

    def set_otherwise(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA synchronous = {value}")

    event.listen(Engine, "connect", set_otherwise)
    try:
        yield
    finally:
        event.remove(Engine, "connect", set_otherwise)


SHIPPED: Final = "as shipped"
SETTINGS: Final[dict[str, Callable[[], AbstractContextManager[Any]]]] = {
    SHIPPED: nullcontext,
    "synchronous NORMAL": lambda: _synchronous("NORMAL"),
    "synchronous OFF": lambda: _synchronous("OFF"),
    "path not synced": lambda: patch.object(opening, "sync_path", lambda _directory: None),
}
"""How the store is run. All but the first take a guard away, to show that the model notices."""


class _Now(NamedTuple):
    """What is on the disk, and what somebody was told, when a life begins."""

    image: Image = Image()
    acknowledged: tuple[Acknowledged, ...] = ()
    shown: TreeHead | None = None
    unanswered: tuple[NewDecision, ...] = ()


async def run_chain(setting: str, seed: int, *, lives: int = LIVES, work: workload.Work | None = None) -> Tally:
    """Returns what became of the cuts of a chain of lives.

    A life of the store as shipped begins with what the last cut has left, without a guard with an empty disk.
    """
    random = Random(f"{setting} {seed}")  # noqa: S311 -- chance, not secrets
    tally, now = Tally(), _Now()
    for life in range(lives):
        name = f"{setting}, seed {seed}, life {life}"
        given = work or _WORK[(seed + life) % len(_WORK)]
        wanted = [*now.unanswered, *workload.ask_for(given, name, random)]
        recording = await _live(SETTINGS[setting], now, wanted, given.workers)
        left = await _cut(recording, now, wanted, random, tally, name)
        now = left if setting == SHIPPED else _Now()
    return tally


async def _live(
    guards: Callable[[], AbstractContextManager[Any]], now: _Now, wanted: list[NewDecision], workers: int
) -> Recording:
    with tempfile.TemporaryDirectory(dir=_SCRATCH) as scratch:
        disk = _empty(scratch, "disk")
        now.image.write(disk)
        recording = Recording(disk, now.image)
        with recording.running(), guards():
            await workload.run(recording, disk, Path(scratch, "anchor"), wanted, workers)
    return recording


async def _cut(
    recording: Recording, now: _Now, wanted: list[NewDecision], random: Random, tally: Tally, name: str
) -> _Now:
    """Cuts the power at moments of a life, and looks at each aftermath; returns where the next life begins."""
    events = recording.events
    disk = Disk(recording.image, recording.numbers)
    acknowledged, shown, taken, left = list(now.acknowledged), now.shown, 0, now
    for moment in _moments(events, random):
        for at, each in enumerate(events[taken:moment], start=taken):
            match each:
                case Acknowledged():
                    acknowledged.append(each)
                case Shown(head):
                    shown = head if shown is None or head.size > shown.size else shown
                case Opened():
                    pass
                case _:
                    disk.take(at, each)
        taken = moment
        image = _with_left_memory(disk.after_power_cut(random), random)
        answered = {told.decision.request_id for told in acknowledged}
        unanswered = tuple(each for each in wanted if each.request_id not in answered)
        promises = Promises(acknowledged, shown, unanswered[: 2 * workload.CALLERS])
        with tempfile.TemporaryDirectory(dir=_SCRATCH) as scratch:
            image.write(_empty(scratch, "disk"))
            found = await look(Path(scratch, "disk"), Path(scratch, "anchor"), promises)
        tally.take(found, promises, f"{name}, moment {moment} of {len(events)}")
        tally.moments.update(_kinds_of_moment(moment, recording, disk, is_first=not now.image.files))
        left = _Now(image, tuple(acknowledged), shown, unanswered) if found.is_sound else _Now()
    return left


def _moments(events: Sequence[object], random: Random) -> list[int]:
    """Returns moments in their order: a third before the store is open, a third when somebody was just told."""
    opened, end = events.index(Opened()), len(events)
    told = [at for at, each in enumerate(events, start=1) if isinstance(each, Acknowledged)]
    choices = (lambda: random.randint(0, opened), lambda: random.choice(told), lambda: random.randint(0, end))
    return sorted(choices[number % len(choices)]() for number in range(CUTS_PER_LIFE))


def _kinds_of_moment(moment: int, recording: Recording, disk: Disk, *, is_first: bool) -> set[str]:
    unsynced = {recording.names[number] for number in disk.unsynced}
    begun = [each.number for each in recording.events[:moment] if isinstance(each, Wrote) and each.offset == 0]
    kinds = {
        "after the WAL began anew": any(
            begun.count(number) > 1 for number in set(begun) if recording.names[number] == f"{FILE}-wal"
        ),
        "something not synced": bool(unsynced),
        f"{FILE} not synced": FILE in unsynced,
        f"{FILE}-wal not synced": f"{FILE}-wal" in unsynced,
        "during the first opening": is_first and moment <= recording.events.index(Opened()),
        "while opening after a cut": not is_first and moment <= recording.events.index(Opened()),
    }
    return {kind for kind, is_so in kinds.items() if is_so}


def _with_left_memory(image: Image, random: Random) -> Image:
    """Adds what connections share in memory, every other time, as a file of garbage: it is mapped, and never synced."""
    database = workload.DATA / FILE
    if database not in image.files or random.random() < 0.5:
        return image
    memory = random.randbytes(random.choice((0, 100, 32_768)))
    return Image(image.directories, {**image.files, database.with_name(f"{FILE}-shm"): memory})


def _empty(scratch: str, name: str) -> Path:
    directory = Path(scratch).resolve() / name
    directory.mkdir()
    return directory
