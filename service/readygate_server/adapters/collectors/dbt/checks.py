"""One check of a run, whichever tool ran it: what it asked of which column, and how it came out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from readygate_server.domain.collected import Artefact


class Asks(StrEnum):
    """What a check asks, as far as a fact rests on it."""

    PRESENT = "present"
    UNIQUE = "unique"
    IN_DOMAIN = "in_domain"
    REFERS = "refers"
    OTHER = "other"


class Outcome(StrEnum):
    """How a check came out. Only the first four ran."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    ERRORED = "errored"
    SKIPPED = "skipped"
    NOT_RUN = "not_run"

    @property
    def ran(self) -> bool:
        """True when the tool tried; an error is no pass, whatever it was."""
        return self in (Outcome.PASSED, Outcome.FAILED, Outcome.WARNED, Outcome.ERRORED)


class Check(NamedTuple):
    """One check and its outcome."""

    id: str
    asks: Asks
    node: str
    """Table, model or source that it is about; empty when the tool does not say."""
    columns: tuple[str, ...]
    outcome: Outcome
    failing: int | None = None
    """Rows that break it, exactly; None when that is not said."""
    of: int | None = None
    """Rows, or values, that it looked at."""
    part: bool = False
    """True when it looks at some of the rows only, or counts in a way of its own."""
    empty: int = 0
    """Values that were not there, so that the check passed them by."""


class Run(NamedTuple):
    """What one run of a tool left behind."""

    id: str
    at: datetime | None
    checks: tuple[Check, ...]
    strangers: int = 0
    """Results that belong to no check that is known."""


class Results(NamedTuple):
    """All that was read of one tool, the newest run last."""

    tool: str
    artefacts: tuple[Artefact, ...]
    runs: tuple[Run, ...]
    defined: int | None = None
    """Checks that are defined; None when the tool tells of those only that ran."""
    notes: tuple[str, ...] = ()
    fault: str = ""
    """Why the newest run says nothing about the data."""
