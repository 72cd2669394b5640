"""Checkpoints that are kept outside: never backwards, never half, and the same for several processes."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readygate_server.adapters.log.anchor import AnchorError, FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.domain.record import TreeHead

ORIGIN = "gate.example.org/records"
SIGNER = Ed25519CheckpointSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\1" * 32))


def head(size: int, *, branch: str = "", signer: Ed25519CheckpointSigner = SIGNER) -> TreeHead:
    """Returns a signed tree; another branch has other roots."""
    root = sha256(f"{branch}{size}".encode()).digest()
    return TreeHead(size, root, signer.sign(size, root))


class Hours:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        """Starts at nought."""
        self.now = 0.0

    def __call__(self) -> float:
        """Returns the seconds so far."""
        return self.now


def test_nothing_is_kept_at_first(tmp_path: Path) -> None:
    """An anchor that was never used has no checkpoint, and looking does not make its directory."""
    anchor = FileAnchor(tmp_path / "anchor")

    assert anchor.newest() is None
    assert list(anchor.history()) == []
    assert not (tmp_path / "anchor").exists()


def test_the_newest_checkpoint_is_kept_for_the_next_process(tmp_path: Path) -> None:
    """Whoever opens the directory later finds the newest checkpoint, and the file is the note itself."""
    anchor = FileAnchor(tmp_path / "deep/anchor")
    for size in (1, 5, 9):
        anchor.keep(head(size))

    assert FileAnchor(tmp_path / "deep/anchor").newest() == head(9)
    assert (tmp_path / "deep/anchor/checkpoint").read_text(encoding="utf-8") == head(9).note


def test_a_smaller_tree_is_refused(tmp_path: Path) -> None:
    """What is kept stays, and the refusal tells both sizes."""
    anchor = FileAnchor(tmp_path)
    anchor.keep(head(9))

    with pytest.raises(AnchorError, match="one of 9 leaves is kept, got one of 8"):
        anchor.keep(head(8))
    assert anchor.newest() == head(9)


def test_a_tree_of_the_same_size_and_another_root_is_a_fork(tmp_path: Path) -> None:
    """The same checkpoint again is fine, also under another key; another root is not."""
    anchor = FileAnchor(tmp_path)
    anchor.keep(head(9))
    rotated = head(9, signer=Ed25519CheckpointSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\2" * 32)))

    anchor.keep(rotated)
    with pytest.raises(AnchorError, match="the log forked"):
        anchor.keep(head(9, branch="other"))

    assert anchor.newest() == rotated


def test_another_log_is_refused(tmp_path: Path) -> None:
    """A directory belongs to one log."""
    anchor = FileAnchor(tmp_path)
    anchor.keep(head(9))
    other = Ed25519CheckpointSigner("gate.example.org/other", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))

    with pytest.raises(AnchorError, match=f"of the log {ORIGIN}, got one of gate.example.org/other"):
        anchor.keep(head(10, signer=other))


def test_a_head_that_says_other_than_its_note_is_refused(tmp_path: Path) -> None:
    """What is compared later is the note, so that a head can not pass under the size of another."""
    anchor = FileAnchor(tmp_path)

    with pytest.raises(AnchorError, match="the note says 9 leaves, expected 10"):
        anchor.keep(TreeHead(10, head(10).root, head(9).note))
    with pytest.raises(AnchorError, match="the note can not be trusted"):
        anchor.keep(TreeHead(9, head(9).root, "no note"))
    assert anchor.newest() is None


def test_a_damaged_checkpoint_is_no_missing_one(tmp_path: Path) -> None:
    """A server that took damage for a fresh start would sign any tree; so the damage is told, and nothing is kept."""
    anchor = FileAnchor(tmp_path)
    anchor.keep(head(9))
    (tmp_path / "checkpoint").write_text("", encoding="utf-8")

    for use in (anchor.newest, lambda: anchor.keep(head(10))):
        with pytest.raises(AnchorError, match="checkpoint can not be read"):
            use()


def test_a_file_that_was_never_renamed_counts_for_nothing(tmp_path: Path) -> None:
    """A crash between writing and renaming leaves the checkpoint that was kept before."""
    anchor = FileAnchor(tmp_path)
    anchor.keep(head(9))
    (tmp_path / "checkpoint.new").write_text("half a no", encoding="utf-8")

    assert anchor.newest() == head(9)
    anchor.keep(head(10))
    assert anchor.newest() == head(10)


def test_the_history_grows_at_the_pace_it_is_given(tmp_path: Path) -> None:
    """Of the checkpoints that are kept, one an hour enters a history that was asked for by the hour."""
    clock = Hours()
    anchor = FileAnchor(tmp_path, history_seconds=3600, clock=clock)
    for size in range(1, 8):
        anchor.keep(head(size))
        clock.now += 1800

    assert [each.size for each in anchor.history()] == [1, 3, 5, 7]
    assert list(anchor.history()) == [head(size) for size in (1, 3, 5, 7)]


def test_a_line_that_a_crash_cut_off_is_dropped(tmp_path: Path) -> None:
    """The history reads up to the crash, and goes on behind the last whole line."""
    FileAnchor(tmp_path).keep(head(1))
    with (tmp_path / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"size": 2, "no')

    assert [each.size for each in FileAnchor(tmp_path).history()] == [1]
    FileAnchor(tmp_path).keep(head(3))
    assert [each.size for each in FileAnchor(tmp_path).history()] == [1, 3]


def test_damage_inside_the_history_is_told_with_its_line(tmp_path: Path) -> None:
    """A line that was changed is not passed over."""
    for size in (1, 2, 3):
        FileAnchor(tmp_path).keep(head(size))
    lines = (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    lines[1] = json.dumps({"size": 2})
    (tmp_path / "history.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    with pytest.raises(AnchorError, match=r"history\.jsonl, line 2"):
        list(FileAnchor(tmp_path).history())


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes what is flushed to disk and renamed, in order."""
    seen: list[str] = []
    real_flush, real_replace = os.fsync, Path.replace

    def flush(descriptor: int) -> None:
        mode = os.fstat(descriptor).st_mode
        seen.append("flush directory" if stat.S_ISDIR(mode) else "flush file")
        real_flush(descriptor)

    def replace(path: Path, target: Path) -> Path:
        seen.append("rename")
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "replace", replace)
    return seen


def test_a_kept_checkpoint_has_reached_the_disk(tmp_path: Path, flushes: list[str]) -> None:
    """The way to a new directory first; then the file before it is renamed, and its directory after; so the history."""
    anchor = FileAnchor(tmp_path / "new")

    anchor.keep(head(1))
    anchor.keep(head(2))

    way = flushes[: flushes.index("flush file")]
    assert len(way) >= 2
    assert set(way) == {"flush directory"}
    first = ["flush file", "rename", "flush directory", "flush file", "flush directory"]
    assert flushes[len(way) :] == [*first, "flush file", "rename", "flush directory"]


def _keep_all(directory: Path, sizes: range) -> int:
    refused = 0
    for size in sizes:
        try:
            FileAnchor(directory).keep(head(size))
        except AnchorError:
            refused += 1
    return refused


def test_writers_that_share_a_directory_never_take_it_back(tmp_path: Path) -> None:
    """Four writers keep checkpoints in turns; the largest stays, and the history only rises."""
    with ThreadPoolExecutor(4) as pool:
        refused = sum(pool.map(lambda start: _keep_all(tmp_path, range(start, 100, 4)), range(4)))

    sizes = [each.size for each in FileAnchor(tmp_path).history()]
    assert FileAnchor(tmp_path).newest() == head(99)
    assert sizes == sorted(sizes)
    assert len(sizes) == 100 - refused


def test_a_writer_waits_for_the_other_to_have_finished(tmp_path: Path) -> None:
    """Nobody looks at what is kept while another is about to replace it."""
    FileAnchor(tmp_path).keep(head(1))
    with (tmp_path / "lock").open("ab") as lock, ThreadPoolExecutor(1) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keeping = pool.submit(FileAnchor(tmp_path).keep, head(2))
        with pytest.raises(TimeoutError):
            keeping.result(timeout=0.2)
        assert FileAnchor(tmp_path).newest() == head(1)

        fcntl.flock(lock, fcntl.LOCK_UN)
        keeping.result(timeout=30)

    assert FileAnchor(tmp_path).newest() == head(2)
