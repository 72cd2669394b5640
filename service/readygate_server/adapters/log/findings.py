"""What a check of the log found: steps, each with what it looked at and the faults in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MOST_SHOWN: Final = 20


class LogFault(NamedTuple):
    """Something that is not as it should be."""

    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Returns the fault on one line."""
        return f"{self.where}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Step:
    """One thing that was checked. Of many faults the first are kept, and all are counted."""

    title: str
    said: str = ""
    """What was looked at, in numbers."""
    is_checked: bool = True
    """False for a step that could not be taken; `said` tells why."""
    faults: list[LogFault] = field(default_factory=list)
    count: int = 0

    def add(self, where: str, *, expected: str, found: str) -> None:
        """Adds a fault."""
        self.count += 1
        if len(self.faults) < MOST_SHOWN:
            self.faults.append(LogFault(where, expected, found))

    def compare(self, where: str, *, expected: object, found: object) -> bool:
        """Adds a fault unless two values are the same; hashes are shown in hexadecimal digits."""
        if expected == found:
            return True
        self.add(where, expected=shown(expected), found=shown(found))
        return False


def shown(value: object) -> str:
    """Returns a value as it is written in a finding."""
    if value is None:
        return "nothing"
    return value.hex() if isinstance(value, bytes) else str(value)


def counted(count: int, what: str) -> str:
    """Returns a number with what it counts, such as `2 faults`."""
    return f"{count} {what}{'s' if count != 1 else ''}"


def is_sound(steps: Sequence[Step]) -> bool:
    """True when no step found a fault."""
    return not any(step.count for step in steps)
