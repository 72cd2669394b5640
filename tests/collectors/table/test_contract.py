"""The collector of tables keeps what every collector promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.collectors.table.telling import Option, contract, csv

from readygate_server.adapters.collectors.contract import Case, assert_contract
from readygate_server.domain.vocabulary import Scope

pytest.importorskip("duckdb", reason="the extra collect-table is not installed")
PEOPLE = ("Ottilie Quastenflosser", "Balthasar Nebelung")


@pytest.mark.timeout(300)
def test_it_keeps_the_contract_of_collectors(tmp_path: Path) -> None:
    """Same bytes, same facts in any zone and language; halves and noise are refused; no value of a cell gets out."""
    folder = tmp_path / "case"
    folder.mkdir()
    days = (f"2026-03-{number % 28 + 1:02}" for number in range(99))
    rows = "".join(f"{n},{PEOPLE[n % 2]},{day} 10:00:00,{day} 10:05:00\n" for n, day in enumerate(days))
    csv(folder, f"id,name,happened,arrived\n{rows}")
    contract(folder, {"name": "id", "logicalType": "integer"}, {"name": "name", "classification": "personal"})
    options: dict[str, Option] = {
        "contract": "crm.odcs.yaml",
        "key": ("id",),
        "critical": ("name",),
        "recorded-at": "happened",
        "loaded-at": "arrived",
        "timezone": "UTC",
    }
    measured = ("completeness", "uniqueness", "validity", "freshness_lag_p95")
    states = tuple(f"source.{name}" for name in (*measured, "contract_status", "classification_coverage"))
    case = Case(folder, ("crm.csv",), Scope.SOURCE, options, states=states, secrets=PEOPLE)
    assert_contract("readygate_server.adapters.collectors.table:COLLECTOR", [case])
