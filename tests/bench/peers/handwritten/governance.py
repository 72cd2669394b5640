"""Rules about governance."""

from __future__ import annotations

from readygate.v1.deployment_pb2 import (
    DATA_SENSITIVITY_PERSONAL,
    DATA_SENSITIVITY_SPECIAL,
    DATA_SENSITIVITY_UNSPECIFIED,
    DECISION_EFFECT_LEGAL_OR_SIMILAR,
    DECISION_EFFECT_UNSPECIFIED,
    MODEL_SUPPLY_EMBEDDED_SAAS,
    MODEL_SUPPLY_UNSPECIFIED,
    MODEL_SUPPLY_VENDOR_HOSTED,
)
from readygate.v1.gov_pb2 import (
    APPROVER_LEVEL_BUSINESS_HEAD,
    APPROVER_LEVEL_EXECUTIVE_RISK_OWNER,
    APPROVER_LEVEL_GOVERNING_BOARD,
    APPROVER_LEVEL_UNSPECIFIED,
    DPIA_STATUS_DONE,
    DPIA_STATUS_NOT_NEEDED,
    LEGAL_BASIS_STATUS_CONFIRMED,
    LEGAL_BASIS_STATUS_NOT_NEEDED,
    REDRESS_STATUS_LIVE,
    RISK_ASSESSMENT_STATUS_APPROVED,
    VENDOR_ASSESSMENT_STATUS_CLEAR,
)
from tests.bench.peers.handwritten.case import NOT_ASKED, T1, Case

MAYBE_SPECIAL = (DATA_SENSITIVITY_UNSPECIFIED, DATA_SENSITIVITY_SPECIAL)
MAYBE_PERSONAL = (*MAYBE_SPECIAL, DATA_SENSITIVITY_PERSONAL)
MAYBE_LEGAL = (DECISION_EFFECT_UNSPECIFIED, DECISION_EFFECT_LEGAL_OR_SIMILAR)
MAYBE_BOUGHT = (MODEL_SUPPLY_UNSPECIFIED, MODEL_SUPPLY_VENDOR_HOSTED, MODEL_SUPPLY_EMBEDDED_SAAS)
_BOARD = (APPROVER_LEVEL_GOVERNING_BOARD,)
_EXECUTIVE = (APPROVER_LEVEL_EXECUTIVE_RISK_OWNER, *_BOARD)
_HEAD = (APPROVER_LEVEL_BUSINESS_HEAD, *_EXECUTIVE)
APPROVERS = ((APPROVER_LEVEL_UNSPECIFIED, *_HEAD), _HEAD, _EXECUTIVE, _BOARD)

ASSESSMENT_AGE = 365
CRITERIA_FOR_DPIA = 2
OVERRIDE_TEST_AGE = 90
REDRESS_DAYS = (0, 30, 14, 14)
CONTRACT_TERMS = (NOT_ASKED, 5, 7, 7)
LOG_RETENTION = 180
ADVERSARIAL_TEST_AGE = (180, 180, 90, 90)
OPEN_HIGH = (0, 2, 0, 0)


def risk_is_assessed(case: Case) -> bool:
    """GOV-01."""
    risk = case.gov.risk_assessment
    return (
        bool(case.gov.inventory_id)
        and risk.status == RISK_ASSESSMENT_STATUS_APPROVED
        and case.within_last(ASSESSMENT_AGE, risk.approved_on)
        and risk.approver_level in APPROVERS[case.tier]
    )


def data_protection_is_assessed(case: Case) -> bool:
    """GOV-02."""
    sensitivity = case.deployment.data_sensitivity
    if sensitivity not in MAYBE_PERSONAL:
        return True
    dpia = case.gov.dpia_status
    if dpia.status == DPIA_STATUS_DONE:
        return True
    return (
        dpia.status == DPIA_STATUS_NOT_NEEDED
        and bool(dpia.reason)
        and sensitivity not in MAYBE_SPECIAL
        and dpia.HasField("criteria_met")
        and dpia.criteria_met < CRITERIA_FOR_DPIA
    )


def people_can_override(case: Case) -> bool:
    """GOV-03."""
    needs_person = case.deployment.decision_effect in MAYBE_LEGAL
    return case.within_last(OVERRIDE_TEST_AGE, case.gov.override_test_date) and (
        case.gov.human_final_decision or not needs_person
    )


def people_are_told_and_heard(case: Case) -> bool:
    """GOV-04."""
    if case.tier == T1:
        return True
    redress = case.gov.redress_route
    return (
        case.gov.ai_disclosure
        and redress.status == REDRESS_STATUS_LIVE
        and redress.HasField("response_days")
        and redress.response_days <= REDRESS_DAYS[case.tier]
    )


def vendor_is_assessed(case: Case) -> bool:
    """GOV-05."""
    if case.deployment.model_supply not in MAYBE_BOUGHT:
        return True
    vendor = case.gov.vendor_assessment
    return (
        vendor.status == VENDOR_ASSESSMENT_STATUS_CLEAR
        and case.within_last(ASSESSMENT_AGE, vendor.assessed_on)
        and len(case.gov.contract_terms.members) >= CONTRACT_TERMS[case.tier]
    )


def logs_are_kept(case: Case) -> bool:
    """GOV-06."""
    return case.gov.log_retention >= LOG_RETENTION


def attacks_are_tested(case: Case) -> bool:
    """GOV-07."""
    test = case.gov.adversarial_test
    return (
        case.within_last(ADVERSARIAL_TEST_AGE[case.tier], test.tested_on)
        and test.HasField("open_critical")
        and test.open_critical <= 0
        and (case.tier == T1 or (test.HasField("open_high") and test.open_high <= OPEN_HIGH[case.tier]))
    )


def has_legal_basis(case: Case) -> bool:
    """GOV-08."""
    basis = case.gov.legal_basis
    if basis.status == LEGAL_BASIS_STATUS_CONFIRMED:
        return case.within_last(ASSESSMENT_AGE, basis.confirmed_on)
    return basis.status == LEGAL_BASIS_STATUS_NOT_NEEDED and bool(basis.reason)
