"""Exit codes, and the error that carries one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from readygate.v1 import decision_pb2


class Exit(IntEnum):
    """What the command ends with."""

    GO = 0
    NO_GO = 1
    UNDETERMINED = 2
    BAD_INPUT = 3
    SERVICE_FAILED = 4


_BY_VERDICT = {
    decision_pb2.VERDICT_GO: Exit.GO,
    decision_pb2.VERDICT_GO_WITH_CONDITIONS: Exit.GO,
    decision_pb2.VERDICT_NO_GO: Exit.NO_GO,
    decision_pb2.VERDICT_UNDETERMINED: Exit.UNDETERMINED,
}
_WORST_FIRST = (Exit.SERVICE_FAILED, Exit.BAD_INPUT, Exit.NO_GO, Exit.UNDETERMINED, Exit.GO)


class CommandError(Exception):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: Exit = Exit.BAD_INPUT) -> None:
        """Takes the message for people."""
        super().__init__(message)
        self.code = code


def exit_of(verdict: int) -> Exit:
    """Returns the exit code of a verdict; one that this version does not know counts as a no."""
    return _BY_VERDICT.get(verdict, Exit.NO_GO)  # type: ignore[call-overload, no-any-return]


def worst(codes: Iterable[Exit]) -> Exit:
    """Returns the code of several results: what failed first, then the strongest no."""
    found = set(codes)
    return next(code for code in _WORST_FIRST if code in found)
