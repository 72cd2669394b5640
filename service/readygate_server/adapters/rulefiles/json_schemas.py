"""JSON Schemas of the files that rules, identities and evidence are written in, so that editors complete and check."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from readygate_server.adapters.collectors.foundation_schema import foundation_schema_text
from readygate_server.adapters.fact_catalogue import FactsFile
from readygate_server.adapters.identity.schema import IdentityFile
from readygate_server.adapters.notices.schema import WebhooksFile
from readygate_server.adapters.proposals.schema import proposal_schema
from readygate_server.adapters.proposals.vocabulary import all_facts
from readygate_server.adapters.rulefiles.known_facts import known_facts
from readygate_server.adapters.rulefiles.schema import (
    PublishedFile,
    RuleFile,
    RulesetFile,
    RuleTestFile,
    TieringFile,
)

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_SHAPES: Final[Mapping[str, type[BaseModel]]] = {
    "rule": RuleFile,
    "rule_test": RuleTestFile,
    "ruleset": RulesetFile,
    "tiering": TieringFile,
    "facts": FactsFile,
    "published": PublishedFile,
    "identity": IdentityFile,
    "webhooks": WebhooksFile,
}


def json_schemas() -> Mapping[str, str]:
    """Returns the text of each schema by the name of its file, always the same for the same shapes and facts."""
    own = {f"{name}.schema.json": _text(shape) for name, shape in _SHAPES.items()}
    return {**own, "foundation.schema.json": foundation_schema_text()}


def write_schemas(directory: Path) -> tuple[Path, ...]:
    """Writes all schemas into a directory, such as `rules/schema`, and returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in json_schemas().items():
        (directory / name).write_text(text, encoding="utf-8")
    return tuple(directory / name for name in json_schemas())


def _text(shape: type[BaseModel]) -> str:
    schema = _tidy(shape.model_json_schema(by_alias=True))
    facts, wholes = sorted(known_facts()), sorted({*known_facts(), *all_facts()})
    # The schema of proposals is put in as a whole, because not every editor follows a reference to another file.
    kinds: dict[str, Any] = {
        "fact": {"enum": facts, "type": "string"},
        "fact-or-whole": {"enum": wholes, "type": "string"},
        "proposal": {key: value for key, value in proposal_schema().items() if key != "$schema"},
    }
    for kind in sorted(_refer(schema, kinds)):
        schema.setdefault("$defs", {})[kind] = kinds[kind]
    return json.dumps({"$schema": _DRAFT, **schema}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Leaves out titles that only repeat names, and null where it only means that a key may be left out."""
    tidied: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title":
            continue
        if key in ("properties", "$defs"):
            tidied[key] = {name: _tidy(_present(part)) for name, part in value.items()}
        else:
            tidied[key] = _tidy_any(value)
    return tidied


def _tidy_any(value: Any) -> Any:
    if isinstance(value, dict):
        return _tidy(value)
    return [_tidy_any(part) for part in value] if isinstance(value, list) else value


def _present(part: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" not in part or part.get("default", ...) is not None:
        return part
    alternatives = [each for each in part["anyOf"] if each != {"type": "null"}]
    rest = {key: value for key, value in part.items() if key not in ("anyOf", "default")}
    return {**rest, **alternatives[0]} if len(alternatives) == 1 else {**rest, "anyOf": alternatives}


def _refer(value: Any, kinds: Container[str]) -> set[str]:
    """Puts a reference wherever the format says what kind of thing stands there; returns the kinds met."""
    if isinstance(value, list):
        return {kind for part in value for kind in _refer(part, kinds)}
    if not isinstance(value, dict):
        return set()
    kind = value.get("format")
    if isinstance(kind, str) and kind in kinds:
        value.clear()
        value["$ref"] = f"#/$defs/{kind}"
        return {kind}
    return {kind for part in value.values() for kind in _refer(part, kinds)}
