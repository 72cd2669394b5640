"""Open Policy Agent as a server, set up for speed as its documentation advises."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from tests.bench.contenders import Server
from tests.bench.peers.opa.program import build_bundle, go_settings, opa_binary
from tests.bench.processes import PATIENCE_SECONDS, BenchError, on_cores

# Only errors are logged, no decisions; the store keeps data in the form in which they are evaluated.
_FLAGS: Final = ("--server", "--log-level=error", "--skip-version-check", "--optimize-store-for-read-speed", "--h2c")


@contextmanager
def opa_server(cores: Collection[int] = ()) -> Iterator[Server]:
    """Runs OPA with the optimised bundle on these cores, with as many threads as cores, and waits until it serves.

    Raises:
      BenchError: when it can not be built or does not serve.
    """
    binary, port = opa_binary(), _free_port()
    with tempfile.TemporaryDirectory() as directory:
        bundle, log = build_bundle(Path(directory)), Path(directory) / "log"
        command = [str(binary), "run", *_FLAGS, f"--addr=127.0.0.1:{port}", "--bundle", str(bundle)]
        with log.open("wb") as stream, on_cores(cores):
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=go_settings(cores)
            )
        try:
            _wait_until_ready(process, port, log)
            yield Server("OPA", f"127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns when the server says that its bundle is in force."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _is_ready(port):
            return
        time.sleep(0.05)
    raise BenchError(f"OPA does not serve:\n{log.read_text(encoding='utf-8')}")


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health?bundles")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
