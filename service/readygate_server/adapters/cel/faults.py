"""What is wrong with the text of an expression, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable

from readygate_server.domain.faults import Fault, FaultsError


class ExpressionFaultsError(FaultsError):
    """Refuses an expression, with every fault found in it.

    Lines and columns are those of the text of the expression; whoever knows the file that it stands in fills it in.
    """

    def __init__(self, text: str, faults: Iterable[Fault]) -> None:
        """Keeps the text beside its faults."""
        super().__init__(faults)
        self.text = text


def fault_at(text: str, offset: int, message: str, *, got: str = "", expected: str = "", suggestion: str = "") -> Fault:
    """Returns a fault at a character of `text`, counted from 0."""
    before = text[:offset]
    line = before.count("\n") + 1
    column = offset - (before.rfind("\n") + 1) + 1
    return Fault("", line, column, message, got=got, expected=expected, suggestion=suggestion)
