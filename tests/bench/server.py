"""Loads one server process beside an empty echo servicer, in turn and in one run: `python -m tests.bench.server`.

Both run on grpc.aio and, where there are cores enough, on the same one; both get the same request bytes. The echo
answers as many bytes as readygate does, but bytes that were built once. What holds elsewhere is the ratio of the two:
they take turns, so that whatever else the machine does meets both, and each round gives a ratio of its own. Closed
loops keep a number of calls waiting; the open loop sends at a fixed rate and times each call from when it was due.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, NoReturn

from readygate.v1 import gate_pb2, ruleset_pb2
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.bootstrap import DEFAULT_RULESET
from tests.bench.contenders import Server, echo_server, gate_server
from tests.bench.load import Closed, Generators, Open, Target
from tests.bench.measure import Spread, cpu_seconds, machine, percentile
from tests.bench.processes import BenchError
from tests.bench.workload import AS_OF, workload

GENERATORS: Final = 2  # the echo is also loaded by one fewer and by one more, to show whether two are enough
BATCH: Final = 10
FEW: Final = Closed(8)
MANY: Final = Closed(64)
BATCHES: Final = Closed(4)
LEAST_CALLS: Final = 10  # a load counts for at least as long as this many calls take, one after the other
VIEWS: Final = (("VIEW_SUMMARY", pb.VIEW_SUMMARY), ("VIEW_FULL", pb.VIEW_FULL))
_SERVICE: Final = "/readygate.v1.GateService"


@dataclass(frozen=True)
class Case:
    """A request, the number of proposals in it, and the loads that it is sent in."""

    name: str
    method: str
    request: bytes
    items: int
    paces: Sequence[Closed | Open]

    @property
    def echo_method(self) -> str:
        """The echo servicer's method that answers as many bytes."""
        return f"/bench.Echo/{self.name.replace(' ', '-')}"


@dataclass(frozen=True)
class Trial:
    """One load on one server, and what its rounds gave; `alone` is the time of a call that waits for no other."""

    server: Server
    target: Target
    pace: Closed | Open
    items: int
    alone: float
    processes: int = GENERATORS
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    server_busy: list[float] = field(default_factory=list)
    generator_busy: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        """Returns the figures in one line."""
        p50, p99 = (percentile(self.latencies, share) * 1000 for share in (0.5, 0.99))
        busy = f"{statistics.median(self.server_busy):.0%}, generator {statistics.median(self.generator_busy):.0%}"
        return (
            f"{self.server.name:9} {Spread.of(self.rates):,.0f} per second; p50 {p50:.1f} ms, p99 {p99:.1f} ms "
            f"of {len(self.latencies)} calls; busy: server {busy}"
        )


@dataclass(frozen=True)
class Pair:
    """The same load on both servers."""

    case: Case
    gate: Trial
    echo: Trial

    def __str__(self) -> str:
        """Returns the figures of both, and their ratio."""
        pace = self.gate.pace
        load = f"{pace.outstanding} outstanding" if isinstance(pace, Closed) else f"open loop, {pace.rate:g} per second"
        lines = [f"  {load}", f"    {self.gate}", f"    {self.echo}"]
        if isinstance(pace, Closed):
            ratios = [ours / theirs for ours, theirs in zip(self.gate.rates, self.echo.rates, strict=True)]
            lines.append(f"    readygate/echo {Spread.of(ratios):.3f}")
        return "\n".join(lines)


def cases(ruleset: str, rate: float) -> list[Case]:
    """Returns what is measured: one proposal and a batch of them, in both views."""
    selector = ruleset_pb2.RulesetSelector(name=ruleset)
    proposal = workload()
    found = []
    for view, number in VIEWS:
        item = pb.EvaluateRequest(
            request_id="bench", proposal=proposal, gate=gate_pb2.GATE_COMMIT, as_of=AS_OF, view=number
        )
        batch = pb.BatchEvaluateRequest(items=[item] * BATCH, ruleset=selector)
        item.ruleset.CopyFrom(selector)
        one, many = item.SerializeToString(), batch.SerializeToString()
        found.append(Case(f"Evaluate {view}", f"{_SERVICE}/Evaluate", one, 1, (FEW, MANY, Open(rate))))
        found.append(Case(f"BatchEvaluate of {BATCH} {view}", f"{_SERVICE}/BatchEvaluate", many, BATCH, (BATCHES,)))
    return found


def checked(reply: bytes, case: Case) -> bytes:
    """Returns a reply; raises BenchError unless every proposal in its request was judged."""
    if case.items == 1:
        judged = int(pb.EvaluateResponse.FromString(reply).HasField("decision"))
    else:
        judged = sum(result.HasField("response") for result in pb.BatchEvaluateResponse.FromString(reply).results)
    if judged != case.items:
        raise BenchError(f"{case.name}: {judged} of {case.items} proposals were judged")
    return reply


def time_alone(target: Target, generators: Generators) -> float:
    """Returns how long a call takes that is the only one: the least of a few."""
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        generators.ask(target)
        seconds.append(time.monotonic() - start)
    return min(seconds)


def pairs_of(
    wanted: Sequence[Case], replies: Mapping[str, bytes], gate: Server, echo: Server, generators: Generators
) -> list[Pair]:
    """Returns every load of every case, for both servers."""
    found = []
    for case in wanted:
        size = len(replies[case.echo_method])
        ours = Target(gate.address, case.method, case.request, size)
        theirs = Target(echo.address, case.echo_method, case.request, size)
        slow, fast = time_alone(ours, generators), time_alone(theirs, generators)
        found += [
            Pair(case, Trial(gate, ours, pace, case.items, slow), Trial(echo, theirs, pace, case.items, fast))
            for pace in case.paces
        ]
    return found


def generator_trials(pairs: Sequence[Pair]) -> list[Trial]:
    """Returns the heaviest load on the echo, from one generator fewer and from one more than otherwise."""
    usual = _usual(pairs)
    return [
        Trial(usual.server, usual.target, usual.pace, usual.items, usual.alone, GENERATORS + change)
        for change in (-1, 1)
    ]


def _usual(pairs: Sequence[Pair]) -> Trial:
    return next(pair.echo for pair in pairs if pair.echo.pace == MANY)


def run(trial: Trial, generators: Generators, *, seconds: float) -> None:
    """Puts a load on its server once and keeps what came of it.

    A closed loop counts once all calls that were sent at its start may have been answered: those waited less.
    """
    warm_up = trial.pace.outstanding * trial.alone if isinstance(trial.pace, Closed) else 0.0
    seconds = max(seconds, LEAST_CALLS * trial.alone)
    window = generators.start(trial.target, trial.pace, warm_up=warm_up, seconds=seconds, processes=trial.processes)
    _wait_until(window.start)
    before, start = cpu_seconds(trial.server.pid), time.monotonic()
    _wait_until(window.end)
    busy = (cpu_seconds(trial.server.pid) - before) / (time.monotonic() - start)
    samples = generators.collect(window, processes=trial.processes)
    latencies = [latency for sample in samples for latency in sample.latencies]
    if not latencies:
        raise BenchError(f"{trial.server.name}: no call ended within {seconds} s")
    trial.rates.append(len(latencies) * trial.items / seconds)
    trial.latencies.extend(latencies)
    trial.server_busy.append(busy)
    trial.generator_busy.append(max(sample.busy for sample in samples))


def _wait_until(moment: float) -> None:
    time.sleep(max(moment - time.monotonic(), 0))


def split_cores() -> tuple[set[int], set[int]]:
    """Returns the core of the servers and those of the generators; none, for any, where there are too few to part."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    cores = os.sched_getaffinity(0)
    return ({max(cores)}, cores - {max(cores)}) if len(cores) > GENERATORS else (set(), set())


def compare(options: argparse.Namespace) -> None:
    """Starts everything, runs the rounds, prints the figures, and stops everything."""
    wanted = cases(options.ruleset, options.rate)
    own, others = split_cores()
    with ExitStack() as stack:
        generators = stack.enter_context(Generators(GENERATORS + 1, others))
        gate = stack.enter_context(gate_server(own))
        replies = {
            case.echo_method: checked(generators.ask(Target(gate.address, case.method, case.request)), case)
            for case in wanted
        }
        echo = stack.enter_context(echo_server(replies, own))
        pairs = pairs_of(wanted, replies, gate, echo, generators)
        extra = generator_trials(pairs)
        print(
            f"{options.ruleset}; servers on cores {sorted(own) or 'any'}, {GENERATORS} generators on "
            f"{sorted(others) or 'any'}; loads of {options.seconds:g} s",
            flush=True,
        )
        trials = [*(trial for pair in pairs for trial in (pair.gate, pair.echo)), *extra]
        done = run_rounds(trials, generators, options)
    print(f"{done} of {options.rounds} rounds; median (least to greatest)")
    report(pairs, extra)


def run_rounds(trials: Sequence[Trial], generators: Generators, options: argparse.Namespace) -> int:
    """Runs all loads in turn, again and again; returns how many rounds there was time for, which is at least one."""
    begun = time.monotonic()
    for number in range(options.rounds):
        elapsed = time.monotonic() - begun
        if number and elapsed * (number + 1) / number > options.limit:
            return number
        for trial in trials:
            run(trial, generators, seconds=options.seconds)
    return int(options.rounds)


def report(pairs: Sequence[Pair], extra: Sequence[Trial]) -> None:
    """Prints the figures of all loads, and whether the generators were enough."""
    case = None
    for pair in pairs:
        if pair.case is not case:
            case = pair.case
            unit = "" if case.items == 1 else "; rates are proposals per second, times are of whole batches"
            print(f"{case.name}: request {len(case.request)} bytes, reply {pair.gate.target.reply_bytes} bytes{unit}")
        print(pair)
    print(f"is the generator the limit? echo, {MANY.outstanding} outstanding, by number of generator processes:")
    for trial in sorted([*extra, _usual(pairs)], key=lambda each: each.processes):
        print(f"  {trial.processes}: {trial}")


def _terminate(_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)  # leaves through every `with`, so that all processes are stopped


def _positive(text: str) -> float:
    if not (value := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"got {text}, expected a number above 0")
    return value


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=_positive, default=0.7, help="seconds of each load (default: %(default)s)")
    parser.add_argument(
        "--limit", type=_positive, default=105.0, help="seconds that no round is to exceed (default: %(default)s)"
    )
    parser.add_argument(
        "--rate", type=_positive, default=30.0, help="calls per second, open loop (default: %(default)s)"
    )
    parser.add_argument("--ruleset", default=DEFAULT_RULESET, help="ruleset to judge by (default: %(default)s)")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least one round is needed")
    signal.signal(signal.SIGTERM, _terminate)
    print(machine())
    started = time.monotonic()
    try:
        compare(options)
    except BenchError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(f"{time.monotonic() - started:.0f} s, load now {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
