"""Open Policy Agent as a program: built from its Go module, once per machine, and what it makes of the policies."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Final

from tests.bench.gobuild import built
from tests.bench.processes import BenchError

HERE: Final = Path(__file__).resolve().parent
POLICIES: Final = HERE / "bundle"
_SECONDS: Final = 60
_HEAP: Final = {"GOGC": "400"}  # by default a heap as small as this is collected all the time: 10 to 30 % of a decision


def go_settings(cores: Collection[int]) -> dict[str, str]:
    """Returns the environment of an OPA that is timed: as many threads as cores, and a heap that may grow fivefold."""
    return os.environ | _HEAP | ({"GOMAXPROCS": str(len(cores))} if cores else {})


@cache
def opa_binary() -> Path:
    """Returns the program: OPA with all its commands, and one more that asks a bundle from within its own process.

    Raises:
      BenchError: when there is no Go, or the modules can not be had.
    """
    return built(HERE / "goopa")


def run_opa(*arguments: str) -> str:
    """Runs a command of OPA in the folder of the policies, and returns what it prints.

    Raises:
      BenchError: when the command fails.
    """
    command = [str(opa_binary()), *arguments]
    done = subprocess.run(command, cwd=POLICIES, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise BenchError(f"opa {arguments[0]} fails:\n{done.stdout}{done.stderr}")
    return done.stdout


def build_bundle(folder: Path) -> Path:
    """Builds the policies into a bundle at the level of optimisation that OPA's documentation recommends.

    At the level above it these policies grow a hundredfold, and a decision takes a hundred times as long.
    """
    bundle = folder / "bundle.tar.gz"
    run_opa("build", "--bundle", ".", "--optimize", "1", "--output", str(bundle))
    return bundle
