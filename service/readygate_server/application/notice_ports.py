"""What telling others needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from readygate_server.domain.notices import Interest, Notice


class Watch(NamedTuple):
    """A moment that is waited for: when it comes, the notice is due. One of the same key takes its place."""

    key: str
    due_at: int
    """Microseconds since 1970."""
    notice: Notice


class Step(NamedTuple):
    """What follows from some entries of the log: notices, and what is waited for from now on or no longer."""

    next_leaf: int
    notices: Sequence[Notice] = ()
    watches: Sequence[Watch] = ()
    dropped: Sequence[str] = ()
    """Keys of what is waited for no longer."""
    told: Mapping[str, str] = {}
    """Verdicts that were told of decisions because an asset changed."""


class Pending(NamedTuple):
    """A notice that an endpoint has not got yet."""

    position: int
    event_id: str
    type: str
    subject: str
    body: bytes
    attempts: int
    first_at: int
    """When it was first tried, in microseconds since 1970; 0 before."""


class Result(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    """The receiver wants nothing any more (410)."""


class Answer(NamedTuple):
    """What became of an attempt; the detail is for operators, and repeats nothing that the receiver wrote."""

    result: Result
    detail: str
    wished_seconds: float = 0.0


class Settled(NamedTuple):
    """What is to be noted of a pending notice after an attempt."""

    position: int
    detail: str = ""
    next_at: int = 0
    """When it is tried again; 0 when it was delivered."""
    is_dead: bool = False


class EndpointState(NamedTuple):
    """How far an endpoint is."""

    name: str
    pending: int
    dead: int
    is_disabled: bool
    behind: int
    """Notices that were not looked at for it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somebody to tell."""

    name: str
    url: str
    interest: Interest
    timeout_seconds: float
    give_up_seconds: float
    secrets: tuple[bytes, ...] = field(repr=False)
    ca_file: str = ""


class Outbox(Protocol):
    """Keeps notices until every endpoint has them. Every method raises RecordUnavailableError."""

    async def next_leaf(self) -> tuple[int, int]:
        """Returns the entry to look at next, and the first that is told; older ones are only waited for."""
        ...

    async def take(self, step: Step, wanted: Sequence[Interest], before: int) -> int:
        """Keeps what follows from entries and goes on behind them, all or nothing; returns how many are wanted."""
        ...

    async def due(self, now: int, wanted: Sequence[Interest]) -> int:
        """Turns what was waited for into notices; returns how many are wanted."""
        ...

    async def assign(self, endpoint: Endpoint, *, window: int) -> None:
        """Gives an endpoint the next notices that it wants, unless enough are pending."""
        ...

    async def pending(self, endpoint: str, now: int, limit: int) -> Sequence[Pending]:
        """Returns what is to be tried now: of each subject the first only."""
        ...

    async def settle(self, endpoint: str, settled: Sequence[Settled], *, now: int, is_gone: bool) -> None:
        """Notes what became of attempts."""
        ...

    async def states(self) -> Sequence[EndpointState]:
        """Returns how far each endpoint is."""
        ...


class Sender(Protocol):
    """Hands a notice over."""

    async def send(self, endpoint: Endpoint, event_id: str, body: bytes) -> Answer:
        """Tries once; raises nothing that a receiver or the network can bring about."""
        ...
