"""Requirements as messages of the contract."""

from __future__ import annotations

from readygate.v1.gate_service_pb2 import ListRequirementsResponse
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.requirements import Requirement, RequirementList
from readygate_server.grpc_api.decision_messages import ruleset_ref, tier_message
from readygate_server.grpc_api.enum_values import GATES, GRADES, SEVERITIES
from readygate_server.grpc_api.ports import FactGuide


def requirements_message(listed: RequirementList, active: ActiveRuleset, guide: FactGuide) -> ListRequirementsResponse:
    """Returns the reply that lists what a deployment has to state."""
    return ListRequirementsResponse(
        requirements=[_requirement(each, guide) for each in listed.requirements],
        tier=tier_message(listed.tier),
        ruleset=ruleset_ref(active.ruleset.identity, len(active.ruleset.rules)),
    )


def _requirement(requirement: Requirement, guide: FactGuide) -> ListRequirementsResponse.Requirement:
    fact = requirement.ref.fact
    message = ListRequirementsResponse.Requirement(
        fact=fact,
        subject=requirement.ref.subject,
        range=guide.range(fact),
        unit=guide.unit(fact),
        owner_role=guide.owner_role(fact),
        artefact=guide.artefact(fact),
        rule_ids=requirement.rule_ids,
        severity=SEVERITIES[requirement.severity],
        due=GATES[requirement.due],
        maximum_age_days=requirement.maximum_age_days,
        stated=requirement.stated,
    )
    if requirement.minimum_grade is not None:
        message.minimum_grade = GRADES[requirement.minimum_grade]
    return message
