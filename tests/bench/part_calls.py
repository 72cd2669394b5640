"""Part `calls`: one Evaluate per call, beside an empty echo with messages of the same sizes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from readygate.v1 import gate_service_pb2 as pb
from tests.bench.contenders import Server, echo_server, gate_server
from tests.bench.generator import Calls, Generator
from tests.bench.lanes import Lane, figures, run_rounds
from tests.bench.load import Closed, Open
from tests.bench.portfolio import KINDS, Kind, evaluate_request, proposals
from tests.bench.processes import BenchError
from tests.bench.run import Part, Setting

SERVICE: Final = "/readygate.v1.GateService"
EVALUATE: Final = f"{SERVICE}/Evaluate"
ASKED: Final = 50  # requests that are sent once before the load, and their replies read
VIEWS: Final = {"summary": pb.VIEW_SUMMARY, "full": pb.VIEW_FULL}


def unary(kind: Kind, setting: Setting, view: int = pb.VIEW_SUMMARY) -> tuple[bytes, ...]:
    """Returns requests of Evaluate."""
    return tuple(
        evaluate_request(each, view=view, ruleset=setting.ruleset).SerializeToString()
        for each in proposals(kind, setting.requests)
    )


def judged(replies: Sequence[bytes]) -> int:
    """Returns the mean size of replies of Evaluate; raises BenchError unless every one is a decision."""
    if not all(pb.EvaluateResponse.FromString(reply).HasField("decision") for reply in replies):
        raise BenchError("a proposal was not judged")
    return round(statistics.mean(map(len, replies)))


@contextmanager
def gate_and_echo(setting: Setting) -> Iterator[tuple[Server, Server]]:
    """Runs both servers, on the same cores."""
    with gate_server(setting.server_cores) as gate, echo_server({}, setting.server_cores) as echo:
        yield gate, echo


@dataclass(frozen=True)
class Pair:
    """Two servers that get the same calls."""

    gate: Server
    echo: Server
    generator: Generator

    def lanes(self, name: str, kind: Kind, requests: Sequence[bytes], paces: Sequence[Closed | Open]) -> list[Lane]:
        """Returns the lanes of one kind of request: on readygate, and beside it on the echo."""
        size = judged(self.generator.ask(Calls(self.gate.address, EVALUATE, requests[:ASKED])))
        ours = Calls(self.gate.address, EVALUATE, requests)
        theirs = Calls(self.echo.address, f"/bench.Echo/{size}", requests)
        found = []
        for pace in paces:
            beside = Lane(f"echo for {name}", self.echo, theirs, pace, kind=kind)
            found += [Lane(name, self.gate, ours, pace, kind=kind, beside=beside.name), beside]
        return found


def measure(setting: Setting, generator: Generator) -> Part:
    """Runs the part."""
    paces: list[Closed | Open] = [Closed(64), Closed(8), Open(setting.rate)]
    lanes: list[Lane] = []
    with gate_and_echo(setting) as (gate, echo):
        both = Pair(gate, echo, generator)
        for kind in KINDS:
            for view, number in VIEWS.items():
                if view == "full" and kind != "new":
                    continue
                name = f"Evaluate {view}, {kind}"
                requests = unary(kind, setting, number)
                wanted = paces if view == "summary" else paces[:2]
                lanes += both.lanes(name, kind, requests, wanted)
        run_rounds(lanes, generator, rounds=setting.rounds, seconds=setting.seconds, warm_up=setting.warm_up)
    return Part("calls", "One Evaluate per call beside an empty echo", lanes=figures(lanes))
