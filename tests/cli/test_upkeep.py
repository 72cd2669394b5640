"""Erasure, retention, backup, restore and fork from the command line, on the data directory of a real server."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from readygate import GateClient
from readygate.v1 import decision_service_pb2, gate_service_pb2, record_pb2
from readygate.v1.record_pb2 import DecisionRecord
from readygate_server.adapters.proposals.reader import read_proposal
from tests.cli.command import EXAMPLE, readygate
from tests.cli.serving import served

NAME = "a.lindqvist"
REASON = ("--reason", "request 17")


def stop(process: subprocess.Popen[str]) -> None:
    """Stops a server in an orderly way."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def evaluate(client: GateClient) -> str:
    """Has the example judged; returns the id of the decision."""
    proposal, _ = read_proposal(EXAMPLE.read_text(encoding="utf-8"), file=EXAMPLE.name)
    request = gate_service_pb2.EvaluateRequest(proposal=proposal, as_of="2026-11-01")
    return client.evaluate(request).record.decision_id


def recorded(client: GateClient, decision_id: str) -> DecisionRecord:
    """Returns a decision with its bytes."""
    view = decision_service_pb2.RECORD_VIEW_FULL
    asked = decision_service_pb2.GetDecisionRequest(decision_id=decision_id, view=view)
    return client.get_decision(asked).decision


def is_replayed(client: GateClient, decision_id: str) -> bool:
    """True when a decision comes out as it was recorded."""
    return client.replay_decision(decision_service_pb2.ReplayDecisionRequest(decision_id=decision_id)).identical


def owner_in(decision: DecisionRecord) -> str:
    """Returns the owner of the first data source of a recorded request."""
    request = gate_service_pb2.EvaluateRequest.FromString(decision.request)
    return request.proposal.data_sources[0].owner.person


def test_a_name_is_erased_by_a_server_and_its_decisions_come_out_as_before(tmp_path: Path) -> None:
    """The name reads as stars, the answer never had it, the replay is the same, and the log verifies."""
    with served(tmp_path) as (process, address):
        with GateClient(address) as client:
            decision_id = evaluate(client)
            before = recorded(client, decision_id)
            assert owner_in(before) == NAME
            assert NAME.encode() not in before.response
            assert is_replayed(client, decision_id)

            erased = readygate("names", "erase", "-", *REASON, "--server", address, stdin=f"{NAME}\n")
            again = readygate("names", "erase", NAME, *REASON, "--server", address)

            after = recorded(client, decision_id)
            assert owner_in(after) == "*" * len(NAME)
            assert after.payload == record_pb2.PAYLOAD_STATE_NAMES_ERASED
            assert after.response == before.response
            assert is_replayed(client, decision_id)
        stop(process)

    assert (erased.code, again.code) == (0, 1)
    assert "of the log says so" in erased.out
    assert readygate("log", "verify", "--data-dir", tmp_path / "data").code == 0
    for path in (tmp_path / "data").glob("*.db*"):
        assert NAME.encode() not in path.read_bytes()


def test_names_are_erased_and_old_payloads_dropped_without_a_server(tmp_path: Path) -> None:
    """The commands do on the data directory what a server would, and the log verifies afterwards."""
    data = tmp_path / "data"
    with served(tmp_path) as (process, address):
        with GateClient(address) as client:
            decision_id = evaluate(client)
        busy = readygate("retention", "--before", "2026-01-01", "--data-dir", data)
        stop(process)
    assert busy.code == 4
    assert "in use" in busy.err

    erased = readygate("names", "erase", NAME, *REASON, "--data-dir", data)
    rotated = readygate("names", "rotate-key", "--data-dir", data)
    young = readygate("retention", "--before", "2026-01-01", "--data-dir", data)
    old = readygate("retention", "--before", "2999-01-01", "--data-dir", data)

    assert [ran.code for ran in (erased, rotated, young, old)] == [0] * 4
    assert "of 0 decisions\n" in young.out
    assert "of 1 decisions; entry" in old.out
    assert readygate("log", "verify", "--data-dir", data).code == 0
    with served(tmp_path) as (process, address), GateClient(address) as client:
        dropped = recorded(client, decision_id)
        assert (dropped.payload, dropped.request) == (record_pb2.PAYLOAD_STATE_DROPPED, b"")
        assert dropped.caller == "service:local"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase", "Jane", "--reason", "Jane asked"), "must not name the person"),
        (("erase", "", "--reason", "request 17"), "a name and a reason"),
        (("rotate-key",), "no such directory"),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Nothing is opened or made."""
    ran = readygate("names", *arguments, "--data-dir", tmp_path / "none")

    assert ran.code == 3
    assert said in ran.err
    assert not (tmp_path / "none").exists()


def test_from_a_backup_to_a_log_that_goes_on(tmp_path: Path) -> None:
    """An old copy is restored, the server refuses it, a fork is made, and both logs can be told apart."""
    data, anchor = tmp_path / "data", tmp_path / "anchor"
    options = ("--anchor", anchor, "--log-origin", "gate.example.org/log")
    with served(tmp_path, *options) as (process, address), GateClient(address) as client:
        first = evaluate(client)
        made = readygate("backup", "--data-dir", data, "-o", tmp_path / "backup")
        evaluate(client)
        client.close()
        stop(process)
    assert (made.code, made.err) == (0, "")
    assert "copied 1 entries" in made.out
    for path in data.glob("record.db*"):
        path.unlink()

    restored = readygate("restore", tmp_path / "backup", "--data-dir", data, "--anchor", anchor)
    refused = readygate("serve", "--listen", "127.0.0.1:0", "--data-dir", data, *options)
    forked = readygate("fork", "--data-dir", data, "--anchor", anchor)

    assert "a checkpoint of 2 entries was signed" in restored.out
    assert refused.code == 3
    assert "2 was signed before" in refused.err
    assert (forked.code, forked.err) == (0, "")
    assert "go on as gate.example.org/log/after-1" in forked.out
    with served(tmp_path, "--anchor", anchor) as (process, address), GateClient(address) as client:
        assert owner_in(recorded(client, first)) == NAME
        evaluate(client)
        client.close()
        stop(process)
    assert readygate("log", "verify", "--data-dir", data, "--anchor", anchor).code == 0


def test_a_restored_directory_says_what_is_missing(tmp_path: Path) -> None:
    """Keys and names are in no backup of the record; whoever restores learns what that means."""
    with served(tmp_path) as (process, address):
        with GateClient(address) as client:
            decision_id = evaluate(client)
        stop(process)
    data = tmp_path / "data"
    readygate("backup", "--data-dir", data, "-o", tmp_path / "backup")
    readygate("backup", "--names", "--data-dir", data, "-o", tmp_path / "names")
    shutil.move(data / "keys", tmp_path / "keys")
    shutil.rmtree(data)

    record = readygate("restore", tmp_path / "backup", "--data-dir", data)
    shutil.move(tmp_path / "keys", data / "keys")
    names = readygate("restore", tmp_path / "names", "--data-dir", data)

    assert "keys is missing" in record.out
    assert "names.db is missing" in record.out
    assert "missing" not in names.out
    with served(tmp_path) as (process, address), GateClient(address) as client:
        assert owner_in(recorded(client, decision_id)) == NAME
