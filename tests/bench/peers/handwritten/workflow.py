"""Rules about workflows."""

from __future__ import annotations

import math

from readygate.v1.deployment_pb2 import AUDIENCE_STAFF
from readygate.v1.workflow_pb2 import (
    REDESIGN_STATUS_APPROVED_BY_OWNER,
    TOOL_EMBEDDING_NATIVE,
    TOOL_EMBEDDING_SIDE_PANEL,
    Workflow,
)
from tests.bench.peers.handwritten.case import NOT_ASKED, T1, Case

WHERE_PEOPLE_WORK = (TOOL_EMBEDDING_NATIVE, TOOL_EMBEDDING_SIDE_PANEL)

MODEL_AGE = (180, 180, 90, 90)
LOGGED_CASES = (200, 500, 1000, 1000)
LOGGED_WEEKS = 8
STABLE_WEEKS = (8, 8, 12, 12)
DAYS_FROM_CHANGE = (NOT_ASKED, 30, 60, 90)
CONFORMANCE_FITNESS = (NOT_ASKED, 0.80, 0.85, 0.90)
VARIANTS = (math.inf, 20, 10, 5)
REWORK_RATE = EXCEPTION_RATE = (math.inf, 0.30, 0.20, 0.10)
RULE_COVERAGE = (NOT_ASKED, 0.80, 0.90, 1.0)
HANDOFF_SUCCESS = (NOT_ASKED, 0.95, 0.98, 0.98)
HANDOFF_REHEARSALS = (NOT_ASKED, 50, 100, 100)


def is_owned_and_modelled(workflow: Workflow, case: Case) -> bool:
    """WFL-01."""
    return bool(workflow.owner.person) and case.within_last(MODEL_AGE[case.tier], workflow.model_date)


def is_logged(workflow: Workflow, case: Case) -> bool:
    """WFL-02."""
    log = workflow.event_log_cases
    return log.cases >= LOGGED_CASES[case.tier] and log.weeks >= LOGGED_WEEKS


def is_stable(workflow: Workflow, case: Case) -> bool:
    """WFL-03."""
    change, days = workflow.days_since_material_change, DAYS_FROM_CHANGE[case.tier]
    return (
        workflow.stable_weeks >= STABLE_WEEKS[case.tier] and change.days_since >= days and change.days_to_next >= days
    )


def follows_its_model(workflow: Workflow, case: Case) -> bool:
    """WFL-04."""
    if case.tier == T1:
        return True
    return (
        workflow.conformance_fitness >= CONFORMANCE_FITNESS[case.tier]
        and workflow.HasField("variants_for_80pct")
        and workflow.variants_for_80pct <= VARIANTS[case.tier]
    )


def is_done_once(workflow: Workflow, case: Case) -> bool:
    """WFL-05."""
    if case.tier == T1:
        return True
    return (
        workflow.HasField("rework_rate")
        and workflow.rework_rate <= REWORK_RATE[case.tier]
        and workflow.HasField("exception_rate")
        and workflow.exception_rate <= EXCEPTION_RATE[case.tier]
    )


def has_written_rules(workflow: Workflow, case: Case) -> bool:
    """WFL-06."""
    return workflow.rule_coverage >= RULE_COVERAGE[case.tier]


def leads_to_a_person(workflow: Workflow, case: Case) -> bool:
    """WFL-07."""
    handoff = workflow.handoff_success
    return handoff.success_ratio >= HANDOFF_SUCCESS[case.tier] and handoff.rehearsals >= HANDOFF_REHEARSALS[case.tier]


def is_redesigned(workflow: Workflow, case: Case) -> bool:
    """WFL-08."""
    if workflow.redesign_status != REDESIGN_STATUS_APPROVED_BY_OWNER:
        return False
    deployment = case.deployment
    may_meet_staff = AUDIENCE_STAFF in deployment.audience.members or not deployment.HasField("audience")
    return not may_meet_staff or workflow.tool_embedding in WHERE_PEOPLE_WORK
