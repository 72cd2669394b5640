"""Builds the small Go programs beside this module, once for each state of their sources, into the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.bench.processes import BenchError

PATIENCE_SECONDS: Final = 600.0  # modules are downloaded the first time


def cache_folder() -> Path:
    """Returns the folder for programs that are built: one of the user's, where the platform has such folders."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "readygate-bench"


def go_version() -> str | None:
    """Returns which Go there is; None where there is none."""
    if (go := shutil.which("go")) is None:
        return None
    return subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout.strip()


def built(sources: Path) -> Path:
    """Returns the program of a folder with a Go module; builds it when that was not done before.

    Raises:
      BenchError: when there is no Go, or the module does not build.
    """
    if (version := go_version()) is None:
        raise BenchError(f"{sources.name} is written in Go: install Go 1.26 or newer, so that `go` is on the PATH")
    digest = hashlib.sha256(version.encode())
    for file in sorted(sources.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    program = cache_folder() / f"{sources.name}-{digest.hexdigest()[:16]}"
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    print(f"building {sources.name}", file=sys.stderr, flush=True)
    made = program.with_suffix(f".{os.getpid()}")  # gets its name only when it is whole
    command = ["go", "build", "-trimpath", "-o", str(made), "."]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    if done.returncode:
        raise BenchError(f"{sources.name} does not build:\n{done.stderr}")
    made.replace(program)
    return program
