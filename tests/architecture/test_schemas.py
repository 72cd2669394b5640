"""Holds every YAML file that people write to the schema that it names on line one."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
WRITTEN = sorted([*(ROOT / "rules").rglob("*.yaml"), *(ROOT / "clients" / "examples").rglob("*.yaml")])
NAMES_SCHEMA = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


class _Loader(yaml.SafeLoader):
    """Reads days as the text they are written as, as JSON Schema sees them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@cache
def _validator(schema: Path) -> Draft202012Validator:
    loaded = json.loads(schema.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded)


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_is_as_its_schema_says(file: Path) -> None:
    """Line one names a schema that exists, and an editor that checks by it finds no fault."""
    text = file.read_text(encoding="utf-8")
    named = NAMES_SCHEMA.match(text)
    assert named is not None, "line one names no schema"
    validator = _validator((file.parent / named[1]).resolve())

    faults = [error.message for error in validator.iter_errors(yaml.load(text, _Loader))]  # noqa: S506, a SafeLoader

    assert faults == []
