"""Gets the Cerbos binary from its npm package, once per machine, into the user's cache."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from tests.bench.gobuild import cache_folder
from tests.bench.processes import BenchError

VERSION: Final = "0.51.0"
_INSTALL_SECONDS: Final = 300
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}  # as Node.js names them


@cache
def cerbos_binary() -> Path:
    """Returns the path of the binary, which is installed when it is not there yet.

    Raises:
      BenchError: when npm is missing, or has no binary for this machine.
    """
    home = cache_folder() / f"cerbos-{VERSION}"
    name = f"cerbos-{sys.platform}-{_MACHINES.get(platform.machine().lower(), platform.machine())}"
    binary = home / "node_modules" / "@cerbos" / name / name
    if not binary.exists():
        _install(home)
    if not binary.exists():
        raise BenchError(f"the npm package cerbos {VERSION} has no {name}")
    return binary


def _install(home: Path) -> None:
    """Installs beside the place and moves there, so that nobody meets half a package."""
    npm = shutil.which("npm")
    if npm is None:
        raise BenchError(f"cerbos {VERSION} is not installed, and there is no npm to install it with")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as directory:
        command = [npm, "install", "--prefix", directory, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                [*command, f"cerbos@{VERSION}"], capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"npm did not install cerbos {VERSION} within {_INSTALL_SECONDS} s") from None
        if done.returncode:
            raise BenchError(f"npm does not install cerbos {VERSION}:\n{done.stderr}")
        if not home.exists():  # else somebody else was faster
            (Path(directory) / "node_modules").rename(_made(home) / "node_modules")


def _made(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    return directory
