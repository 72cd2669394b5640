"""`readygate serve`: the same decisions over gRPC, on this machine only, with a clean stop."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse

from readygate.v1.gate_service_pb2 import EvaluateResponse
from tests.cli.command import CHECK, DRAFTS_FOR_STAFF, check_example, readygate, together
from tests.cli.serving import served
from tests.cli.test_rules import TIGHTER, own_rules

pytestmark = pytest.mark.timeout(60)


def test_a_server_decides_as_the_command_does(tmp_path: Path) -> None:
    """Asked by `check --server`, a server gives the decision of `check` alone, with overrides or without."""
    with served(tmp_path) as (_, address):
        for arguments in (("--gate", "pilot", "--ruleset", "operational-readiness-full"), DRAFTS_FOR_STAFF):
            asked = (*CHECK, *arguments, "--format", "json")
            local, remote = together(asked, (*asked, "--server", address))
            assert remote.code == local.code
            decisions = [Parse(ran.out, EvaluateResponse()).decision for ran in (local, remote)]
            assert decisions[0] == decisions[1]
        as_text = together(CHECK, (*CHECK, "--server", address))
        assert as_text[0] == as_text[1]


def test_a_server_refuses_as_the_command_does(tmp_path: Path) -> None:
    """Bad input ends with 3 whoever judges: a ruleset or an asset that is not there."""
    with served(tmp_path) as (_, address):
        for arguments in (("--ruleset", "nope"), ("--set", "source[nope].completeness=0.5")):
            ran = check_example(*arguments, "--server", address)
            assert (ran.code, ran.out) == (3, "")
            assert "nope" in ran.err


def test_a_server_stops_cleanly(tmp_path: Path) -> None:
    """SIGTERM ends the server with 0, after it has said that it drains; its data directory is private."""
    with served(tmp_path) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert [json.loads(line)["event"] for line in process.stderr] == ["draining", "stopped"]
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_server_serves_own_rules(tmp_path: Path) -> None:
    """`serve --rules` serves an organisation's own ruleset beside those that ship."""
    (tmp_path / "rules").mkdir()
    with served(tmp_path, "--rules", own_rules(tmp_path / "rules", TIGHTER)) as (_, address):
        ran = check_example("--ruleset", "acme-readiness", "--server", address)
    assert "\nRuleset acme-readiness 2026.1.0 sha256:" in ran.out


def test_an_address_that_others_can_reach_is_refused() -> None:
    """Without TLS and identities nothing but loopback is listened on; the message says why and what to do."""
    addresses = ("0.0.0.0:0", "[::]:0", "192.0.2.1:7443")
    for ran in together(*(("serve", "--no-record", "--listen", address) for address in addresses)):
        assert (ran.code, ran.out) == (3, "")
        assert "without TLS and authentication; add --tls-cert and --tls-key and --identity, or listen on" in ran.err
        assert "127.0.0.1" in ran.err


def test_an_address_that_is_none_is_refused() -> None:
    """What is not HOST:PORT ends with 3 and an example."""
    addresses = ("7443", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", "")
    for ran in together(*(("serve", "--no-record", "--listen", address) for address in addresses)):
        assert (ran.code, "expected HOST:PORT" in ran.err) == (3, True)


def test_a_port_that_is_taken_ends_with_4() -> None:
    """A port on which something listens already ends with 4 and its address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = readygate("serve", "--no-record", "--listen", address)
    assert ran.code == 4
    assert f"readygate: can not listen on {address}" in ran.err


def test_rules_that_are_not_there_end_with_3(tmp_path: Path) -> None:
    """A rules directory that is missing is a setting that can not be used."""
    ran = readygate("serve", "--no-record", "--listen", "127.0.0.1:0", "--rules", tmp_path / "nope")
    assert (ran.code, "nope: there is no such directory" in ran.err) == (3, True)


def test_a_server_must_be_told_where_the_record_is() -> None:
    """Nobody runs a server without a record by mistake: it takes a directory, or the word that there is none."""
    ran = readygate("serve", "--listen", "127.0.0.1:0")
    assert ran.code == 3
    assert "--data-dir DIR is missing" in ran.err
    assert "--no-record" in ran.err
