"""Runs the real server in a process of its own, for as long as a test needs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.command import COMMAND, environment


@contextmanager
def served(directory: Path, *arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs a server on a free port, waits until it says where, and kills it if nobody has stopped it."""
    listen = ("--listen", "127.0.0.1:0", "--data-dir", str(directory / "data"))
    command = [*COMMAND, "serve", *listen, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment(), text=True) as process:
        try:
            yield process, _address(process)
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "serving":
            return str(event["address"])
    raise AssertionError("the server ended before it served")
