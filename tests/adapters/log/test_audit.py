"""A whole log is checked without its server; what somebody did to its file is found, or known to be beyond it."""

# ruff: noqa: S608 -- tables and columns that tests name
from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.adapters.log.records import KEY, ORIGIN, SIGNER, Record, Records, erasure, new_decision, retention

from readygate_server.adapters.log.audit import Kept, audit
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.log.findings import LogFault, Step, is_sound
from readygate_server.adapters.log.record_copy import RecordCopy, UnreadableError
from readygate_server.adapters.log.trust import TrustedKeys

TRUSTED = TrustedKeys(frozenset([SIGNER.key.public]))
OTHER = Ed25519CheckpointSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\2" * 32))
LEAF = "id = (select entry_id from log_leaf where leaf_index = {})"
SIZE = 13
"""Entries of most records here: 0, 1, 3, 4 and so on are decisions, 2, 5, 8 and 11 erasures."""


@pytest.fixture
def record(records: Records, tmp_path: Path) -> Record:
    """Returns a sound record."""
    return records.of(SIZE, tmp_path)


def checked(
    record: Record, *, trusted: TrustedKeys | None = TRUSTED, kept: Sequence[Kept] = (), piece: int = 4
) -> dict[str, Step]:
    """Checks a record in pieces so small that most of what belongs together is in two of them."""
    with closing(RecordCopy.open(record.directory)) as copy:
        return {step.title: step for step in audit(copy, trusted=trusted, kept=kept, piece=piece)}


def faulty(steps: dict[str, Step]) -> dict[str, list[LogFault]]:
    """Returns the faults of steps that have any."""
    return {title: step.faults for title, step in steps.items() if step.count}


def kept_of(record: Record) -> list[Kept]:
    """Returns the newest checkpoint that was kept."""
    head = record.anchor.newest()
    assert head is not None
    return [Kept("kept", head)]


@pytest.mark.parametrize("size", [1, 2, 3, SIZE])
@pytest.mark.parametrize("piece", [1, 3, 512])
def test_a_sound_log_has_no_fault(records: Records, tmp_path: Path, size: int, piece: int) -> None:
    """Every step says how much it looked at, whatever the size of the pieces."""
    record = records.of(size, tmp_path)

    steps = checked(record, kept=kept_of(record), piece=piece)

    assert faulty(steps) == {}
    assert all(step.is_checked for step in steps.values())
    assert steps["Entries"].said.startswith(f"{size} leaves")
    assert steps["Checkpoints"].said.startswith(f"{size} signed root")
    decisions = size - size // 3
    assert steps["Decisions"].said.startswith(
        f"{decisions} decision{'s' if decisions > 1 else ''} against the log, {decisions} with"
    )


def test_an_empty_record_has_no_fault(tmp_path: Path) -> None:
    """Before the first decision there is nothing to be wrong."""
    record = Record(tmp_path / "data")
    record.grow([])

    assert faulty(checked(record)) == {}


FLIPS = [
    ("entry", "body", LEAF.format(5), {"Entries"}, "leaf 5, entry"),
    ("entry", "body", LEAF.format(4), {"Entries", "Decisions"}, "leaf 4, entry"),
    ("log_leaf", "leaf_hash", "leaf_index = 4", {"Entries", "Tree", "Checkpoints"}, "leaf 4, entry"),
    ("log_leaf", "leaf_hash", "leaf_index = 12", {"Entries", "Checkpoints"}, "leaf 12, entry"),
    ("log_node", "hash", "level = 1 and node_index = 2", {"Tree"}, "node 2 of level 1, over leaves 4 to 5"),
    ("log_node", "hash", "level = 3 and node_index = 0", {"Tree"}, "node 0 of level 3, over leaves 0 to 7"),
    ("checkpoint", "root", "tree_size = 6", {"Checkpoints", "Signatures"}, "checkpoint of 6 leaves, root"),
    ("checkpoint", "note", "tree_size = 6", {"Signatures"}, "checkpoint of 6 leaves"),
    ("decision", "ruleset_digest", LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("decision", "facts_digest", LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("decision", "engine_version", LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("decision", "as_of", LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("decision", "request_digest", LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("decision", "proposal_id", LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("decision", "ruleset_name", LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("payload", "request", "decision_" + LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
    ("payload", "response", "decision_" + LEAF.format(4), {"Decisions"}, "leaf 4, decision"),
]


@pytest.mark.parametrize(("table", "column", "where", "titles", "place"), FLIPS)
def test_a_flipped_bit_is_found_where_it_is(
    record: Record, table: str, column: str, where: str, titles: set[str], place: str
) -> None:
    """One bit of an entry, leaf, node, checkpoint, decision or payload: the finding names the place and both values."""
    assert faulty(checked(record)) == {}  # the twin: what is found is the bit, and not something else
    record.flip(table, column, where)

    found = faulty(checked(record))

    assert found.keys() == titles
    first = found[next(title for title in ("Entries", *sorted(titles)) if title in titles)][0]
    assert first.where.startswith(place)
    assert first.expected != first.found


def test_a_changed_hash_is_shown_with_what_it_should_be(record: Record) -> None:
    """Both hashes are told in hexadecimal digits, so that somebody else can compute them too."""
    sound = record.value("select hash from log_node where level = 1 and node_index = 2")
    record.flip("log_node", "hash", "level = 1 and node_index = 2")
    changed = record.value("select hash from log_node where level = 1 and node_index = 2")

    [fault] = faulty(checked(record))["Tree"]

    assert (fault.expected, fault.found) == (sound.hex(), changed.hex())
    assert str(fault).startswith("node 2 of level 1, over leaves 4 to 5: expected ")


@pytest.mark.parametrize(
    ("statement", "titles", "place"),
    [
        (
            f"update decision set verdict = 'GO' where {LEAF.format(4)}",
            {"Decisions"},
            "verdict: expected NO_GO, found GO",
        ),
        (f"update decision set gate = 3 where {LEAF.format(4)}", {"Decisions"}, "gate: expected 2, found 3"),
        (f"update decision set tier = 1 where {LEAF.format(4)}", {"Decisions"}, "tier: expected 3, found 1"),
        (
            f"update decision set waiver_ids = '[\"w\"]' where {LEAF.format(4)}",
            {"Decisions"},
            "waivers: expected [], found ['w']",
        ),
        (
            f"update decision set recorded_at = recorded_at + 1 where {LEAF.format(4)}",
            {"Decisions"},
            "recorded_at: expected ",
        ),
        (
            f"update entry set recorded_at = recorded_at + 1 where {LEAF.format(5)}",
            {"Entries"},
            "recorded at: expected ",
        ),
        (
            f"update entry set kind = 'waiver' where {LEAF.format(5)}",
            {"Entries"},
            "kind: expected erasure, found waiver",
        ),
        (
            f"delete from decision where {LEAF.format(4)}",
            {"Decisions", "Entries"},
            "expected a decision, found nothing",
        ),
        (
            f"delete from payload where decision_{LEAF.format(4)}",
            {"Decisions"},
            "or a retention on the log, found neither",
        ),
        (f"delete from entry where {LEAF.format(5)}", {"Entries"}, "expected the bytes of an entry, found nothing"),
        (f"update entry set body = x'ff' where {LEAF.format(5)}", {"Entries"}, "hash: expected "),
        (
            "delete from log_leaf where leaf_index = 5",
            {"Entries"},
            "leaf 5: expected a leaf, found nothing",
        ),
        ("delete from log_node where level = 1 and node_index = 2", {"Tree"}, ", found nothing"),
        ("insert into log_node values (1, 6, x'00')", {"Tree"}, "as there are no such leaves, found a node"),
        ("delete from checkpoint where tree_size = 13", {"Checkpoints"}, "expected one of 13 leaves, found one of 12"),
        (
            "insert into checkpoint values (14, x'00', '')",
            {"Checkpoints"},
            "checkpoint of 14 leaves: expected 14 leaves, found 13",
        ),
        ("update log_leaf set entry_id = 'x' where leaf_index = 5", {"Entries"}, "expected the bytes of an entry"),
        (
            "insert into entry values ('x', 1, 'erasure', x'00')",
            {"Entries"},
            "entry x: expected a leaf of the log, found none",
        ),
        (
            "insert into payload values ('x', x'00', x'00', x'00')",
            {"Entries"},
            "payload x: expected a leaf of the log, found none",
        ),
    ],
)
def test_rows_that_were_changed_taken_away_or_added_are_found(
    record: Record, statement: str, titles: set[str], place: str
) -> None:
    """What the log says and what the tables say is compared both ways."""
    record.run(statement)

    found = faulty(checked(record))

    assert found.keys() == titles
    assert any(place in str(fault) for faults in found.values() for fault in faults)


def test_a_decision_in_the_place_of_another_entry_is_found(record: Record) -> None:
    """A row that borrows the id of an entry about something else does not pass for a decision."""
    erased = record.value("select entry_id from log_leaf where leaf_index = 5").decode()
    columns = "recorded_at, proposal_id, verdict, gate, tier, as_of, ruleset_name, ruleset_version, ruleset_digest, "
    columns += "ruleset_channel, ruleset_effective_from, ruleset_effective_until, ruleset_summary, rule_count, "
    columns += "engine_version, facts_digest, request_digest, waiver_ids, caller, caller_cipher, request_id"
    copied = f"insert into decision (id, {columns}) select '{erased}', {columns} from decision where {LEAF.format(4)}"
    record.run(copied)

    [fault] = faulty(checked(record))["Decisions"]

    assert str(fault).endswith(f"erasure {erased}, row: expected nothing, found {erased}")


def test_an_entry_under_another_id_is_found(record: Record) -> None:
    """Rows that were renamed together fit each other, and not what the entry says of itself."""
    record.run(
        f"update entry set id = 'renamed' where {LEAF.format(5)}",
        "update log_leaf set entry_id = 'renamed' where leaf_index = 5",
    )

    [fault] = faulty(checked(record))["Entries"]

    assert fault.where == "leaf 5, entry renamed, id"


def test_of_many_faults_the_first_are_shown_and_all_are_counted(records: Records, tmp_path: Path) -> None:
    """A record that is wrong from end to end does not flood who reads about it."""
    record = records.of(40, tmp_path)
    record.run("update entry set recorded_at = 0")

    entries = checked(record)["Entries"]

    assert (len(entries.faults), entries.count) == (20, 40)


def test_payloads_that_retention_dropped_are_no_fault(record: Record) -> None:
    """A payload may be gone when the log says that those of its time were dropped, and not before that."""
    at = int(record.value(f"select cast(recorded_at as text) from decision where {LEAF.format(4)}"))
    record.run(f"delete from payload where decision_{LEAF.format(4)}")

    record.grow([retention(at)])
    assert "Decisions" in faulty(checked(record))

    record.grow([retention(at + 1)])
    steps = checked(record)
    assert faulty(steps) == {}
    assert steps["Decisions"].said.endswith("8 with request and response, 1 without")


def test_a_truncated_log_is_found_by_what_was_kept_outside_alone(record: Record) -> None:
    """Without the checkpoint that was kept, a log whose end was cut off is sound in itself."""
    kept = kept_of(record)
    record.truncate(9)

    assert is_sound(list(checked(record).values()))  # the limit: nothing inside tells
    [fault] = faulty(checked(record, kept=kept))["Kept outside"]
    assert str(fault) == "kept: expected at least 13 leaves, found 9"


@pytest.mark.parametrize("index", [0, 4, 12])
def test_a_rewritten_log_is_found_by_what_was_kept_outside_alone(record: Record, index: int) -> None:
    """Without the checkpoint that was kept, a no that became a go under the log's own key is sound in itself."""
    kept = kept_of(record)
    record.rewrite(index)

    steps = checked(record)
    assert is_sound(list(steps.values()))  # the limit: nothing inside tells
    assert not steps["Kept outside"].is_checked
    assert "would not be noticed" in steps["Kept outside"].said
    [fault] = faulty(checked(record, kept=kept))["Kept outside"]
    assert fault.where == "kept, checkpoint of 13 leaves, root"
    assert fault.expected == kept[0].head.root.hex()


def test_what_came_after_the_kept_checkpoint_is_not_covered_by_it(records: Records, tmp_path: Path) -> None:
    """A checkpoint of nine leaves says nothing about the tenth."""
    record = records.of(9, tmp_path)
    kept = kept_of(record)
    record.grow([new_decision(100), new_decision(101)])

    record.rewrite(9)
    assert is_sound(list(checked(record, kept=kept).values()))
    record.rewrite(7)
    assert "Kept outside" in faulty(checked(record, kept=kept))


def test_a_log_rewritten_without_its_key_is_found_by_its_signatures(record: Record) -> None:
    """Whoever has the file and not the key can make hashes fit, but nothing that is signed."""
    record.rewrite(4, signer=OTHER)

    steps = checked(record)
    assert steps["Signatures"].count == SIZE
    assert faulty(steps).keys() == {"Signatures"}
    assert is_sound(list(checked(record, trusted=None).values()))  # the twin: without the key nobody sees it
    assert not checked(record, trusted=None)["Signatures"].is_checked


def test_a_note_that_says_other_than_its_row_is_found(record: Record) -> None:
    """A signed note of another size does not vouch for the root beside it."""
    older = record.value("select note from checkpoint where tree_size = 12").decode()
    record.run("update checkpoint set note = ? where tree_size = 13", values=[older])

    [fault] = faulty(checked(record))["Signatures"]

    assert fault.where == "checkpoint of 13 leaves, note"
    assert "found 12 leaves" in str(fault)


def test_after_a_rotation_both_keys_are_needed(record: Record) -> None:
    """Checkpoints of the old key hold as long as that key is trusted."""
    record.grow([erasure("after")], signer=OTHER)
    both = TrustedKeys(frozenset([SIGNER.key.public, OTHER.key.public]))

    assert faulty(checked(record, trusted=both)) == {}
    assert checked(record, trusted=TRUSTED)["Signatures"].count == 1
    assert checked(record, trusted=TrustedKeys(frozenset([OTHER.key.public])))["Signatures"].count == SIZE


def test_a_revoked_key_vouches_only_for_what_a_later_checkpoint_covers(record: Record) -> None:
    """Older checkpoints of a revoked key are counted; the newest must be of one that is trusted."""
    revoked = TrustedKeys(frozenset([OTHER.key.public]), revoked=frozenset([SIGNER.key.public]))
    [fault] = faulty(checked(record, trusted=revoked))["Signatures"]
    assert str(fault) == "newest checkpoint: expected a key that is trusted, found one that was revoked"

    record.grow([erasure("after")], signer=OTHER)

    steps = checked(record, trusted=revoked)
    assert faulty(steps) == {}
    assert steps["Signatures"].said.endswith("13 by a key that was revoked since")


def test_a_kept_checkpoint_that_nobody_trusted_signed_is_found(record: Record) -> None:
    """What was kept may have been swapped as well: it has to be signed by the log."""
    kept = kept_of(record)[0].head
    forged = Kept("forged", type(kept)(kept.size, kept.root, OTHER.sign(kept.size, kept.root)))

    assert faulty(checked(record, kept=[forged])).keys() == {"Signatures"}


def test_checkpoints_under_the_name_of_another_log_are_found(record: Record) -> None:
    """The same key may sign several logs; their checkpoints do not stand for each other."""
    named = TrustedKeys(TRUSTED.keys, origin="gate.example.org/other")

    assert checked(record, trusted=named)["Signatures"].count == SIZE


def test_progress_is_told_piece_by_piece(record: Record) -> None:
    """Who waits for a long log sees how far it is."""
    told: list[tuple[int, int]] = []
    with closing(RecordCopy.open(record.directory)) as copy:
        audit(copy, trusted=None, kept=[], progress=lambda *each: told.append(each), piece=5)

    assert told == [(5, 13), (10, 13), (13, 13)]


def test_what_can_not_be_read_is_no_finding(tmp_path: Path, record: Record) -> None:
    """A record that is not there, or damaged as a file, is told apart from one whose log is wrong."""
    with pytest.raises(UnreadableError, match="there is no such file"):
        RecordCopy.open(tmp_path)
    (record.directory / "record.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(UnreadableError, match="can not be read"):
        checked(record)


def test_checking_changes_nothing(record: Record) -> None:
    """The file is the same byte by byte before and after."""
    before = (record.directory / "record.db").read_bytes()

    checked(record, kept=kept_of(record))

    assert (record.directory / "record.db").read_bytes() == before
    assert SIGNER.key.public == KEY.public_key().public_bytes_raw()
