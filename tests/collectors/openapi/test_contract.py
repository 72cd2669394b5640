"""The collector keeps the contract with documents in several files, in both languages, and with a report."""

from __future__ import annotations

import json
from pathlib import Path

from tests.collectors.openapi.building import BARE, document, key_header, operation

from readygate_server.adapters.collectors.contract import Case, assert_contract
from readygate_server.domain.vocabulary import Scope

PERSON = "Lovelace"


def test_documents_in_several_files_keep_the_contract(tmp_path: Path) -> None:
    """Two runs in different places give the same, and no name or example comes out."""
    (tmp_path / "parts").mkdir()
    data = document({"/a": {"$ref": "parts/a.yaml"}, "/b": {"$ref": "https://example.com/b.yaml"}})
    data["info"] |= {"contact": {"name": PERSON}}
    (tmp_path / "api.json").write_text(json.dumps(data))
    part = {"parameters": [key_header()], "post": operation(BARE, description=PERSON, deprecated=True)}
    (tmp_path / "parts" / "a.yaml").write_text(f"# YAML\n{json.dumps(part)}")
    case = Case(tmp_path, ("api.json",), Scope.API, secrets=(PERSON,))
    used = case._replace(
        options={"operation": ("POST /a",), "as-of": "2026-11-01"},
        states=("api.error_model_coverage", "api.idempotent_write_coverage", "api.lifecycle.status"),
    )
    assert_contract("readygate_server.adapters.collectors.openapi:COLLECTOR", [case, used])
