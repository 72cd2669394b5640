"""Holds the guide to many proposals to what it says: its program runs, and its limits are those of the server."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.documents import ROOT, blocks
from tests.grpc_api.serving import refund_agent, running

from readygate.v1.decision_pb2 import VERDICT_NO_GO
from readygate.v1.gate_service_pb2 import Limits as LimitsMessage
from readygate_server.bootstrap import load_snapshot
from readygate_server.settings import Limits

GUIDE = "docs/portfolios.md"


async def test_the_program_of_the_guide_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The program sends a portfolio and prints what became of each file."""
    [program] = blocks(GUIDE, "python")
    broken = refund_agent()
    broken.data_sources[0].completeness = 2
    portfolio = {"refund-agent.yaml": refund_agent(), "broken.yaml": broken}
    async with running(load_snapshot()) as server:
        text = program.text.replace("127.0.0.1:7443", server.target)
        assert text != program.text
        await asyncio.to_thread(exec, text, {"portfolio": portfolio})
        [line] = server.lines()

    printed = sorted(capsys.readouterr().out.splitlines())
    assert printed == ["broken.yaml INVALID_PROPOSAL", f"refund-agent.yaml {VERDICT_NO_GO}"]
    assert (line["items"], line["failed"]) == (2, 1)


def test_the_guide_names_limits_that_there_are() -> None:
    """Every limit has the name that the contract gives it, and the figures are the usual ones."""
    text = (ROOT / GUIDE).read_text(encoding="utf-8")
    named = set(re.findall(r"`(max_\w+)`", text))

    assert {"max_stream_unanswered", "max_stream_seconds"} <= named <= set(LimitsMessage.DESCRIPTOR.fields_by_name)
    assert f"up to {Limits().stream_seconds // 60} minutes a stream" in text
    assert f"up to {Limits().batch_items}, in one request" in text
