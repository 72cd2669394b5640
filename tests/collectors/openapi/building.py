"""Small OpenAPI documents, and what the collector makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from readygate_server.adapters.collectors.openapi import COLLECTOR
from readygate_server.adapters.collectors.port import OptionValue, Request
from readygate_server.domain.collected import Collected, Measured, Status, Subject
from readygate_server.domain.vocabulary import Scope

SUBJECT = Subject(Scope.API, "orders", "Orders")
OK: dict[str, Any] = {"200": {"description": "done"}}
TYPED: dict[str, Any] = {
    **OK,
    "404": {"description": "none", "content": {"application/json": {"schema": {"type": "object"}}}},
}
BARE: dict[str, Any] = {**OK, "404": {"description": "none"}}


def document(paths: dict[str, Any], version: str = "3.0.3", **more: Any) -> dict[str, Any]:
    """Returns a sound document with these paths."""
    return {"openapi": version, "info": {"title": "Orders", "version": "1"}, "paths": paths, **more}


def operation(responses: dict[str, Any] = OK, **more: Any) -> dict[str, Any]:
    """Returns a sound operation."""
    return {"responses": responses, **more}


def key_header(name: str = "Idempotency-Key") -> dict[str, Any]:
    """Returns a header parameter."""
    return {"name": name, "in": "header", "schema": {"type": "string"}}


def collect(path: Path, **options: OptionValue) -> Collected:
    """Collects from a file."""
    given = {name.replace("_", "-"): value for name, value in options.items()}
    return COLLECTOR.collect(Request((path,), SUBJECT, given))


def collected(folder: Path, data: object, **options: OptionValue) -> Collected:
    """Writes a document and collects from it."""
    path = folder / "api.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return collect(path, **options)


def fact(found: Collected, name: str) -> Measured:
    """Returns a fact."""
    return next(each for each in found.facts if each.fact == name)


def answer(found: Collected, name: str) -> object:
    """Returns the value of a fact, or why there is none."""
    each = fact(found, name)
    return each.value if each.status is Status.STATED else each.status


def note(found: Collected, start: str) -> str:
    """Returns the note that starts like this."""
    return next(each for each in found.notes if each.startswith(start))
