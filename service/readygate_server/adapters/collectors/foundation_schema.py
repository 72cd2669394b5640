"""JSON Schema of files with facts and evidence: what a proposal may say, without what only a proposal says."""

from __future__ import annotations

import json
from typing import Any

from readygate_server.adapters.proposals.schema import proposal_schema

_OF_PROPOSALS = ("id", "title", "assets")


def foundation_schema() -> dict[str, Any]:
    """Returns the schema."""
    schema = proposal_schema()
    properties = {name: each for name, each in schema["properties"].items() if name not in _OF_PROPOSALS}
    kept = {key: value for key, value in schema.items() if key != "required"}
    described = "Facts about data sources, APIs and workflows with the evidence for them, to be joined to proposals."
    return {**kept, "title": "Facts with evidence for readygate", "properties": properties, "description": described}


def foundation_schema_text() -> str:
    """Returns the schema as it is committed."""
    return json.dumps(foundation_schema(), ensure_ascii=False, indent=2) + "\n"
