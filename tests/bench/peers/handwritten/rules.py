"""All rules in one go."""

from __future__ import annotations

from collections.abc import Callable

from readygate.v1.api_pb2 import Api
from readygate.v1.data_source_pb2 import DataSource
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.workflow_pb2 import Workflow
from tests.bench.peers.handwritten import api, data, deployment, governance, operations, organization, value, workflow
from tests.bench.peers.handwritten.case import COMMIT, PILOT, PRODUCTION, Case

ABOUT_THE_DEPLOYMENT: tuple[tuple[str, int, Callable[[Case], bool]], ...] = (
    ("API-03", PILOT, api.chain_is_available),
    ("DEP-01", COMMIT, deployment.is_described),
    ("DEP-02", COMMIT, deployment.is_lawful),
    ("DEP-03", PRODUCTION, deployment.autonomy_is_earned),
    ("DEP-04", COMMIT, deployment.remit_is_bounded),
    ("DEP-05", PILOT, deployment.use_is_validated),
    ("GOV-01", COMMIT, governance.risk_is_assessed),
    ("GOV-02", PILOT, governance.data_protection_is_assessed),
    ("GOV-03", PILOT, governance.people_can_override),
    ("GOV-04", PILOT, governance.people_are_told_and_heard),
    ("GOV-05", COMMIT, governance.vendor_is_assessed),
    ("GOV-06", PILOT, governance.logs_are_kept),
    ("GOV-07", PILOT, governance.attacks_are_tested),
    ("GOV-08", COMMIT, governance.has_legal_basis),
    ("OPS-01", PILOT, operations.evaluation_is_sound),
    ("OPS-02", PILOT, operations.evaluation_is_passed),
    ("OPS-03", PRODUCTION, operations.change_is_tested),
    ("OPS-04", PILOT, operations.can_be_rolled_back),
    ("OPS-05", PRODUCTION, operations.people_can_take_over),
    ("OPS-06", PILOT, operations.is_monitored),
    ("OPS-07", PILOT, operations.people_can_review),
    ("OPS-08", PRODUCTION, operations.review_is_planned),
    ("OPS-09", PRODUCTION, operations.is_validated_here),
    ("OPS-10", PILOT, operations.site_is_ready),
    ("ORG-01", COMMIT, organization.somebody_is_accountable),
    ("ORG-02", COMMIT, organization.dependencies_are_committed),
    ("ORG-03", COMMIT, organization.running_is_funded),
    ("ORG-04", PILOT, organization.users_are_trained),
    ("ORG-05", PILOT, organization.change_can_be_borne),
    ("ORG-06", COMMIT, organization.nobody_objects),
    ("VAL-01", COMMIT, value.outcome_is_measured),
    ("VAL-02", COMMIT, value.baseline_is_known),
    ("VAL-03", COMMIT, value.target_can_be_seen),
    ("VAL-04", PILOT, value.effect_can_be_attributed),
    ("VAL-05", COMMIT, value.it_pays),
    ("VAL-06", COMMIT, value.harm_would_be_noticed),
)
ABOUT_SOURCES: tuple[tuple[str, int, Callable[[DataSource, Case], bool]], ...] = (
    ("DAT-01", COMMIT, data.is_owned_and_authoritative),
    ("DAT-02", PILOT, data.has_contract),
    ("DAT-03", COMMIT, data.is_complete),
    ("DAT-04", COMMIT, data.is_valid_and_unique),
    ("DAT-05", COMMIT, data.agrees_across_systems),
    ("DAT-06", PILOT, data.is_accurate),
    ("DAT-07", COMMIT, data.is_fresh_enough),
    ("DAT-08", COMMIT, data.is_read_by_governed_path),
    ("DAT-09", PILOT, data.is_delivered),
    ("DAT-10", COMMIT, data.may_be_used_for_this),
    ("DAT-11", COMMIT, data.knowledge_covers_questions),
    ("DAT-12", PILOT, data.is_representative),
    ("DAT-13", COMMIT, data.target_is_valid),
)
ABOUT_APIS: tuple[tuple[str, int, Callable[[Api, Case], bool]], ...] = (
    ("API-01", COMMIT, api.keeps_its_contract),
    ("API-02", COMMIT, api.will_outlive_the_project),
    ("API-04", PILOT, api.is_fast_enough),
    ("API-05", PILOT, api.knows_the_agent),
    ("API-06", PILOT, api.authorization_is_tested),
    ("API-07", PILOT, api.writes_can_be_repeated_and_undone),
    ("API-08", PILOT, api.has_sandbox),
    ("API-09", COMMIT, api.is_integrated_properly),
    ("API-10", PILOT, api.is_audited),
)
ABOUT_WORKFLOWS: tuple[tuple[str, int, Callable[[Workflow, Case], bool]], ...] = (
    ("WFL-01", COMMIT, workflow.is_owned_and_modelled),
    ("WFL-02", COMMIT, workflow.is_logged),
    ("WFL-03", COMMIT, workflow.is_stable),
    ("WFL-04", COMMIT, workflow.follows_its_model),
    ("WFL-05", COMMIT, workflow.is_done_once),
    ("WFL-06", COMMIT, workflow.has_written_rules),
    ("WFL-07", PILOT, workflow.leads_to_a_person),
    ("WFL-08", PILOT, workflow.is_redesigned),
)


def judge(proposal: Proposal, *, tier: int, as_of: str, gate: int = COMMIT) -> list[bool]:
    """Returns the answer of every rule for the deployment, for each source, each API, each workflow, in this order.

    A rule that is not due at the gate is not asked and answers true.
    """
    case = Case(proposal, tier=tier, gate=gate, as_of=as_of)
    answers = [gate < due or rule(case) for _, due, rule in ABOUT_THE_DEPLOYMENT]
    for source in case.sources:
        answers += [gate < due or rule(source, case) for _, due, rule in ABOUT_SOURCES]
    for each in case.apis:
        answers += [gate < due or rule(each, case) for _, due, rule in ABOUT_APIS]
    for process in case.workflows:
        answers += [gate < due or rule(process, case) for _, due, rule in ABOUT_WORKFLOWS]
    return answers


def labels(proposal: Proposal) -> list[tuple[str, str]]:
    """Returns the rule and the subject of each answer."""
    found = [(rule_id, "") for rule_id, _, _ in ABOUT_THE_DEPLOYMENT]
    found += [(rule_id, source.id) for source in proposal.data_sources for rule_id, _, _ in ABOUT_SOURCES]
    found += [(rule_id, each.id) for each in proposal.apis for rule_id, _, _ in ABOUT_APIS]
    found += [(rule_id, process.id) for process in proposal.workflows for rule_id, _, _ in ABOUT_WORKFLOWS]
    return found
