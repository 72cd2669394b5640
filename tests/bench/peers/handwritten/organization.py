"""Rules about the organisation."""

from __future__ import annotations

from tests.bench.peers.handwritten.case import Case

DEPENDENCY_COMMITMENTS = (0.8, 1.0, 1.0, 1.0)
RUN_FUNDING_MONTHS = (3, 6, 12, 12)
ROLES_FILLED = 1.0
TRAINED_SHARE = (0.80, 0.80, 0.90, 0.95)
FRONTLINE_TESTERS = 5
CONCURRENT_CHANGES = 2


def somebody_is_accountable(case: Case) -> bool:
    """ORG-01."""
    owner = case.org.accountable_owner
    return bool(owner.person and owner.budget_authority and owner.sponsor)


def dependencies_are_committed(case: Case) -> bool:
    """ORG-02."""
    return case.org.dependency_commitments >= DEPENDENCY_COMMITMENTS[case.tier]


def running_is_funded(case: Case) -> bool:
    """ORG-03."""
    return case.org.run_funding_months >= RUN_FUNDING_MONTHS[case.tier] and case.org.roles_filled >= ROLES_FILLED


def users_are_trained(case: Case) -> bool:
    """ORG-04."""
    return case.org.trained_share >= TRAINED_SHARE[case.tier] and case.org.frontline_testers >= FRONTLINE_TESTERS


def change_can_be_borne(case: Case) -> bool:
    """ORG-05."""
    return case.org.HasField("concurrent_changes") and case.org.concurrent_changes <= CONCURRENT_CHANGES


def nobody_objects(case: Case) -> bool:
    """ORG-06."""
    return case.org.HasField("open_objections") and case.org.open_objections <= 0
