"""Cerbos gives readygate's answers: what it is timed on is the same work."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import grpc
import pytest

from readygate_server.domain.vocabulary import Gate
from tests.bench.peers.cerbos.install import cerbos_binary
from tests.bench.peers.cerbos.messages import METHOD
from tests.bench.peers.cerbos.requests import answers_of, request_bytes
from tests.bench.peers.cerbos.server import POLICIES, cerbos_server
from tests.bench.peers.expected import Answers, expected
from tests.bench.peers.facts import cases
from tests.bench.processes import BenchError
from tests.builders import AS_OF, full_rules

ASKED = {Gate.COMMIT: 7, Gate.PILOT: 7, Gate.PRODUCTION: 1}
"""Every which case is asked at a gate: all at production, where every check of every rule counts."""

Ask = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Yields the call of a server that serves all tests of this module."""
    try:
        cerbos_binary()
    except BenchError as error:
        pytest.skip(str(error))
    with (
        cerbos_server() as server,
        grpc.insecure_channel(server.address, options=[("grpc.enable_http_proxy", 0)]) as channel,
    ):
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
        yield lambda request: call(request, timeout=30, wait_for_ready=True)


@pytest.mark.parametrize("gate", Gate, ids=lambda gate: gate.name.lower())
def test_effects_are_the_answers(ask: Ask, gate: Gate) -> None:
    """Cerbos allows an action for a subject exactly where nothing stands against the rule."""
    ruleset, differing = full_rules(), []
    for number, proposal in list(enumerate(cases()))[:: ASKED[gate]]:
        got = answers_of(ask(request_bytes(proposal, as_of=AS_OF, gate=gate)))
        want = expected(proposal, as_of=AS_OF, ruleset=ruleset, gate=gate)
        differing += [(number, key, got.get(key)) for key in got.keys() | want if got.get(key) is not want.get(key)]
    assert not differing, f"{len(differing)} answers differ, as (case, (rule, subject), Cerbos): {differing[:5]}"


def test_cases_answer_every_rule_both_ways() -> None:
    """Each rule has an answer of either kind among the cases, so that no policy is right by always saying the same."""
    ruleset = full_rules()
    seen: set[tuple[str, bool]] = set()
    for proposal in cases()[::3]:
        answers: Answers = expected(proposal, as_of=AS_OF, ruleset=ruleset, gate=Gate.PRODUCTION)
        seen |= {(rule, answer) for (rule, _), answer in answers.items()}
    one_sided = {rule for rule, answer in seen if (rule, not answer) not in seen}
    assert not one_sided


def test_policies_compile(ask: Ask) -> None:  # noqa: ARG001 -- skips where there is no Cerbos
    """Cerbos's own compiler finds no fault with the policies."""
    command = [str(cerbos_binary()), "compile", "--color=never", str(POLICIES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
