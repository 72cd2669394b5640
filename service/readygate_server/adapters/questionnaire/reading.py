"""Reads a form that came back as a workbook in a process of its own, since a file from outside may do anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from readygate_server.adapters.collectors.limits import Limits
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError
from readygate_server.adapters.questionnaire.answers import Returned

LIMITS: Final = Limits(cpu_seconds=20, memory_mib=1024, wall_seconds=60, file_mib=1)
_CHILD: Final = (sys.executable, "-P", "-m", "readygate_server.adapters.questionnaire.child")
_T = TypeVar("_T")


class Task(NamedTuple):
    """Which file is to be read, and within what."""

    path: str
    limits: Limits


class Reply(NamedTuple):
    """What was read, or why nothing was."""

    returned: Returned | None = None
    faults: tuple[ArtefactFault, ...] = ()
    problem: str = ""
    is_limit: bool = False


def encoded(value: Task | Reply) -> bytes:
    """Returns what goes between the processes."""
    return msgspec.json.encode(value)


def decoded(data: bytes, kind: type[_T]) -> _T:
    """Returns what came, with every type checked; raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=kind)


def read_workbook(path: Path, limits: Limits = LIMITS) -> Returned:
    """Returns what a form says.

    Raises:
      ArtefactError: when the file is no form, or takes more than its limits.
    """
    task = encoded(Task(str(path), limits))
    try:
        done = subprocess.run(  # noqa: S603, our own interpreter and module
            _CHILD, input=task, capture_output=True, timeout=limits.wall_seconds, check=False, start_new_session=True
        )
        reply = decoded(done.stdout, Reply)
    except (subprocess.TimeoutExpired, msgspec.MsgspecError):
        message = "reading the file took more time or memory than a form needs, and was stopped"
        raise ArtefactLimitError(
            ArtefactFault(path.name, message, way_out="send the form without other sheets")
        ) from None
    if reply.returned is None:
        kind = ArtefactLimitError if reply.is_limit else ArtefactError
        raise kind(*(reply.faults or (ArtefactFault(path.name, reply.problem),)))
    return reply.returned
