"""Rules about APIs, each by itself and as a chain."""

from __future__ import annotations

import math
from datetime import date

from readygate.v1.api_pb2 import (
    API_LIFECYCLE_STATUS_DEPRECATED,
    API_LIFECYCLE_STATUS_RETIRED,
    API_LIFECYCLE_STATUS_UNSPECIFIED,
    AUTHORIZATION_TEST_RESULT_PASS,
    INTEGRATION_METHOD_API,
    INTEGRATION_METHOD_EVENT,
    INTEGRATION_METHOD_RPA_SCREEN,
    INTEGRATION_METHOD_UNSPECIFIED,
    SANDBOX_PARTIAL,
    SANDBOX_PRODUCTION_LIKE,
    Api,
)
from readygate.v1.deployment_pb2 import CHANNEL_CHAT, CHANNEL_UNSPECIFIED, CHANNEL_VOICE
from tests.bench.peers.handwritten.case import NOT_ASKED, PILOT, T1, T2, T3, Case, may_write, possibly_critical

NOT_IN_SERVICE = (API_LIFECYCLE_STATUS_UNSPECIFIED, API_LIFECYCLE_STATUS_RETIRED)
MAYBE_VOICE = (CHANNEL_UNSPECIFIED, CHANNEL_VOICE)
SOME_SANDBOX = (SANDBOX_PARTIAL, SANDBOX_PRODUCTION_LIKE)
PROPER_METHODS = (INTEGRATION_METHOD_API, INTEGRATION_METHOD_EVENT)
SCREEN_OR_NOT_KNOWN = (INTEGRATION_METHOD_UNSPECIFIED, INTEGRATION_METHOD_RPA_SCREEN)

ERROR_MODEL_COVERAGE = (NOT_ASKED, 0.90, 1.0, 1.0)
ERROR_MODEL_COVERAGE_OF_WRITES = (NOT_ASKED, 1.0, 1.0, 1.0)
DAYS_TO_SUNSET = (0, 365, 548, 548)
BREAKING_CHANGE_NOTICE = (0, 30, 90, 90)
CHAIN_AVAILABILITY = (NOT_ASKED, 0.990, 0.995, 0.999)
LATENCY_AT_ALL, LATENCY_CHATTING, LATENCY_SPEAKING = 30_000, 4_000, 1_000
RATE_LIMIT_HEADROOM = (NOT_ASKED, 1.5, 2.0, 2.0)
AUTHORIZATION_TEST_AGE = (180, 180, 90, 90)
UNDO_COVERAGE_T3, UNDO_COVERAGE_T4 = 0.90, 1.0
DAYS_TO_REPLACEMENT = 184
AUDIT_COVERAGE = (NOT_ASKED, 0.90, 1.0, 1.0)
AUDIT_COVERAGE_OF_WRITES = (NOT_ASKED, 1.0, 1.0, 1.0)


def keeps_its_contract(api: Api, case: Case) -> bool:
    """API-01."""
    errors = ERROR_MODEL_COVERAGE_OF_WRITES if may_write(api) else ERROR_MODEL_COVERAGE
    return (
        api.spec_valid
        and api.error_model_coverage >= errors[case.tier]
        and (case.gate < PILOT or api.contract_test_pass_rate >= 1.0)
    )


def will_outlive_the_project(api: Api, case: Case) -> bool:
    """API-02."""
    if not (api.owner.person and api.owner.support_hours):
        return False
    if case.tier == T1:
        return True
    status = api.lifecycle.status
    if status in NOT_IN_SERVICE or api.breaking_change_notice < BREAKING_CHANGE_NOTICE[case.tier]:
        return False
    return status != API_LIFECYCLE_STATUS_DEPRECATED or _days_to_sunset(api, case) >= DAYS_TO_SUNSET[case.tier]


def chain_is_available(case: Case) -> bool:
    """API-03."""
    chain = possibly_critical(case.apis)
    if case.tier == T1 or all(api.degraded_mode_tested for api in chain):
        return True
    if not all(api.HasField("availability_30d") for api in chain):
        return False
    return math.prod(api.availability_30d for api in chain) >= CHAIN_AVAILABILITY[case.tier]


def is_fast_enough(api: Api, case: Case) -> bool:
    """API-04."""
    if api.critical_path or not api.HasField("critical_path"):
        channel = case.deployment.channel
        limit = LATENCY_AT_ALL
        if channel in MAYBE_VOICE:
            limit = LATENCY_SPEAKING
        elif channel == CHANNEL_CHAT:
            limit = LATENCY_CHATTING
        if case.latency > limit:
            return False
    return case.tier == T1 or (
        api.rate_limit_headroom >= RATE_LIMIT_HEADROOM[case.tier] and case.deployment.peak_calls_per_second > 0
    )


def knows_the_agent(api: Api, _: Case) -> bool:
    """API-05."""
    return api.agent_identity and api.HasField("scope_excess") and api.scope_excess <= 0


def authorization_is_tested(api: Api, case: Case) -> bool:
    """API-06."""
    test = api.authz_test
    return (
        test.result == AUTHORIZATION_TEST_RESULT_PASS
        and test.HasField("open_high")
        and test.open_high <= 0
        and case.within_last(AUTHORIZATION_TEST_AGE[case.tier], test.tested_on)
    )


def writes_can_be_repeated_and_undone(api: Api, case: Case) -> bool:
    """API-07."""
    if case.tier < T3 or not may_write(api):
        return True
    if api.idempotent_write_coverage < 1.0:
        return False
    if case.tier == T3:
        return api.undo_coverage >= UNDO_COVERAGE_T3
    return api.human_approves_writes or api.undo_coverage >= UNDO_COVERAGE_T4


def has_sandbox(api: Api, case: Case) -> bool:
    """API-08."""
    if case.tier == T1:
        return True
    if case.tier >= T3 and may_write(api):
        return api.sandbox == SANDBOX_PRODUCTION_LIKE
    return api.sandbox in SOME_SANDBOX


def is_integrated_properly(api: Api, case: Case) -> bool:
    """API-09."""
    off_path = api.HasField("critical_path") and not api.critical_path
    if case.tier == T1 or off_path:
        return True
    method = api.integration_method
    if may_write(api) and method in SCREEN_OR_NOT_KNOWN:
        return False
    if method in PROPER_METHODS:
        return True
    return case.tier == T2 and case.within_next(DAYS_TO_REPLACEMENT, api.replacement_on)


def is_audited(api: Api, case: Case) -> bool:
    """API-10."""
    coverage = AUDIT_COVERAGE_OF_WRITES if may_write(api) else AUDIT_COVERAGE
    return api.audit_coverage >= coverage[case.tier]


def _days_to_sunset(api: Api, case: Case) -> float:
    """Returns the days from going live to the end of the API; never any when one of both is not known."""
    sunset, go_live = api.lifecycle.sunset_on, case.deployment.go_live_on
    if not sunset or not go_live:
        return -math.inf
    return (date.fromisoformat(sunset) - date.fromisoformat(go_live)).days
