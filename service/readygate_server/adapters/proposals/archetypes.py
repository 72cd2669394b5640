"""Kinds of deployment to start a proposal from, with the facts that the kind itself decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Archetype:
    """A kind of deployment. `implied` holds values as they are written in YAML, by fact name."""

    title: str
    summary: str
    implied: Mapping[str, str]
    source: str
    api: str
    workflow: str


ARCHETYPES: Final[Mapping[str, Archetype]] = {
    "staff-assistant": Archetype(
        title="Assistant for staff",
        summary="drafts answers and documents; a person reads, changes and sends every one of them",
        implied={
            "deployment.autonomy_level": "l2_collaborator",
            "deployment.action_effect": "draft",
            "deployment.audience": "[staff]",
            "deployment.channel": "chat",
            "source.uses": "[knowledge]",
            "api.writes": "false",
        },
        source="Articles that answers are drafted from",
        api="Interface that the assistant reads from",
        workflow="Work in which the drafts are used",
    ),
    "customer-agent": Archetype(
        title="Agent for customers",
        summary="answers customers and changes their records by itself; people settle what it can not",
        implied={
            "deployment.autonomy_level": "l4_approver",
            "deployment.action_effect": "write_reversible",
            "deployment.audience": "[customer]",
            "deployment.channel": "chat",
            "source.uses": "[customer_state]",
            "api.writes": "true",
            "api.human_approves_writes": "false",
        },
        source="Records of the customers that it serves",
        api="Interface that it reads and changes records through",
        workflow="Contact from the first question to the settled case",
    ),
    "back-office-automation": Archetype(
        title="Automation of back-office work",
        summary="handles cases by itself while nobody waits for an answer; people watch",
        implied={
            "deployment.autonomy_level": "l5_observer",
            "deployment.action_effect": "write_reversible",
            "deployment.audience": "[staff]",
            "deployment.channel": "back_office",
            "source.uses": "[action_state]",
            "api.writes": "true",
            "api.human_approves_writes": "false",
        },
        source="Records that the cases rest on",
        api="Interface that it changes records through",
        workflow="Handling of a case from intake to close",
    ),
    "decision-support": Archetype(
        title="Support for decisions about people",
        summary="scores or recommends; a member of staff decides",
        implied={
            "deployment.autonomy_level": "l2_collaborator",
            "deployment.action_effect": "inform",
            "deployment.audience": "[staff]",
            "deployment.decision_effect": "material",
            "deployment.channel": "back_office",
            "source.uses": "[customer_state, training]",
            "api.writes": "false",
            "gov.human_final_decision": "true",
        },
        source="Records that the score is computed from",
        api="Interface that delivers the score",
        workflow="Decision from the application to the notice",
    ),
}
