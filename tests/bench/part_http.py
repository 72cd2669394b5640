"""Part `http`: calls in JSON over HTTP beside the same calls over gRPC, and calls over gRPC during a flood of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from google.protobuf import json_format

from readygate.v1 import gate_service_pb2 as pb
from tests.bench.contenders import Server, gate_server
from tests.bench.forms import unary
from tests.bench.generator import Calls, Generator, generator
from tests.bench.lanes import Lane, at, figures
from tests.bench.load import Closed, Open
from tests.bench.part_calls import ASKED, MANY, run
from tests.bench.portfolio import KINDS, Kind
from tests.bench.processes import BenchError
from tests.bench.run import Part, Setting

FLOOD: Final = Closed(64)
RATE: Final = 20.0
"""Calls per second over gRPC while JSON floods: a sixth of what one process answers of new proposals."""
VIEWS: Final = (pb.VIEW_SUMMARY, pb.VIEW_FULL)


def http_address(server: Server) -> str:
    """Returns where a server answers over HTTP, from its log."""
    assert server.log is not None, "readygate writes a log"
    for line in server.log.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        if said.get("protocol") == "http":
            return str(said["address"])
    raise BenchError("readygate does not answer over HTTP")


def in_json(requests: Sequence[bytes]) -> tuple[bytes, ...]:
    """Returns requests as they are written in JSON; marks stay where they are."""
    read = pb.EvaluateRequest.FromString
    return tuple(json_format.MessageToJson(read(each), indent=None).encode() for each in requests)


def _lanes(gate: Server, address: str, kind: Kind, view: int, load: Generator, setting: Setting) -> list[Lane]:
    requests = unary().requests(kind, count=setting.requests, view=view, ruleset=setting.ruleset)
    ours = unary().calls(gate.address, requests, ruleset=setting.ruleset)
    over = replace(ours, address=address, requests=in_json(requests), wire="http", connections=MANY.outstanding)
    for each in load.ask(replace(over, requests=over.requests[:ASKED])):
        if "decision" not in json.loads(each):
            raise BenchError("a proposal was not judged over HTTP")
    load.ask(replace(ours, requests=requests[:ASKED]))
    shown = pb.View.Name(pb.View.ValueType(view)).removeprefix("VIEW_").lower()
    beside = Lane(f"gRPC, {shown}, {kind}", gate, ours, MANY, 1, kind)
    return [Lane(f"JSON, {shown}, {kind}", gate, over, MANY, 1, kind, beside.name), beside]


def _flooded(gate: Server, address: str, kind: Kind, load: Generator, setting: Setting) -> dict[str, Any]:
    """Returns how long calls over gRPC take at a fixed rate, with a flood of JSON and without."""
    requests = unary().requests("new", count=setting.requests, view=pb.VIEW_SUMMARY, ruleset=setting.ruleset)
    ours = unary().calls(gate.address, requests, ruleset=setting.ruleset)
    flood = unary().requests(kind, count=setting.requests, view=pb.VIEW_FULL, ruleset=setting.ruleset)
    theirs = Calls(address, ours.method, in_json(flood), "http", connections=FLOOD.outstanding)
    alone: list[list[int]] = []
    beside: list[list[int]] = []
    answered: list[float] = []
    seconds = setting.seconds * 3
    with generator(setting.generator_cores) as other, ThreadPoolExecutor(1) as pool:
        for number in range(2 * setting.rounds):
            if number % 2:
                alone.append(sorted(_drive(load, ours, Open(RATE), setting, seconds, gate).times))
                continue
            running = pool.submit(_drive, other, theirs, FLOOD, setting, seconds + 1, gate)
            beside.append(sorted(_drive(load, ours, Open(RATE), setting, seconds, gate).times))
            seen = running.result()
            answered.append(len(seen.times) / seen.seconds)
    return {
        "flood": f"JSON, full, {kind}, {FLOOD.outstanding} outstanding",
        "gRPC per second": RATE,
        "p50 without, ms": [at(each, 0.5) / 1000 for each in alone],
        "p50 with, ms": [at(each, 0.5) / 1000 for each in beside],
        "p99 without, ms": [at(each, 0.99) / 1000 for each in alone],
        "p99 with, ms": [at(each, 0.99) / 1000 for each in beside],
        "ratio of p99": [at(ours, 0.99) / at(base, 0.99) for ours, base in zip(beside, alone, strict=True)],
        "JSON answered per second": answered,
    }


def _drive(load: Generator, calls: Calls, pace: Any, setting: Setting, seconds: float, gate: Server) -> Any:
    return load.drive(calls, pace, warm_up=setting.warm_up, seconds=seconds, pids=gate.pids)


def measure(setting: Setting, load: Generator) -> Part:
    """Runs the part."""
    lanes: list[Lane] = []
    with ExitStack() as stack:
        keeping = ["--no-record", "--http", "127.0.0.1:0"]
        gate = stack.enter_context(gate_server(setting.server_cores, keeping=keeping))
        address = http_address(gate)
        for kind in KINDS[:1] if setting.quick else KINDS:
            for view in VIEWS:
                lanes += _lanes(gate, address, kind, view, load, setting)
        run(lanes, load, setting)
        floods = [_flooded(gate, address, kind, load, setting) for kind in ("new", "again")]
    return Part(
        "http",
        "JSON over HTTP beside gRPC, one process on one core",
        lanes=figures(lanes),
        tables={"gRPC calls while JSON floods": floods},
    )
