"""Runs the collector of tables on small files, and gives its facts by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from readygate_server.adapters.collectors.checks import result_problems
from readygate_server.adapters.collectors.port import Request
from readygate_server.adapters.collectors.table import COLLECTOR
from readygate_server.domain.collected import Collected, Measured, Status, Subject
from readygate_server.domain.vocabulary import Scope

CRM = Subject(Scope.SOURCE, "crm")
Option = str | tuple[str, ...] | bool


def collected(*files: Path, **options: Option) -> Collected:
    """Returns what the collector finds; options have `_` for `-`. The result keeps what every collector promises."""
    told: Mapping[str, Option] = {name.replace("_", "-"): value for name, value in options.items()}
    found = COLLECTOR.collect(Request(files, CRM, told))
    assert list(result_problems(found, "table", CRM)) == []
    return found


def facts(*files: Path, **options: Option) -> dict[str, Measured]:
    """Returns the facts by the last part of their name."""
    return {fact.fact.partition(".")[2]: fact for fact in collected(*files, **options).facts}


def value(fact: Measured) -> float | str | None:
    """Returns the value of a stated fact."""
    assert fact.status is Status.STATED, fact.reason
    assert isinstance(fact.value, (float, str))
    return fact.value


def csv(folder: Path, text: str, name: str = "crm.csv") -> Path:
    """Writes a CSV file as it is given."""
    path = folder / name
    path.write_bytes(text.encode())
    return path


def contract(folder: Path, *columns: Mapping[str, object], **more: object) -> str:
    """Writes an ODCS contract of one table and returns its path."""
    path = folder / "crm.odcs.yaml"
    table = {"name": "crm", "properties": list(columns), **more}
    document = {"kind": "DataContract", "apiVersion": "v3.1.0", "status": "active", "schema": [table]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)
