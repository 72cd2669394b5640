"""Part `generator`: shows what the load generator can do against a server in Go, and that it is not the limit."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from readygate.v1 import gate_service_pb2 as pb
from tests.bench.contenders import Server, echo_server
from tests.bench.forms import batch, unary
from tests.bench.generator import HERE, Calls, Generator
from tests.bench.gobuild import built
from tests.bench.lanes import Lane, figures
from tests.bench.load import Closed, Open
from tests.bench.part_calls import MANY, run
from tests.bench.portfolio import Kind
from tests.bench.processes import on_cores
from tests.bench.run import Part, Setting

REPLIES: Final = (1_000, 40_000)
RATES: Final = (100, 1_000)


@contextmanager
def go_echo(cores: Collection[int]) -> Iterator[tuple[Server, Server]]:
    """Runs the echo in Go: the same process over gRPC and over HTTP."""
    program, pipe = built(HERE / "goecho"), subprocess.PIPE
    with on_cores(cores):
        process = subprocess.Popen([program], stdin=pipe, stdout=pipe)
    with process:
        assert process.stdin is not None, "is a pipe"
        assert process.stdout is not None, "is a pipe"
        try:
            said = json.loads(process.stdout.readline())
            yield Server("Go echo", said["grpc"], process.pid), Server("Go echo over HTTP", said["http"], process.pid)
        finally:
            process.stdin.close()  # which ends it


def measure(setting: Setting, generator: Generator) -> Part:
    """Runs the part."""
    kind: Kind = "new"
    one, ten = (
        form.requests(kind, count=setting.requests, view=pb.VIEW_SUMMARY, ruleset=setting.ruleset)
        for form in (unary(), batch(10))
    )
    lanes: list[Lane] = []
    with go_echo(setting.server_cores) as (rpc, web), echo_server({}, setting.server_cores) as echo:
        for size in REPLIES:
            python = Lane(
                f"Python echo, {size:,} bytes", echo, Calls(echo.address, f"/bench.Echo/{size}", one), MANY, kind=kind
            )
            go = Lane(f"Go echo, {size:,} bytes", rpc, Calls(rpc.address, f"/bench.Echo/{size}", one), MANY, kind=kind,
                      beside=python.name)  # fmt: skip
            http = Lane(f"Go echo over HTTP, {size:,} bytes", web,
                        Calls(web.address, f"/bench/{size}", one, "http", connections=64), MANY, kind=kind)  # fmt: skip
            lanes += [python, go, http]
        size = REPLIES[-1] * 10
        lanes.append(Lane(f"Go echo, batch of 10, {size:,} bytes", rpc,
                          Calls(rpc.address, f"/bench.Echo/{size}", ten), Closed(8), 10, kind))  # fmt: skip
        paced = Calls(rpc.address, f"/bench.Echo/{REPLIES[-1]}", one)
        lanes += [Lane(f"Go echo, {REPLIES[-1]:,} bytes", rpc, paced, Open(rate), kind=kind) for rate in RATES]
        run(lanes, generator, setting)
    return Part(
        "generator",
        "Is the generator the limit?",
        [
            "Ratio: calls per second to a server in Go on one core, over those to the echo in Python on that core.",
            "Well above 1: the generator could have sent more than the echo in Python took.",
            "In an open loop the time of a call runs from when it was due; what the generator adds is in these times.",
        ],
        figures(lanes),
        {"Sent after they were due, ms": [{"what": lane.load, "at most": [s.lateness * 1000 for s in lane.rounds]}
                                          for lane in lanes if isinstance(lane.pace, Open)]},
    )  # fmt: skip
