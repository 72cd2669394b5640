"""The collector keeps the contract in each language, with files and with folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.collectors.interfaces.test_interfaces import GRAPHQL, PROTO, asyncapi

from readygate_server.adapters.collectors.contract import Case, assert_contract
from readygate_server.domain.vocabulary import Scope

PERSON = "Lovelace"


@pytest.mark.parametrize("language", ["proto", "graphql", "asyncapi"])
def test_each_language_keeps_the_contract(tmp_path: Path, language: str) -> None:
    """Two runs in different places give the same, and no name comes out."""
    folder = tmp_path / "case"
    folder.mkdir()
    info = {"title": "Orders", "version": "1", "contact": {"name": PERSON}}
    files = {
        "proto": ("a.proto", PROTO.replace("// Gets", f"// {PERSON} gets")),
        "graphql": ("a.graphql", GRAPHQL.replace("One.", PERSON)),
        "asyncapi": ("a.json", json.dumps(asyncapi(info=info))),
    }
    name, text = files[language]
    (folder / name).write_text(text)
    case = Case(folder, (name,), Scope.API, states=("api.spec_valid", "api.integration_method"), secrets=(PERSON,))
    whole = case._replace(artefacts=(".",), recognised=False)
    assert_contract("readygate_server.adapters.collectors.interfaces:COLLECTOR", [case, whole])
