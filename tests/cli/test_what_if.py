"""`readygate check --set`: the same proposal, had it said something else."""

from __future__ import annotations

from google.protobuf.json_format import Parse

from readygate.v1.decision_pb2 import OUTCOME_SATISFIED, OUTCOME_UNKNOWN, OUTCOME_VIOLATED
from readygate.v1.gate_service_pb2 import EvaluateResponse
from tests.cli.command import CHECK, Ran, check_example, together


def outcome(ran: Ran, rule: str, subject: str) -> int:
    """Returns the outcome of one rule for one asset."""
    findings = Parse(ran.out, EvaluateResponse()).decision.findings
    return next(each.outcome for each in findings if (each.rule_id, each.subject) == (rule, subject))


def test_a_fact_is_set_or_taken_away() -> None:
    """A value takes the place of the proposal's, and an empty one makes the fact unknown."""
    changes = ("source[crm].completeness=0.94", "source[crm].completeness=0.99", "source[crm].completeness=")
    runs = together(*((*CHECK, "--set", change, "--format", "json") for change in changes))
    expected = [OUTCOME_VIOLATED, OUTCOME_SATISFIED, OUTCOME_UNKNOWN]
    assert [outcome(ran, "DAT-03", "crm") for ran in runs] == expected


def test_several_changes_hold_together() -> None:
    """`--set` can be repeated, for one asset and another."""
    changes = ("--set", "source[crm].completeness=0.99", "--set", "api[order-api].spec_valid=true")
    ran = check_example(*changes, "--format", "json")
    assert outcome(ran, "DAT-03", "crm") == outcome(ran, "API-01", "order-api") == OUTCOME_SATISFIED


REFUSED = [
    (
        "source[crm].completness=0.99",
        "there is no such fact: got 'source.completness'; did you mean source.completeness?",
    ),
    ("source[crm].completeness=1.5", "out of range: got 1.5, expected a number from 0 to 1"),
    ("source[crm].completeness=nan", "nan"),
    ("source[crm].completeness=many", "many"),
    ("deployment.autonomy_level=l9", "expected one of l1_operator, l2_collaborator"),
    ("source.completeness=0.99", "source"),
    ("source[nope].completeness=0.5", "expected one of crm, kb, orders"),
    ("source[crm].completeness", "expected FACT=VALUE"),
    ("source[crm.completeness=1", "source[crm.completeness=1"),
]


def test_a_change_that_makes_no_sense_ends_with_3() -> None:
    """A misspelt fact, an unknown asset or a value that does not fit is refused with what was expected."""
    runs = together(*((*CHECK, "--set", change) for change, _ in REFUSED))
    for ran, (_, said) in zip(runs, REFUSED, strict=True):
        assert (ran.code, ran.out) == (3, "")
        assert said in ran.err
        assert "Traceback" not in ran.err
