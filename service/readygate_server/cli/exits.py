"""Exit codes, and the error that carries one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """What the command ends with."""

    GO = 0
    NO_GO = 1
    UNDETERMINED = 2
    BAD_INPUT = 3
    SERVICE_FAILED = 4


_WORST_FIRST = (Exit.SERVICE_FAILED, Exit.BAD_INPUT, Exit.NO_GO, Exit.UNDETERMINED, Exit.GO)


class CommandError(Exception):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: Exit = Exit.BAD_INPUT) -> None:
        """Takes the message for people."""
        super().__init__(message)
        self.code = code


def exit_of(verdict: int) -> Exit:
    """Returns the exit code of a verdict; one that this version does not know counts as a no."""
    from readygate.v1 import decision_pb2 as pb  # late: the help of all commands needs no messages

    if verdict in (pb.VERDICT_GO, pb.VERDICT_GO_WITH_CONDITIONS):
        return Exit.GO
    return Exit.UNDETERMINED if verdict == pb.VERDICT_UNDETERMINED else Exit.NO_GO


def worst(codes: Iterable[Exit]) -> Exit:
    """Returns the code of several results: what failed first, then the strongest no."""
    found = set(codes)
    return next(code for code in _WORST_FIRST if code in found)
