"""Published models are counted as another program counts them, or the test says why not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.collectors.bpmn.models import OWNERS, RULES, collected, fact
from tests.collectors.inputs import artefact

from readygate_server.adapters.collectors.bpmn.model import model_of
from readygate_server.adapters.collectors.bpmn.tree import read_bpmn
from readygate_server.domain.collected import Status

MODELS = ("A.1.0", "A.4.1", "C.1.0", "C.2.0", "C.3.0", "C.4.0", "C.5.0", "receipt")
OTHERWISE: dict[str, dict[str, Any]] = {
    # Two of six tasks lie in subprocesses. The other program looks for a task in the lists of lanes only, where the
    # subprocess is; whoever owns the subprocess owns what is in it.
    "A.4.1": {"owned": 1.0},
}


@pytest.mark.parametrize("name", MODELS)
def test_counts_agree_with_another_program(name: str) -> None:
    """Pools, lanes, tasks by kind, owners, descriptions, borders and decisions."""
    given = artefact("bpmn", f"{name}.bpmn")
    model = model_of(read_bpmn(given.path.read_bytes(), name))
    ours: dict[str, Any] = {
        "processes": model.processes,
        "executable": model.executable,
        "pools": model.pools,
        "lanes": model.lanes,
        "tasks": model.tasks,
        "kinds": dict(model.kinds),
        "named": round(model.named / model.tasks, 3),
        "owned": round(model.owned / model.tasks, 3),
        "documented": round(model.documented / model.tasks, 3),
        "proc_doc": model.processes_documented,
        "human": model.human,
        "untyped": model.untyped,
        "error_boundary": model.boundaries["error"],
        "timer_boundary": model.boundaries["timer"],
        "escalation": model.escalations,
        "compensate": model.boundaries["compensate"],
        "boundary": model.boundaries.total(),
        "tasks_with_handler": round(model.handled / model.tasks, 3),
        "decisions": model.decisions,
        "decisions_conditioned": model.labelled,
        "starts": model.starts,
        "ends": model.ends,
        "orphans": model.orphans,
    }
    assert ours == {key: given.second_opinion[key] for key in ours} | OTHERWISE.get(name, {})


def test_labels_are_no_rules() -> None:
    """Of the models whose decisions all have labels, one has conditions as well."""
    ruled = {name: fact(collected(artefact("bpmn", f"{name}.bpmn").path), RULES) for name in MODELS}
    assert "each of 2 decisions has its rule" in ruled.pop("C.1.0").reason
    assert {found.status for found in ruled.values()} == {Status.NOT_EVALUABLE, Status.NOT_APPLICABLE}


def test_a_mined_model_has_no_owners() -> None:
    """It looks complete: 27 tasks with names, none with a type."""
    found = collected(artefact("bpmn", "receipt.bpmn").path)
    assert any("mined from a log" in note for note in found.notes)


def test_owners_of_tasks_are_those_that_another_program_found() -> None:
    """The share is its share, and where it found none, as in a model that was mined from a log, it is not stated."""
    for name in MODELS:
        given = artefact("bpmn", f"{name}.bpmn")
        found = fact(collected(given.path), OWNERS)
        expected = OTHERWISE.get(name, given.second_opinion)["owned"]
        assert (round(float(str(found.value)), 3) if found.status is Status.STATED else 0) == expected, name
    assert found.status is Status.NOT_STATED
