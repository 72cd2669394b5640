"""Answers as they stand in a form: cells of an unknown kind, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from readygate_server.adapters.proposals.values import Problem
from readygate_server.domain.faults import Fault

BLANKS: Final = " \t\r\n\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"


class Spot(NamedTuple):
    """Where something stands: in a text by line and column, in a workbook by its cell."""

    line: int = 0
    column: int = 0
    cell: str = ""


class Cell(NamedTuple):
    """What stands somewhere. `kind` is text, number, flag, day, moment, names, formula or error."""

    kind: str
    value: Any
    spot: Spot
    is_percentage: bool = False

    @property
    def text(self) -> str:
        """What it says, without the blanks around it."""
        return self.value.strip(BLANKS) if isinstance(self.value, str) else ""

    @property
    def is_blank(self) -> bool:
        """True when nothing is said."""
        return self.value is None or (self.kind == "text" and not self.text)


class Answer(NamedTuple):
    """What is said of one fact; blank cells are left out."""

    path: str
    spot: Spot
    cells: Mapping[str, Cell]


class Returned(NamedTuple):
    """A form as it came back: what its head says, which facts it asks for, and the answers."""

    head: Mapping[str, str]
    assets: tuple[tuple[str, str, str], ...]
    facts: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, order=True)
class FormFault(Fault):
    """A fault of a form. In a workbook it names sheet and cell; line and column only put it in order."""

    cell: str = ""

    def __str__(self) -> str:
        """Returns `file!sheet!cell: …`, or `file:line:column: …`, as faults of other files have it."""
        if not self.cell:
            return Fault.__str__(self)
        plain = Fault(f"{self.file}!{self.cell}", 0, 0, self.message, self.got, self.expected, self.suggestion)
        return str(plain)


def fault_at(file: str, spot: Spot, problem: Problem) -> FormFault:
    """Returns the fault of a problem at a place."""
    told = (problem.message, problem.got, problem.expected, problem.suggestion)
    return FormFault(file, spot.line, spot.column, *told, cell=spot.cell)
