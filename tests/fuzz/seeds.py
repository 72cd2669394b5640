"""Sound input to start from: requests, proposals as people write them, overrides, directories of rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message

from readygate.v1 import gate_pb2, gate_service_pb2, ruleset_service_pb2
from readygate.v1.deployment_pb2 import AUDIENCE_STAFF
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.proposals.archetypes import ARCHETYPES
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.templates import archetype
from readygate_server.adapters.proposals.vocabulary import Kind, fact_fields
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.domain.vocabulary import Scope, Tier
from tests.adapters.rulefiles.files import SOUND
from tests.builders import AS_OF, FULL, passing_proposal
from tests.fuzz.wire import Sample, sample_of

EXAMPLE: Final = Path(__file__).parents[2] / "clients/examples/refund-agent.yaml"
GATE: Final = "/readygate.v1.GateService/"
RULESETS: Final = "/readygate.v1.RulesetService/"
_AFTER: Final = re.compile(r"^ *after:.*\n(?: +- .*\n)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Request:
    """A sound request of one method. One that `may_go` holds a proposal that satisfies every rule."""

    method: str
    sample: Sample
    may_go: bool = False


def tiny() -> Proposal:
    """Returns a proposal that says little, so that judging it takes little time."""
    proposal = Proposal(id="tiny", title="A tiny one")
    proposal.deployment.interactions_per_month = 100
    proposal.deployment.audience.members.append(AUDIENCE_STAFF)
    source = proposal.data_sources.add(id="crm", completeness=0.95)
    source.accuracy.ratio = 0.9
    source.accuracy.sample_size = 300
    source.corpus.stale_share = 0.1
    proposal.apis.add(id="orders", critical_path=True)
    proposal.value.guardrails.members.add(metric="refund rate", limit="2 %")
    entry = proposal.evidence.add(facts=["source.completeness"], subject="crm", grade=3, source_uri="https://e.example")
    entry.as_of.FromJsonString("2026-10-01T00:00:00Z")
    entry.value.number = 0.95
    proposal.statements.add(fact="ops.site_readiness", kind=1, reason="no site", stated_by="A. Person")
    return proposal


def example() -> Proposal:
    """Returns the worked example, which is a no-go."""
    return read_proposal(EXAMPLE.read_text(encoding="utf-8"), file=EXAMPLE.name)[0]


@cache
def requests() -> Sequence[Request]:
    """Returns the requests, each as often as its share of the inputs."""
    small = [Request(GATE + "Evaluate", sample_of(_evaluate(tiny())))] * 20
    usual = [Request(GATE + "Evaluate", sample_of(_evaluate(example())))]
    others = [Request(f"{service}{name}", sample_of(message)) for service, name, message in _others()]
    passing = [
        Request(GATE + "Evaluate", sample_of(_evaluate(passing_proposal(tier), ruleset=FULL)), may_go=True)
        for tier in (Tier.T1, Tier.T3)
    ]
    return (*small, *usual, *others, *passing)


@cache
def proposals() -> Sequence[str]:
    """Returns proposals as texts, none of which is a go: the example, parts of it, also as JSON, and the archetypes."""
    text = EXAMPLE.read_text(encoding="utf-8")
    part = text[: text.index("\n\n", len(text) // 4)]
    data = json.dumps(read_yaml(part, file="part").data, indent=1)
    archetypes = [_uncommented(archetype(name)) for name in ARCHETYPES]
    return (text, *[part] * 4, *[data] * 2, json.dumps(json.loads(data)), *archetypes)


@cache
def overrides() -> Sequence[tuple[str, str]]:
    """Returns facts as the command line names them, with the kind of value that each has."""
    subjects = {Scope.SOURCE: "[crm]", Scope.API: "[orders]", Scope.WORKFLOW: "[returns]", Scope.DEPLOYMENT: ""}
    return tuple(
        (f"{field.group}{subjects[field.scope]}.{name.partition('.')[2]}", field.kind.name)
        for name, field in fact_fields().items()
        if field.kind is not Kind.WHOLE
    )


@cache
def rule_directories() -> Sequence[Mapping[str, str]]:
    """Returns small directories of rules: the tests' own, and that with one of the rules that ship in its place."""
    shipped = [path for path in sorted(rules_directory().glob("readiness/*/*.yaml")) if not path.stem.endswith("_test")]
    return (SOUND, *(_directory_with(path) for path in shipped))


def _directory_with(path: Path) -> Mapping[str, str]:
    test = path.with_name(f"{path.stem}_test.yaml")
    name = f"data/{path.stem}"
    alone = _AFTER.sub("", path.read_text(encoding="utf-8"))  # the rules that it waits for are not there
    texts = {f"{name}.yaml": alone, f"{name}_test.yaml": test.read_text(encoding="utf-8")}
    ruleset = SOUND["example.yaml"].replace("data/DAT-01", name)
    return {"tiering.yaml": SOUND["tiering.yaml"], "example.yaml": ruleset, **texts}


def _evaluate(proposal: Proposal, *, ruleset: str = "") -> gate_service_pb2.EvaluateRequest:
    request = gate_service_pb2.EvaluateRequest(
        request_id="fuzz-1",
        proposal=proposal,
        as_of=AS_OF,
        gate=gate_pb2.GATE_PRODUCTION,
        view=gate_service_pb2.VIEW_SUMMARY,
    )
    request.ruleset.name = ruleset or "operational-readiness"
    return request


def _others() -> Iterator[tuple[str, str, Message]]:
    item = gate_service_pb2.EvaluateRequest(proposal=tiny(), as_of=AS_OF, view=gate_service_pb2.VIEW_SUMMARY)
    yield GATE, "BatchEvaluate", gate_service_pb2.BatchEvaluateRequest(items=[item, item])
    streamed = [gate_service_pb2.EvaluateStreamItem(item_id=name, request=item) for name in ("1", "2")]
    yield GATE, "EvaluateStream", _named(gate_service_pb2.EvaluateStreamRequest(items=streamed), "ruleset")
    yield GATE, "Simulate", _simulation()
    yield GATE, "Simulate", _simulation()
    yield GATE, "ListRequirements", gate_service_pb2.ListRequirementsRequest(proposal=tiny(), as_of=AS_OF)
    yield RULESETS, "GetRuleset", _named(ruleset_service_pb2.GetRulesetRequest(as_of=AS_OF), "ruleset")
    yield RULESETS, "DiffRulesets", _named(ruleset_service_pb2.DiffRulesetsRequest(as_of=AS_OF), "before", "after")


def _simulation() -> gate_service_pb2.SimulateRequest:
    request = gate_service_pb2.SimulateRequest(proposal=tiny(), as_of=AS_OF, view=gate_service_pb2.VIEW_SUMMARY)
    request.overrides.add(fact="source.completeness", subject="crm").value.number = 0.9
    request.overrides.add(fact="deployment.audience").value.names.members.append("staff")
    request.overrides.add(fact="source.accuracy", subject="crm")
    request.waivers.add(
        id="w-1",
        rule_id="DAT-03",
        subject="crm",
        reason="r",
        compensating_control="c",
        requested_by="a",
        approved_by="b",
        starts_on="2026-10-01",
        ends_on="2026-12-01",
    )
    return request


def _named(request: Any, *selectors: str) -> Message:
    for selector in selectors:
        getattr(request, selector).name = FULL
    message: Message = request
    return message


def _uncommented(text: str) -> str:
    """Returns the lines of a commented proposal that count, so that damage hits what is read."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))
