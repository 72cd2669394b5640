"""From a request to a decision: what Evaluate, Simulate, a batch and a replay have in common."""

from __future__ import annotations

from typing import Final, NamedTuple

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.decision_pb2 import Decision as DecisionMessage
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.application.ports import Dossier
from readygate_server.domain.decision import Decision
from readygate_server.domain.memory import Memory
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Gate
from readygate_server.grpc_api.decision_messages import decision_bytes
from readygate_server.grpc_api.ports import ServedGate
from readygate_server.grpc_api.requests import Asked, Faults, read_asked


class Judged(NamedTuple):
    """A decision about a proposal, and the serialised message that says so."""

    decision: Decision
    body: bytes

    @property
    def message(self) -> DecisionMessage:
        """The message itself, parsed."""
        return DecisionMessage.FromString(self.body)


def read_request(
    gate: ServedGate, request: pb.EvaluateRequest | pb.SimulateRequest, faults: Faults
) -> tuple[Asked, Dossier]:
    """Reads what Evaluate and Simulate share; raises when anything in the whole request is wrong."""
    asked = read_asked(request, request.HasField("gate"), gate.today(), faults)
    dossier = None
    if request.HasField("proposal"):
        dossier = faults.gather(lambda: gate.dossier_of(request.proposal))
    else:
        faults.add("proposal", "the field is required", expected="a proposal")
    faults.report()
    assert dossier is not None, "a proposal that could not be read has faults"
    return asked, dossier


def judge(
    gate: ServedGate, active: ActiveRuleset, dossier: Dossier, asked: Asked, waivers: tuple[Waiver, ...] = ()
) -> Judged:
    """Judges a proposal that was read; one that was judged before, as it was.

    A decision follows from the facts, the ruleset, the gate and the day, and so do its bytes: the digests and these two
    are the key. What was waived or is in conflict is not part of a digest, so that such a decision is made each time.
    """
    wanted = asked.gate or dossier.target_gate or Gate.COMMIT
    question = Question(wanted, asked.as_of, waivers, full=asked.full)
    if waivers or dossier.conflicts:
        return _judged(gate, active, dossier, question)
    key = (active.ruleset.identity.digest, dossier.digest, wanted, asked.as_of, asked.full)
    known = _kept.recall(key)
    if known is None:
        known = _judged(gate, active, dossier, question)
        if len(known.body) <= _LONGEST_KEPT and _kept.is_known(key):
            _kept.keep(key, known)
    return known


def _judged(gate: ServedGate, active: ActiveRuleset, dossier: Dossier, question: Question) -> Judged:
    decision = evaluate(active, dossier, question)
    return Judged(decision, decision_bytes(decision, gate.guide, summary=not question.full))


_LONGEST_KEPT: Final = 131_072
_kept: Final[Memory[Judged]] = Memory(128)
"""What was judged lately. At most 128 KiB each and two generations of 128, so 32 MiB of answers."""
