"""Facts follow from what a document states; what it is silent about is not stated, never 0 and never no."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.collectors.openapi.building import (
    BARE,
    OK,
    TYPED,
    answer,
    collected,
    document,
    fact,
    key_header,
    note,
    operation,
)

from readygate_server.adapters.collectors.port import ArtefactError, OptionError
from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Grade

ERRORS = "api.error_model_coverage"
IDEMPOTENT = "api.idempotent_write_coverage"
LIFECYCLE = "api.lifecycle.status"
SUNSET = "api.lifecycle.sunset_on"


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([OK, OK], Status.NOT_STATED),
        ([BARE, OK], 0.0),
        ([TYPED, OK], 0.5),
        ([TYPED, TYPED], 1.0),
        ([{**OK, "default": TYPED["404"]}], 1.0),
        ([{"default": TYPED["404"]}], Status.NOT_STATED),
        ([{**OK, "4XX": TYPED["404"]}], 1.0),
        ([{**OK, "404": {"description": "", "content": {"application/json": {"schema": {}}}}}], 0.0),
        ([{**OK, "404": {"$ref": "errors.json#/none"}}, TYPED], Status.NOT_EVALUABLE),
        ([{**TYPED, "500": {"$ref": "errors.json#/none"}}], 1.0),
        ([{**OK, "x-404": TYPED["404"]}], Status.NOT_STATED),
    ],
    ids=["silent", "untyped", "half", "all", "default", "only default", "range", "empty", "unread", "enough", "x-"],
)
def test_typed_errors(tmp_path: Path, responses: list[dict[str, Any]], expected: object) -> None:
    """An operation counts when some error that it states has a schema; a document without any error states nothing."""
    paths = {f"/{number}": {"get": operation(each)} for number, each in enumerate(responses)}
    assert answer(collected(tmp_path, document(paths)), ERRORS) == expected


def test_codes_without_quotes_in_yaml(tmp_path: Path) -> None:
    """A code that YAML makes a number is a code."""
    text = """
openapi: 3.0.0
info: {title: Orders, version: '1'}
paths:
  /a:
    get:
      responses:
        200: {description: done}
        404: {description: none, content: {application/json: {schema: {type: object}}}}
"""
    found = collected(tmp_path, text)
    assert (answer(found, ERRORS), answer(found, "api.spec_valid")) == (1.0, True)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"get": operation()}, Status.NOT_APPLICABLE),
        ({"post": operation()}, Status.NOT_STATED),
        ({"post": operation(), "delete": operation()}, Status.NOT_STATED),
        ({"put": operation(), "delete": operation()}, 1.0),
        ({"post": operation(parameters=[key_header()]), "delete": operation()}, 1.0),
        ({"post": operation(parameters=[key_header("x-idempotency-token")]), "patch": operation()}, 0.5),
        ({"parameters": [key_header()], "post": operation(), "patch": operation()}, 1.0),
        ({"post": operation(parameters=[{"$ref": "p.json"}]), "patch": operation()}, Status.NOT_EVALUABLE),
        ({"post": operation(parameters=[{"$ref": "p.json"}, key_header()])}, 1.0),
    ],
)
def test_repeatable_writes(tmp_path: Path, item: dict[str, Any], expected: object) -> None:
    """PUT and DELETE may be repeated by RFC 9110, POST and PATCH where a key is documented; silence is no 0."""
    found = collected(tmp_path, document({"/a": item}))
    assert answer(found, IDEMPOTENT) == expected
    assert fact(found, IDEMPOTENT).grade is Grade.E1


@pytest.mark.parametrize(
    ("marks", "used", "expected", "until"),
    [
        ([False, False], (), Status.NOT_STATED, None),
        ([True, False], (), Status.NOT_EVALUABLE, None),
        ([True, True], (), "deprecated", Status.NOT_STATED),
        ([True, False], ("GET /0",), "deprecated", Status.NOT_STATED),
        ([True, False], ("GET /1",), Status.NOT_STATED, None),
        (["2027-03-01", "2027-02-01T00:00:00Z"], (), "deprecated", "2027-02-01"),
        (["2027-03-01", True], (), "deprecated", Status.NOT_STATED),
        (["2027-02-30"], (), "deprecated", Status.NOT_STATED),
    ],
)
def test_lifecycle(
    tmp_path: Path, marks: list[bool | str], used: tuple[str, ...], expected: object, until: object
) -> None:
    """Marks make an API deprecated when all that is used is marked; without marks nothing says that it is supported."""
    paths: dict[str, Any] = {
        f"/{number}": {"get": operation(deprecated=bool(mark))} for number, mark in enumerate(marks)
    }
    for item, mark in zip(paths.values(), marks, strict=True):
        item["get"] |= {"x-sunset": mark} if isinstance(mark, str) else {}
    found = collected(tmp_path, document(paths), operation=used)
    assert answer(found, LIFECYCLE) == expected
    assert (answer(found, SUNSET) if until else any(each.fact == SUNSET for each in found.facts)) == (until or False)


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({}, Status.NOT_STATED),
        ({"name": " "}, Status.NOT_STATED),
        ("Ada Lovelace", Status.NOT_STATED),
        ({"name": "Ada Lovelace", "email": "ada@example.com"}, Status.NOT_EVALUABLE),
    ],
)
def test_a_contact_is_no_owner_yet_and_is_not_copied(tmp_path: Path, contact: object, expected: object) -> None:
    """Whether a person answers is not said, and nobody's name leaves the document."""
    found = collected(tmp_path, document({}, info={"title": "t", "version": "1", "contact": contact}))
    assert answer(found, "api.owner.person") == expected
    assert "ada" not in repr(found).lower()


def test_an_http_api_is_integrated_as_an_api(tmp_path: Path) -> None:
    """A document with operations documents the method of integration; one of webhooks alone does not."""
    assert answer(collected(tmp_path, document({"/a": {"get": operation()}})), "api.integration_method") == "api"
    hooks = document({}, "3.1.0", webhooks={"paid": {"post": operation()}})
    found = collected(tmp_path, hooks)
    assert {each.status for each in found.facts} <= {Status.NOT_STATED, Status.NOT_EVALUABLE}
    assert note(found, "OpenAPI 3.1") == "OpenAPI 3.1: 0 operations on 0 paths"


@pytest.mark.parametrize(
    ("top", "own", "said"),
    [
        (None, None, "not stated"),
        (None, [], "1 anonymous"),
        ([{"key": []}], None, "1 required"),
        ([{"key": []}], [], "1 anonymous"),
        ([{"key": []}], [{}], "1 optional"),
        (None, [{"key": []}, {}], "1 optional"),
        (None, [{"lost": []}], "1 dangling"),
        (None, [{"lost": []}, {"key": []}], "1 required"),
        (None, [{"lost": [], "key": []}], "1 dangling"),
        (None, None, "1 undeclared"),
    ],
)
def test_security_is_noted_as_stated(tmp_path: Path, top: Any, own: Any, said: str) -> None:
    """No word on security is not the same as none, and `{}` among the alternatives makes it optional."""
    parts = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X"}}}
    more: dict[str, Any] = {"security": top} if top is not None else {}
    given: dict[str, Any] = {"components": parts} if said != "not stated" else {}
    own_part = {"security": own} if own is not None else {}
    found = collected(tmp_path, document({"/a": {"get": operation(**own_part)}}, **more, **given))
    assert note(found, "security").endswith(said)


def test_what_is_used_narrows_the_facts(tmp_path: Path) -> None:
    """Operations are named by id, or by method and path in any case of the method; the names are parameters."""
    paths = {"/a": {"get": operation(TYPED, operationId="getA"), "post": operation()}, "/b": {"get": operation()}}
    found = collected(tmp_path, document(paths), operation=("getA", "get /a", "post /a"))
    errors = fact(found, ERRORS)
    assert (errors.value, errors.coverage.examined) == (0.5, 2)
    assert errors.parameters == (("operations", "get /a, getA, post /a"),)
    assert fact(found, "api.spec_valid").parameters == ()


def test_operations_that_are_not_there_are_all_named(tmp_path: Path) -> None:
    """Each unknown name is a fault, with the name that was probably meant."""
    with pytest.raises(OptionError) as refused:
        collected(
            tmp_path, document({"/a": {"get": operation(operationId="getOrder")}}), operation=("getOrdr", "PUT /z")
        )
    assert [fault.got for fault in refused.value.faults] == ["PUT /z", "getOrdr"]
    assert "did you mean getOrder?" in str(refused.value)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:00:00+02:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_the_moment_is_what_a_person_says(tmp_path: Path, said: str, expected: datetime) -> None:
    """A document has no moment of its own; a day counts from its first second."""
    data = document({"/a": {"get": operation()}})
    assert {each.as_of for each in collected(tmp_path, data, as_of=said).facts} == {expected}
    assert {each.as_of for each in collected(tmp_path, data).facts} == {None}


@pytest.mark.parametrize("said", ["yesterday", "2026-13-01", "2026-11-01T10:00:00", "0001-01-01T00:00:00+10:00"])
def test_a_moment_that_is_none_is_refused(tmp_path: Path, said: str) -> None:
    """A time without a zone is none either."""
    with pytest.raises(OptionError, match="this is no moment"):
        collected(tmp_path, document({}), as_of=said)


def test_facts_carry_method_and_artefact(tmp_path: Path) -> None:
    """Everything that was read is named by digest, and the same file gives the same facts."""
    data = document({"/a": {"get": operation(TYPED)}})
    found = collected(tmp_path, data)
    assert [(each.uri, each.digest[:7]) for each in found.artefacts] == [("api.json", "sha256:")]
    assert {each.method for each in found.facts} == {
        "openapi.anonymous.v1",
        "openapi.contact.v1",
        "openapi.deprecated.v1",
        "openapi.errors.v1",
        "openapi.idempotency.v1",
        "openapi.ids.v1",
        "openapi.limits.v1",
        "openapi.lint.v1",
        "openapi.method.v1",
        "openapi.security.v1",
    }
    assert collected(tmp_path, data) == found


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "no OpenAPI document"),
        ([], "no OpenAPI document"),
        ({"openapi": "4.0.0"}, "this version is not read: got 4.0.0"),
        ({"openapi": "3.3.0"}, "this version is not read"),
        ({"swagger": "1.2"}, "this version is not read"),
        ({"openapi": {"a": 1}}, "this version is not read"),
    ],
)
def test_what_is_no_such_document_is_refused(tmp_path: Path, data: object, says: str) -> None:
    """A file that does not say that it is one gives no facts, and so does a version that nobody knows yet."""
    with pytest.raises(ArtefactError, match=says):
        collected(tmp_path, data)


@pytest.mark.parametrize(
    "broken",
    [
        {"paths": []},
        {"paths": {"/a": []}},
        {"paths": {"/a": {"get": []}}},
        {"paths": {"/a": {"get": {"responses": []}}}},
        {"paths": {"/a": {"get": {"responses": {"404": "gone"}}}}},
        {"paths": {"/a": {"get": {"responses": {"404": {"content": []}}}}}},
        {"paths": {"/a": {"get": {"responses": {"404": {"content": {"a/b": 1}}, "": {}}}}}},
        {"paths": {"/a": {"get": {"parameters": {"name": "a"}, "responses": OK}}}},
        {"paths": {"/a": {"get": {"parameters": [1, None, {"name": 2}], "responses": OK}}}},
        {"paths": {"/a": {"get": {"security": {"a": []}, "operationId": 7, "summary": [], "responses": OK}}}},
        {"paths": {"/a": {"get": {"security": ["a", 1], "deprecated": "yes", "responses": OK}}}},
        {"paths": {"/a": {"parameters": "x", "get": operation()}}, "components": [], "servers": {"url": 1}},
        {
            "paths": {"/a": {"get": operation()}},
            "components": {"securitySchemes": {"a": 1}},
            "servers": [1, {"url": 2}],
        },
        {"paths": {"/a": {"$ref": "#/paths/~1a"}}, "info": "text"},
        {"paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/gone"}}}}}},
    ],
)
def test_parts_of_the_wrong_kind_make_a_document_wrong(tmp_path: Path, broken: dict[str, Any]) -> None:
    """Whatever stands where something else should is no crash, and the document is not valid."""
    found = collected(tmp_path, {**document({}), **broken})
    assert answer(found, "api.spec_valid") is False
