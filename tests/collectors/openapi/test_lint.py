"""A document is valid when nothing in it is wrong by its own specification, and all of it was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.collectors.openapi.building import OK, answer, collected, document, fact, note, operation

from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Grade

VALID = "api.spec_valid"
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
QUERY = {"name": "q", "in": "query", "schema": {"type": "string"}}


def swagger(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Returns a sound document of Swagger 2 with these paths."""
    return {"swagger": "2.0", "info": {"title": "Orders", "version": "1"}, "paths": paths, **more}


def checks(folder: Path, data: dict[str, Any]) -> list[str]:
    """Returns the checks that found something."""
    found = collected(folder, data)
    starts = "wrong by the specification, "
    names = [each.removeprefix(starts).partition(":")[0] for each in found.notes if each.startswith(starts)]
    assert answer(found, VALID) is (not names)
    return names


def test_a_sound_document_is_valid(tmp_path: Path) -> None:
    """It was measured, and what was not looked at is said."""
    found = collected(tmp_path, document({"/a/{id}": {"parameters": [ID], "get": operation(parameters=[QUERY])}}))
    valid = fact(found, VALID)
    assert (valid.value, valid.grade) == (True, Grade.E2)
    assert valid.coverage.why == ("neither examples nor the keywords of schemas were checked",)


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (document({}, info={"title": "t"}), "info"),
        (document({}, info={"title": "t", "version": 1.0}), "info"),
        ({"openapi": "3.0.0", "info": {"title": "t", "version": "1"}}, "paths"),
        ({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}, "paths"),
        (document({"a": {"get": operation()}}), "paths"),
        (document({"/a/{id}": {"parameters": [ID]}, "/a/{no}": {"parameters": [{**ID, "name": "no"}]}}), "paths"),
        (document({"/a/{id}": {"get": operation()}}), "path-parameter"),
        (document({"/a": {"get": operation(parameters=[ID])}}), "path-parameter"),
        (document({"/{id}": {"get": operation(parameters=[{**ID, "required": False}])}}), "path-parameter"),
        (document({"/{id}/{id}": {"get": operation(parameters=[ID])}}), "path-parameter"),
        (document({"/a": {"get": operation(parameters=[QUERY, QUERY])}}), "parameter"),
        (document({"/a": {"get": operation(parameters=[{**QUERY, "in": "body"}])}}), "parameter"),
        (document({"/a": {"get": operation(parameters=[{"name": "q", "in": "query"}])}}), "parameter"),
        (document({"/a": {"get": operation(parameters=[{**QUERY, "content": {}}])}}), "parameter"),
        (document({"/a": {"get": operation(parameters=[{**QUERY, "name": ""}])}}), "parameter"),
        (swagger({"/a": {"get": operation(parameters=[{"name": "q", "in": "query"}])}}), "parameter"),
        (swagger({"/a": {"get": operation(parameters=[{"name": "q", "in": "body", "type": "x"}])}}), "parameter"),
        (document({"/a": {"get": operation(operationId="x"), "put": operation(operationId="x")}}), "operation-id"),
        (document({"/a": {"post": operation(requestBody={"description": "x"})}}), "request-body"),
        (document({"/a": {"get": {}}}), "responses"),
        (document({"/a": {"get": operation({})}}, "3.1.0"), "responses"),
        (document({"/a": {"get": operation({"600": {"description": ""}})}}), "responses"),
        (document({"/a": {"get": operation({"4xx": {"description": ""}})}}), "responses"),
        (swagger({"/a": {"get": operation({"4XX": {"description": ""}})}}), "responses"),
        (document({"/a": {"get": operation({"200": {}})}}), "responses"),
        (document({"/a": {"get": operation(security=[{"key": []}])}}), "security"),
        (document({}, security=[{"key": []}]), "security"),
        (document({}, components={"securitySchemes": {"key": {"type": "magic"}}}), "security"),
        (document({}, components={"securitySchemes": {"key": {"type": "mutualTLS"}}}), "security"),
        (document({"/a": {"get": operation(resposnes={})}}), "field"),
        (document({"/a": {"fetch": operation()}}), "field"),
        (swagger({"/a": {"trace": operation()}}), "field"),
        (document({}, securityDefinitions={}), "field"),
        (document({"/a": {"get": operation(deprecated="yes")}}), "field"),
        (document({"/a": {"get": operation({"200": {"description": 1}})}}), "field"),
        (document({"/a": {"get": operation({"200": {"$ref": "#/components/responses/Gone"}})}}), "reference"),
        (document({}, components={"schemas": {"a": {"$ref": "#/components/schemas/a"}}}), "reference"),
    ],
)
def test_each_check_finds_what_it_is_for(tmp_path: Path, data: dict[str, Any], check: str) -> None:
    """One thing that is wrong makes one check speak, and the document invalid."""
    assert checks(
        tmp_path, {**data, "paths": {**data["paths"], "/ok": {"get": operation()}}} if "paths" in data else data
    ) == [check]


@pytest.mark.parametrize(
    "data",
    [
        document({"/a": {"trace": operation()}}),
        document({"/a": {"get": {}}}, "3.1.0"),
        document({"/a": {"query": operation(), "additionalOperations": {"COPY": operation({"200": {}})}}}, "3.2.0"),
        document({"/a": {"get": operation({"4XX": {"description": ""}, "default": {"description": ""}})}}),
        document(
            {"/a": {"get": operation(security=[{"key": []}])}},
            components={"securitySchemes": {"key": {"type": "http"}}},
        ),
        document({"/a": {"get": operation()}}, "3.1.1", components={"securitySchemes": {"k": {"type": "mutualTLS"}}}),
        document({"x-a": [], "/a": {"x-b": 1, "get": {**operation(), "x-c": 2}}}) | {"x-d": 3},
        document({"/a": {"get": operation(), "parameters": [{**QUERY, "in": "cookie"}]}}),
        swagger({"/a": {"post": operation(parameters=[{"name": "b", "in": "body", "schema": {}}])}}),
        swagger({"/a": {"get": operation(consumes=[])}}, securityDefinitions={"k": {"type": "basic"}}, host="h"),
    ],
)
def test_what_a_version_allows_is_not_wrong(tmp_path: Path, data: dict[str, Any]) -> None:
    """Methods, fields, codes and schemes are those of the version; extensions are always allowed."""
    assert checks(tmp_path, data) == []


def test_additional_operations_count(tmp_path: Path) -> None:
    """Of version 3.2 the methods without a field of their own are operations as well."""
    paths = {"/a": {"query": operation(), "additionalOperations": {"COPY": operation()}}}
    assert note(collected(tmp_path, document(paths, "3.2.0")), "OpenAPI 3.2").startswith("OpenAPI 3.2: 2 operations")


def test_what_was_not_read_is_not_valid(tmp_path: Path) -> None:
    """A part elsewhere leaves open whether the whole is valid, unless something else is wrong already."""
    elsewhere = {
        "/a": {"get": operation({"200": {"$ref": "https://example.com/a.json"}, "404": {"$ref": "b.json#/c"}})}
    }
    found = collected(tmp_path, document(elsewhere))
    assert answer(found, VALID) is Status.NOT_EVALUABLE
    assert "1 to where it leads out of the folder" in fact(found, VALID).reason
    assert note(found, "references not followed").count("1:") == 2
    assert answer(collected(tmp_path, document({**elsewhere, "b": {}})), VALID) is False


def test_a_path_elsewhere_leaves_every_share_open(tmp_path: Path) -> None:
    """How many operations there are is not known, so that no share can be; those that are used may be."""
    data = document({"/a": {"$ref": "gone.yaml"}, "/b": {"get": operation({**OK, "default": {"description": ""}})}})
    found = collected(tmp_path, data)
    assert answer(found, "api.error_model_coverage") is Status.NOT_EVALUABLE
    assert answer(collected(tmp_path, data, operation=("GET /b",)), "api.error_model_coverage") == 0.0


def test_a_document_in_several_files_is_one(tmp_path: Path) -> None:
    """Paths, parameters, responses and schemas may each stand in a file of their own."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "order.yaml").write_text(
        "parameters: [{$ref: '../common.yaml#/parameters/id'}]\n"
        "get:\n  responses:\n    200: {description: done}\n    404: {$ref: '../common.yaml#/responses/none'}\n"
    )
    (tmp_path / "common.yaml").write_text(
        "parameters: {id: {name: id, in: path, required: true, schema: {type: string}}}\n"
        "responses:\n  none: {description: none, content: {application/json: {schema: {$ref: 'parts/s.json#/E'}}}}\n"
    )
    (tmp_path / "parts" / "s.json").write_text('{"E": {"type": "object"}}')
    found = collected(tmp_path, document({"/orders/{id}": {"$ref": "parts/order.yaml"}}))
    assert (answer(found, VALID), answer(found, "api.error_model_coverage")) == (True, 1.0)
    assert [each.uri for each in found.artefacts] == [
        "api.json",
        "common.yaml",
        "parts/order.yaml",
        "parts/s.json",
    ]
