"""What is kept of decisions, and how they are asked for. Nothing here knows where it is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict


class WaiversFoundError(Exception):
    """A decision was made as if there were no waivers for its facts, and there are steps of some."""


class EntryKind(StrEnum):
    """What a leaf of the log is about."""

    DECISION = "decision"
    WAIVER = "waiver"
    ERASURE = "erasure"
    CERTIFICATE = "certificate"
    RETENTION = "retention"
    FORK = "fork"
    ASSET = "asset"


class PayloadState(StrEnum):
    """What became of the bytes of a request and its response."""

    WHOLE = "whole"
    NAMES_ERASED = "names_erased"
    DROPPED = "dropped"


class Stamp(NamedTuple):
    """What the writer of the record gives each entry. Ids are 32 hexadecimal digits, in the order of the times."""

    id: str
    recorded_at: int
    """Microseconds since 1970 in UTC; every entry's is later than that of the writer's entry before."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A leaf to be."""

    kind: EntryKind
    body: Callable[[Stamp], bytes]
    """Returns what the log commits to. Runs in the writer, and again when that tries again: cheap."""


class SealedText(NamedTuple):
    """A text that only its person's key opens: a random reference of the person, and the cipher text."""

    person: str
    cipher: bytes


class Erasure(NamedTuple):
    """An erasure of a name: the random reference that the person had, and why."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes of a request and its response. Names are cut out of the request and kept sealed, each with its place."""

    request: bytes
    """Request in which every name is filled with `*`."""
    names: bytes
    """Sealed names with their places, and what makes the salt together with the keys of all who are named."""
    response: bytes


class Sealed(NamedTuple):
    """What is written about a decision once its id and time are known."""

    entry: bytes
    """What the log commits to."""
    response: bytes


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """What decisions are found by."""

    proposal_id: str
    verdict: Verdict
    gate: Gate
    tier: Tier
    as_of: str
    ruleset: RulesetIdentity
    rule_count: int
    engine_version: str
    facts_digest: str
    request_digest: str
    waiver_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to be recorded."""

    seal: Callable[[Stamp], Sealed]
    """Runs in the writer, which waits for it, and again when the writer tries again: cheap, and without effects."""
    facts: DecisionFacts
    caller: SealedText
    request_id: str
    """Empty when the caller gave none; the decision is then nobody's twin."""
    request_hash: bytes
    """Fingerprint of the caller's request bytes; tells a repeated request from another one with the same id.

    Empty without an id."""
    request: bytes
    """Request in which every name is filled with `*`."""
    names: bytes
    """As in the payload."""
    supposes_no_waivers: bool = False
    """True when nobody looked whether there are waivers for these facts; the writer does then."""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as recorded. The payload is None when it was dropped or not asked for."""

    id: str
    recorded_at: int
    facts: DecisionFacts
    caller: SealedText
    request_id: str
    leaf_index: int | None
    entry: bytes
    payload: Payload | None
    is_dropped: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a request was answered with: this request itself, or the first that had its id."""

    id: str
    response: bytes
    is_new: bool


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions are wanted; what is left out lets everything pass. Times are microseconds since 1970."""

    proposal_id: str = ""
    verdicts: frozenset[Verdict] = frozenset()
    ruleset: str = ""
    """Name, or digest when it starts with `sha256:`."""
    caller: str = ""
    """Reference of the person or service, not its name."""
    recorded_from: int | None = None
    recorded_before: int | None = None


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A signed tree: its size, its root of 32 bytes, and the signed note that says so."""

    size: int
    root: bytes
    note: str
