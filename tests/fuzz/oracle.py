"""Whether an input was taken as it should be: with a foreseen answer that is no yes, in time, within memory."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.fuzz.inputs import Content, Input

MOST_MEGABYTES: Final = 200
"""By how much the largest size of the process may grow beyond what it was before the first input."""
YES: Final = frozenset({"GO", "GO_WITH_CONDITIONS", "let in", "valid"})
"""Answers that damaged input may not have: a go, a caller who is believed, a document that holds."""
_LOOK_EVERY: Final = 100
_LOOK_AFTER_SECONDS: Final = 0.005
_STATUS: Final = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that was not taken as it should be."""

    number: int
    why: str

    def __str__(self) -> str:
        """Returns what happened, and how to see it again."""
        return f"input {self.number}: {self.why}\n  again: python -m tests.fuzz --only {self.number}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an input."""

    results: tuple[str, ...]
    seconds: float
    failure: Failure | None = None


class Targets(Protocol):
    """Something that takes inputs."""

    def take(self, given: Input) -> Sequence[str]:
        """Returns what became of an input: verdicts, or the reasons for which it was refused."""
        ...


class Oracle:
    """Gives inputs to targets and judges what comes of them."""

    def __init__(self, targets: Targets) -> None:
        """Takes targets that are ready, so that what they hold already counts for nothing."""
        self._targets = targets
        self._before = peak_megabytes()
        self._taken = 0

    @property
    def growth(self) -> float:
        """Megabytes by which the largest size of the process has grown."""
        return peak_megabytes() - self._before

    def take(self, given: Input) -> Taken:
        """Returns what became of an input; never raises."""
        started = time.process_time()
        try:
            results = tuple(self._targets.take(given))
            why = ""
        except Exception:  # noqa: BLE001 -- whatever was not foreseen is what is looked for
            results, why = ("unforeseen",), traceback.format_exc()
        seconds = time.process_time() - started
        self._taken += 1
        why = why or self._complaint(given, results, seconds)
        if not why:
            return Taken(results, seconds)
        told = f"{given.target} {given.method}: {why}\n{shown(given.content)}"
        return Taken(results, seconds, Failure(given.number, told))

    def _complaint(self, given: Input, results: tuple[str, ...], seconds: float) -> str:
        if not results:
            return "no answer"
        if YES.intersection(results) and not given.may_go:
            return f"a yes to a damaged no: {', '.join(results)}"
        if seconds > given.seconds:
            return f"it took {seconds:.2f} s of processor time, at most {given.seconds:g} s"
        if (self._taken % _LOOK_EVERY == 0 or seconds > _LOOK_AFTER_SECONDS) and self.growth > MOST_MEGABYTES:
            growth, self._before = self.growth, peak_megabytes()  # so that those after it are not blamed
            return f"the process has grown by {growth:.0f} MB, at most {MOST_MEGABYTES} MB"
        return ""


def peak_megabytes() -> float:
    """Returns the largest size that this process has had in memory."""
    if _STATUS.exists():  # what getrusage says, a child inherits from a large parent
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def shown(content: Content) -> str:
    """Returns the beginning of an input."""
    return f"  holds {len(content)}: {str(content)[:400]!r}"
