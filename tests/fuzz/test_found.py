"""What the fuzzing has found stays repaired: each test is an input that once was answered as nobody foresaw."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from readygate import GateError
from readygate.v1.decision_service_pb2 import ListDecisionsRequest, WatchDecisionsRequest
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.identity.key_sets import FileKeys
from readygate_server.adapters.identity.reader import read_identity
from readygate_server.adapters.log.findings import is_sound
from readygate_server.adapters.log.proof_file import ProofFile, check_proof
from readygate_server.adapters.signing.canonical import read_object
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.adapters.signing.key_sets import read_key_set
from readygate_server.bootstrap import Snapshot, load_snapshot
from readygate_server.domain.faults import FaultsError
from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.calls import Surroundings, surround_stream
from readygate_server.observability import Metrics
from tests.fuzz import signed
from tests.fuzz.calls import Context
from tests.grpc_api.keeping import keeping


async def test_a_watcher_who_leaves_leaves_nothing_behind() -> None:
    """When a stream is cancelled while it waits for its next message, nothing goes on looking for that message."""
    ended = asyncio.Event()

    async def endless(_request: object, _context: object) -> AsyncIterator[object]:
        try:
            await asyncio.Event().wait()
            yield None
        finally:
            ended.set()

    handler: Any = grpc.unary_stream_rpc_method_handler(
        endless,
        request_deserializer=WatchDecisionsRequest.FromString,
    )
    shared = Surroundings(Metrics(), Doorkeeper(), asyncio.Event())
    watched: Any = surround_stream(handler, "DecisionService/WatchDecisions", endless, shared)
    first = asyncio.ensure_future(anext(watched.unary_stream(b"", Context())))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.wait({first})

    await asyncio.wait_for(ended.wait(), timeout=5)


def test_a_key_of_an_unknown_kind_is_a_key_problem() -> None:
    """A PEM whose algorithm no library here knows ends in the error that names the key."""
    data = json.loads(signed.plain_key_set())
    der = bytes.fromhex("302a300506032a6571032100") + bytes(32)
    body = base64.b64encode(der).decode()
    data["keys"][0]["pem"] = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"

    with pytest.raises(KeyProblemError, match="no public key"):
        read_key_set(json.dumps(data))


def test_names_that_stand_twice_are_found_in_little_time() -> None:
    """The one name that stands twice among 200,000 is told within two seconds of processor time."""
    text = "{" + "".join(f'"{number}":0,' for number in range(200_000)) + '"199999":0}'
    started = time.process_time()

    with pytest.raises(MalformedError, match="'199999' stands twice"):
        read_object(text, "bundle")

    assert time.process_time() - started < 2


def test_an_entry_with_an_impossible_time_is_a_fault_of_the_proof() -> None:
    """An entry recorded at a time that no calendar has is told as a fault, and the other steps are there as well."""
    entry = LogEntry(id="019a" * 8)
    entry.recorded_at.seconds = -(2**63)
    proof = signed.proof_of(entry.SerializeToString())

    steps = check_proof(ProofFile(proof.entry, proof.leaf_index, proof.hashes, proof.note), None)

    assert [step.title for step in steps if step.count] == ["Entry"]
    assert not is_sound(steps)


@pytest.mark.parametrize("address", ["https://[", "https://\u2100.example/", "http://[::1"])
def test_an_address_that_is_none_is_a_fault_of_the_identity_file(address: str) -> None:
    """An address that can not be taken apart is told with its line."""
    text = signed.IDENTITY.replace("jwks_file: keys.json", f"jwks_uri: '{address}'")

    with pytest.raises(FaultsError, match=r"identity\.yaml:2"):
        read_identity(text, file="identity.yaml")


@pytest.mark.parametrize(
    "keys", ['[{"kid": [[]], REST}]', '[{"kid": "k", "alg": "none", REST}]', "[" * 100_000, "[1]", "{}"]
)
def test_what_is_no_set_of_keys_is_refused_or_passed_over(keys: str, tmp_path: Path) -> None:
    """A key id that is no text is passed over; what is nested too deeply, or holds what is no key, is a ValueError."""
    first = json.loads(signed.issuer_keys())["keys"][0]
    del first["kid"]
    path = tmp_path / "keys.json"
    path.write_text(f'{{"keys": {keys.replace("REST", json.dumps(first)[1:-1])}}}', encoding="utf-8")

    if "[[]]" in keys:
        FileKeys(path, "staff")
    else:
        with pytest.raises(ValueError, match="no set of public keys"):
            FileKeys(path, "staff")


@pytest.mark.parametrize("field", ["recorded_from", "recorded_before"])
@pytest.mark.parametrize(("seconds", "nanos"), [(2**63 - 1, 0), (-(2**63), 0), (253_402_300_800, 0), (0, -1)])
async def test_a_moment_that_no_calendar_has_is_a_fault_of_the_filter(
    field: str, seconds: int, nanos: int, packaged: Snapshot, tmp_path: Path
) -> None:
    """Decisions from or before an impossible moment can not be asked for; the answer names the field."""
    request = ListDecisionsRequest()
    getattr(request.filter, field).seconds, getattr(request.filter, field).nanos = seconds, nanos

    async with keeping(packaged, tmp_path) as served:
        with pytest.raises(GateError) as refused:
            await served.client.list_decisions(request)

    assert refused.value.reason == "INVALID_REQUEST"
    assert [fault.path for fault in refused.value.faults] == [f"filter.{field}"]


@pytest.fixture(scope="module")
def packaged() -> Snapshot:
    """The rules that ship."""
    return load_snapshot()
