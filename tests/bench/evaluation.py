"""Times one evaluation in this process, loading the rulesets, and watches memory: `python -m tests.bench.evaluation`.

The yardstick is the same process reading the same proposal: parsing its bytes and flattening its facts, which any
engine has to do. Nothing is remembered from one evaluation to the next, so that asking the same each time is no
shortcut. Processor time is given as well, because it leaves out what others do on the same cores. `--soak` adds 500,000
evaluations and 50 reloads and prints the memory along the way.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.application.selection import Selection
from readygate_server.bootstrap import Snapshot, fact_directory, load_snapshot, settle_heap
from readygate_server.domain.vocabulary import Gate
from readygate_server.grpc_api.decision_messages import decision_message
from tests.bench.measure import Timing, machine, resident_mib, time_calls
from tests.bench.workload import AS_OF, workload

RULESETS = ("operational-readiness", "operational-readiness-full")
SOAK_EVALUATIONS, SOAK_RELOADS, REPORTS = 500_000, 50, 10


def print_times(snapshot: Snapshot) -> None:
    """Prints the time of one evaluation for each ruleset and view, with its ratio to the yardstick."""
    proposal = workload()
    wire = proposal.SerializeToString()
    floor = time_calls(lambda: facts_of(Proposal.FromString(wire)))
    print(f"yardstick, parse {len(wire)} bytes and flatten: {floor}")
    for name in RULESETS:
        active = snapshot.select(Selection(name), as_of=AS_OF)
        for label, full in (("verdict and findings", False), ("with plan and ways to yes", True)):
            timing = _time_evaluation(active, proposal, full=full)
            ratio = timing.median / floor.median
            print(f"{len(active.ruleset.rules)} rules, {label}: {timing}; {ratio:.1f} x yardstick")
            print(f"{len(active.ruleset.rules)} rules, {label}: {_processor_time(active, proposal, full=full)}")
        print(f"{len(active.ruleset.rules)} rules, judging alone: {_time_judging(active, proposal)}")
        print(f"{len(active.ruleset.rules)} rules, building the full reply: {_time_reply(active, proposal)}")


def _time_evaluation(active: ActiveRuleset, proposal: Proposal, *, full: bool) -> Timing:
    question = Question(Gate.COMMIT, AS_OF, full=full)
    return time_calls(lambda: evaluate(active, dossier_of(proposal), question), calls=100 if full else 300)


def _time_judging(active: ActiveRuleset, proposal: Proposal) -> Timing:
    """Times the rules without the reading: facts, evidence and digest are read before, and nothing else is."""
    dossier, question = dossier_of(proposal), Question(Gate.COMMIT, AS_OF, full=False)
    evaluate(active, dossier, question)  # reads what the dossier then keeps
    return time_calls(lambda: evaluate(active, dossier, question))


def _processor_time(active: ActiveRuleset, proposal: Proposal, *, full: bool, passes: int = 100) -> str:
    """Returns the least, the lower quartile and the median of passes of ten evaluations."""
    question = Question(Gate.COMMIT, AS_OF, full=full)
    times = []
    for _ in range(passes):
        start = time.thread_time()
        for _ in range(10):
            evaluate(active, dossier_of(proposal), question)
        times.append((time.thread_time() - start) * 100)
    least, quarter, middle = min(times), *statistics.quantiles(times, n=4)[:2]
    return f"processor time {least:.3f} ms at least, {quarter:.3f} in the lower quartile, median {middle:.3f}"


def _time_reply(active: ActiveRuleset, proposal: Proposal) -> Timing:
    directory = fact_directory()
    decision = evaluate(active, dossier_of(proposal), Question(Gate.COMMIT, AS_OF))
    return time_calls(lambda: decision_message(decision, directory).SerializeToString())


def print_load() -> None:
    """Prints how long the rulesets take to load and compile."""
    timing = time_calls(lambda: load_snapshot().compile_all(), passes=3, calls=3)
    print(f"load, check and compile all rulesets: {timing}")


def soak(snapshot: Snapshot) -> None:
    """Prints the resident memory while evaluating and reloading."""
    proposal = workload()
    print(f"memory at the start: {resident_mib():.1f} MiB")
    for part in range(REPORTS):
        start = time.perf_counter()
        active = snapshot.select(Selection(RULESETS[1]), as_of=AS_OF)
        for _ in range(SOAK_EVALUATIONS // REPORTS):
            evaluate(active, dossier_of(proposal), Question(Gate.COMMIT, AS_OF, full=False))
        seconds = time.perf_counter() - start
        for _ in range(SOAK_RELOADS // REPORTS):
            snapshot = load_snapshot().compile_all()
        done = (part + 1) * SOAK_EVALUATIONS // REPORTS
        print(
            f"after {done} evaluations and {(part + 1) * SOAK_RELOADS // REPORTS} reloads: {resident_mib():.1f} MiB "
            f"({seconds / (SOAK_EVALUATIONS // REPORTS) * 1000:.3f} ms each)",
            flush=True,
        )


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak", action="store_true", help="also watch memory; takes several minutes")
    options = parser.parse_args()
    print(machine())
    snapshot = load_snapshot().compile_all()
    settle_heap()  # as the server does after each load
    print_times(snapshot)
    print_load()
    if options.soak:
        soak(snapshot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
