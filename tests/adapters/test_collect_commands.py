"""Work items name the commands that would prove that they are done."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest
from tests.cli.command import EXAMPLE

from readygate.v1.decision_pb2 import Plan
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.bootstrap.local import fact_directory, local_gate


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Work that the example needs."""
    proposal, _ = read_proposal(EXAMPLE.read_text(encoding="utf-8"), file="example.yaml")
    return local_gate().evaluate(proposal, as_of="2026-11-01").plan


def commands(plan: Plan, item_id: str) -> list[str]:
    """Returns the commands of an item."""
    return list(next(item for item in plan.items if item.id == item_id).collect_commands)


def test_a_repair_names_what_would_prove_it(plan: Plan) -> None:
    """One command for each collector that reads the fact that failed, about the asset that it failed for."""
    assert commands(plan, "W-DAT-03[crm]") == [
        "readygate collect table ARTEFACT --asset crm -o crm-table.yaml",
        "readygate collect dbt ARTEFACT --asset crm -o crm-dbt.yaml",
    ]


def test_a_measurement_names_what_takes_it(plan: Plan) -> None:
    """Facts that no collector reads add nothing."""
    assert commands(plan, "W-WFL-03[returns]") == [
        "readygate collect eventlog ARTEFACT --asset returns -o returns-eventlog.yaml"
    ]
    assert commands(plan, "W-VAL-02") == []


def test_the_catalogue_names_collectors_that_there_are() -> None:
    """Every collector of the catalogue is registered, so that the command that a plan names exists."""
    named = {name for fact in fact_catalogue() for name in fact.collectors}
    assert named <= {point.name for point in entry_points(group="readygate.collectors")}
    assert named


def test_a_derived_fact_is_read_by_what_reads_its_inputs() -> None:
    """A part answers as its fact, a derived fact as all of its inputs, and what nobody reads has no collector."""
    directory = fact_directory()
    assert directory.collectors("workflow.event_log_cases.weeks") == ("eventlog",)
    assert directory.collectors("source.accuracy_lower95") == directory.collectors("source.accuracy")
    assert directory.collectors("gov.log_retention") == ()
    assert directory.collectors("deployment.channel") == ()
