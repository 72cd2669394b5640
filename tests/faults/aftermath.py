"""Looks at what a power cut has left: opens it as a server would, and holds it against what somebody was told."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import open_checkpoint
from readygate_server.adapters.storage import RecordStore, open_store
from readygate_server.adapters.storage.opening import FILE
from readygate_server.domain.merkle import leaf_hash, root
from readygate_server.domain.record import NewDecision, TreeHead
from tests.faults.recording import Acknowledged
from tests.faults.workload import DATA, SIGNER

_ROWS: Final = (
    "SELECT d.caller, d.request_id, d.id, e.body, p.request, p.response FROM decision d"
    " LEFT JOIN entry e ON e.id = d.id LEFT JOIN payload p ON p.decision_id = d.id"
)
_ASKED_AGAIN: Final = 10
_ALL: Final = 1_000_000
Key = tuple[str, str]
Row = tuple[str, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Promises:
    """What must hold after a power cut: who was told what, and who waited for an answer."""

    acknowledged: Sequence[Acknowledged]
    shown: TreeHead | None
    unanswered: Sequence[NewDecision]


@dataclass(slots=True)
class Aftermath:
    """What was found. Everything is as it should be when all of it is 0, empty or false."""

    lost: int = 0
    """Decisions that somebody was told are recorded, and that are not there as they were."""
    doubled: int = 0
    """Requests with more than one decision."""
    is_corrupt: bool = False
    is_refused: bool = False
    broken: list[str] = field(default_factory=list)
    """What else does not hold, in words."""
    said: str = ""
    """What the database or the store said."""

    @property
    def is_sound(self) -> bool:
        """True when every promise is kept."""
        return not (self.lost or self.doubled or self.is_corrupt or self.is_refused or self.broken)


async def look(disk: Path, anchor: Path, promises: Promises) -> Aftermath:
    """Opens what is on a disk and says what of the promises is kept; then those who waited ask again."""
    found = Aftermath()
    if promises.shown is not None:
        FileAnchor(anchor).keep(promises.shown)
    try:
        store = await open_store(disk / DATA, signer=SIGNER, anchor=FileAnchor(anchor))
    except Exception as error:  # noqa: BLE001 -- a damaged file may lead to anything; not to start is what counts
        found.is_refused, found.said = True, f"{type(error).__name__}: {error}"
    else:
        try:
            await _look_at(store, promises, found)
        except Exception as error:  # noqa: BLE001 -- whatever a damaged file leads to is what is looked for
            found.broken.append(f"the store does not work: {error!r}")
        finally:
            await store.close()
    _look_at_file(disk / DATA / FILE, promises, found)
    return found


async def _look_at(store: RecordStore, promises: Promises, found: Aftermath) -> None:
    rows = await store.read(_rows)
    found.lost = _missing(rows, promises.acknowledged)
    await _look_at_log(store, len(rows), found)
    for told in promises.acknowledged[-_ASKED_AGAIN:]:
        again = await store.record(told.decision)
        if (again.id, again.response, again.is_new) != (told.answer.id, told.answer.response, False):
            found.broken.append(f"{told.decision.request_id} was answered otherwise when it was asked again")
    for decision in promises.unanswered:
        await store.record(decision)
    after = await store.read(_rows)
    if any((each.caller.person, each.request_id) not in after for each in promises.unanswered):
        found.broken.append("a decision that was asked for again is not there")
    await _look_at_log(store, len(after), found)


async def _look_at_log(store: RecordStore, decisions: int, found: Aftermath) -> None:
    head, entries = await store.head(), await store.entries(0, _ALL)
    if len(entries) != decisions:
        found.broken.append(f"{decisions} decisions, but {len(entries)} entries on the log")
    if head is None:
        if entries:
            found.broken.append("entries without a checkpoint")
        return
    said = open_checkpoint(head.note, [SIGNER.key], origin=SIGNER.origin)
    if not (
        said.size == head.size == len(entries)
        and said.root == head.root == root([leaf_hash(entry) for entry in entries])
    ):
        found.broken.append(f"the newest checkpoint, of {head.size}, is not that of the {len(entries)} entries")


def _rows(connection: Connection) -> dict[Key, Row]:
    return {
        (caller, request_id): (id_, *map(bytes, rest))
        for caller, request_id, id_, *rest in connection.exec_driver_sql(_ROWS)
    }


def _missing(rows: dict[Key, Row], acknowledged: Sequence[Acknowledged]) -> int:
    return sum(
        (row := rows.get((decision.caller.person, decision.request_id))) is None
        or (row[0], row[2], row[3]) != (answer.id, decision.request, answer.response)
        or answer.id.encode() not in row[1]
        for decision, answer in acknowledged
    )


def _look_at_file(path: Path, promises: Promises, found: Aftermath) -> None:
    """Looks once more without anything of ours."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            said = connection.execute("PRAGMA integrity_check").fetchall()
            rows = connection.execute("SELECT caller, request_id, id FROM decision").fetchall()
    except sqlite3.OperationalError as error:  # no file or no tables, which nobody was promised before the first answer
        rows, said = [], [("ok",)]
        found.said = found.said or str(error)
    except sqlite3.DatabaseError as error:
        rows, said = [], [(str(error),)]
    found.is_corrupt = said != [("ok",)]
    found.said = found.said or ("" if said == [("ok",)] else str(said[0][0]))
    found.doubled = sum(count > 1 for count in Counter(row[:2] for row in rows).values())
    if found.is_refused or found.is_corrupt:
        ids = {id_ for _caller, _request_id, id_ in rows}
        found.lost = max(found.lost, sum(answer.id not in ids for _decision, answer in promises.acknowledged))
