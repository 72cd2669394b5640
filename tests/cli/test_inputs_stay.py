"""No command writes over what it was told to read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.command import AS_OF, EXAMPLE, called, readygate


@pytest.mark.parametrize(
    "words",
    [
        ("check", "refund-agent.yaml", "--format=junit=refund-agent.yaml"),
        ("check", "refund-agent.yaml", "--format=text", "--format=json=./foundations/crm.yaml"),
        ("export", "csv", "refund-agent.yaml", "-o", "refund-agent.yaml"),
        ("report", "refund-agent.yaml", "-o", "foundations/../refund-agent.yaml"),
        ("report", "refund-agent.yaml", "--foundations", "foundations/crm.yaml", "-o", "foundations/crm.yaml"),
    ],
    ids=lambda words: " ".join(words[:1]),
)
def test_a_file_that_is_read_is_not_written(tmp_path: Path, words: tuple[str, ...]) -> None:
    """An output that names a proposal or a foundation is refused, and every file stays as it was."""
    shutil.copytree(EXAMPLE.parent / "split", tmp_path, dirs_exist_ok=True)
    before = {each: each.read_bytes() for each in tmp_path.rglob("*.yaml")}
    ran = called(*words, *AS_OF, cwd=tmp_path)
    assert (ran.code, "would be lost; name another file" in ran.err) == (3, True)
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def test_reports_beside_what_is_read_are_written_again(tmp_path: Path) -> None:
    """A report from before in the same folder is replaced."""
    shutil.copytree(EXAMPLE.parent / "split", tmp_path, dirs_exist_ok=True)
    for _ in range(2):
        ran = readygate("check", tmp_path / "refund-agent.yaml", *AS_OF, f"--format=json={tmp_path / 'out.json'}")
        assert (ran.code, ran.err) == (1, "")
