"""`readygate decisions`: the record as people see it, through a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from tests.cli.command import EXAMPLE, readygate
from tests.cli.serving import served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs a server that has judged the example once."""
    with served(tmp_path_factory.mktemp("server")) as (_, address):
        assert readygate("check", EXAMPLE, "--server", address).code == 1
        yield address


def decision_id(server: str) -> str:
    """Returns the id of the newest decision."""
    return readygate("decisions", "list", "--server", server).out.split()[0]


def test_decisions_are_listed_a_line_each(server: str) -> None:
    """A line has the id, the time, the verdict, the proposal, the gate and the tier; filters narrow the list."""
    ran = readygate("decisions", "list", "--server", server)
    assert ran.code == 0
    assert ran.out.endswith("  NO_GO               refund-agent at commit, T3 act\n")
    assert readygate("decisions", "list", "--server", server, "--verdict", "go").out == ""
    lines = readygate("decisions", "list", "--server", server, "--proposal", "refund-agent", "--format", "json").out
    assert [json.loads(line)["proposalId"] for line in lines.splitlines()] == ["refund-agent"]


def test_a_decision_is_shown_with_its_report_and_its_bytes(server: str, tmp_path: Path) -> None:
    """What was recorded is printed as check prints it, and request and answer can be kept as they were."""
    request, response = tmp_path / "request.binpb", tmp_path / "response.binpb"
    ran = readygate(
        "decisions", "show", decision_id(server), "--server", server, "--request", request, "--response", response
    )
    assert ran.code == 0
    assert "for service:local" in ran.out
    assert "\npayload   whole\n" in ran.out
    assert "\nNO_GO  refund-agent at commit" in ran.out
    assert EvaluateRequest.FromString(request.read_bytes()).proposal.id == "refund-agent"
    answered = EvaluateResponse.FromString(response.read_bytes())
    assert answered.record.decision_id == decision_id(server)


def test_a_replay_says_that_nothing_differs(server: str) -> None:
    """The recorded request gives the recorded answer again."""
    ran = readygate("decisions", "replay", decision_id(server), "--server", server)
    assert ran.code == 0
    assert ran.out.startswith("identical: ")


def test_an_unknown_id_ends_with_1_and_a_bad_one_with_3(server: str) -> None:
    """Nothing known under an id is an answer; no server is a failure of the service."""
    assert readygate("decisions", "show", "0" * 32, "--server", server).code == 1
    assert readygate("decisions", "show", "", "--server", server).code == 3
    assert readygate("decisions", "list", "--server", "127.0.0.1:1").code == 4
