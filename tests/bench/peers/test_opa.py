"""Open Policy Agent gives readygate's answers: what it is timed on is the same work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest

from readygate_server.domain.vocabulary import Gate
from tests.bench.peers.expected import expected
from tests.bench.peers.facts import cases
from tests.bench.peers.opa.embedded import embedded_rounds
from tests.bench.peers.opa.program import opa_binary, run_opa
from tests.bench.peers.opa.requests import PATH, allowed, answers_of, decision_input, request_bytes
from tests.bench.peers.opa.server import opa_server
from tests.bench.processes import BenchError
from tests.builders import AS_OF, full_rules

ASKED = {Gate.COMMIT: 7, Gate.PILOT: 7, Gate.PRODUCTION: 1}
"""Every which case is asked at a gate: all at production, where every check of every rule counts."""

Ask = Callable[[bytes], bytes]


@pytest.fixture(scope="module", autouse=True)
def opa() -> None:
    """Skips what needs OPA where it can not be built."""
    try:
        opa_binary()
    except BenchError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def ask(opa: None) -> Iterator[Ask]:  # noqa: ARG001 -- goes first
    """Yields the call of a server that serves all tests of this module."""
    with opa_server() as server:
        connection = HTTPConnection(server.address, timeout=30)

        def call(request: bytes) -> bytes:
            connection.request("POST", PATH, request, {"Content-Type": "application/json"})
            return connection.getresponse().read()

        yield call
        connection.close()


@pytest.mark.parametrize("gate", Gate, ids=lambda gate: gate.name.lower())
def test_decisions_are_the_answers(ask: Ask, gate: Gate) -> None:
    """OPA names who passes a rule exactly where nothing stands against it, and allows when nothing does anywhere."""
    ruleset, differing = full_rules(), []
    for number, proposal in list(enumerate(cases()))[:: ASKED[gate]]:
        request = request_bytes(proposal, as_of=AS_OF, gate=gate)
        reply = ask(request)
        got, want = answers_of(request, reply), expected(proposal, as_of=AS_OF, ruleset=ruleset, gate=gate)
        # What is not asked stands against nothing.
        differing += [
            (number, key, got.get(key)) for key in got.keys() | want if got.get(key, True) is not want.get(key)
        ]
        assert allowed(reply) is all(want.values()), f"case {number}"
    assert not differing, f"{len(differing)} answers differ, as (case, (rule, subject), OPA): {differing[:5]}"


def test_every_rule_is_asked(ask: Ask) -> None:
    """At the gate of production and the highest tier OPA answers every rule about facts."""
    request = request_bytes(cases()[0], as_of=AS_OF, gate=Gate.PRODUCTION).replace(b'"tier":"T3"', b'"tier":"T4"')
    asked = {rule for rule, _ in answers_of(request, ask(request))}
    assert asked == {rule for rule, _ in expected(cases()[0], as_of=AS_OF, ruleset=full_rules())}


def test_policies_are_sound() -> None:
    """OPA's own checks find no fault with the policies, and its formatter nothing to change."""
    assert run_opa("check", "--strict", "--bundle", ".") == ""
    assert run_opa("fmt", "--list", ".") == ""


def test_embedded_query_decides() -> None:
    """The prepared query answers in its own process as well."""
    rounds = embedded_rounds([decision_input(cases()[0], as_of=AS_OF)], (), parsed=False, seconds=0.02)
    assert all(each.decisions > 0 for each in rounds)
