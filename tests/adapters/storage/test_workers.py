"""Several processes of one server record in one directory, in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from tests.contracts.records import MemoryAnchor, Place, PlainSigner, decision, logged, root_from_entries

from readygate_server.adapters.storage import DirectoryLock, StoreRefusedError, open_store
from readygate_server.adapters.storage.clock import RecordClock
from readygate_server.adapters.storage.files import Turn
from readygate_server.adapters.storage.migrations import migrate
from readygate_server.adapters.storage.sqlite import SqliteWriter, create_file, writing_engine
from readygate_server.domain.record import DecisionFilter, Recorded

WORKERS = 4
WORKER = """
import asyncio, json, sys
from pathlib import Path
from readygate_server.adapters.storage import DirectoryLock, open_store
from tests.contracts.records import MemoryAnchor, PlainSigner, decision

async def run(directory, file, name, rounds):
    lock = DirectoryLock(directory, inherited=file)
    store = await open_store(directory, signer=PlainSigner(), anchor=MemoryAnchor(), lock=lock)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(rounds):
        ours = [store.record(decision(f"{name}-{number}-{caller}")) for caller in range(8)]
        *answers, twin = await asyncio.gather(*ours, store.record(decision(f"twin-{number}")))
        print(json.dumps([[answer.id for answer in answers], twin.id, twin.is_new]), flush=True)
    await store.close()

asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
"""


class Crew:
    """Worker processes that have inherited the lock of a directory."""

    def __init__(self, directory: Path, lock: DirectoryLock, *, rounds: int, size: int = WORKERS) -> None:
        """Starts the workers; they have opened the store when this returns."""
        env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self._started = ExitStack()
        self.workers = [
            self._started.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WORKER, str(directory), str(lock.fileno()), f"w{number}", str(rounds)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    env=env,
                    pass_fds=[lock.fileno()],
                )
            )
            for number in range(size)
        ]
        for worker in self.workers:
            while (said := self.line(worker)) != "ready":
                assert said.startswith("{") or "sqlite" in said, said  # a line of the log

    def go(self) -> None:
        """Lets all workers begin."""
        for worker in self.workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()

    def answers(self) -> list[tuple[list[str], str, bool]]:
        """Waits for the workers to end; returns what they were answered: ids of their own, and the twin's."""
        lines = [worker.communicate()[0].splitlines() for worker in self.workers]
        return [tuple(json.loads(line)) for said in lines for line in said if line.startswith("[")]

    def close(self) -> None:
        """Ends what still runs."""
        for worker in self.workers:
            worker.kill()
        self._started.close()

    def line(self, worker: subprocess.Popen[str]) -> str:
        """Waits for the next line of a worker."""
        assert worker.stdout is not None
        return worker.stdout.readline().strip()


@pytest.fixture
def directory(place: Place) -> Path:
    """A directory for a server of several processes."""
    made = Path(place.at)
    made.mkdir()
    return made


@pytest.fixture
def lock(directory: Path) -> DirectoryLock:
    """The lock of the server."""
    return DirectoryLock(directory)


@pytest.fixture
def crew(directory: Path, lock: DirectoryLock) -> Iterator[Crew]:
    """Workers that are about to begin."""
    made = Crew(directory, lock, rounds=20)
    yield made
    made.close()


async def check(directory: Path, lock: DirectoryLock, answered: set[str]) -> int:
    """Holds a record against what was answered; returns how many decisions it has."""
    store = await open_store(directory, signer=PlainSigner(), anchor=MemoryAnchor(), lock=lock)
    kept = [each.id for each in await store.newest(DecisionFilter(), before="", limit=10_000)]
    head = await logged(store, len(kept))
    bodies = await store.entries(0, head.size)

    assert len(set(kept)) == len(kept) == head.size
    assert answered <= set(kept)
    assert await root_from_entries(store, head.size) == head.root
    assert list(bodies) == sorted(bodies)  # the order of the log is that of ids, which is that of times
    await store.close()
    return len(kept)


async def test_workers_record_in_turns(directory: Path, lock: DirectoryLock, crew: Crew) -> None:
    """Of 4 processes that record at once every answer is in one log, in the order of times, and twins are one."""
    crew.go()
    answers = crew.answers()
    twins = {twin for _ids, twin, _is_new in answers}
    ids = {id_ for ids, _twin, _is_new in answers for id_ in ids}

    assert len(answers) == WORKERS * 20
    assert (len(twins), sum(is_new for _ids, _twin, is_new in answers)) == (20, 20)
    assert await check(directory, lock, ids | twins) == WORKERS * 20 * 8 + 20


async def test_a_killed_worker_takes_nothing_with_it(directory: Path, lock: DirectoryLock, crew: Crew) -> None:
    """When a process is killed in the middle of its work, the others go on, and what it was answered is kept."""
    crew.go()
    first = crew.line(crew.workers[0])
    crew.workers[0].kill()
    answers = [tuple(json.loads(first)), *crew.answers()]
    answered = {id_ for ids, twin, _is_new in answers for id_ in [*ids, twin]}

    assert 3 * 20 <= len(answers) < 4 * 20
    assert await check(directory, lock, answered) >= len(answered)


async def test_a_second_server_is_refused_while_a_worker_lives(
    directory: Path, lock: DirectoryLock, crew: Crew
) -> None:
    """The lock is free only when the last process that has it has ended."""
    lock.release()
    with pytest.raises(StoreRefusedError):
        DirectoryLock(directory)
    crew.close()

    DirectoryLock(directory).release()


def test_only_the_lock_of_the_directory_can_be_inherited(directory: Path, lock: DirectoryLock, tmp_path: Path) -> None:
    """A file that is not the lock lets nobody in, nor does the lock opened by somebody who has not inherited it."""
    (tmp_path / "other").touch()
    for path, why in ((tmp_path / "other", "is not the lock"), (directory / "lock", "in use by")):
        file = os.open(path, os.O_RDWR)
        with pytest.raises(StoreRefusedError, match=why):
            DirectoryLock(directory, inherited=file)
    lock.release()


@pytest.mark.parametrize("in_turns", [True, False])
def test_a_writer_looks_what_others_did_meanwhile(directory: Path, lock: DirectoryLock, *, in_turns: bool) -> None:
    """In turns two processes build one log; a writer that believes to be alone runs into the other's leaves."""
    path = directory / "record.db"
    create_file(path)
    engine = writing_engine(path)
    with engine.begin() as connection:
        migrate(connection)
    turns = [Turn(directory) if in_turns else None for _ in range(2)]
    one, other = (SqliteWriter(engine, RecordClock(), PlainSigner(), lambda _head: None, turn) for turn in turns)
    one.transact([decision("first")])
    other.transact([decision("second")])
    if in_turns:
        assert isinstance(one.transact([decision("third")])[0], Recorded)
    else:
        with pytest.raises(IntegrityError, match="append-only"):
            one.transact([decision("third")])
    for writer in (one, other):
        writer.close()
    for turn in turns:
        if turn is not None:
            turn.close()
    lock.release()
