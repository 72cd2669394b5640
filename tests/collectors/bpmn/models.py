"""Writes process models, and collects them."""

from __future__ import annotations

from pathlib import Path

from readygate_server.adapters.collectors.bpmn import COLLECTOR
from readygate_server.adapters.collectors.bpmn.model import Model, model_of
from readygate_server.adapters.collectors.bpmn.tree import MODEL, read_bpmn
from readygate_server.adapters.collectors.checks import check_collected
from readygate_server.adapters.collectors.port import OptionValue, Request
from readygate_server.domain.collected import Collected, Measured, Subject
from readygate_server.domain.vocabulary import Scope

CONFIRMED = "workflow.model_date"
RULES = "workflow.rule_coverage"
OWNERS = "workflow.task_owner_ratio"


def model(body: str, prefix: str = "", more: str = "") -> bytes:
    """Returns a model with this process, and what stands beside it; elements carry a prefix if one is given."""
    text = f'<definitions xmlns="{MODEL}" xmlns:c="http://camunda.org/schema/1.0/bpmn">{more}'
    text += f'<process id="p" isExecutable="true">{body}</process></definitions>'
    if prefix:
        text = text.replace("</", "\x00").replace("<", f"<{prefix}:").replace("\x00", f"</{prefix}:")
        text = text.replace("xmlns=", f"xmlns:{prefix}=")
    return text.encode()


def flow(source: str, target: str, more: str = "", inside: str = "") -> str:
    """Returns a flow from one node to another."""
    return (
        f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}" {more}>{inside}</sequenceFlow>'
    )


def condition(text: str = "${x}") -> str:
    """Returns a condition of a flow."""
    return f"<conditionExpression>{text}</conditionExpression>"


def counted(body: str, **more: str) -> Model:
    """Returns what a process is counted as."""
    return model_of(read_bpmn(model(body, **more), "model.bpmn"))


def collected(path: Path, **options: OptionValue) -> Collected:
    """Collects a model, and holds the result to what every collector promises."""
    subject = Subject(Scope.WORKFLOW, "refunds")
    given = {name.replace("_", "-"): value for name, value in options.items()}
    found = COLLECTOR.collect(Request((path,), subject, given))
    check_collected(found, "bpmn", subject)
    return found


def fact(found: Collected, name: str) -> Measured:
    """Returns a fact."""
    return next(each for each in found.facts if each.fact == name)
