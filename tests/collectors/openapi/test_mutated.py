"""Whatever is put where something else should be, there are facts or there is a clear error."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.collectors.interfaces.test_interfaces import asyncapi
from tests.collectors.interfaces.test_interfaces import of as interface
from tests.collectors.openapi.building import TYPED, collected, document, key_header, operation

from readygate_server.adapters.collectors.port import ArtefactError
from readygate_server.domain.collected import Collected, Measured, Status

ID = {"name": "id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/id"}}
OPENAPI = document(
    {
        "/a/{id}": {
            "parameters": [{"$ref": "#/components/parameters/id"}],
            "get": operation(TYPED, operationId="a", security=[{"key": []}, {}]),
            "post": operation({"default": {"$ref": "#/components/responses/e"}}, parameters=[key_header()]),
        },
        "/b": {"$ref": "#/paths/~1a~1%7Bid%7D"},
    },
    components={
        "parameters": {"id": ID},
        "responses": {"e": TYPED["404"]},
        "schemas": {"id": {"type": "string", "example": "x"}},
        "securitySchemes": {"key": {"type": "apiKey"}},
    },
    servers=[{"url": "https://example.com"}],
)
SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "t", "version": "1", "contact": {"name": "n"}},
    "schemes": ["https"],
    "paths": {"/a": {"post": operation(parameters=[{"name": "b", "in": "body", "schema": {"type": "object"}}])}},
    "securityDefinitions": {"key": {"type": "basic"}},
}
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, "", "x", "\ud800", [], {}, [[]], [None], [{}], ["x"], {"": {}}, {"x": None}),
    *({"$ref": text} for text in ("#", "", "#/paths", "#/info/title", "gone.yaml", "/etc/x.json")),
    *({"$ref": 1}, {"$ref": []}),
)
KEYS = ("", "x-a", "$ref", "4XX", "default", "get", "parameters", "responses", "security", "/{x}", "example", "channel")


def places(data: object) -> list[tuple[Any, Any]]:
    """Returns every place of a document as what holds it and the key."""
    found: list[tuple[Any, Any]] = []
    left = [data]
    while left:
        node = left.pop()
        if isinstance(node, dict | list):
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            found += [(node, key) for key in keys]
            left += [node[key] for key in keys]
    return found


def mutate(data: object, chance: random.Random) -> object:
    """Returns a copy with up to four places changed."""
    changed = copy.deepcopy(data)
    for _ in range(chance.randint(1, 4)):
        node, key = chance.choice(places(changed) or [({"": 1}, "")])
        if chance.random() < 0.7:
            node[key] = copy.deepcopy(chance.choice(VALUES))
        elif isinstance(node, dict):
            node[chance.choice(KEYS)] = node.pop(key)
    return changed


def sound(fact: Measured) -> bool:
    """True when a fact has a value or a reason, and a share is one."""
    has_value = fact.status is Status.STATED
    in_range = not isinstance(fact.value, float) or 0 <= fact.value <= 1
    return (fact.value is not None) is has_value is (not fact.reason) and in_range and fact.coverage.examined >= 0


@pytest.mark.parametrize(
    ("seed", "data", "read"),
    [
        (1, OPENAPI, collected),
        (2, SWAGGER, collected),
        (3, asyncapi(), lambda folder, data: interface(folder, "a.json", data)),
        (4, asyncapi("2.6.0"), lambda folder, data: interface(folder, "a.json", data)),
    ],
    ids=["openapi", "swagger", "asyncapi 3", "asyncapi 2"],
)
def test_no_change_makes_it_crash(
    tmp_path: Path, seed: int, data: object, read: Callable[[Path, object], Collected]
) -> None:
    """Of 600 documents with a few places changed each gives facts that are sound, or an error of the artefact."""
    chance = random.Random(seed)  # noqa: S311
    facts = refused = 0
    for _ in range(600):
        try:
            found = read(tmp_path, json.dumps(mutate(data, chance)))
        except ArtefactError as error:
            refused += bool(str(error).encode())
            continue
        facts += 1
        assert all(sound(each) for each in found.facts)
        assert all(note.encode() for note in found.notes)
    assert facts > 300
    assert refused > 5
