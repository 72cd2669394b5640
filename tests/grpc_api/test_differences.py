"""Two messages are told apart field by field."""

from __future__ import annotations

from readygate.v1 import decision_pb2 as pb
from readygate.v1.evidence_pb2 import FactValue
from readygate_server.grpc_api.differences import Difference, differences


def decision() -> pb.Decision:
    """A decision with fields of every kind: enum, message, list of messages, list of texts, presence."""
    return pb.Decision(
        verdict=pb.VERDICT_NO_GO,
        tier=pb.TierAssignment(set_by=["audience"]),
        findings=[
            pb.Finding(
                rule_id="DAT-03",
                observations=[pb.Observation(observed=FactValue(number=0.9))],
            )
        ],
        engine_version="0.1.0",
    )


def test_equal_messages_do_not_differ() -> None:
    """Two messages with the same content have no differences."""
    assert list(differences(decision(), decision())) == []


def test_every_field_that_differs_is_named() -> None:
    """Paths lead into lists and submessages, in the order of the contract, and values are shown as text."""
    other = decision()
    other.verdict = pb.VERDICT_GO
    other.tier.set_by.append("autonomy")
    other.findings[0].observations[0].observed.number = 0.95
    other.findings.add(rule_id="DAT-04")
    other.engine_version = "0.2.0"
    assert list(differences(decision(), other)) == [
        Difference("verdict", "VERDICT_NO_GO", "VERDICT_GO"),
        Difference("tier.set_by[1]", "", "autonomy"),
        Difference("findings[0].observations[0].observed.number", "0.9", "0.95"),
        Difference("findings[1]", "", 'rule_id: "DAT-04"'),
        Difference("engine_version", "0.1.0", "0.2.0"),
    ]


def test_a_field_that_is_absent_differs_from_one_that_is_zero() -> None:
    """Absent is not zero: a fact that is stated as 0 differs from one that is not stated."""
    absent, zero = pb.Decision(), pb.Decision()
    zero.plan.SetInParent()
    assert [each.path for each in differences(absent, zero)] == ["plan"]
    assert [each.path for each in differences(FactValue(), FactValue(number=0.0))] == ["number"]


def test_a_long_value_is_cut() -> None:
    """A difference stays readable, however long the values are."""
    (only,) = differences(pb.Decision(as_of="x" * 500), pb.Decision())
    assert len(only.first) == 200
    assert only.first.endswith("…")
