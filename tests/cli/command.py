"""Runs the real command in a process of its own, in an environment that says nothing about colours or widths."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from readygate_server.cli.main import main

COMMAND = (sys.executable, "-m", "readygate_server")
EXAMPLE = Path(__file__).parents[2] / "clients/examples/refund-agent.yaml"
CHECK = ("check", EXAMPLE, "--as-of", "2026-11-01")
AS_OF = ("--as-of", "2026-11-01")
DRAFTS_FOR_STAFF = (
    *("--set", "deployment.autonomy_level=l2_collaborator"),
    *("--set", "deployment.action_effect=draft"),
    *("--set", "deployment.audience=staff"),
    *("--set", "deployment.regulatory_class=minimal"),
)
"""Narrows the example to T1, where one condition is left."""
_SECONDS = 60
_LEFT_OUT = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "TTY_COMPATIBLE")


@dataclass(frozen=True)
class Ran:
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str

    @property
    def verdict(self) -> str:
        """First word of the output."""
        return self.out.split(maxsplit=1)[0] if self.out else ""


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment of the tests without what changes how output looks, and with some changes."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return {**kept, "TERM": "xterm-256color", **(changes or {})}


def readygate(
    *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ran:
    """Runs the command with its output piped."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=environment(env),
        timeout=_SECONDS,
        check=False,
        cwd=cwd,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def called(
    *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ran:
    """Runs the command in this process, where none is needed: starting one takes longer than the rest."""
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with (
        patch.dict(os.environ, environment(env), clear=True),
        chdir(cwd or Path.cwd()),
        patch("sys.stdin", given),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            code = main([*map(str, arguments)])
        except SystemExit as ended:  # usage and help
            code = int(ended.code or 0)
        out.flush()
        err.flush()
    return Ran(code, *(each.buffer.getvalue().decode() for each in (out, err)))


def one_by_one(*calls: Sequence[str | Path]) -> list[Ran]:
    """Runs several commands in this process."""
    return [called(*each) for each in calls]


def together(*calls: Sequence[str | Path]) -> list[Ran]:
    """Runs several commands beside each other, because most of their time is that of starting."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda arguments: readygate(*arguments), calls))


def check_example(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
    """Checks the example on a fixed day, in a process of its own."""
    return readygate("check", EXAMPLE, *AS_OF, *arguments, env=env)


def on_terminal(*arguments: str | Path, columns: int = 80, env: Mapping[str, str] | None = None) -> Ran:
    """Runs the command with a pseudo-terminal as its output, and returns what it wrote there."""
    ours, theirs = pty.openpty()
    changed = environment({"COLUMNS": str(columns), **(env or {})})
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, env=changed
    )
    os.close(theirs)
    written = _all_from(ours)
    _, err = process.communicate(timeout=_SECONDS)
    return Ran(process.returncode, written.decode().replace("\r\n", "\n"), err.decode())


def _all_from(terminal: int) -> bytes:
    """Reads until the other side has closed the terminal, which Linux reports as an error."""
    parts = []
    try:
        while part := os.read(terminal, 65_536):
            parts.append(part)
    except OSError:
        pass
    finally:
        os.close(terminal)
    return b"".join(parts)
