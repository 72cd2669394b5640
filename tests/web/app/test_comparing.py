"""Two decisions held against each other, and the facts that a finding turns on."""

from __future__ import annotations

import pytest

from readygate.v1 import decision_pb2 as pb
from readygate.v1.gate_pb2 import GATE_COMMIT, GATE_PILOT
from readygate.v1.ruleset_pb2 import EffortRange, WaitRange
from readygate_server.adapters.words import effort_text, weeks_text
from readygate_server.domain.facts import FactRef
from readygate_server.web.app.comparing import compare
from readygate_server.web.app.fact_groups import facts_behind

BLOCKS, CONDITIONS, NONE = pb.EFFECT_BLOCKS, pb.EFFECT_CONDITIONS, pb.EFFECT_NONE


def decision(
    *findings: tuple[str, pb.Effect.ValueType], verdict: pb.Verdict.ValueType = pb.VERDICT_NO_GO
) -> pb.Decision:
    """Returns a decision with findings."""
    outcomes = {BLOCKS: pb.OUTCOME_VIOLATED, CONDITIONS: pb.OUTCOME_VIOLATED, NONE: pb.OUTCOME_SATISFIED}
    made = pb.Decision(verdict=verdict, gate=GATE_COMMIT)
    for rule_id, effect in findings:
        made.findings.add(rule_id=rule_id, subject="crm", effect=effect, outcome=outcomes[effect])
    return made


def test_each_finding_that_moved_is_told_once() -> None:
    """What blocked, what blocks, and what comes out otherwise without blocking; also findings that came or went."""
    before = decision(("A", BLOCKS), ("B", NONE), ("C", CONDITIONS), ("D", BLOCKS), ("E", BLOCKS))
    now = decision(("A", NONE), ("B", BLOCKS), ("C", NONE), ("D", BLOCKS), ("F", BLOCKS))

    found = compare(before, now)

    assert [each.rule_id for each in found.no_longer_blocking] == ["A", "E"]
    assert [each.rule_id for each in found.newly_blocking] == ["B", "F"]
    assert [each.rule_id for each in found.otherwise] == ["C"]
    assert (len(found.before.blockers), len(found.now.blockers)) == (3, 3)
    assert not found.is_same


def test_what_is_the_same_is_said_to_be() -> None:
    """Also for another verdict with the same findings."""
    one = decision(("A", BLOCKS))

    assert compare(one, decision(("A", BLOCKS))).is_same
    assert not compare(one, decision(("A", BLOCKS), verdict=pb.VERDICT_UNDETERMINED)).is_same


def test_the_way_to_yes_is_the_first_at_the_same_gate_without_narrowing() -> None:
    """Its items come in the order of their waves."""
    made = decision(("A", BLOCKS))
    made.plan.items.add(id="W-A", wave=2)
    made.plan.items.add(id="W-B", wave=1)
    made.ways_to_yes.add(verdict=pb.VERDICT_GO, gate=GATE_COMMIT, item_ids=["W-A"]).narrowings.add(
        fact="deployment.audience"
    )
    made.ways_to_yes.add(verdict=pb.VERDICT_GO, gate=GATE_PILOT, item_ids=["W-A"])
    made.ways_to_yes.add(verdict=pb.VERDICT_GO_WITH_CONDITIONS, gate=GATE_COMMIT, item_ids=["W-A", "W-B"])

    way = compare(made, made).now.way

    assert way is not None
    assert (way.verdict, [each.id for each in way.items]) == (pb.VERDICT_GO_WITH_CONDITIONS, ["W-B", "W-A"])


def test_a_finding_turns_on_the_parts_and_inputs_of_its_facts() -> None:
    """Of its own subject, or of the one that a missing fact names; what is satisfied is left out."""
    finding = pb.Finding(rule_id="A", subject="crm", missing_facts=["source[kb].authority", "source.accuracy"])
    finding.observations.add(fact="source.staleness_excess", outcome=pb.OUTCOME_VIOLATED)
    finding.observations.add(fact="gov.inventory_id", outcome=pb.OUTCOME_VIOLATED)
    finding.observations.add(fact="source.validity", outcome=pb.OUTCOME_SATISFIED)

    refs = facts_behind(finding)

    assert refs[0] == FactRef("source.authority", "kb")
    assert FactRef("source.accuracy.ratio", "crm") in refs
    assert FactRef("source.freshness_lag_p95", "crm") in refs
    assert FactRef("source.max_staleness", "crm") in refs
    assert FactRef("gov.inventory_id") in refs
    assert FactRef("source.validity", "crm") not in refs


@pytest.mark.parametrize(
    ("low", "high", "text"), [(0.1, 0.4, "0.1-0.4"), (2, 2, "2"), (17.5, 79, "17.5-79"), (417, 1_680.4, "417-1,680")]
)
def test_ranges_are_read_by_people(low: float, high: float, text: str) -> None:
    """No power of ten stands in a report."""
    assert effort_text(EffortRange(min_person_weeks=low, max_person_weeks=high)) == text
    assert weeks_text(WaitRange(min_weeks=low, max_weeks=high)) == text
