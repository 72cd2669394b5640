"""The hook for pre-commit: its manifest is sound, and pre-commit runs it over proposals that are to be committed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
INSTALLS = "READYGATE_INSTALLS"


def call(*words: str | Path, cwd: Path, seconds: int = 60) -> subprocess.CompletedProcess[str]:
    """Runs a program in a folder, with what git and pre-commit write kept below it."""
    home = cwd.parent / "home"
    home.mkdir(exist_ok=True)
    who = {f"GIT_{role}_{part}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    safe = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return subprocess.run(
        [*map(str, words)],
        cwd=cwd,
        env={**os.environ, **who, **safe, "PRE_COMMIT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def test_the_manifest_is_one(tmp_path: Path) -> None:
    """pre-commit takes the manifest."""
    (tmp_path / "folder").mkdir()
    done = call(sys.executable, "-m", "pre_commit", "validate-manifest", MANIFEST, cwd=tmp_path / "folder")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not os.environ.get(INSTALLS), reason=f"installs packages for half a minute; {INSTALLS} asks for it")
def test_the_hook_runs_over_what_is_to_be_committed(tmp_path: Path) -> None:
    """pre-commit installs the hook from this repository, runs it over proposals alone, and a no stops the commit."""
    folder = tmp_path / "theirs"
    (folder / "proposals").mkdir(parents=True)
    (folder / "proposals/agent.yaml").write_text("id: agent\n", encoding="utf-8")
    (folder / "other.yaml").write_text("no: proposal\n", encoding="utf-8")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        assert call("git", *words, cwd=folder).returncode == 0
    hook = ("try-repo", ROOT, "readygate-check", "--all-files", "--verbose")
    done = call(sys.executable, "-m", "pre_commit", *hook, cwd=folder, seconds=280)
    assert (done.returncode, "exit code: 2" in done.stdout) == (1, True), done.stdout + done.stderr
    assert "UNDETERMINED  agent at commit" in done.stdout
    assert "other.yaml" not in done.stdout
