"""Writes small artefacts of dbt, Great Expectations and datacontract-cli, and gives the facts that are read of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from readygate_server.adapters.collectors.checks import result_problems
from readygate_server.adapters.collectors.dbt import COLLECTOR
from readygate_server.adapters.collectors.port import Request
from readygate_server.domain.collected import Collected, Measured, Status, Subject
from readygate_server.domain.vocabulary import Scope

CRM = Subject(Scope.SOURCE, "crm")
RUN = "11111111-0000-0000-0000-000000000000"
Option = str | tuple[str, ...] | bool
Data = dict[str, Any]


def collected(*files: Path, **options: Option) -> Collected:
    """Returns what the collector finds, which keeps what every collector promises."""
    found = COLLECTOR.collect(Request(files, CRM, {name.replace("_", "-"): value for name, value in options.items()}))
    assert list(result_problems(found, "dbt", CRM)) == []
    return found


def facts(*files: Path, **options: Option) -> dict[str, Measured]:
    """Returns the facts by the last part of their name."""
    return {fact.fact.partition(".")[2]: fact for fact in collected(*files, **options).facts}


def value(fact: Measured) -> float:
    """Returns the value of a stated fact."""
    assert fact.status is Status.STATED, fact.reason
    assert isinstance(fact.value, float)
    return fact.value


def written(folder: Path, name: str, data: object) -> Path:
    """Writes JSON."""
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def a_test(kind: str, model: str = "customers", column: str = "id", **more: object) -> Data:
    """Returns a test of a manifest."""
    package = str(more.pop("package", "shop"))
    return {
        "unique_id": f"test.{package}.{kind}_{model}_{column}",
        "name": f"{kind}_{model}_{column}",
        "resource_type": "test",
        "package_name": package,
        "column_name": column,
        "depends_on": {"nodes": [f"model.shop.{model}"]},
        "test_metadata": {
            "name": kind,
            "kwargs": {"column_name": column, "model": f"ref('{model}')"},
            "namespace": None,
        },
        "config": {"where": None, "fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0", **more},
    }


def manifest(folder: Path, *tests: Data, models: Iterable[str] = ("customers",), **more: object) -> Path:
    """Writes the manifest of a project called shop."""
    nodes = [
        {
            "unique_id": f"model.shop.{name}",
            "name": name,
            "resource_type": "model",
            "package_name": "shop",
            "columns": {},
        }
        for name in models
    ]
    data = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "invocation_id": RUN,
            "project_name": "shop",
        },
        "nodes": {each["unique_id"]: each for each in (*nodes, *tests)},
        "sources": {},
        **more,
    }
    return written(folder, "manifest.json", data)


def results(
    folder: Path,
    outcomes: Mapping[str, tuple[str, object]],
    *,
    which: str = "test",
    run: str = RUN,
    at: str = "2026-03-30T06:00:00Z",
    name: str = "run_results.json",
) -> Path:
    """Writes the results of one run: status and failing rows by the id of the test."""
    data = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "invocation_id": run,
            "generated_at": at,
        },
        "args": {"which": which},
        "results": [
            {"unique_id": id_, "status": status, "failures": failures, "compiled_code": "select secret from vault"}
            for id_, (status, failures) in outcomes.items()
        ],
    }
    return written(folder, name, data)


def expectation(kind: str, column: str = "id", *, success: bool = True, **result: object) -> Data:
    """Returns one result of Great Expectations."""
    kwargs = {key: result.pop(key) for key in ("value_set", "row_condition", "mostly") if key in result}
    raised = bool(result.pop("raised", False))
    return {
        "success": success,
        "expectation_config": {"type": kind, "kwargs": {"column": column, **kwargs}},
        "result": {"partial_unexpected_list": ["Ottilie Quastenflosser"], **result},
        "exception_info": {"raised_exception": raised},
    }


def validation(folder: Path, *checks: Data, at: str = "2026-03-30T06:00:00Z", name: str = "gx.json") -> Path:
    """Writes a result of a validation."""
    meta = {"great_expectations_version": "1.24.1", "validation_time": at}
    return written(folder, name, {"success": True, "results": list(checks), "statistics": {}, "meta": meta})
