"""What Cerbos is asked about a proposal, as one call, and what it answers.

The principal is the deployment that wants to pass a gate: its role is the gate, and its attributes are what the
policies of all kinds look at, so that they are sent once and not with each asset. Resources are what it would stand on:
its organisation, governance, value and operations, and each asset. Actions are rules.

In Cerbos's favour the caller works out the tier, facts that are computed from others, and how many days ago a day was.
Its time grows with the square of the actions of a resource, so what is asked once is asked of five resources, not one.
The id of a request is a mark, so that generators can tell calls apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from google.protobuf.json_format import ParseDict

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.domain.vocabulary import Gate, RuleKind, Scope
from tests.bench.marks import MARK
from tests.bench.peers.cerbos.messages import EFFECT_ALLOW, CheckResourcesRequest, CheckResourcesResponse
from tests.bench.peers.expected import Answers
from tests.bench.peers.facts import input_of
from tests.builders import full_rules

ASSETS: Final = {
    "data_sources": ("data_source", Scope.SOURCE),
    "apis": ("api", Scope.API),
    "workflows": ("workflow", Scope.WORKFLOW),
}
"""Kind of resource and scope of rules for each list of assets."""
FOUNDATIONS: Final = {"ORG": "organization", "GOV": "governance", "VAL": "value", "OPS": "operations"}
"""Kind of resource for the rules that are asked once, by how their ids begin; the others are about the deployment."""

_DAYS: Final = frozenset(
    {
        "approved_on",
        "assessed_on",
        "checked_on",
        "confirmed_on",
        "incident_exercise",
        "model_date",
        "next_review",
        "override_test_date",
        "reached_on",
        "replacement_on",
        "tested_on",
    }
)


def request_bytes(proposal: Proposal, *, as_of: str, gate: Gate = Gate.COMMIT) -> bytes:
    """Returns the serialised request that asks every rule about facts of a proposal and its assets."""
    request = ParseDict(_request(input_of(proposal, as_of=as_of, gate=gate, derived=True)), CheckResourcesRequest())
    serialised: bytes = request.SerializeToString(deterministic=True)
    return serialised


def answers_of(reply: bytes) -> Answers:
    """Returns the answer for every rule and subject; the subject of a rule about the deployment is empty."""
    of_assets = [kind for kind, _ in ASSETS.values()]
    return {
        (rule, result.resource.id if result.resource.kind in of_assets else ""): effect == EFFECT_ALLOW
        for result in CheckResourcesResponse.FromString(reply).results
        for rule, effect in result.actions.items()
    }


@cache
def actions_of(kind: str) -> list[str]:
    """Returns the rules about facts that are asked of a kind of resource."""
    scopes = dict(ASSETS.values())
    rules = [rule for rule in full_rules().ruleset.rules if rule.kind is RuleKind.FACTS]
    if kind in scopes:
        return [rule.id for rule in rules if rule.scope is scopes[kind]]
    once = [rule.id for rule in rules if rule.scope is Scope.DEPLOYMENT]
    return [rule for rule in once if FOUNDATIONS.get(rule.partition("-")[0], "deployment") == kind]


def _request(facts: Mapping[str, Any]) -> dict[str, Any]:
    plain = _aged(facts, date.fromisoformat(facts["as_of"]))
    entries = [
        _entry("deployment", "", _together(plain)),
        _entry("organization", "", plain["org"]),
        _entry("governance", "", plain["gov"]),
        _entry("value", "", plain["value"] | _some(plain["ops"], "spend_cap")),
        _entry("operations", "", plain["ops"]),
    ]
    for field, (kind, _) in ASSETS.items():
        entries += [_entry(kind, asset["id"], asset) for asset in plain[field]]
    targets = [source["target_validity"] for source in plain["data_sources"] if "target_validity" in source]
    attributes = plain["deployment"] | {
        "tier": f"T{plain['tier']}",
        "target_validities": [target["status"] for target in targets if "status" in target],
    }
    principal = {"id": "deployment", "roles": [plain["gate"]], "attr": attributes}
    return {"requestId": MARK, "principal": principal, "resources": entries}


def _entry(kind: str, name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    resource = {"kind": kind, "id": name or kind, "attr": attributes}
    return {"actions": actions_of(kind), "resource": resource}


def _together(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what rules about the deployment look at beside its description: of all assets, and of its operations."""
    return _some(plain["ops"], "supervised_run") | {
        "asset_ids": [asset["id"] for field in ASSETS for asset in plain[field]],
        "apis": [_some(api, "critical_path", "degraded_mode_tested") for api in plain["apis"]],
        "data_sources": [_some(source, "permitted_use") for source in plain["data_sources"]],
    }


def _some(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: facts[name] for name in names if name in facts}


def _aged(value: Any, today: date) -> Any:
    """Returns data in which each day stands, under its name and `_age`, as the number of days that passed since."""
    if isinstance(value, list):
        return [_aged(each, today) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {
        f"{name}_age" if name in _DAYS else name: _age(each, today) if name in _DAYS else _aged(each, today)
        for name, each in value.items()
    }


def _age(day: str, today: date) -> int:
    return (today - date.fromisoformat(day)).days
