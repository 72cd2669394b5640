"""Requests that are as large as they may be, or larger: long lists, long texts, and both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Final

from readygate.v1 import gate_service_pb2
from readygate.v1.deployment_pb2 import AUDIENCE_STAFF
from readygate.v1.proposal_pb2 import Proposal
from tests.builders import AS_OF
from tests.fuzz.seeds import GATE, tiny
from tests.fuzz.wire import nested_groups, nested_messages, varint

LARGEST: Final = 1 << 20
"""Bytes of a request that the transport lets in."""


def oversize(random: Random) -> tuple[str, bytes]:
    """Returns the method and the bytes of a request that is large in one way."""
    if random.random() < 0.2:
        return GATE + "Evaluate", _nest(random)
    method, data = random.choice(_made())
    return method, data


def _nest(random: Random) -> bytes:
    depth = random.choice((100, 10_000, LARGEST // 4))
    nest = nested_groups(depth) if random.random() < 0.5 else nested_messages(min(depth, 3_000))
    inside = b"\x12" + varint(len(nest)) + nest  # as an unknown field of the proposal
    return random.choice((nest, inside, nest[: len(nest) // 2]))


@cache
def _made() -> tuple[tuple[str, bytes], ...]:
    made = [(GATE + "Evaluate", _request(make)) for make in _SHAPES]
    return (*made, *_batches(), *_simulations())


def _request(fill: Callable[[Proposal], None]) -> bytes:
    proposal = tiny()
    fill(proposal)
    request = gate_service_pb2.EvaluateRequest(proposal=proposal, as_of=AS_OF, view=gate_service_pb2.VIEW_SUMMARY)
    return request.SerializeToString()


def _sources(count: int) -> Callable[[Proposal], None]:
    def fill(proposal: Proposal) -> None:
        for number in range(count):
            proposal.data_sources.add(id=f"s{number}", completeness=0.5)

    return fill


def _twins(proposal: Proposal) -> None:
    for _ in range(198):
        proposal.apis.add(id="orders")


def _evidence(count: int) -> Callable[[Proposal], None]:
    def fill(proposal: Proposal) -> None:
        for number in range(count):
            entry = proposal.evidence.add(facts=["source.*"], subject="crm", grade=2, source_uri=f"https://e/{number}")
            entry.as_of.seconds = 1_790_000_000 + number

    return fill


def _statements(count: int) -> Callable[[Proposal], None]:
    def fill(proposal: Proposal) -> None:
        for _ in range(count):
            proposal.statements.add(fact="ops.site_readiness", kind=1, reason="r", stated_by="s")

    return fill


def _facts_of_evidence(proposal: Proposal) -> None:
    proposal.evidence.add(facts=["source.completeness"] * 20_000, subject="crm", grade=2)
    proposal.evidence.add(facts=[f"no.such_{number}" for number in range(1_001)], grade=2)


def _unknown_facts(proposal: Proposal) -> None:
    for start in range(0, 40_000, 1_000):
        names = [f"source.compleetness{number}" for number in range(start, start + 1_000)]
        proposal.evidence.add(facts=names, subject="crm", grade=2)


def _unknown_subjects(proposal: Proposal) -> None:
    for number in range(200):
        proposal.data_sources.add(id=f"{number:063d}")
    del proposal.data_sources[0]
    for number in range(4_999):
        proposal.evidence.add(facts=["source.completeness"], subject=f"s{number}", grade=2)


def _long_id(proposal: Proposal) -> None:
    source = proposal.data_sources[0]
    source.id = "x" * 900_000
    source.completeness = source.validity = source.uniqueness = source.accuracy.ratio = -1


def _uses(proposal: Proposal) -> None:
    proposal.deployment.audience.members.extend([AUDIENCE_STAFF] * 150_000)


def _ids(proposal: Proposal) -> None:
    proposal.deployment.dependencies.members.extend(f"d{number}" for number in range(60_000))


def _guardrails(proposal: Proposal) -> None:
    for number in range(30_000):
        proposal.value.guardrails.members.add(metric=f"m{number}", limit="x")


def _text(length: int) -> Callable[[Proposal], None]:
    def fill(proposal: Proposal) -> None:
        proposal.title = "é" * length
        proposal.deployment.use_case = "x" * length
        proposal.data_sources[0].title = "\u202e" * length
        proposal.evidence[0].source_uri = "h" * length

    return fill


def _batches() -> Iterator[tuple[str, bytes]]:
    item = gate_service_pb2.EvaluateRequest(as_of=AS_OF, view=gate_service_pb2.VIEW_SUMMARY)
    item.proposal.id = "p"
    for count in (0, 1, 101, 20_000):
        yield GATE + "BatchEvaluate", gate_service_pb2.BatchEvaluateRequest(items=[item] * count).SerializeToString()
        streamed = gate_service_pb2.EvaluateStreamRequest(
            items=[gate_service_pb2.EvaluateStreamItem(request=item)] * count
        )
        yield GATE + "EvaluateStream", streamed.SerializeToString()


def _simulations() -> Iterator[tuple[str, bytes]]:
    for overrides, waivers in ((500, 0), (501, 0), (0, 200), (0, 201), (20_000, 20_000)):
        request = gate_service_pb2.SimulateRequest(proposal=tiny(), as_of=AS_OF, view=gate_service_pb2.VIEW_SUMMARY)
        for number in range(overrides):
            request.overrides.add(fact="source.completeness", subject=f"s{number}")
        for number in range(waivers):
            request.waivers.add(id=f"w{number}")
        yield GATE + "Simulate", request.SerializeToString()


_SHAPES: Final[tuple[Callable[[Proposal], None], ...]] = (
    _sources(199),
    _sources(200),
    _sources(60_000),
    _twins,
    _evidence(4_999),
    _evidence(5_000),
    _statements(999),
    _statements(1_000),
    _facts_of_evidence,
    _unknown_facts,
    _unknown_subjects,
    _long_id,
    _uses,
    _ids,
    _guardrails,
    _text(1_000),
    _text(4_000),
    _text(4_001),
    _text(100_000),
)
