"""Events in columns: a few bytes each, with names of activities and people as numbers."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.port import ArtefactFault, ArtefactLimitError

MAX_EVENTS: Final = 5_000_000
"""Events of one log. A longer one is better cut to a period than read to the end."""

MAX_KINDS: Final = 1_000_000
"""Different events, by activity, step and who did it, of one log."""

Kind = tuple[str, str | None, str | None]
"""Activity, step of its life cycle, and who did it; None where the log does not say."""


Add = Callable[[int, str | None, int | None, str | None, str | None], None]
"""Takes the number of a case, an activity, a moment in microseconds, a step of the life cycle, and who did it."""


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
        self.unused: Counter[str] = Counter()
        """Events that could not be used, by the reason."""
        self.namesakes = 0
        """Cases that have their name from another."""
        self.naive = 0
        """Timestamps that the given timezone was taken for."""
        self.zone = ""
        """That timezone; empty when every timestamp said its own."""

    @property
    def read(self) -> int:
        """Returns the number of events that were seen, used or not."""
        return len(self.case) + self.unused.total()

    def adder(self) -> Add:
        """Returns what takes an event, or counts why it can not be used. It is called for each, so it looks little up.

        It raises an `ArtefactLimitError` when there are too many events, or too many different ones.
        """
        cases, moments, kinds = self.case, self.moment, self.kinds
        add_case, add_moment, add_kind, number = cases.append, moments.append, self.kind.append, kinds.setdefault

        def add(
            case: int, activity: str | None, moment: int | None, transition: str | None, resource: str | None
        ) -> None:
            if not activity or moment is None:
                self.unused["without activity" if not activity else "without a timestamp that can be read"] += 1
                return
            kind = number((activity, transition or None, resource or None), len(kinds))
            if kind == MAX_KINDS:
                raise _too_varied(self.place)
            if len(cases) == MAX_EVENTS:
                raise _too_many(self.place)
            add_kind(kind)
            add_case(case)
            add_moment(moment)

        return add

    def __len__(self) -> int:
        """Returns the number of events that can be used."""
        return len(self.case)


def _too_many(place: str) -> ArtefactLimitError:
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
