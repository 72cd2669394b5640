"""Rules about data sources."""

from __future__ import annotations

import math
from collections import Counter

from readygate.v1.data_source_pb2 import (
    ACCESS_METHOD_BATCH_FILE,
    ACCESS_METHOD_MANUAL_EXPORT,
    ACCESS_METHOD_SCREEN_SCRAPE,
    ACCESS_METHOD_UNSPECIFIED,
    CONTRACT_STATUS_ACTIVE,
    PERMITTED_USE_APPROVED_FOR_AI,
    REPRESENTATIVENESS_STATUS_ADEQUATE,
    REPRESENTATIVENESS_STATUS_GAPS_ACCEPTED,
    SOURCE_AUTHORITY_GOVERNED_COPY,
    SOURCE_AUTHORITY_SHADOW_COPY,
    SOURCE_AUTHORITY_SYSTEM_OF_RECORD,
    SOURCE_AUTHORITY_UNKNOWN,
    SOURCE_AUTHORITY_UNSPECIFIED,
    SOURCE_USE_ACTION_STATE,
    SOURCE_USE_CUSTOMER_STATE,
    SOURCE_USE_EVALUATION,
    SOURCE_USE_KNOWLEDGE,
    SOURCE_USE_TRAINING,
    TARGET_VALIDITY_STATUS_EXPERT_AGREED,
    TARGET_VALIDITY_STATUS_NOT_APPLICABLE,
    TARGET_VALIDITY_STATUS_VALIDATED_ON_OUTCOMES,
    DataSource,
    SourceAuthority,
    SourceUse,
)
from readygate.v1.deployment_pb2 import (
    DATA_SENSITIVITY_PERSONAL,
    DATA_SENSITIVITY_SPECIAL,
    DATA_SENSITIVITY_UNSPECIFIED,
    DECISION_EFFECT_LEGAL_OR_SIMILAR,
    DECISION_EFFECT_MATERIAL,
    DECISION_EFFECT_UNSPECIFIED,
)
from tests.bench.peers.handwritten.case import NOT_ASKED, PILOT, T1, T2, T3, T4, Case

GOVERNED = (SOURCE_AUTHORITY_SYSTEM_OF_RECORD, SOURCE_AUTHORITY_GOVERNED_COPY)
AUTHORITY_NOT_KNOWN = (SOURCE_AUTHORITY_UNSPECIFIED, SOURCE_AUTHORITY_UNKNOWN)
STATE = frozenset((SOURCE_USE_CUSTOMER_STATE, SOURCE_USE_ACTION_STATE))
LEARNING = frozenset((SOURCE_USE_TRAINING, SOURCE_USE_EVALUATION))
UNGOVERNED_PATHS = (ACCESS_METHOD_UNSPECIFIED, ACCESS_METHOD_MANUAL_EXPORT, ACCESS_METHOD_SCREEN_SCRAPE)
MAYBE_PERSONAL = (DATA_SENSITIVITY_UNSPECIFIED, DATA_SENSITIVITY_PERSONAL, DATA_SENSITIVITY_SPECIAL)
MAYBE_DECIDES = (DECISION_EFFECT_UNSPECIFIED, DECISION_EFFECT_MATERIAL, DECISION_EFFECT_LEGAL_OR_SIMILAR)
REPRESENTATIVE = (REPRESENTATIVENESS_STATUS_GAPS_ACCEPTED, REPRESENTATIVENESS_STATUS_ADEQUATE)
TARGET_IS_SOUND = (
    (),
    (),
    (
        TARGET_VALIDITY_STATUS_NOT_APPLICABLE,
        TARGET_VALIDITY_STATUS_EXPERT_AGREED,
        TARGET_VALIDITY_STATUS_VALIDATED_ON_OUTCOMES,
    ),
    (TARGET_VALIDITY_STATUS_NOT_APPLICABLE, TARGET_VALIDITY_STATUS_VALIDATED_ON_OUTCOMES),
)

CONTRACT_CHECK_PASS_RATE = (NOT_ASKED, 0.95, 0.98, 0.99)
SCHEMA_CHANGE_NOTICE = (14, 14, 30, 30)
COMPLETENESS = (0.95, 0.98, 0.99, 0.995)
VALIDITY = (NOT_ASKED, 0.98, 0.99, 0.999)
UNIQUENESS = REFERENTIAL_INTEGRITY = (NOT_ASKED, 0.98, 0.99, 0.995)
CROSS_SYSTEM_CONSISTENCY = (NOT_ASKED, 0.95, 0.98, 0.99)
ACCURACY_LOWER95 = (NOT_ASKED, 0.90, 0.95, 0.98)
ACCURACY_SAMPLE = (NOT_ASKED, 150, 300, 300)
PIPELINE_SUCCESS_RATE = (NOT_ASKED, 0.97, 0.99, 0.995)
TIME_TO_DETECT = (math.inf, 24, 4, 1)
CLASSIFICATION_COVERAGE = (0.70, 0.90, 1.0, 1.0)
INTENT_COVERAGE = (0.70, 0.90, 0.95, 0.95)
STALE_SHARE = (0.20, 0.10, 0.05, 0.05)
RETRIEVAL_RECALL = (0.80, 0.85, 0.90, 0.90)
REPRESENTATIVENESS_AGE = 365
Z_ONE_SIDED_95 = 1.6448536269514722


def is_owned_and_authoritative(source: DataSource, case: Case) -> bool:
    """DAT-01."""
    if not (source.owner.person and source.owner.accepted and source.authority in GOVERNED):
        return False
    if case.tier < T3 or not (_may_be_written(source) or _may_be_used(source, STATE)):
        return True
    return _at_most_of_entity(source, case, SOURCE_AUTHORITY_SYSTEM_OF_RECORD) <= 1


def has_contract(source: DataSource, case: Case) -> bool:
    """DAT-02."""
    return (
        source.contract_status == CONTRACT_STATUS_ACTIVE
        and source.contract_check_pass_rate >= CONTRACT_CHECK_PASS_RATE[case.tier]
        and source.schema_change_notice >= SCHEMA_CHANGE_NOTICE[case.tier]
    )


def is_complete(source: DataSource, case: Case) -> bool:
    """DAT-03."""
    return source.completeness >= COMPLETENESS[case.tier]


def is_valid_and_unique(source: DataSource, case: Case) -> bool:
    """DAT-04."""
    return (
        source.validity >= VALIDITY[case.tier]
        and source.uniqueness >= UNIQUENESS[case.tier]
        and source.referential_integrity >= REFERENTIAL_INTEGRITY[case.tier]
    )


def agrees_across_systems(source: DataSource, case: Case) -> bool:
    """DAT-05."""
    may_be_elsewhere = source.held_elsewhere or not source.HasField("held_elsewhere")
    if may_be_elsewhere and source.cross_system_consistency < CROSS_SYSTEM_CONSISTENCY[case.tier]:
        return False
    return not _may_be_written(source) or _at_most_of_entity(source, case, SOURCE_AUTHORITY_SHADOW_COPY) == 0


def is_accurate(source: DataSource, case: Case) -> bool:
    """DAT-06."""
    if case.tier == T1:
        return True
    accuracy = source.accuracy
    return (
        accuracy.sample_size >= ACCURACY_SAMPLE[case.tier]
        and _lower95(accuracy.ratio, accuracy.sample_size) >= ACCURACY_LOWER95[case.tier]
    )


def is_fresh_enough(source: DataSource, _: Case) -> bool:
    """DAT-07. The tolerances that hold when none is declared never let anything pass: a declared one is missing."""
    return (
        source.HasField("freshness_lag_p95")
        and source.HasField("max_staleness")
        and source.freshness_lag_p95 <= source.max_staleness
    )


def is_read_by_governed_path(source: DataSource, case: Case) -> bool:
    """DAT-08."""
    uses = source.uses.members
    may_be_read = not source.HasField("uses") or any(use not in LEARNING for use in uses)
    if not may_be_read:
        return True
    if source.access_method in UNGOVERNED_PATHS:
        return False
    is_batch = case.tier >= T3 and source.access_method == ACCESS_METHOD_BATCH_FILE
    return not (is_batch and (SOURCE_USE_ACTION_STATE in uses or not source.HasField("uses")))


def is_delivered(source: DataSource, case: Case) -> bool:
    """DAT-09."""
    if case.tier == T1:
        return True
    return (
        source.pipeline_success_rate >= PIPELINE_SUCCESS_RATE[case.tier]
        and source.HasField("time_to_detect")
        and source.time_to_detect <= TIME_TO_DETECT[case.tier]
    )


def may_be_used_for_this(source: DataSource, case: Case) -> bool:
    """DAT-10."""
    return (
        source.classification_coverage >= CLASSIFICATION_COVERAGE[case.tier]
        and (source.masking_coverage >= 1.0 or case.deployment.data_sensitivity not in MAYBE_PERSONAL)
        and source.permitted_use == PERMITTED_USE_APPROVED_FOR_AI
    )


def knowledge_covers_questions(source: DataSource, case: Case) -> bool:
    """DAT-11."""
    if source.HasField("uses") and SOURCE_USE_KNOWLEDGE not in source.uses.members:
        return True
    corpus, tier = source.corpus, case.tier
    return (
        corpus.intent_coverage >= INTENT_COVERAGE[tier]
        and corpus.HasField("stale_share")
        and corpus.stale_share <= STALE_SHARE[tier]
        and (tier < T2 or (corpus.HasField("conflict_count") and corpus.conflict_count <= 0))
        and (case.gate < PILOT or corpus.retrieval_recall >= RETRIEVAL_RECALL[tier])
    )


def is_representative(source: DataSource, case: Case) -> bool:
    """DAT-12."""
    if case.tier == T1 or not _may_be_used(source, LEARNING):
        return True
    found = source.representativeness
    if case.tier >= T3 and case.deployment.decision_effect in MAYBE_DECIDES:
        return found.status == REPRESENTATIVENESS_STATUS_ADEQUATE and case.within_last(
            REPRESENTATIVENESS_AGE, found.checked_on
        )
    return found.status in REPRESENTATIVE


def target_is_valid(source: DataSource, case: Case) -> bool:
    """DAT-13."""
    if case.tier < T3:
        return True
    if source.target_validity.status not in TARGET_IS_SOUND[case.tier]:
        return False
    if case.tier < T4 or case.deployment.decision_effect not in MAYBE_DECIDES:
        return True
    return any(each.target_validity.status == TARGET_VALIDITY_STATUS_VALIDATED_ON_OUTCOMES for each in case.sources)


def _may_be_written(source: DataSource) -> bool:
    return source.written or not source.HasField("written")


def _may_be_used(source: DataSource, uses: frozenset[SourceUse.ValueType]) -> bool:
    return not source.HasField("uses") or not uses.isdisjoint(source.uses.members)


def _at_most_of_entity(source: DataSource, case: Case, authority: SourceAuthority.ValueType) -> int:
    """Counts the sources of the same entity that have an authority, or may have it for all that is known."""
    possible = [each for each in case.sources if each.authority in (authority, *AUTHORITY_NOT_KNOWN)]
    if source.HasField("entity"):
        return sum(each.entity == source.entity or not each.HasField("entity") for each in possible)
    # It may turn out to be of any entity: of the one with the most sources, at worst.
    named = Counter(each.entity for each in possible if each.HasField("entity"))
    return len(possible) - named.total() + max(named.values(), default=0)


def _lower95(ratio: float, sample: int) -> float:
    """Returns the one-sided 95 % lower Wilson bound."""
    z2 = Z_ONE_SIDED_95**2
    centre = ratio + z2 / (2 * sample)
    margin = Z_ONE_SIDED_95 * math.sqrt(ratio * (1 - ratio) / sample + z2 / (4 * sample * sample))
    return (centre - margin) / (1 + z2 / sample)
