"""The collector of process models in BPMN 2.0."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.artefacts import read_whole, uri_of
from readygate_server.adapters.collectors.bpmn.model import Model, model_of
from readygate_server.adapters.collectors.bpmn.tree import MODEL, read_bpmn
from readygate_server.adapters.collectors.port import (
    ArtefactError,
    ArtefactFault,
    Option,
    OptionError,
    Recognition,
    Request,
)
from readygate_server.domain.collected import Collected, Coverage, Measured, Status
from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Grade, Scope

MAX_BYTES: Final = 50_000_000
_CONFIRMED: Final = "confirmed-on"


class BpmnCollector:
    """Reads one process model."""

    name = "bpmn"
    version = "1"
    scope = Scope.WORKFLOW
    options = (Option(_CONFIRMED, "day on which the owner confirmed this very file, as YYYY-MM-DD"),)

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Knows BPMN by its namespace."""
        if MODEL.encode() not in head or b"definitions" not in head:
            return None
        stem = path.name.partition(".")[0]
        return Recognition("process model (BPMN 2.0)", stem, stem, confidence="high")

    def collect(self, request: Request) -> Collected:
        """Returns what the model documents about the workflow.

        Raises:
          ArtefactError: when the file is no BPMN 2.0.
        """
        if len(request.artefacts) != 1 or request.artefacts[0].is_dir():
            raise ArtefactError(
                ArtefactFault(
                    self.name, "a process model is one file", got=f"{len(request.artefacts)} files or folders"
                )
            )
        path = request.artefacts[0]
        confirmed = _confirmed(request)
        artefact, data = read_whole(path, MAX_BYTES)
        request.progress("reading the model", len(data), len(data))
        model = model_of(read_bpmn(data, uri_of(path)))
        return Collected(
            collector=self.name,
            version=self.version,
            subject=request.subject,
            artefacts=(artefact,),
            facts=tuple(_facts(model, confirmed)),
            notes=tuple(_notes(model)),
        )


COLLECTOR: Final = BpmnCollector()


def _confirmed(request: Request) -> date | None:
    text = request.text(_CONFIRMED)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise OptionError(ArtefactFault(f"--{_CONFIRMED}", "no such day", got=text, expected="YYYY-MM-DD"))
    return day


def _facts(model: Model, confirmed: date | None) -> Iterator[Measured]:
    parts = (("confirmed_on", confirmed.isoformat() if confirmed else "not said"),)
    as_of = datetime(confirmed.year, confirmed.month, confirmed.day, tzinfo=UTC) if confirmed else None

    def fact(name: str, method: str, status: Status, found: FactValue, examined: int) -> Measured:
        stated = status is Status.STATED
        return Measured(
            fact=name,
            status=status,
            value=found if stated else None,
            reason="" if stated else str(found),
            grade=Grade.E1,
            method=f"bpmn.{method}.v1",
            parameters=parts,
            coverage=Coverage(examined, 0),
            as_of=as_of,
        )

    drawn = model.tasks > 0
    if confirmed and drawn:
        yield fact("workflow.model_date", "confirmed", Status.STATED, confirmed.isoformat(), model.tasks)
    elif drawn:
        reason = "a model does not say on which day its owner confirmed it: --confirmed-on"
        yield fact("workflow.model_date", "confirmed", Status.NOT_STATED, reason, model.tasks)
    else:
        yield fact("workflow.model_date", "confirmed", Status.NOT_EVALUABLE, "the model has no tasks", 0)
    yield fact("workflow.rule_coverage", "rules", *_rules(model, confirmed), model.decisions)
    yield fact("workflow.task_owner_ratio", "owners", *_owned(model), model.tasks)


def _rules(model: Model, confirmed: date | None) -> tuple[Status, FactValue]:
    """Returns what became of the question whether decisions have rules.

    Only a model that writes down every one answers it: rules that it lacks may stand in tables or handbooks.
    """
    if not model.tasks:
        return Status.NOT_EVALUABLE, "the model has no tasks"
    if not model.decisions:
        if model.collapsed:
            return (
                Status.NOT_EVALUABLE,
                f"no decision is drawn, and {model.collapsed} pools do not show what is in them",
            )
        return Status.NOT_APPLICABLE, "the model has no decision"
    if model.ruled < model.decisions:
        reason = f"the model writes a rule for {model.ruled} of {model.decisions} decisions; others may stand elsewhere"
        return Status.NOT_EVALUABLE, reason
    if confirmed is None:
        reason = f"each of {model.decisions} decisions has its rule; whether it is approved a model does not say"
        return Status.NOT_EVALUABLE, f"{reason}: --confirmed-on"
    return Status.STATED, 1.0


def _owned(model: Model) -> tuple[Status, FactValue]:
    """Returns the share of tasks that lie in a lane or name a performer; a model that names nobody is silent."""
    if not model.tasks:
        return Status.NOT_EVALUABLE, "the model has no tasks"
    if not model.owned:
        return Status.NOT_STATED, f"none of {model.tasks} tasks lies in a lane or names who performs it"
    return Status.STATED, model.owned / model.tasks


def _notes(model: Model) -> Iterator[str]:
    yield (
        f"{model.processes} processes ({model.executable} executable, {model.processes_documented} documented),"
        f" {model.pools} pools ({model.collapsed} of them empty), {model.lanes} lanes"
    )
    yield (
        f"{model.tasks} tasks: {model.human} by people, {model.untyped} of which the model does not say whether people"
        f" do them; {model.named} have a name, {model.documented} a description"
    )
    yield f"{model.owned} of {model.tasks} tasks lie in a lane or name who performs them"
    if model.tasks and not model.owned:
        yield "no task has an owner; a model that was mined from a log looks like this"
    borders = ", ".join(f"{kind} {count}" for kind, count in sorted(model.boundaries.items()))
    yield (
        f"{model.handled} of {model.tasks} tasks say what happens when they fail or take too long"
        f"{f' ({borders})' if borders else ''}; {model.escalations} events of escalation"
    )
    yield f"hand-offs: {model.crossings} flows from one lane to another, {model.messages} messages between pools"
    yield (
        f"{model.decisions} decisions: {model.labelled} with a label or condition on each way out but the default,"
        f" {model.ruled} with a rule"
    )
    yield f"{model.starts} starts, {model.ends} ends, {model.orphans} tasks that no flow reaches or leaves"
