"""JSON Schemas of rule files: those that are checked in, and what they accept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.adapters.rulefiles.files import RULE, SOUND, edited

from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.rulefiles.json_schemas import json_schemas, write_schemas
from readygate_server.adapters.yaml_text import read_yaml

RULES = rules_directory()


@cache
def validator(name: str) -> Draft202012Validator:
    """Returns the validator of a schema that is checked in."""
    schema = json.loads((RULES / "schema" / name).read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def complaints(schema: str, text: str) -> Iterator[str]:
    """Yields what a schema has against a text."""
    for error in validator(schema).iter_errors(read_yaml(text, file="text").data):
        yield error.message


def test_what_is_checked_in_is_what_is_generated(tmp_path: Path) -> None:
    """The schemas in the repository are those of the shapes, to the letter."""
    for path in write_schemas(tmp_path):
        assert path.read_text("utf-8") == (RULES / "schema" / path.name).read_text("utf-8"), (
            f"generate {path.name} anew"
        )


def test_generating_twice_gives_the_same() -> None:
    """The text of the schemas does not depend on the run."""
    assert json_schemas() == json_schemas()


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("scope: source", "scope: sources", "'sources' is not one of"),
        ("scope: source", "scpoe: source", "'scpoe' was unexpected"),
        ("fact: source.authority", "fact: source.autority", "'source.autority' is not one of"),
        ("T1: 0.9,", "T1: [0.9],", "is not valid under any of the given schemas"),
        ("    one_of: [system_of_record, governed_copy]\n", "", "is not valid under any of the given schemas"),
        (
            "{source: An example, citation: page 1}",
            "{source: An example}",
            "is not valid under any of the given schemas",
        ),
        ("  title: Repair it\n", "", "'title' is a required property"),
    ],
)
def test_an_editor_shows_what_the_loader_refuses(old: str, new: str, part: str) -> None:
    """Unknown words, keys and facts, a missing key and two comparators are wrong by the schema already."""
    found = list(complaints("rule.schema.json", edited(RULE, old, new)))
    assert any(part in each for each in found), found


def test_the_tests_of_rules_are_completed_like_proposals() -> None:
    """The facts of a rule test are checked as those of a proposal are."""
    text = edited(SOUND["data/DAT-01_test.yaml"], "      completeness: 0.99", "      completness: 0.99")
    assert any("'completness' was unexpected" in each for each in complaints("rule_test.schema.json", text))
