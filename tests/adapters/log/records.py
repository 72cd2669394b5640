"""A real record with decisions and other entries, and what somebody with the file in their hands can do to it."""

# ruff: noqa: S608 -- tables and columns that tests name
from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import copytree

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readygate.v1 import decision_pb2
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.storage import open_store
from readygate_server.domain.merkle import extend, frontier, leaf_hash, root_of
from readygate_server.domain.record import (
    DecisionFacts,
    EntryKind,
    NewDecision,
    NewEntry,
    Sealed,
    SealedText,
    Stamp,
)
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict

ORIGIN = "gate.example.org/records"
KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
SIGNER = Ed25519CheckpointSigner(ORIGIN, KEY)
RULESET = RulesetIdentity("small", "2026.1.0", f"sha256:{'a' * 64}", "stable", "2026-01-01", "", "Five rules.")
DIGEST = f"sha256:{'f' * 64}"


def new_decision(number: int) -> NewDecision:
    """Returns a decision about a proposal of its own."""
    request = EvaluateRequest(request_id=f"r-{number}")
    request.proposal.id = f"p-{number}"
    redacted = request.SerializeToString(deterministic=True)
    facts = DecisionFacts(
        proposal_id=f"p-{number}",
        verdict=Verdict.NO_GO,
        gate=Gate.PILOT,
        tier=Tier.T3,
        as_of="2026-11-01",
        ruleset=RULESET,
        rule_count=5,
        engine_version="1.0",
        facts_digest=DIGEST,
        request_digest=f"sha256:{sha256(redacted).hexdigest()}",
    )

    def seal(stamp: Stamp) -> Sealed:
        response = _response(stamp).SerializeToString(deterministic=True)
        entry = _entry(stamp)
        entry.decision.redacted_request_digest = sha256(redacted).digest()
        entry.decision.response_digest = sha256(response).digest()
        entry.decision.ruleset_digest = RULESET.digest
        entry.decision.facts_digest = DIGEST
        entry.decision.engine_version = "1.0"
        entry.decision.as_of = "2026-11-01"
        entry.decision.verdict = decision_pb2.VERDICT_NO_GO
        return Sealed(entry.SerializeToString(deterministic=True), response)

    return NewDecision(seal, facts, SealedText("ref", b"cipher"), f"r-{number}", b"h" * 32, redacted, b"")


def erasure(reason: str) -> NewEntry:
    """Returns an entry about an erasure."""

    def body(stamp: Stamp) -> bytes:
        entry = _entry(stamp)
        entry.erasure.reason = reason
        return entry.SerializeToString(deterministic=True)

    return NewEntry(EntryKind.ERASURE, body)


def retention(before: int) -> NewEntry:
    """Returns an entry about a retention."""

    def body(stamp: Stamp) -> bytes:
        entry = _entry(stamp)
        entry.retention.recorded_before.FromMicroseconds(before)
        return entry.SerializeToString(deterministic=True)

    return NewEntry(EntryKind.RETENTION, body)


@dataclass(frozen=True)
class Record:
    """A data directory with a record, and what may be done to it behind the back of the server."""

    directory: Path

    @property
    def anchor(self) -> FileAnchor:
        """The checkpoints that were kept."""
        return FileAnchor(self.directory / "anchor")

    @property
    def note(self) -> str:
        """The newest checkpoint that was kept."""
        kept = self.anchor.newest()
        assert kept is not None
        return kept.note

    def grow(self, items: Sequence[NewDecision | NewEntry], signer: Ed25519CheckpointSigner = SIGNER) -> None:
        """Records one thing after the other, as a server would."""
        asyncio.run(self._grow(items, signer))

    def run(self, *statements: str, values: Sequence[object] = ()) -> None:
        """Changes the file with the guards taken away, as whoever has the file can."""
        with closing(sqlite3.connect(self.directory / "record.db")) as database:
            guards = database.execute("select name from sqlite_master where type = 'trigger'").fetchall()
            for (name,) in guards:
                database.execute(f'drop trigger "{name}"')
            for statement in statements:
                done = database.execute(statement, values)
                assert done.rowcount, f"nothing was changed by {statement}"
            database.commit()

    def value(self, query: str) -> bytes:
        """Returns one value of the file."""
        with closing(sqlite3.connect(self.directory / "record.db")) as database:
            [(value,)] = database.execute(query).fetchall()
        return value.encode() if isinstance(value, str) else bytes(value)

    def flip(self, table: str, column: str, where: str) -> None:
        """Flips one bit of a value."""
        value = bytearray(self.value(f"select {column} from {table} where {where}"))
        value[len(value) // 2] ^= 1
        is_text = self.value(f"select typeof({column}) from {table} where {where}") == b"text"
        self.run(f"update {table} set {column} = ? where {where}", values=[value.decode() if is_text else bytes(value)])

    def truncate(self, size: int) -> None:
        """Takes the last leaves away and all that hangs on them, so that what is left is sound in itself."""
        self.run(
            f"delete from payload where decision_id in (select entry_id from log_leaf where leaf_index >= {size})",
            f"delete from idempotency where decision_id in (select entry_id from log_leaf where leaf_index >= {size})",
            f"delete from decision where id in (select entry_id from log_leaf where leaf_index >= {size})",
            f"delete from entry where id in (select entry_id from log_leaf where leaf_index >= {size})",
            f"delete from log_leaf where leaf_index >= {size}",
            f"delete from log_node where (node_index + 1) << level > {size}",
            f"delete from checkpoint where tree_size > {size}",
        )

    def rewrite(self, index: int, signer: Ed25519CheckpointSigner = SIGNER) -> None:
        """Makes a no a go, and then every hash, root and signature anew, as whoever has the key as well can."""
        with closing(sqlite3.connect(self.directory / "record.db")) as database:
            [(id_, body)] = database.execute(
                "select entry.id, body from entry join log_leaf on entry_id = entry.id where leaf_index = ?", [index]
            ).fetchall()
        entry = LogEntry.FromString(body)
        answered = EvaluateResponse.FromString(self.value(f"select response from payload where decision_id = '{id_}'"))
        answered.decision.verdict = decision_pb2.VERDICT_GO
        response = answered.SerializeToString(deterministic=True)
        entry.decision.verdict = decision_pb2.VERDICT_GO
        entry.decision.response_digest = sha256(response).digest()
        self.run(f"update payload set response = ? where decision_id = '{id_}'", values=[response])
        self.run(f"update decision set verdict = 'GO' where id = '{id_}'")
        changed = entry.SerializeToString(deterministic=True)
        self.run(f"update entry set body = ? where id = '{id_}'", values=[changed])
        self._hash_anew(signer)

    def _hash_anew(self, signer: Ed25519CheckpointSigner) -> None:
        with closing(sqlite3.connect(self.directory / "record.db")) as database:
            bodies = database.execute(
                "select body from entry join log_leaf on entry_id = entry.id order by leaf_index"
            ).fetchall()
            sizes = database.execute("select tree_size from checkpoint").fetchall()
            nodes = extend(0, [leaf_hash(body) for (body,) in bodies], {})
            for (level, index), hashed in nodes.items():
                if level:
                    database.execute(
                        "update log_node set hash = ? where level = ? and node_index = ?", (hashed, level, index)
                    )
                else:
                    database.execute("update log_leaf set leaf_hash = ? where leaf_index = ?", (hashed, index))
            for (size,) in sizes:
                root = root_of(size, {node: nodes[node] for node in frontier(size)})
                database.execute(
                    "update checkpoint set root = ?, note = ? where tree_size = ?",
                    (root, signer.sign(size, root), size),
                )
            database.commit()

    async def _grow(self, items: Sequence[NewDecision | NewEntry], signer: Ed25519CheckpointSigner) -> None:
        store = await open_store(self.directory, signer=signer, anchor=self.anchor)
        try:
            for item in items:
                await (store.record(item) if isinstance(item, NewDecision) else store.append(item))
        finally:
            await store.close()


@dataclass(frozen=True)
class Records:
    """Makes records for tests; the first of a length is recorded, the others are copies of it."""

    directory: Path
    made: dict[int, Record] = field(default_factory=dict)

    def of(self, size: int, directory: Path) -> Record:
        """Returns a fresh record with so many entries, every third of them an erasure."""
        if size not in self.made:
            self.made[size] = Record(self.directory / str(size))
            self.made[size].grow(
                [erasure(str(number)) if number % 3 == 2 else new_decision(number) for number in range(size)]
            )
        copytree(self.made[size].directory, directory / "data")
        return Record(directory / "data")


def _entry(stamp: Stamp) -> LogEntry:
    entry = LogEntry(id=stamp.id)
    entry.recorded_at.FromMicroseconds(stamp.recorded_at)
    return entry


@cache
def _decided() -> decision_pb2.Decision:
    decision = decision_pb2.Decision(verdict=decision_pb2.VERDICT_NO_GO, gate=2, as_of="2026-11-01")  # type: ignore[arg-type]
    decision.tier.tier = 3  # type: ignore[assignment]
    decision.ruleset.name, decision.ruleset.version = RULESET.name, RULESET.version
    decision.engine_version, decision.facts_digest = "1.0", DIGEST
    return decision


def _response(stamp: Stamp) -> EvaluateResponse:
    response = EvaluateResponse(decision=_decided())
    response.record.decision_id = stamp.id
    response.record.recorded_at.FromMicroseconds(stamp.recorded_at)
    return response
