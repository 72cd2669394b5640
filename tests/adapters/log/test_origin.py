"""The name of a log is chosen once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from readygate_server.adapters.log.note import NoteError
from readygate_server.adapters.log.origin import FILE, ensure_origin, read_origin


def test_a_name_is_chosen_once_and_stays(tmp_path: Path) -> None:
    """The first start gives a random name, which every later one finds; no draft is left behind."""
    assert read_origin(tmp_path) is None
    origin = ensure_origin(tmp_path)
    assert origin.startswith("readygate.local/")
    assert ensure_origin(tmp_path) == read_origin(tmp_path) == origin
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_servers_that_start_at_once_agree(tmp_path: Path) -> None:
    """Sixteen starts at the same time end with one name."""
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: ensure_origin(tmp_path), range(16)))) == 1


def test_a_name_can_be_given_and_not_changed(tmp_path: Path) -> None:
    """A log keeps the name that it was given; another one is refused and named."""
    assert ensure_origin(tmp_path, "gate.example.org/log") == "gate.example.org/log"
    with pytest.raises(NoteError, match=r"is called gate\.example\.org/log, not other\.example\.org"):
        ensure_origin(tmp_path, "other.example.org/log")


@pytest.mark.parametrize("text", ["", "two words", "a+b"])
def test_what_no_note_can_carry_is_refused(tmp_path: Path, text: str) -> None:
    """A file that holds no name is an error that shows what stands there."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(NoteError):
        read_origin(tmp_path)
    with pytest.raises(NoteError):
        ensure_origin(tmp_path / "keys", "two words")
