"""Names of the domain as numbers of the contract."""

from __future__ import annotations

from collections.abc import Mapping

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import evidence_pb2, gate_pb2, ruleset_pb2
from readygate_server.domain.vocabulary import Effect, Gate, Grade, Outcome, Severity, Tier, Verdict

VERDICTS: Mapping[Verdict, pb.Verdict.ValueType] = {each: pb.Verdict.Value(f"VERDICT_{each.name}") for each in Verdict}
OUTCOMES: Mapping[Outcome, pb.Outcome.ValueType] = {each: pb.Outcome.Value(f"OUTCOME_{each.name}") for each in Outcome}
EFFECTS: Mapping[Effect, pb.Effect.ValueType] = {each: pb.Effect.Value(f"EFFECT_{each.name}") for each in Effect}
SEVERITIES: Mapping[Severity, ruleset_pb2.Severity.ValueType] = {
    each: ruleset_pb2.Severity.Value(f"SEVERITY_{each.name}") for each in Severity
}
GATES: Mapping[Gate, gate_pb2.Gate.ValueType] = {each: gate_pb2.Gate.Value(f"GATE_{each.name}") for each in Gate}
TIERS: Mapping[Tier, ruleset_pb2.Tier.ValueType] = {
    Tier.T1: ruleset_pb2.TIER_T1_ASSIST,
    Tier.T2: ruleset_pb2.TIER_T2_ADVISE,
    Tier.T3: ruleset_pb2.TIER_T3_ACT,
    Tier.T4: ruleset_pb2.TIER_T4_COMMIT,
}
GRADES: Mapping[Grade, evidence_pb2.EvidenceGrade.ValueType] = {
    Grade.E0: evidence_pb2.EVIDENCE_GRADE_E0_CLAIMED,
    Grade.E1: evidence_pb2.EVIDENCE_GRADE_E1_DOCUMENT,
    Grade.E2: evidence_pb2.EVIDENCE_GRADE_E2_MEASURED,
    Grade.E3: evidence_pb2.EVIDENCE_GRADE_E3_VERIFIED,
}
