"""The OpenAPI document says what the server does: made of the contract, and tried against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from readygate_server.http_api import openapi
from readygate_server.http_api.methods import METHODS
from readygate_server.http_api.refusals import STATUS
from tests.grpc_api.processes import started
from tests.http_api.test_process import fetch, http_of

ROOT = Path(__file__).parents[2]
LONG = "READYGATE_LONG_SCHEMATHESIS"
"""Set it to the number of examples of each operation for a longer search."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_comments_are_those_of_the_contract() -> None:
    """What the document says of fields is what the contract says now; `python proto/describe.py` takes it along."""
    said = subprocess.run(
        [sys.executable, "-c", "import describe, sys; sys.stdout.write(describe.text())"],
        cwd=ROOT / "proto", capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert said.stdout == (Path(openapi.__file__).parent / "descriptions.json").read_text(encoding="utf-8")


def test_everything_is_described() -> None:
    """Every call, message and field has a description, and every status that a call can end with is there."""
    document = openapi.openapi()
    operations = [document["paths"][path]["post"] for path in METHODS]
    fields = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if "description" not in described and name != "Error"
    ]

    assert all(operation["summary"] and operation["description"] for operation in operations)
    assert fields == []
    assert {*STATUS.values()} - {499, 501} <= set(openapi.STATUSES)
    assert all({"200", *map(str, openapi.STATUSES)} == set(operation["responses"]) for operation in operations)
    assert not [name for name in document["components"]["schemas"] if "readygate" in name]


async def test_a_search_for_undocumented_answers_finds_none(tmp_path: Path) -> None:
    """Whatever requests the document allows or forbids, no answer is a server error or not in the document."""
    pytest.importorskip("schemathesis")
    examples = os.environ.get(LONG, "3")
    listen = ("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data-dir", str(tmp_path / "data"))
    async with started("-m", "readygate_server", "serve", *listen) as served:
        await served.ready()
        url = f"{http_of(served)}/openapi.json"
        assert (await fetch(url))["openapi"] == "3.1.0"
        command = [
            str(Path(sys.executable).parent / "schemathesis"), "run", url, "--checks", CHECKS,
            "--max-examples", examples, "--phases", "fuzzing", "--generation-deterministic", "--seed", "1",
            "--no-color",
        ]  # fmt: skip
        ran = await _run(command, tmp_path)
        failed = served.of("unexpected")

    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert failed == []


async def _run(command: list[str], where: Path) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, command, cwd=where, capture_output=True, text=True, timeout=280, check=False
    )


def test_the_document_is_json_that_can_be_kept() -> None:
    """It is served as it is built."""
    assert json.loads(openapi.document()) == openapi.openapi()
