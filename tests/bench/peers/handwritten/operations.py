"""Rules about operations."""

from __future__ import annotations

import math

from readygate.v1.ops_pb2 import ACCEPTANCE_THRESHOLD_STATUS_PRESET_MET, LOCAL_VALIDATION_STATUS_THIS_SITE
from tests.bench.peers.handwritten.case import NOT_ASKED, PRODUCTION, T1, T3, Case

EVAL_SET_SIZE = (100, 300, 500, 1000)
EVAL_PRODUCTION_SHARE = 0.7
GRADER_AGREEMENT = (0.6, 0.6, 0.7, 0.8)
EVAL_PASS_LOWER95 = (0.80, 0.90, 0.95, 0.97)
SLICE_GAP = 0.05
ROLLBACK_TEST_AGE = 90
ROLLBACK_MINUTES = (math.inf, 60, 15, 5)
FALLBACK_CAPACITY = (NOT_ASKED, 0.3, 0.5, 1.0)
EXERCISE_AGE = 180
REVIEW_CAPACITY = 1.2
DAYS_TO_REVIEW = 92
SITE_READINESS = (NOT_ASKED, 0.90, 0.95, 1.0)


def evaluation_is_sound(case: Case) -> bool:
    """OPS-01."""
    ops = case.ops
    return (
        ops.eval_set_size >= EVAL_SET_SIZE[case.tier]
        and ops.eval_production_share >= EVAL_PRODUCTION_SHARE
        and ops.grader_agreement >= GRADER_AGREEMENT[case.tier]
    )


def evaluation_is_passed(case: Case) -> bool:
    """OPS-02."""
    ops = case.ops
    return (
        ops.eval_pass_lower95 >= EVAL_PASS_LOWER95[case.tier]
        and ops.HasField("eval_critical_failures")
        and ops.eval_critical_failures <= 0
        and ops.HasField("slice_gap")
        and ops.slice_gap <= SLICE_GAP
        and (case.gate < PRODUCTION or _harm_is_tolerable(case))
    )


def change_is_tested(case: Case) -> bool:
    """OPS-03."""
    return case.ops.regression_gate and case.ops.version_pinned


def can_be_rolled_back(case: Case) -> bool:
    """OPS-04."""
    rollback = case.ops.rollback_minutes
    return case.within_last(ROLLBACK_TEST_AGE, rollback.tested_on) and (
        case.tier == T1 or (rollback.HasField("minutes") and rollback.minutes <= ROLLBACK_MINUTES[case.tier])
    )


def people_can_take_over(case: Case) -> bool:
    """OPS-05."""
    return case.ops.fallback_capacity >= FALLBACK_CAPACITY[case.tier]


def is_monitored(case: Case) -> bool:
    """OPS-06."""
    if case.tier < T3 and case.gate < PRODUCTION:
        return True
    return case.ops.monitoring_coverage >= 1.0 and case.within_last(EXERCISE_AGE, case.ops.incident_exercise)


def people_can_review(case: Case) -> bool:
    """OPS-07."""
    return case.ops.review_capacity >= REVIEW_CAPACITY and case.deployment.HasField("interactions_per_month")


def review_is_planned(case: Case) -> bool:
    """OPS-08."""
    return case.within_next(DAYS_TO_REVIEW, case.ops.next_review)


def is_validated_here(case: Case) -> bool:
    """OPS-09."""
    if case.tier == T1:
        return True
    validation = case.ops.local_validation
    return (
        validation.status == LOCAL_VALIDATION_STATUS_THIS_SITE
        and validation.independent
        and case.ops.acceptance_threshold == ACCEPTANCE_THRESHOLD_STATUS_PRESET_MET
    )


def site_is_ready(case: Case) -> bool:
    """OPS-10."""
    return case.ops.site_readiness >= SITE_READINESS[case.tier]


def _harm_is_tolerable(case: Case) -> bool:
    """Holds the harm that an evaluation without a critical failure leaves possible against what is tolerated."""
    if not case.deployment.HasField("interactions_per_month"):
        return False
    trials = case.ops.eval_set_size
    rate = 1 - 0.05 ** (1 / trials) if trials else 1.0
    return case.deployment.tolerated_harm_events - rate * case.deployment.interactions_per_month >= 0
