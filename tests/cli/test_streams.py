"""Standard output that is closed, full or read no further: none of it passes for another verdict."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from readygate_server.cli import facts, main
from tests.cli.command import AS_OF, CHECK, COMMAND, DRAFTS_FOR_STAFF, EXAMPLE, check_example, environment, on_terminal

MANY: tuple[str | Path, ...] = ("check", *[EXAMPLE] * 4, *AS_OF, "--format=json")
"""Writes more than a pipe holds."""


@contextmanager
def unread() -> Iterator[int]:
    """Yields the writing end of a pipe that nobody reads."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        yield writes
    finally:
        os.close(writes)


def run_into(stdout: int, *arguments: str | Path) -> tuple[int, str]:
    """Returns exit code and standard error of a command that writes into a file descriptor."""
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment(), timeout=60, check=False
    )
    return done.returncode, done.stderr


def test_a_reader_that_leaves_makes_no_go() -> None:
    """A check that nobody reads to its end has the exit code of its verdict; any other command that of the pipe."""
    with unread() as pipe:
        assert run_into(pipe, *MANY) == (1, "")
        for output in ("json", "text"):
            assert run_into(pipe, *CHECK, *DRAFTS_FOR_STAFF, f"--format={output}") == (0, "")
        assert run_into(pipe, "facts", EXAMPLE, *AS_OF) == (141, "")
        assert run_into(pipe, "export", "csv", EXAMPLE, *AS_OF) == (141, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((*CHECK, *DRAFTS_FOR_STAFF), 0), (CHECK, 1), (("export", "csv", EXAMPLE, *AS_OF), 0)],
    ids=["go", "no-go", "export"],
)
def test_closed_standard_output_is_as_quiet_as_the_null_device(arguments: tuple[str | Path, ...], code: int) -> None:
    """Whoever closes standard output wants the exit code alone."""
    words = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_standard_output_that_is_full_is_named() -> None:
    """What can not be written there is bad input, and is said."""
    calls: list[tuple[str | Path, ...]] = [(*CHECK, "--format=json"), ("export", "csv", EXAMPLE, *AS_OF)]
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        for arguments in calls:
            code, said = run_into(full, *arguments)
            assert (code, "standard output: No space left on device" in said, "Traceback" in said) == (3, True, False)
    finally:
        os.close(full)


def test_a_fault_of_ours_is_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What nobody foresaw ends with 4 and its traceback, and not with the 1 of a no-go."""

    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(facts, "run", fail)
    assert main.main(["facts", str(EXAMPLE)]) == 4
    assert "RuntimeError: unforeseen" in capsys.readouterr().err


def test_a_package_that_is_missing_is_named_with_its_extra(tmp_path: Path) -> None:
    """Who has installed the client alone is told what commands need, and gets no verdict."""
    (tmp_path / "pydantic.py").write_text("raise ModuleNotFoundError(name='pydantic')\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ran = check_example(env={"PYTHONPATH": path})
    assert (ran.code, ran.out, "Traceback" in ran.err) == (4, "", False)
    assert ran.err.startswith("readygate: pydantic is not installed; ")
    assert "pip install 'readygate[server]'" in ran.err


@pytest.mark.parametrize("columns", ["0", "²", "wide"])
def test_a_width_that_is_none_counts_as_unset(columns: str) -> None:
    """With COLUMNS=0 or no number the report is there all the same."""
    assert check_example(env={"COLUMNS": columns}).out == check_example().out


def test_a_terminal_that_says_it_has_no_columns_shows_the_report() -> None:
    """COLUMNS=0 leaves no terminal empty."""
    assert "NO_GO" in on_terminal(*CHECK, columns=0).out
