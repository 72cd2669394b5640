"""Holds the guide to what it says."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
import sys

from readygate_server.http_api import bodies, caller, calls, connection, openapi, server, turns
from readygate_server.settings import Limits
from tests.documents import ROOT, commands
from tests.grpc_api.processes import serve
from tests.http_api.test_process import http_of

PAGE = "docs/http.md"
COMMAND = f"{shlex.quote(sys.executable)} -m readygate_server"
ADDRESS = "http://127.0.0.1:8080"


async def test_the_calls_of_the_guide_are_answered() -> None:
    """Every command with curl of the guide gets an answer in JSON that is no error."""
    asked = [line for line in commands(PAGE) if "curl " in line]
    async with serve("--http", "127.0.0.1:0") as served:
        await served.ready()
        for line in asked:
            command = line.replace(ADDRESS, http_of(served)).replace("readygate request", f"{COMMAND} request")
            ran = await asyncio.to_thread(
                subprocess.run, ["sh", "-c", command], capture_output=True, timeout=30, check=True, cwd=ROOT
            )
            assert "code" not in json.loads(ran.stdout), line

    assert len(asked) == 4


def test_the_guide_names_every_status() -> None:
    """The table of statuses has those of the document, and the two that no path of it can end with."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")

    assert {int(status) for status in re.findall(r"^\| (\d{3}) \|", page, re.M)} == {*openapi.STATUSES, 405, 501}


def test_the_limits_of_the_guide_are_those_of_the_server() -> None:
    """Numbers in the guide are the ones that hold."""
    assert (Limits().request_bytes, bodies.BODY_SECONDS, bodies.HELD_BYTES) == (1 << 20, 20, 64 << 20)
    assert (connection.HEAD_BYTES, connection.HEAD_SECONDS) == (32 << 10, 10)
    assert (caller.CALLS_AT_ONCE, connection.CONNECTIONS, server.IDLE_SECONDS) == (64, 1_000, 60)
    assert (calls.LONGEST_SECONDS, turns.GIVES_WAY_SECONDS) == (60, 0.05)
