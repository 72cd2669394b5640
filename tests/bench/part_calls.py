"""Parts about calls, each beside an empty echo with messages of the same sizes: `calls`, `batches`, `workers`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from readygate.v1 import gate_service_pb2 as pb
from tests.bench.contenders import Server, echo_server, gate_server
from tests.bench.forms import Form, batch, has_streams, stream, unary
from tests.bench.generator import Generator, GoGenerator
from tests.bench.lanes import Lane, figures, run_rounds
from tests.bench.load import Closed, Open
from tests.bench.portfolio import KINDS, Kind
from tests.bench.run import Part, Setting

ASKED: Final = 50  # proposals that are sent once before the load, and their replies read
MANY: Final = Closed(64)
FEW: Final = Closed(8)
CONNECTIONS: Final = 16
"""Of callers of several workers: a connection stays with the worker that it met."""


@dataclass(frozen=True)
class Pair:
    """Readygate, and an echo that gets the same calls."""

    gate: Server
    echo: Server
    generator: Generator
    setting: Setting
    connections: int = 2

    def lanes(
        self, form: Form, kind: Kind, paces: Sequence[Closed | Open], *, view: int = pb.VIEW_SUMMARY, name: str = ""
    ) -> list[Lane]:
        """Returns the lanes of one form: on readygate, and beside it on the echo."""
        ruleset = self.setting.ruleset
        requests = form.requests(kind, count=self.setting.requests, view=view, ruleset=ruleset)
        ours = form.calls(self.gate.address, requests, ruleset=ruleset)
        few = replace(ours, requests=requests[: max(ASKED // form.items, 1)])
        size = form.size_of(self.generator.ask(few))
        ours = replace(ours, connections=self.connections)
        theirs = replace(form.echo_calls(self.echo.address, requests, size), connections=self.connections)
        name = name or f"{form.name}, {pb.View.Name(pb.View.ValueType(view)).removeprefix('VIEW_').lower()}, {kind}"
        found = []
        for pace in paces:
            beside = Lane(f"echo for {name}", self.echo, theirs, pace, form.items, kind)
            found += [Lane(name, self.gate, ours, pace, form.items, kind, beside.name), beside]
        return found


def run(lanes: Sequence[Lane], generator: Generator, setting: Setting) -> None:
    """Runs the rounds of lanes."""
    run_rounds(lanes, generator, rounds=setting.rounds, seconds=setting.seconds, warm_up=setting.warm_up)


def measure_calls(setting: Setting, generator: Generator) -> Part:
    """Loads one process with one proposal per call."""
    lanes: list[Lane] = []
    with gate_server(setting.server_cores) as gate, echo_server({}, setting.server_cores) as echo:
        both = Pair(gate, echo, generator, setting)
        for kind in KINDS:
            lanes += both.lanes(unary(), kind, [FEW] if setting.quick else [MANY, FEW, Open(setting.rate)])
        lanes += both.lanes(unary(), "new", [FEW] if setting.quick else [MANY, FEW], view=pb.VIEW_FULL)
        run(lanes, generator, setting)
    return Part("calls", "One proposal per call, one process on one core", lanes=figures(lanes))


def measure_batches(setting: Setting, generator: Generator) -> Part:
    """Loads one process with many proposals per call, and on streams where there are streams."""
    forms = [(batch(10), [FEW]), (batch(100), [Closed(2)])][: 1 if setting.quick else 2]
    if has_streams() and isinstance(generator, GoGenerator):
        forms += [(stream(1), [MANY]), (stream(10), [FEW])]
    lanes: list[Lane] = []
    with gate_server(setting.server_cores) as gate, echo_server({}, setting.server_cores) as echo:
        both = Pair(gate, echo, generator, setting)
        for kind in ("new", "shared") if not setting.quick else ("new",):
            lanes += both.lanes(unary(), kind, [MANY])
            for form, paces in forms:
                lanes += both.lanes(form, kind, paces)
        run(lanes, generator, setting)
    gains = [_gain(lane, lanes) for lane in lanes if lane.beside and not lane.name.startswith(f"{unary().name},")]
    return Part(
        "batches",
        "Many proposals per call, one process on one core",
        lanes=figures(lanes),
        tables={"Proposals per second against one per call": gains},
    )


def _gain(lane: Lane, lanes: Sequence[Lane]) -> dict[str, object]:
    base = next(each for each in lanes if each.name == f"{unary().name}, summary, {lane.kind}")
    return {"what": lane.name, "times": [ours / one for ours, one in zip(lane.rates, base.rates, strict=True)]}


def measure_workers(setting: Setting, generator: Generator) -> Part:
    """Loads one and two processes on all cores, the generator on the same ones."""
    everywhere: tuple[int, ...] = ()
    lanes: list[Lane] = []
    with ExitStack() as stack:
        for count in (1, 2):
            keeping = ["--no-record", "--workers", str(count)]
            label = f"{count} workers"
            gate = stack.enter_context(gate_server(everywhere, keeping=keeping, name=f"readygate, {label}"))
            echo = stack.enter_context(echo_server({}, everywhere, workers=count, name=f"echo, {label}"))
            both = Pair(gate, echo, generator, setting, CONNECTIONS)
            lanes += both.lanes(unary(), "new", [MANY], name=f"Evaluate, summary, new, {label}")
        run(lanes, generator, setting)
    one, two = (lane for lane in lanes if lane.beside)
    times = [ours / single for ours, single in zip(two.rates, one.rates, strict=True)]
    return Part(
        "workers",
        "Several worker processes",
        [f"{os.cpu_count()} cores for everything: servers, echo and generator; {CONNECTIONS} connections"],
        figures(lanes),
        {"Two workers against one": [{"what": "Evaluate, summary, new", "times": times}]},
    )
