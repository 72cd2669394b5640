"""Rules about value."""

from __future__ import annotations

from readygate.v1.value_pb2 import (
    ALTERNATIVE_CONSIDERED,
    ALTERNATIVE_TESTED,
    ATTRIBUTION_METHOD_MATCHED_CONTROL,
    ATTRIBUTION_METHOD_PRE_POST,
    ATTRIBUTION_METHOD_RANDOMISED,
    ATTRIBUTION_METHOD_STAGGERED,
    OUTCOME_METRIC_CHURN,
    OUTCOME_METRIC_COST_TO_SERVE,
    OUTCOME_METRIC_CYCLE_TIME,
    OUTCOME_METRIC_ERROR_LOSS,
    OUTCOME_METRIC_REVENUE,
    OUTCOME_METRIC_SALES_CYCLE,
    OUTCOME_METRIC_VERIFIED_RESOLUTION,
)
from tests.bench.peers.handwritten.case import PILOT, Case

OUTCOMES = (
    OUTCOME_METRIC_REVENUE,
    OUTCOME_METRIC_COST_TO_SERVE,
    OUTCOME_METRIC_SALES_CYCLE,
    OUTCOME_METRIC_CHURN,
    OUTCOME_METRIC_VERIFIED_RESOLUTION,
    OUTCOME_METRIC_ERROR_LOSS,
    OUTCOME_METRIC_CYCLE_TIME,
)
_CONTROLLED = (ATTRIBUTION_METHOD_RANDOMISED, ATTRIBUTION_METHOD_STAGGERED, ATTRIBUTION_METHOD_MATCHED_CONTROL)
ATTRIBUTION = ((*_CONTROLLED, ATTRIBUTION_METHOD_PRE_POST), _CONTROLLED, _CONTROLLED, _CONTROLLED)
ALTERNATIVES = (ALTERNATIVE_CONSIDERED, ALTERNATIVE_TESTED)

BASELINE_WEEKS = (4, 8, 13, 13)
WEEKS_TO_FIRST_MOVEMENT = (13, 13, 13, 26)
UNIT_COST_RATIO = 0.8
PAYBACK_MONTHS = (12, 12, 18, 18)
ALERT_SHARE = 0.8
GUARDRAILS = 2


def outcome_is_measured(case: Case) -> bool:
    """VAL-01."""
    return case.value.outcome_metric in OUTCOMES


def baseline_is_known(case: Case) -> bool:
    """VAL-02."""
    baseline = case.value.baseline
    return (
        baseline.HasField("level") and baseline.weeks >= BASELINE_WEEKS[case.tier] and baseline.HasField("sample_size")
    )


def target_can_be_seen(case: Case) -> bool:
    """VAL-03."""
    target = case.value.target
    return (
        bool(target.reached_on)
        and target.HasField("weeks_to_first_movement")
        and target.weeks_to_first_movement <= WEEKS_TO_FIRST_MOVEMENT[case.tier]
        and target.HasField("minimum_detectable_effect")
        and abs(target.change) > target.minimum_detectable_effect
    )


def effect_can_be_attributed(case: Case) -> bool:
    """VAL-04."""
    return case.value.attribution_method in ATTRIBUTION[case.tier]


def it_pays(case: Case) -> bool:
    """VAL-05."""
    value, cost, cap = case.value, case.value.unit_cost, case.ops.spend_cap
    earns_more = value.outcome_metric == OUTCOME_METRIC_REVENUE and value.target.change > 0
    if not earns_more and not (
        cost.baseline and cost.HasField("projected") and cost.projected / cost.baseline <= UNIT_COST_RATIO
    ):
        return False
    if not (value.HasField("payback_months") and value.payback_months <= PAYBACK_MONTHS[case.tier]):
        return False
    return case.gate < PILOT or (
        cap.HasField("amount_per_month") and cap.HasField("alert_share") and cap.alert_share <= ALERT_SHARE
    )


def harm_would_be_noticed(case: Case) -> bool:
    """VAL-06."""
    guardrails = case.value.guardrails
    return (
        len(guardrails.members) >= GUARDRAILS
        and all(guardrail.limit for guardrail in guardrails.members)
        and bool(guardrails.stop_decider)
        and case.value.alternative in ALTERNATIVES
    )
