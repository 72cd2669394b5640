"""Rules about the deployment itself."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from readygate.v1.api_pb2 import Api
from readygate.v1.data_source_pb2 import PERMITTED_USE_APPROVED_FOR_AI, PERMITTED_USE_APPROVED_OTHER, DataSource
from readygate.v1.deployment_pb2 import (
    ACTION_EFFECT_UNSPECIFIED,
    ACTION_EFFECT_WRITE_HARD_TO_REVERSE,
    ACTION_EFFECT_WRITE_REVERSIBLE,
    AUTONOMY_LEVEL_L4_APPROVER,
    AUTONOMY_LEVEL_L5_OBSERVER,
    AUTONOMY_LEVEL_UNSPECIFIED,
    REGULATORY_CLASS_PROHIBITED,
    REGULATORY_CLASS_UNSPECIFIED,
    REMIT_BOUND_ENFORCED,
    REMIT_BOUND_INSTRUCTED,
    VALIDATED_USE_MATCH_NARROWER,
    VALIDATED_USE_MATCH_SAME,
)
from readygate.v1.workflow_pb2 import Workflow
from tests.bench.peers.handwritten.case import PILOT, T2, T3, Case

NOT_LAWFUL = (REGULATORY_CLASS_UNSPECIFIED, REGULATORY_CLASS_PROHIBITED)
NOT_PROHIBITED = (PERMITTED_USE_APPROVED_FOR_AI, PERMITTED_USE_APPROVED_OTHER)
MAYBE_ACTS_ALONE = (AUTONOMY_LEVEL_UNSPECIFIED, AUTONOMY_LEVEL_L4_APPROVER, AUTONOMY_LEVEL_L5_OBSERVER)
MAYBE_WRITES = (ACTION_EFFECT_UNSPECIFIED, ACTION_EFFECT_WRITE_REVERSIBLE, ACTION_EFFECT_WRITE_HARD_TO_REVERSE)
BOUNDS = (REMIT_BOUND_INSTRUCTED, REMIT_BOUND_ENFORCED)
VALIDATED = (VALIDATED_USE_MATCH_SAME, VALIDATED_USE_MATCH_NARROWER)

SUPERVISED_WEEKS = (0, 0, 4, 8)
SUPERVISED_CASES = (0, 0, 300, 1000)
SUPERVISED_AGREEMENT = (0, 0, 0.95, 0.98)


def is_described(case: Case) -> bool:
    """DEP-01."""
    deployment = case.deployment
    named = (
        deployment.use_case
        and deployment.target_gate
        and deployment.autonomy_level
        and deployment.action_effect
        and deployment.audience.members
        and deployment.data_sensitivity
        and deployment.decision_effect
        and deployment.regulatory_class
        and deployment.model_supply
        and deployment.dependencies.members
    )
    counted = (
        deployment.HasField("interactions_per_month")
        and deployment.HasField("peak_calls_per_second")
        and deployment.HasField("tolerated_harm_events")
    )
    if not (named and counted):
        return False
    assets: Iterable[DataSource | Api | Workflow] = chain(case.sources, case.apis, case.workflows)
    owners = {asset.id: asset.owner.person for asset in assets}
    return all(owners.get(name) for name in deployment.dependencies.members)


def is_lawful(case: Case) -> bool:
    """DEP-02."""
    return case.deployment.regulatory_class not in NOT_LAWFUL and all(
        source.permitted_use in NOT_PROHIBITED for source in case.sources
    )


def autonomy_is_earned(case: Case) -> bool:
    """DEP-03."""
    deployment = case.deployment
    may_act = deployment.autonomy_level in MAYBE_ACTS_ALONE and deployment.action_effect in MAYBE_WRITES
    if case.tier < T3 or not may_act:
        return True
    run = case.ops.supervised_run
    return (
        run.weeks >= SUPERVISED_WEEKS[case.tier]
        and run.cases >= SUPERVISED_CASES[case.tier]
        and run.agreement >= SUPERVISED_AGREEMENT[case.tier]
    )


def remit_is_bounded(case: Case) -> bool:
    """DEP-04."""
    deployment = case.deployment
    if case.tier >= T3 or (case.tier == T2 and case.gate >= PILOT):
        bounded = deployment.remit_bounded == REMIT_BOUND_ENFORCED
    else:
        bounded = deployment.remit_bounded in BOUNDS
    may_commit = case.may_meet_outsiders or deployment.action_effect in MAYBE_WRITES
    return bounded and (not may_commit or _limit_is_stated(case))


def use_is_validated(case: Case) -> bool:
    """DEP-05."""
    return case.deployment.validated_use_match in VALIDATED


def _limit_is_stated(case: Case) -> bool:
    limit = case.deployment.commitment_limit
    return limit.none_granted or limit.HasField("per_interaction")
