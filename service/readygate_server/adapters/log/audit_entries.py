"""Checks entries against their leaves: each leaf has its entry, whose bytes hash to it and say what its row says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.log.findings import MOST_SHOWN, Step
from readygate_server.adapters.log.record_copy import Leaf, RecordCopy
from readygate_server.domain.merkle import leaf_hash

_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry that was read, with its place."""

    index: int
    entry: LogEntry


class EntryCheck:
    """Checks entry after entry."""

    def __init__(self, copy: RecordCopy, waiting: int) -> None:
        """Takes the tables, and how many entries wait for their leaf."""
        self._copy = copy
        self._waiting = waiting
        self.step = Step("Entries")

    def whole(self, start: int, leaves: Sequence[Leaf]) -> Sequence[Leaf]:
        """Returns the leaves up to the first gap."""
        for index, leaf in enumerate(leaves, start):
            if leaf.index != index:
                self._add_gap(index)
                return leaves[: index - start]
        if not leaves:
            self._add_gap(start)
        return leaves

    def look(self, leaves: Sequence[Leaf]) -> Sequence[LoggedEntry]:
        """Checks entries; returns those that can be read, though their bytes may not be those of the leaf."""
        found = []
        for leaf in leaves:
            where = f"leaf {leaf.index}, entry {leaf.entry_id}"
            if leaf.body is None:
                self.step.add(where, expected="the bytes of an entry", found="nothing")
                continue
            self.step.compare(f"{where}, hash", expected=leaf.hash, found=leaf_hash(leaf.body))
            try:
                entry = LogEntry.FromString(leaf.body)
            except DecodeError:
                self.step.add(where, expected="a LogEntry", found=f"{len(leaf.body)} bytes that are none")
                continue
            self.step.compare(f"{where}, id", expected=entry.id, found=leaf.entry_id)
            self.step.compare(f"{where}, kind", expected=entry.WhichOneof("body"), found=leaf.kind)
            self.step.compare(f"{where}, recorded at", expected=recorded_at(entry), found=leaf.recorded_at)
            found.append(LoggedEntry(leaf.index, entry))
        return found

    def finish(self, size: int) -> None:
        """Says what was checked, and looks for rows that no leaf stands for."""
        for table, id_ in self._copy.strays(MOST_SHOWN):
            self.step.add(f"{table} {id_}", expected="a leaf of the log", found="none")
        waiting = f"; {self._waiting} wait to be taken in" if self._waiting else ""
        self.step.said = f"{size} leaves, each against its entry: place, hash, id, kind and time{waiting}"

    def _add_gap(self, index: int) -> None:
        self.step.add(f"leaf {index}", expected="a leaf", found="nothing; what comes after it is not checked")


def recorded_at(entry: LogEntry) -> int:
    """Returns the microseconds since 1970 at which an entry was recorded."""
    return entry.recorded_at.seconds * _MICROSECONDS + entry.recorded_at.nanos // 1000
