"""`readygate request`: proposals as the JSON that a server takes over HTTP."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse

from readygate.v1.gate_service_pb2 import BatchEvaluateRequest, EvaluateRequest, EvaluateResponse
from tests.cli.command import AS_OF, EXAMPLE, Ran, readygate
from tests.grpc_api.processes import serve
from tests.http_api.test_process import http_of

SPLIT = EXAMPLE.parent / "split/refund-agent.yaml"


def decided(ran: Ran) -> EvaluateResponse:
    """Returns what was concluded, without the id of the call."""
    found: EvaluateResponse = Parse(ran.out, EvaluateResponse())
    found.ClearField("request_id")
    return found


@pytest.mark.parametrize("file", [EXAMPLE, SPLIT], ids=["whole", "split"])
async def test_a_server_concludes_of_the_request_what_check_does(file: Path) -> None:
    """Posted as it is written, the request gets the decision of the command line, to the letter."""
    written = readygate("request", file, *AS_OF, "--gate", "pilot", "--view", "full").out.encode()
    async with serve("--http", "127.0.0.1:0") as served:
        await served.ready()
        url = f"{http_of(served)}/readygate.v1.GateService/Evaluate"
        asked = urllib.request.Request(url, written, {"content-type": "application/json"})  # noqa: S310 -- our own
        with urllib.request.urlopen(asked, timeout=20) as reply:  # noqa: S310, ASYNC210 -- what the server just printed
            answered = Parse(reply.read(), EvaluateResponse())
        await served.stop()
    answered.ClearField("request_id")

    assert answered == decided(readygate("check", file, *AS_OF, "--gate", "pilot", "--format", "json"))


def test_several_proposals_are_one_batch_under_one_ruleset() -> None:
    """The ruleset stands with the batch, gate and day with each item."""
    ran = readygate("request", EXAMPLE, SPLIT, *AS_OF, "--ruleset", "operational-readiness-full@2026.1.0")
    batch: BatchEvaluateRequest = Parse(ran.out, BatchEvaluateRequest())

    assert [(each.as_of, each.HasField("ruleset")) for each in batch.items] == [("2026-11-01", False)] * 2
    assert (batch.ruleset.name, batch.ruleset.version) == ("operational-readiness-full", "2026.1.0")
    assert [each.proposal.id for each in batch.items] == ["refund-agent"] * 2


def test_what_is_not_asked_is_left_to_the_server(tmp_path: Path) -> None:
    """Without options a request holds the proposal alone; the file is written whole."""
    ran = readygate("request", EXAMPLE, "-o", tmp_path / "request.json")
    text = (tmp_path / "request.json").read_text(encoding="utf-8")

    assert (ran.code, ran.out, list(json.loads(text))) == (0, "", ["proposal"])
    assert Parse(text, EvaluateRequest()).proposal.id == "refund-agent"


def test_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    """A file at fault gives no request, and hides no other."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"id: {name}\nx: 1\n", encoding="utf-8")
    ran = readygate("request", tmp_path / "a.yaml", EXAMPLE, tmp_path / "none.yaml", tmp_path / "b.yaml")

    assert (ran.code, ran.out, "none.yaml" in ran.err) == (3, "", True)
    assert all(f"{name}.yaml:2:1: " in ran.err for name in "ab")
