"""Part `curves`: how the time of an evaluation grows with rules and assets, and that of a call with its batch."""

from __future__ import annotations

import gc
import itertools
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.application.selection import Selection
from readygate_server.bootstrap import load_snapshot, settle_heap
from readygate_server.bootstrap.local import snapshot_of
from readygate_server.domain.vocabulary import Gate
from tests.bench.contenders import gate_server
from tests.bench.forms import batch
from tests.bench.generator import Generator
from tests.bench.lanes import Lane, figures
from tests.bench.load import Closed
from tests.bench.many_rules import NAME, files_of
from tests.bench.marks import numbered
from tests.bench.part_calls import ASKED, run
from tests.bench.portfolio import proposals, with_assets
from tests.bench.run import Part, Setting
from tests.bench.workload import AS_OF

RULES: Final = (10, 20, 34, 68, 136, 272, 500, 1_000)
ASSETS: Final = (1, 3, 15, 50, 100, 200, 350, 500)
BATCHES: Final = (1, 2, 5, 10, 20, 50, 100)
PROPOSALS: Final = 12
SERIALS: Final = itertools.count()
QUESTION: Final = Question(Gate.COMMIT, AS_OF, full=False)


@dataclass(frozen=True)
class Point:
    """A size, what is evaluated there, and the ms of processor time of each round.

    Marks in the proposals get new numbers every time, so that no asset was seen before.
    """

    size: int
    active: ActiveRuleset
    wires: Sequence[bytes]
    rounds: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Evaluates every proposal once, each read from its bytes first."""
        read = [Proposal.FromString(numbered(wire, next(SERIALS))) for wire in self.wires]
        gc.collect()
        start = time.thread_time()
        for proposal in read:
            evaluate(self.active, dossier_of(proposal), QUESTION)
        self.rounds.append((time.thread_time() - start) * 1000 / len(read))


def rules_points(sizes: Sequence[int], count: int) -> list[Point]:
    """Returns the points of different rules and the same proposals."""
    wires = [each.SerializeToString() for each in proposals("new", count)]
    found = []
    for size in sizes:
        snapshot = snapshot_of(load_rulesets(files_of(size)))
        found.append(Point(size, snapshot.select(Selection(NAME), as_of=AS_OF), wires))
    return found


def assets_points(sizes: Sequence[int], count: int, ruleset: str) -> list[Point]:
    """Returns the points of the same rules and proposals of different sizes."""
    active = load_snapshot().select(Selection(ruleset), as_of=AS_OF)
    return [
        Point(
            size,
            active,
            [with_assets(size, seed=n).SerializeToString() for n in range(max(count * 15 // (size + 15), 2))],
        )
        for size in sizes
    ]


def line(points: Mapping[int, float]) -> dict[str, float]:
    """Returns the line through points by least squares of relative errors, and the greatest relative error."""
    weights = {size: 1 / value**2 for size, value in points.items()}
    total = sum(weights.values())
    mean_size = sum(weights[size] * size for size in points) / total
    mean_value = sum(weights[size] * points[size] for size in points) / total
    across = sum(weights[size] * (size - mean_size) ** 2 for size in points)
    slope = sum(weights[size] * (size - mean_size) * (points[size] - mean_value) for size in points) / across
    start = mean_value - slope * mean_size
    worst = max(abs(start + slope * size - value) / value for size, value in points.items())
    sizes = sorted(points)
    middle, last = sizes[len(sizes) // 2], sizes[-1]
    return {
        "at size 0": start,
        "for each unit": slope,
        "greatest relative error of the line": worst,
        "time per unit, largest to middle": (points[last] / last) / (points[middle] / middle),
        "exponent between middle and largest": _exponent(middle, last, points),
    }


def measure(setting: Setting, generator: Generator) -> Part:
    """Runs the part."""
    rules, assets, batches = (sizes[:3] if setting.quick else sizes for sizes in (RULES, ASSETS, BATCHES))
    count = 2 if setting.quick else PROPOSALS
    curves = {"rules": rules_points(rules, count), "assets": assets_points(assets, count, setting.ruleset)}
    settle_heap()
    for _ in range(setting.rounds + 1):
        for points in curves.values():
            for point in points:
                point.run()
    lanes = _batches(batches, setting, generator)
    tables: dict[str, Sequence[Mapping[str, Any]]] = {}
    fits: list[Mapping[str, Any]] = []
    for name, points in curves.items():
        kept = {point.size: point.rounds[1:] for point in points}
        tables[f"Evaluation by number of {name}, ms of processor time"] = _rows(kept)
        fits.append({"over": name} | line({size: statistics.median(times) for size, times in kept.items()}))
    kept = {lane.items: [t / 1000 for s in lane.rounds for t in [statistics.median(s.times)]] for lane in lanes}
    tables["Call by number of proposals in its batch, ms until the reply"] = _rows(kept)
    fits.append({"over": "batch"} | line({size: statistics.median(times) for size, times in kept.items()}))
    tables["Straight lines through them, ms"] = fits
    return Part(
        "curves",
        "How cost grows",
        [
            "New proposals; in process, from the message to verdict and findings: reading, digest, judging.",
            "Rules are the packaged ones, some of them or all again under new ids; assets have their evidence.",
            "A line that fits, and a time per unit that does not grow: cost is linear. An exponent of 1 is linear.",
        ],
        figures(lanes),
        tables,
    )


def _rows(points: Mapping[int, Sequence[float]]) -> list[dict[str, Any]]:
    return [
        {"size": size, "ms": list(times), "ms for each": statistics.median(times) / size}
        for size, times in points.items()
    ]


def _batches(sizes: Sequence[int], setting: Setting, generator: Generator) -> list[Lane]:
    lanes = []
    with gate_server(setting.server_cores) as gate:
        for size in sizes:
            form = batch(size)
            requests = form.requests("new", count=setting.requests, view=pb.VIEW_SUMMARY, ruleset=setting.ruleset)
            calls = form.calls(gate.address, requests, ruleset=setting.ruleset)
            form.size_of(generator.ask(replace(calls, requests=requests[: max(ASKED // size, 1)])))
            lanes.append(Lane(f"batch of {size}", gate, calls, Closed(1), size, "new"))
        run(lanes, generator, setting)
    return lanes


def _exponent(one: int, other: int, points: Mapping[int, float]) -> float:
    """Returns the power of the size that the time grows with between two sizes."""
    return math.log(points[other] / points[one]) / math.log(other / one)
