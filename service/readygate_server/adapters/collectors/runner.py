"""Runs a collector in a process of its own, and tells clearly when that dies, hangs or takes too much."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from readygate_server.adapters.collectors.checks import check_collected, folders_of
from readygate_server.adapters.collectors.frames import (
    MOST,
    Failure,
    Frame,
    FrameError,
    Scan,
    Task,
    decode,
    encode,
    error_of,
    is_artefact_error,
    options_of,
)
from readygate_server.adapters.collectors.limits import OPTIONS, Limits
from readygate_server.adapters.collectors.port import OptionValue
from readygate_server.adapters.collectors.registry import Entry
from readygate_server.domain.collected import Collected, Subject
from readygate_server.domain.errors import GateError

Progress = Callable[[str, int, int], None]

_CHILD: Final = (sys.executable, "-P", "-m", "readygate_server.adapters.collectors.child")
"""`-P`: a folder that is collected from must not lend its files as modules."""
_PATIENCE: Final = 60
"""Seconds that a line waits for somebody to take it."""
_MEMORY_SIGNS: Final = frozenset({"SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGTRAP", "SIGKILL"})


class CollectorLimitError(GateError):
    """A collector took more than a limit."""

    def __init__(self, collector: str, limit: str, limits: Limits) -> None:
        """Takes the name of the limit on the command line."""
        option = next(each for each in OPTIONS if each.name == limit)
        self.limit = limit
        value = getattr(limits, option.field)
        unit = "MiB" if option.metavar == "MIB" else "seconds"
        super().__init__(
            f"the collector {collector} took more than its limit of {value:,} {unit} of {option.what} and was stopped; "
            f"raise the limit with --{limit}, or give it less to read"
        )


class CollectorDiedError(GateError):
    """A collector ended without an answer, or with one that is no answer."""


class Runner:
    """Runs collectors, each in a process of its own, within limits."""

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008, a tuple of numbers
        *,
        progress: Progress = lambda _what, _done, _total: None,
        debug: bool = False,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Takes the limits, who is told of progress, and whether what collectors write for developers is shown.

        Environment and working folder are those of this process unless told.
        """
        self._limits = limits
        self._progress = progress
        self._debug = debug
        self._environment = dict(os.environ if environment is None else environment)
        self._folder = folder

    def collect(
        self,
        entry: Entry,
        artefacts: Sequence[Path],
        subject: Subject,
        options: Mapping[str, OptionValue] | None = None,
        *,
        network: bool = False,
    ) -> Collected:
        """Returns what a collector finds, held against what a collector promises.

        Raises:
          ArtefactError: when an artefact can not be read.
          CollectorLimitError: when a limit was met; it says which and how to raise it.
          CollectorDiedError: when the collector failed otherwise.
        """
        task = Task(*(self._limits, network, (entry,), tuple(map(str, artefacts)), subject, options_of(options or {})))
        frame = self._run(entry.name, task)
        if frame.collected is None:
            raise CollectorDiedError(f"the collector {entry.name} answered without a result")
        check_collected(frame.collected, entry.name, subject, folders_of(artefacts, here=self._folder))
        return frame.collected

    def scan(self, entries: Sequence[Entry], files: Sequence[Path]) -> Scan:
        """Returns what collectors make of files.

        Raises:
          CollectorLimitError: when a limit was met.
          CollectorDiedError: when a collector ended the process.
        """
        frame = self._run("auto", Task(self._limits, False, tuple(entries), tuple(map(str, files))))
        if frame.scan is None:
            raise CollectorDiedError("the look at the files ended without a result")
        return frame.scan

    def _run(self, name: str, task: Task) -> Frame:
        # What a reader puts aside holds data: it is gone afterwards, also when the process was stopped or died.
        with TemporaryDirectory(prefix="readygate-collect-", ignore_cleanup_errors=True) as aside:
            return self._run_beside(name, task, aside)

    def _run_beside(self, name: str, task: Task, aside: str) -> Frame:
        process = subprocess.Popen(  # noqa: S603, our own interpreter and module
            _CHILD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if self._debug else subprocess.DEVNULL,
            env={**self._environment, "TMPDIR": aside},
            cwd=self._folder,
            start_new_session=True,
        )
        try:
            frame = self._watch(name, process, task)
        finally:
            _end(process)
        if frame is None:
            raise self._death(name, process.returncode)
        if frame.failure is not None:
            raise self._error(name, frame.failure)
        return frame

    def _watch(self, name: str, process: subprocess.Popen[bytes], task: Task) -> Frame | None:
        """Returns the answer; None when the process ended without one."""
        lines: queue.Queue[bytes] = queue.Queue(maxsize=100)
        threading.Thread(target=_read, args=(process, encode(task), lines), daemon=True).start()
        until = time.monotonic() + self._limits.wall_seconds
        while True:
            try:
                line = lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise CollectorLimitError(name, "max-time", self._limits) from None
            if not line:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)
                return None
            frame = self._frame(name, line)
            if frame.progress is None:
                return frame
            self._progress(*frame.progress)

    def _frame(self, name: str, line: bytes) -> Frame:
        if len(line) >= MOST:
            raise CollectorDiedError(f"the collector {name} answered with more than {MOST >> 20} MiB")
        try:
            return decode(line, Frame)
        except FrameError as error:
            raise CollectorDiedError(f"the collector {name} answered with something else: {error}") from None

    def _error(self, name: str, failure: Failure) -> GateError:
        if is_artefact_error(failure):
            return error_of(failure)
        if failure.kind == "memory":
            return CollectorLimitError(name, "max-memory", self._limits)
        if failure.kind == "network":
            return CollectorDiedError(
                f"the collector {name} tried to reach the network ({failure.text}), and no option of this run allows it"
            )
        return CollectorDiedError(
            f"the collector {name} failed: {failure.text}; run it with --debug and tell whoever maintains it"
        )

    def _death(self, name: str, code: int | None) -> GateError:
        sign = _sign(code)
        if sign == "SIGXCPU":
            return CollectorLimitError(name, "max-cpu", self._limits)
        if sign == "SIGXFSZ":
            return CollectorDiedError(
                f"the collector {name} wrote more than {self._limits.file_mib:,} MiB to disk and was stopped; "
                "give it less to read"
            )
        if sign in _MEMORY_SIGNS:
            return CollectorDiedError(
                f"the collector {name} died ({sign}), as libraries do when memory runs out; its limit of memory is "
                f"{self._limits.memory_mib:,} MiB: raise it with --max-memory, or run with --debug to see more"
            )
        return CollectorDiedError(f"the collector {name} ended without an answer ({sign or f'exit code {code}'})")


def _read(process: subprocess.Popen[bytes], task: bytes, lines: queue.Queue[bytes]) -> None:
    """Gives the task and passes the lines of the answer on; an empty one is the end."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        return
    with suppress(OSError):
        stdin.write(task)
        stdin.close()
    with suppress(OSError, ValueError, queue.Full):  # the run has ended before, and nobody takes lines any more
        while line := stdout.readline(MOST):
            lines.put(line, timeout=_PATIENCE)
        lines.put(b"", timeout=_PATIENCE)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process with all that it started; after an answer there is nothing left to wait for."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def _sign(code: int | None) -> str:
    if code is None or code >= 0:
        return ""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
