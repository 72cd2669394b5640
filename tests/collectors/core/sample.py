"""Collectors that the tests run: one that is as it should be, and one for each way to go wrong."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from readygate_server.adapters.collectors.artefacts import read_whole, uri_of
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, Option, Recognition, Request
from readygate_server.domain.collected import Collected, Coverage, Measured, Status
from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Grade, Scope


def measured(fact: str, value: FactValue | None, reason: str = "", **changes: Any) -> Measured:
    """Returns a fact; without a value it is not stated, for the reason."""
    status = Status.STATED if value is not None else Status.NOT_STATED
    found = Measured(fact, status, value, reason, Grade.E2, "lines.count.v1", (), Coverage(1, 0), None)
    return found._replace(**changes)


class Lines:
    """Counts lines."""

    name = "lines"
    version = "1.2.3"
    scope = Scope.SOURCE
    options: tuple[Option, ...] = (
        Option("needed", "share that is needed", kind="number"),
        Option("column", "name of a column", repeatable=True),
        Option("strict", "say so", kind="flag"),
        Option("service", "service to ask", network=True),
    )

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Knows files by their first line."""
        if head.startswith(b"lines of "):
            return Recognition("Lines", head[9:].split(b"\n")[0].decode(errors="replace"), confidence="high")
        return Recognition("Maybe lines", path.stem, needs=("needed",)) if path.suffix == ".lines" else None

    def collect(self, request: Request) -> Collected:
        """Takes the share of lines that are not empty for completeness."""
        artefacts, lines = [], []
        for path in request.artefacts:
            artefact, content = read_whole(path, 10_000)
            if not content.startswith(b"lines of "):
                raise ArtefactError(ArtefactFault(uri_of(path), "this is no file of lines", way_out="take another"))
            artefacts.append(artefact)
            lines += content.split(b"\n")[1:]
        if not lines:
            raise ArtefactError(ArtefactFault(uri_of(request.artefacts[0]), "there are no lines"))
        request.progress("counting", len(lines), len(lines))
        filled = sum(1 for line in lines if line)
        told = tuple((name, str(value)) for name, value in sorted(request.options.items()))
        coverage = Coverage(len(lines), 0)
        share = measured("source.completeness", filled / len(lines), parameters=told, coverage=coverage)
        silent = measured("source.validity", None, "lines declare no type")
        return Collected(self.name, self.version, request.subject, tuple(artefacts), (share, silent), ("a note",))


class Broken(Lines):
    """Goes wrong in the way that the first line names."""

    name = "broken"

    def collect(self, request: Request) -> Collected:
        """Does what the artefact says."""
        way = request.artefacts[0].read_text().split("\n")[0].removeprefix("lines of ")
        action = getattr(self, f"_{way}", None)
        found = Lines.collect(self, request)
        return found if action is None else action(found, request) or found

    def _raises(self, *_: object) -> None:
        raise ValueError("the secret of the cell")

    def _exits(self, *_: object) -> None:
        sys.exit(7)

    def _vanishes(self, *_: object) -> None:
        os._exit(7)

    def _crashes(self, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    def _hangs(self, *_: object) -> None:
        time.sleep(1_000)

    def _spins(self, *_: object) -> None:
        while True:
            pass

    def _swells(self, *_: object) -> None:
        held = []
        while True:
            held.append(bytearray(10_000_000))

    def _writes(self, *_: object) -> None:
        with Path("/dev/shm/collector" if Path("/dev/shm").is_dir() else "collector").open("wb") as file:  # noqa: S108
            Path(file.name).unlink()
            while True:
                file.write(bytes(1 << 20))

    def _connects(self, *_: object) -> None:
        socket.create_connection(("127.0.0.1", 9))

    def _connects_silently(self, *_: object) -> None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9))

    def _starts(self, *_: object) -> None:
        subprocess.run(["true"], check=True)

    def _prints(self, *_: object) -> None:
        print('{"progress": null}')  # noqa: T201, that is what is tried
        os.write(1, b"noise\n")

    def _leaves_a_thread(self, *_: object) -> None:
        threading.Thread(target=time.sleep, args=(1_000,)).start()

    def _nothing(self, *_: object) -> object:
        return "nothing"

    def _huge(self, found: Collected, _: Request) -> Collected:
        return found._replace(notes=("x" * 1_000,) * 20_000)

    def _of_the_machine(self, found: Collected, request: Request) -> Collected:
        return found._replace(notes=(f"read {request.artefacts[0].resolve()}",))

    def _at_random(self, found: Collected, _: Request) -> Collected:
        return found._replace(notes=tuple(sorted({"a", "b", "c", "d", "e", "f"}, key=hash)))

    def _by_the_clock(self, found: Collected, request: Request) -> Collected:
        local = datetime.fromtimestamp(request.artefacts[0].stat().st_mtime, timezone(timedelta(0)))
        return found._replace(facts=tuple(fact._replace(as_of=local) for fact in found.facts))

    def _quotes(self, found: Collected, request: Request) -> Collected:
        return found._replace(notes=(request.artefacts[0].read_text().split("\n")[1],))

    def _wrong_digest(self, found: Collected, _: Request) -> Collected:
        wrong = f"sha256:{hashlib.sha256(b'other').hexdigest()}"
        return found._replace(artefacts=tuple(each._replace(digest=wrong) for each in found.artefacts))

    def _touches(self, found: Collected, request: Request) -> Collected:
        request.artefacts[0].with_suffix(".left").write_text("left behind")
        return found


LINES = Lines()
BROKEN = Broken()
NOT_ONE = object()


class Curious(Lines):
    """Fails to look at files."""

    name = "curious"

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Raises."""
        raise KeyError(path.name + str(len(head)))


CURIOUS = Curious()
