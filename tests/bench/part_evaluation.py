"""Part `evaluation`: one evaluation in process beside hand-written Python functions for the same rules."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import ProposalDossier, dossier_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.readings import recalled_parts_of
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.application.selection import Selection
from readygate_server.bootstrap import load_snapshot, settle_heap
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.domain.vocabulary import Gate
from readygate_server.grpc_api.judging import judge as answer
from readygate_server.grpc_api.requests import Asked
from tests.bench.generator import Generator
from tests.bench.marks import numbered
from tests.bench.peers.handwritten import judge
from tests.bench.portfolio import KINDS, Kind, proposals
from tests.bench.run import Part, Setting
from tests.bench.workload import AS_OF

CALLS: Final = 20
ROUNDS: Final = 25
BASE: Final = "hand-written functions"


def contenders(ruleset: str) -> Mapping[str, Callable[[Proposal, int], object]]:
    """Returns what is timed; all are given the message, and the functions the tier as well."""
    active = load_snapshot().select(Selection(ruleset), as_of=AS_OF)
    gate = ServedRules()
    short, full = Question(Gate.COMMIT, AS_OF, full=False), Question(Gate.COMMIT, AS_OF)
    return {
        BASE: lambda proposal, tier: judge(proposal, tier=tier, as_of=AS_OF),
        "flattening alone": lambda proposal, _: facts_of(proposal),
        "readygate, verdict and findings": lambda proposal, _: evaluate(active, dossier_of(proposal), short),
        "readygate, with plan and ways to yes": lambda proposal, _: evaluate(active, dossier_of(proposal), full),
        "readygate recalling, verdict and findings": lambda proposal, _: evaluate(active, _recalled(proposal), short),
        "readygate recalling, plan and ways as well": lambda proposal, _: evaluate(active, _recalled(proposal), full),
        "readygate as a server: checked, judged, bytes of the summary": lambda proposal, _: _answered(
            gate, active, proposal
        ),
    }


def _recalled(proposal: Proposal) -> ProposalDossier:
    return dossier_of(proposal, recalled_parts_of(proposal))


def _answered(gate: ServedRules, active: ActiveRuleset, proposal: Proposal) -> bytes:
    return answer(gate, active, gate.dossier_of(proposal), Asked(Gate.COMMIT, AS_OF, full=False)).body


def measure(setting: Setting, _generator: Generator) -> Part:
    """Runs the part."""
    timed = contenders(setting.ruleset)
    settle_heap()
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        rows += _rows(kind, _times(kind, timed, setting))
    return Part(
        "evaluation",
        "One evaluation in process",
        [
            "Processor time of 5 data sources, 6 APIs and 4 workflows against 68 rules. Messages are parsed before.",
            "The functions are told the tier, return booleans, and look at no evidence.",
            "Recalling, and the server, keep what was found about assets and whole answers from one call to the next.",
        ],
        tables={"Time of one evaluation": rows},
    )


def _times(kind: Kind, timed: Mapping[str, Any], setting: Setting) -> dict[str, list[float]]:
    """Returns the µs of each round; every round has proposals that no round before had."""
    every, serial = proposals(kind, setting.requests), 0
    tiers_of = _tiers(every, setting.ruleset)
    found: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(3 if setting.quick else ROUNDS):
        for name, call in timed.items():
            serials = range(serial, serial + CALLS)
            serial += CALLS
            tiers = [tiers_of[each % len(every)] for each in serials]
            wires = [numbered(every[each % len(every)].SerializeToString(), each) for each in serials]
            asked = [Proposal.FromString(wire) for wire in wires]
            gc.collect()
            start = time.process_time()
            for proposal, tier in zip(asked, tiers, strict=True):
                call(proposal, tier)
            if number:
                found[name].append((time.process_time() - start) / CALLS * 1e6)
    return found


def _tiers(every: Sequence[Proposal], ruleset: str) -> list[int]:
    """Returns the tier of each, found before its marks are replaced, so that none is known when it is timed."""
    active, question = load_snapshot().select(Selection(ruleset), as_of=AS_OF), Question(Gate.COMMIT, AS_OF, full=False)
    return [int(evaluate(active, dossier_of(each), question).tier.tier) for each in every]


def _rows(kind: Kind, times: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    return [
        {
            "what": name,
            "proposals": kind,
            "µs": list(mine),
            "of the functions": [ours / theirs for ours, theirs in zip(mine, times[BASE], strict=True)],
        }
        for name, mine in times.items()
    ]
