"""The process of a collector: reads its task from standard input, limits itself, and answers in lines of JSON.

    python -P -m readygate_server.adapters.collectors.child

Standard output belongs to the answers alone; whatever a library prints goes to standard error.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from readygate_server.adapters.collectors import limits
from readygate_server.adapters.collectors.fences import Fence
from readygate_server.adapters.collectors.frames import (
    Failure,
    Frame,
    FrameError,
    Scan,
    Sighting,
    Task,
    decode,
    encode,
    failure_of,
    sighting_of,
)
from readygate_server.adapters.collectors.port import HEAD, ArtefactError, Collector, Request
from readygate_server.adapters.collectors.registry import BrokenCollectorError, load, load_all
from readygate_server.domain.collected import Subject

_EVERY: Final = 0.1
"""Seconds between two messages of progress."""


def main() -> int:
    """Does the task and answers; the exit code is 0 whenever there is an answer."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    task = decode(sys.stdin.buffer.readline(), Task)
    fence = Fence(network=task.network)
    limits.apply(task.limits)
    try:
        frame = _answer(task, answers)
    except MemoryError:  # met while an error was being told
        frame = Frame(failure=Failure("memory"))
    if fence.tried:
        frame = Frame(failure=Failure("network", ", ".join(sorted(set(fence.tried)))))
    answers.write(encode(frame))
    answers.close()
    # What a library still does at exit, such as joining its threads, is nobody's concern any more.
    sys.stderr.flush()
    os._exit(0)


def _answer(task: Task, answers: BinaryIO) -> Frame:
    try:
        if task.subject is None:
            return Frame(scan=_scan(task, _progress_to(answers)))
        return _collect(task, task.subject, answers)
    except ArtefactError as error:
        return Frame(failure=failure_of(error))
    except BrokenCollectorError as error:
        return Frame(failure=Failure("broken", str(error)))
    except MemoryError:
        return Frame(failure=Failure("memory"))
    except (Exception, SystemExit) as error:  # noqa: BLE001, of others' code anything can be expected
        if "OutOfMemory" in type(error).__name__:
            return Frame(failure=Failure("memory"))
        traceback.print_exc()
        # The text of the error is left out: it may quote what the artefact holds.
        return Frame(failure=Failure("broken", f"{type(error).__name__} at {_place_of(error)}"))


def _collect(task: Task, subject: Subject, answers: BinaryIO) -> Frame:
    collector = load(task.collectors[0])
    artefacts = tuple(map(Path, task.artefacts))
    found = collector.collect(Request(artefacts, subject, task.options, _progress_to(answers)))
    frame = Frame(collected=found)
    try:
        decode(encode(frame), Frame)
    except (FrameError, TypeError, ValueError) as error:
        return Frame(failure=Failure("broken", f"its result is none: {error}"))
    return frame


def _scan(task: Task, progress: Callable[[str, int, int], None]) -> Scan:
    problems, sightings = [], []
    collectors = []
    for loaded in load_all(task.collectors):
        if loaded.collector is None:
            problems.append(f"{loaded.entry.name}: {loaded.problem}")
        else:
            collectors.append(loaded.collector)
    for number, path in enumerate(task.artefacts):
        progress(path, number, len(task.artefacts))
        head = _head(path)
        for collector in collectors:
            sighting, problem = _look(collector, path, head)
            sightings += [sighting] if sighting is not None else []
            problems += [problem] if problem else []
    return Scan(tuple(sightings), tuple(problems[:100]))


def _look(collector: Collector, path: str, head: bytes) -> tuple[Sighting | None, str]:
    try:
        seen = collector.recognises(Path(path), head)
        return (None, "") if seen is None else (sighting_of(path, collector, seen), "")
    except Exception as error:  # noqa: BLE001, one collector that fails keeps no other from looking
        traceback.print_exc()
        return None, f"{collector.name}: failed at {path}: {type(error).__name__} at {_place_of(error)}"


def _head(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _progress_to(answers: BinaryIO) -> Callable[[str, int, int], None]:
    last = -_EVERY

    def progress(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            answers.write(encode(Frame(progress=(str(what)[:200], int(done), int(total)))))
            answers.flush()

    return progress


def _place_of(error: BaseException) -> str:
    """Returns file and line of an error, without the folders of the machine."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "no place"


if __name__ == "__main__":
    sys.exit(main())
