"""Events in columns: a few bytes each, with names of activities and people as numbers."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.port import ArtefactFault, ArtefactLimitError

MAX_EVENTS: Final = 5_000_000
"""Events of one log. A longer one is better cut to a period than read to the end."""

MAX_KINDS: Final = 1_000_000
"""Different events, by activity, step and who did it, of one log."""

Kind = tuple[str, str | None, str | None]
"""Activity, step of its life cycle, and who did it; None where the log does not say."""


class Mapping(NamedTuple):
    """Which columns or attributes say what. Several columns of an activity are read as one name."""

    case: str = "case:concept:name"
    activity: tuple[str, ...] = ("concept:name",)
    timestamp: str = "time:timestamp"
    lifecycle: str = "lifecycle:transition"
    resource: str = "org:resource"


STANDARD: Final = Mapping()
"""Names of the XES standard, as exports of it to tables keep them."""


class EventLog:
    """Events in the order of the file, and what could not be used of it."""

    def __init__(self, place: str, form: str, mapping: Mapping) -> None:
        """Starts without events."""
        self.place, self.form, self.mapping = place, form, mapping
        self.case, self.kind, self.moment = array("i"), array("i"), array("q")
        """Per event that can be used: its case, what it is, and when it was in microseconds since 1970."""
        self.kinds: dict[Kind, int] = {}
        """What events are, numbered: there are few, so that an event costs 16 bytes."""
        self.cases = 0
        """Cases that were begun, with or without events."""
        self.read = 0
        """Events that were seen, used or not."""
        self.unused: Counter[str] = Counter()
        """Events that could not be used, by the reason."""
        self.namesakes = 0
        """Cases that have their name from another."""
        self.naive = 0
        """Timestamps that the given timezone was taken for."""
        self.zone = ""
        """That timezone; empty when every timestamp said its own."""

    def add(
        self, case: int, activity: str | None, moment: int | None, transition: str | None, resource: str | None
    ) -> None:
        """Takes an event, or counts why it can not be used.

        Raises:
          ArtefactLimitError: when there are too many.
        """
        self.read += 1
        if self.read > MAX_EVENTS:
            raise too_many(self.place)
        if not activity or moment is None:
            self.unused["without activity" if not activity else "without a timestamp that can be read"] += 1
            return
        kinds = self.kinds
        kind = kinds.setdefault((activity, transition, resource), len(kinds))
        if kind == MAX_KINDS:
            raise _too_varied(self.place)
        self.kind.append(kind)
        self.case.append(case)
        self.moment.append(moment)

    def __len__(self) -> int:
        """Returns the number of events that can be used."""
        return len(self.case)


def too_many(place: str) -> ArtefactLimitError:
    """Returns the error of a log that is too long."""
    return ArtefactLimitError(
        ArtefactFault(
            place,
            "the log has too many events",
            expected=f"at most {MAX_EVENTS:,}",
            way_out="export the latest months only, whole cases",
        )
    )


def _too_varied(place: str) -> ArtefactLimitError:
    return ArtefactLimitError(
        ArtefactFault(
            place,
            "the log has too many different events, by activity and who did it",
            expected=f"at most {MAX_KINDS:,}",
            way_out="look whether --activity and --resource name the right columns",
        )
    )


def joined(parts: Sequence[str | None]) -> str | None:
    """Returns an activity that several columns make; None when any is missing."""
    return None if None in parts or "" in parts else "\x1f".join(map(str, parts))
