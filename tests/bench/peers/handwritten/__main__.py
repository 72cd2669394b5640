"""Times the hand-written functions and readygate on the same proposals: `python -m tests.bench.peers.handwritten`.

All take turns in one process, and processor time is what counts, because others may be busy on the same cores. The
functions are told the tier and answer yes or no; readygate works out the tier, holds the evidence against what is
demanded, and returns findings with what was observed and what is required. A proposal is timed as the same that is
asked about again and again, and as one that has never been seen, in which every asset has another owner.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.bootstrap import settle_heap
from readygate_server.domain.vocabulary import Gate
from tests.bench.measure import Spread, machine
from tests.bench.peers.cases import repaired
from tests.bench.peers.facts import tier_of
from tests.bench.peers.handwritten import judge
from tests.bench.workload import AS_OF, workload
from tests.builders import full_rules

ROUNDS, CALLS = 25, 20
Contender = Callable[[bytes, Proposal], object]


def contenders(gate: Gate, tier: int) -> dict[str, Contender]:
    """Returns what is timed, by its name; each takes a proposal as bytes and as a message."""
    active, question = full_rules(), Question(gate, AS_OF, full=False)
    return {
        "functions": lambda _, said: judge(said, tier=tier, as_of=AS_OF, gate=int(gate)),
        "readygate": lambda _, said: evaluate(active, dossier_of(said), question),
        "parsing": lambda wire, _: Proposal.FromString(wire),
        "parsing and flattening": lambda wire, _: facts_of(Proposal.FromString(wire)),
        "parsing and functions": lambda wire, _: judge(
            Proposal.FromString(wire), tier=tier, as_of=AS_OF, gate=int(gate)
        ),
        "parsing and readygate": lambda wire, _: evaluate(active, dossier_of(Proposal.FromString(wire)), question),
    }


def renamed(proposal: Proposal, names: Iterator[int]) -> Proposal:
    """Returns the proposal with owners whom nobody has heard of."""
    other = Proposal()
    other.CopyFrom(proposal)
    for assets in (other.data_sources, other.apis, other.workflows):
        for asset in assets:
            asset.owner.person = f"person {next(names)}"
    return other


def print_times(title: str, proposal: Proposal, gate: Gate, *, is_new: bool) -> None:
    """Prints the microseconds of each contender, taking turns in every round."""
    timed: dict[str, list[float]] = {name: [] for name in contenders(gate, 1)}
    names = count()
    tier = int(tier_of(proposal))
    for number in range(ROUNDS + 1):
        for name, call in contenders(gate, tier).items():
            asked = [renamed(proposal, names) if is_new else proposal for _ in range(CALLS)]
            given = [(each.SerializeToString(), each) for each in asked]
            gc.collect()
            start = time.process_time()
            for wire, said in given:
                call(wire, said)
            if number:  # the first round only warms up
                timed[name].append((time.process_time() - start) / CALLS * 1e6)
    print(f"{title}, {gate.name.lower()}, {'never seen before' if is_new else 'the same each time'}:")
    for name, times in timed.items():
        print(f"  {name}: {Spread.of(times):.0f} µs")
    for prefix in ("", "parsing and "):
        ratios = [
            slow / quick for slow, quick in zip(timed[f"{prefix}readygate"], timed[f"{prefix}functions"], strict=True)
        ]
        print(f"  {prefix}readygate over {prefix}functions: {Spread.of(ratios):.1f}")


def main() -> int:
    """Runs the comparison."""
    print(machine())
    full_rules()
    settle_heap()  # as the server does after each load
    for title, proposal in (("the benchmark's proposal", workload()), ("with its gaps closed", repaired())):
        for gate in (Gate.COMMIT, Gate.PRODUCTION):
            for is_new in (False, True):
                print_times(title, proposal, gate, is_new=is_new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
