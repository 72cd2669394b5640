"""What a certificate is held against, and what came of each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from readygate_server.domain.keys import KeySet


class Result(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    REFUSED = "refused"
    SKIPPED = "skipped"
    """Nothing was given to compare with."""
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken."""

    number: int
    name: str
    result: Result
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """All steps, and what is certified; the latter is None when its signature did not hold."""

    steps: tuple[Step, ...]
    predicate: Mapping[str, Any] | None

    @property
    def is_valid(self) -> bool:
        """True when no step was refused, and none was not reached."""
        return all(step.result in (Result.PASSED, Result.SKIPPED) for step in self.steps)

    @property
    def reason(self) -> str:
        """Why it is refused; empty when it is not."""
        return next((step.detail for step in self.steps if step.result is Result.REFUSED), "")


@dataclass(frozen=True, slots=True)
class ProposalDigest:
    """Digest of the proposal in question: `sha256:` over its bytes, or over its facts."""

    digest: str
    of_bytes: bool
    as_registered: str = ""
    """Digest of the same facts as a server keeps them that references were resolved by, when there are references."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a certificate is held against; what is left out is not asked."""

    keys: KeySet
    at: int
    audience: str = ""
    proposal: ProposalDigest | None = None
    checkpoint: str = ""
    """Checkpoint that was got from elsewhere."""
