"""Cerbos as a server, set up as for production: no audit, no telemetry, policies read once from disk.

Two settings are in its favour. Its garbage collector waits until the heap has grown by 400 %, which saves about a
quarter of its processor time; and a call is answered in one thread, because other calls keep the other cores busy.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench.contenders import Server
from tests.bench.peers.cerbos.install import cerbos_binary
from tests.bench.processes import PATIENCE_SECONDS, BenchError, on_cores

POLICIES: Final = Path(__file__).with_name("policies")
_ENVIRONMENT: Final = {"GOGC": "400"}


@contextmanager
def cerbos_server(cores: Collection[int] = ()) -> Iterator[Server]:
    """Runs Cerbos with the policies on these cores, with as many threads as cores, and waits until it serves.

    Raises:
      BenchError: when it can not be installed or does not serve.
    """
    binary, port = cerbos_binary(), _free_port()
    with tempfile.TemporaryDirectory() as directory:
        settings, log = Path(directory) / "cerbos.yaml", Path(directory) / "log"
        settings.write_text(json.dumps(_settings(port, Path(directory))), encoding="utf-8")
        command = [str(binary), "server", f"--config={settings}", "--log-level=error"]
        environment = os.environ | _ENVIRONMENT | ({"GOMAXPROCS": str(len(cores))} if cores else {})
        with log.open("wb") as stream, on_cores(cores):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment)
        try:
            _wait_until_served(process, port, log)
            yield Server("Cerbos", f"127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _settings(port: int, directory: Path) -> dict[str, Any]:
    """Returns the configuration; a proposal may have more assets and rules than a request may by default."""
    return {
        "server": {
            "grpcListenAddr": f"127.0.0.1:{port}",
            "httpListenAddr": f"unix:{directory / 'http'}",
            "metricsEnabled": False,
            "apiExplorerEnabled": False,
            "requestLimits": {"maxActionsPerResource": 100, "maxResourcesPerRequest": 500},
        },
        "engine": {"numWorkers": 0},
        "audit": {"enabled": False},
        "schema": {"enforcement": "none"},
        "telemetry": {"disabled": True},
        "storage": {"driver": "disk", "disk": {"directory": str(POLICIES), "watchForChanges": False}},
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_until_served(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns when the server listens, which it does once its policies are read and compiled."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise BenchError(f"Cerbos does not serve:\n{log.read_text(encoding='utf-8')}")
