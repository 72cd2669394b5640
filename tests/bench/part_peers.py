"""Part `peers`: the same facts and rules in Cerbos and in Open Policy Agent, each on the same core in its turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from tests.bench.contenders import Server, gate_server
from tests.bench.forms import unary
from tests.bench.generator import Calls, Generator, Wire
from tests.bench.lanes import Lane, at, figures
from tests.bench.load import Closed, Open
from tests.bench.part_calls import ASKED, FEW, MANY, run
from tests.bench.peers.cerbos import requests as cerbos
from tests.bench.peers.cerbos.server import cerbos_server
from tests.bench.peers.opa import requests as opa
from tests.bench.peers.opa.server import opa_server
from tests.bench.portfolio import Kind, proposals
from tests.bench.processes import BenchError
from tests.bench.run import Part, Setting
from tests.bench.workload import AS_OF

CHECK: Final = "/cerbos.svc.v1.CerbosService/CheckResources"
SLOW_RATE: Final = 10.0  # per second: what all of them can answer


def measure(setting: Setting, generator: Generator) -> Part:
    """Runs the part."""
    cores = setting.server_cores
    lanes: list[Lane] = []
    with ExitStack() as stack:
        gate = stack.enter_context(gate_server(cores))
        others: list[tuple[Server, Callable[[Proposal], bytes], Wire]] = [
            (stack.enter_context(cerbos_server(cores)), lambda each: cerbos.request_bytes(each, as_of=AS_OF), "grpc"),
            (stack.enter_context(opa_server(cores)), lambda each: opa.request_bytes(each, as_of=AS_OF), "http"),
        ]
        paces: list[Closed | Open] = [FEW] if setting.quick else [MANY, FEW, Open(SLOW_RATE)]
        kinds: tuple[Kind, ...] = ("new",) if setting.quick else ("new", "shared")
        for kind in kinds:
            ours = unary().requests(kind, count=setting.requests, view=pb.VIEW_SUMMARY, ruleset=setting.ruleset)
            calls = unary().calls(gate.address, ours, ruleset=setting.ruleset)
            unary().size_of(generator.ask(replace(calls, requests=ours[:ASKED])))
            name = f"readygate, summary, {kind}"
            lanes += [Lane(name, gate, calls, pace, kind=kind) for pace in paces]
            few = proposals(kind, setting.requests)[: setting.peer_requests]
            for server, made, wire in others:
                theirs = _calls(server, [made(each) for each in few], wire)
                _check(generator.ask(replace(theirs, requests=theirs.requests[:ASKED])), theirs)
                lanes += [
                    Lane(f"{server.name}, {kind}", server, theirs, pace, kind=kind, beside=name) for pace in paces
                ]
        run(lanes, generator, setting)
    return Part(
        "peers",
        "Beside Cerbos and Open Policy Agent, all on the same core",
        [
            "Ratio: their decisions per second to readygate's.",
            "Both are told the tier and what follows from several facts, which readygate works out.",
            "Both answer which rules pass; readygate with findings, evidence, and what is missing.",
        ],
        figures(lanes),
        {"Decisions of readygate for each of theirs": _times(lanes)},
    )


def _calls(server: Server, requests: Sequence[bytes], wire: Wire) -> Calls:
    if wire == "http":
        return Calls(server.address, opa.PATH, requests, wire, connections=MANY.outstanding)
    return Calls(server.address, CHECK, requests)


def _check(replies: Sequence[bytes], calls: Calls) -> None:
    """Raises unless every reply answers its request; that the answers are right is what tests of the peers show."""
    for request, reply in zip(calls.requests, replies, strict=False):
        answers = opa.answers_of(request, reply) if calls.wire == "http" else cerbos.answers_of(reply)
        if not answers:
            raise BenchError(f"{calls.method}: a proposal was not judged")


def _times(lanes: Sequence[Lane]) -> list[dict[str, Any]]:
    """Returns how many decisions readygate makes for each of theirs, and its p99 beside theirs."""
    rows = []
    for lane in lanes:
        if not lane.beside or isinstance(lane.pace, Open):
            continue
        ours = next(each for each in lanes if each.name == lane.beside and each.load == lane.load)
        mine, theirs = (at(each.latencies(), 0.99) / 1000 for each in (ours, lane))
        times = [one / other for one, other in zip(ours.rates, lane.rates, strict=True)]
        rows.append(
            {"what": lane.name, "load": lane.load, "times": times, "p99 of ours, ms": mine, "of theirs": theirs}
        )
    return rows
