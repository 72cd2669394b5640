"""The JSON Schema of proposal files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from tests.adapters.proposals.builders import stated_facts
from tests.adapters.proposals.test_reader import GOOD, plain_data

from readygate_server.adapters.proposals.archetypes import ARCHETYPES
from readygate_server.adapters.proposals.schema import proposal_schema, schema_path, schema_text
from readygate_server.adapters.proposals.templates import archetype
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.domain.facts import FactRef, FactValue

VALIDATOR = Draft202012Validator(proposal_schema())
EXAMPLES = Path(__file__).parents[3] / "clients" / "examples"


def _complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(read_yaml(text, file="p.yaml").data)]


def test_the_committed_schema_is_the_generated_one() -> None:
    """The schema that editors read follows from the contract and the catalogue; its module renews it."""
    assert schema_path().read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_schema() -> None:
    """The schema keeps the rules of its own dialect."""
    Draft202012Validator.check_schema(proposal_schema())


def test_every_field_is_described() -> None:
    """An editor has something to show for every field but the list inside a set."""

    def undescribed(schema: dict[str, Any], path: str) -> list[str]:
        found = []
        for name, field in schema.get("properties", {}).items():
            found += [] if field.get("description") or name == "members" else [f"{path}.{name}"]
            found += undescribed(field, f"{path}.{name}")
        return found + (undescribed(schema["items"], path) if isinstance(schema.get("items"), dict) else [])

    assert undescribed(proposal_schema(), "") == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.name)
def test_the_examples_keep_the_schema(file: Path) -> None:
    """Every example proposal is one by the schema."""
    assert _complaints(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", sorted(ARCHETYPES))
def test_the_archetypes_keep_the_schema(name: str) -> None:
    """What a new proposal starts from is one by the schema."""
    assert _complaints(archetype(name)) == []


@given(stated_facts())
def test_what_the_reader_accepts_keeps_the_schema(facts: list[tuple[FactRef, FactValue]]) -> None:
    """Any facts that can be stated can be written by the schema."""
    assert _complaints(json.dumps(plain_data(facts))) == []
    assert _complaints(GOOD) == []


@pytest.mark.parametrize(
    "text",
    [
        "title: no id",
        "id: Upper",
        "{id: x, colour: red}",
        "{id: x, ops: {slice_gap: 2}}",
        "{id: x, ops: {slice_gap: true}}",
        "{id: x, ops: {eval_set_size: 1.5}}",
        "{id: x, ops: {next_review: soon}}",
        "{id: x, ops: {spend_cap: {currency: euro}}}",
        "{id: x, ops: {regression_gate: null}}",
        "{id: x, deployment: {autonomy_level: L4}}",
        "{id: x, deployment: {audience: staff}}",
        "{id: x, deployment: {audience: [staff, staff]}}",
        "{id: x, deployment: {audience: {}}}",
        "{id: x, apis: [{title: y}]}",
        "{id: x, evidence: [{grade: e2_measured}]}",
        "{id: x, evidence: [{facts: [ops.speed]}]}",
        "{id: x, evidence: [{facts: [ops.*], as_of: '2026-10-01T08:00:00'}]}",
        "{id: x, statements: [{fact: ops.*, kind: not_stated, reason: r}]}",
        "{id: x, statements: [{fact: ops.slice_gap, kind: not_stated}]}",
        "{id: x, value: {guardrails: {members: [{limit: 3}]}}}",
    ],
)
def test_what_the_reader_refuses_breaks_the_schema(text: str) -> None:
    """Unknown keys, wrong types, values out of range and unknown names are marked in an editor, too."""
    assert _complaints(text) != []
