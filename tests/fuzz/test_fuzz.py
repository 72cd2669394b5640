"""Damaged input ends in a foreseen answer that is no yes; and the tools that say so notice when it does not.

READYGATE_FUZZ sets how many inputs are run; `.ci/step fuzz` runs the promised number.
"""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate_server.adapters.certificates.report import Expected
from readygate_server.adapters.certificates.verify import verify
from readygate_server.adapters.identity.reader import read_identity
from readygate_server.adapters.log.findings import is_sound
from readygate_server.adapters.log.proof_file import check_proof, read_proof
from readygate_server.adapters.log.trust import TrustedKeys
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.adapters.signing.key_sets import read_key_set
from readygate_server.bootstrap import load_snapshot
from tests.fuzz import signed
from tests.fuzz.inputs import USUAL_SECONDS, make_input
from tests.fuzz.oversize import LARGEST
from tests.fuzz.planted import AT
from tests.fuzz.runner import run
from tests.fuzz.seeds import proposals, requests, rule_directories
from tests.grpc_api.serving import refund_agent, running

INPUTS = int(os.environ.get("READYGATE_FUZZ", "2000"))
ROOT = Path(__file__).parents[2]
PLANTED = {
    "Crashing": "KeyError: 'planted'",
    "Dying": "the process died with -6",
    "Agreeing": "a yes to a damaged no: GO_WITH_CONDITIONS",
    "Slow": "s of processor time, at most",
    "Hanging": "nothing came back within 4 s",
    "Greedy": "the process has grown by",
}
WAYS_OUT = {
    *(("kept", each) for each in ("INVALID_REQUEST", "INVALID_TOKEN", "CERTIFICATE_REFUSED", "ETAG_MISMATCH")),
    *(("kept", each) for each in ("IssueCertificate", "ReplayDecision", "GetInclusionProof", "watched")),
    *(("identity", each) for each in ("faults", "read")),
    *(("bearer", each) for each in ("UNAUTHENTICATED", "let in")),
    *(("bundle", f"refused: {each}") for each in ("form", "statement", "verdict", "log entry")),
    *(("issuer keys", each) for each in ("refused", "read")),
    *(("key set", each) for each in ("refused", "the same")),
    *(("note", each) for each in ("refused", "the same")),
    *(("proof", each) for each in ("refused", "not proven")),
    *(("names", each) for each in ("no message", "sealed")),
    ("page token", "refused"),
    ("trust", "refused"),
}
"""What a run must have met, so that it is known to have come so far."""
ANSWERS = {"INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED", "OK"}


@pytest.mark.timeout(3600)
def test_damaged_input_ends_in_a_foreseen_answer() -> None:
    """No input breaks the service or the readers, takes long or much memory, or gets a yes; all ways out are met."""
    report = run(INPUTS, processes=1 if INPUTS < 10_000 else min(4, os.cpu_count() or 1))

    assert not report.failures, str(report)
    assert report.taken == INPUTS
    refused = {"INVALID_REQUEST", "INVALID_PROPOSAL", "LIMIT_EXCEEDED", "RULESET_NOT_FOUND"}
    assert refused | {"NO_GO", "UNDETERMINED", "answered"} <= report.of("request").keys()
    assert {"faults", "not UTF-8", "NO_GO", "UNDETERMINED"} <= report.of("proposal").keys()
    assert {"refused", "UNDETERMINED"} <= report.of("override").keys()
    assert {"faults", "loaded"} <= report.of("rules").keys()
    met = {(target, result) for target, _ in WAYS_OUT for result in report.of(target)}
    assert met >= WAYS_OUT, WAYS_OUT - met


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_fault_is_reported(name: str) -> None:
    """A crash, a dead process, a yes, a slow, endless or greedy answer is reported with the number of its input."""
    report = run(10, targets=f"tests.fuzz.planted:{name}", patience=4)

    assert [failure.number for failure in report.failures] == [AT]
    assert PLANTED[name] in str(report.failures[0])


def test_sound_targets_are_not_blamed() -> None:
    """Targets without a planted fault give a report without a failure."""
    report = run(10, targets="tests.fuzz.planted:Sound", patience=4)

    assert (report.taken, report.failures) == (10, [])


def digest_of_inputs() -> str:
    """Returns a digest over some inputs of every kind."""
    return sha256("".join(repr(make_input(number)) for number in range(0, 2_000, 13)).encode()).hexdigest()


def test_an_input_can_be_made_again_from_its_number() -> None:
    """Another process, which orders sets otherwise, makes the same inputs of the same numbers."""
    code = "from tests.fuzz.test_fuzz import digest_of_inputs; print(digest_of_inputs())"
    environment = os.environ | {"PYTHONHASHSEED": "42"}
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert made.stdout.strip() == digest_of_inputs()


def test_what_the_damage_starts_from_is_sound() -> None:
    """Requests, proposals, rules and what is signed pass undamaged, so that the damage is what is refused."""
    assert all(load_rulesets(directory).rulesets for directory in rule_directories()[::10])
    assert len(requests()) > 10
    assert all("id:" in text or '"id":' in text for text in proposals())
    assert verify(signed.bundle(is_go=True), Expected(signed.key_set(), signed.NOON, signed.AUDIENCE)).is_valid
    assert read_key_set(signed.signed_key_set(signed.plain_key_set())) == signed.key_set()
    assert is_sound(check_proof(read_proof(signed.proof_file().text), TrustedKeys.read(signed.verifier())))
    assert read_identity(signed.IDENTITY, file="identity.yaml").callers


async def test_a_server_answers_damaged_requests_and_lives() -> None:
    """Over a real connection, damaged bytes get a status that blames the caller, and the next caller gets a verdict."""
    damaged = islice((each for each in map(make_input, count()) if each.target == "request"), 300)
    large = islice((each for each in map(make_input, count()) if each.seconds > USUAL_SECONDS and each.method), 4)
    async with running(load_snapshot().compile_all()) as server, grpc.aio.insecure_channel(server.target) as channel:
        codes = {await code_of(channel, each.method, each.content) for each in (*damaged, *large)}
        codes.add(await code_of(channel, "/readygate.v1.GateService/Evaluate", bytes(LARGEST + 1)))
        verdict = (await server.client.evaluate(EvaluateRequest(proposal=refund_agent()))).decision.verdict

    assert {"OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"} <= codes <= ANSWERS
    assert verdict


async def code_of(channel: grpc.aio.Channel, method: str, data: object) -> str:
    """Sends bytes as they are and returns the name of the status."""
    send: Any = channel.stream_stream(method)  # fits all methods, and is typed for messages
    try:
        async for _ in send(iter([data]), timeout=10):
            pass
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"
