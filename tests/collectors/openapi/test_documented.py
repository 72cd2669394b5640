"""What a document says of logins, names and limits; a document that says nothing of them is silent, not open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.collectors.inputs import artefact
from tests.collectors.openapi.building import OK, answer, collect, collected, document, fact, operation
from tests.collectors.openapi.documents import DOCUMENTS

from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Grade

SECURITY = "api.documented_security_ratio"
ANONYMOUS = "api.anonymous_writes"
IDS = "api.unique_operation_ids"
LIMITS = "api.documented_rate_limit_ratio"
KEY: list[dict[str, Any]] = [{"key": []}]
SCHEMES: dict[str, Any] = {"components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X"}}}}
LIMITED: dict[str, Any] = {**OK, "429": {"description": "too often"}}
TOLD: dict[str, Any] = {"200": {"description": "done", "headers": {"RateLimit-Limit": {"schema": {"type": "integer"}}}}}


@pytest.mark.parametrize(
    ("said", "top", "ratio", "anonymous"),
    [
        ([None, None], None, Status.NOT_STATED, Status.NOT_STATED),
        ([None, None], KEY, 1.0, 0),
        ([KEY, None], None, 0.5, Status.NOT_EVALUABLE),
        ([[], None], None, 0.0, 1),
        ([[], KEY], None, 0.5, 1),
        ([[*KEY, {}], None], KEY, 0.5, 1),
        ([[{"lost": []}], KEY], None, 0.5, 0),
    ],
    ids=["silent", "all", "one silent", "one open", "open", "optional", "dangling"],
)
def test_who_may_call(tmp_path: Path, said: list[Any], top: Any, ratio: object, anonymous: object) -> None:
    """The share demands a login by a scheme that there is; no word at all is not stated, and none in part no zero."""
    whole: dict[str, Any] = {"security": top} if top else {}
    own: list[dict[str, Any]] = [{} if each is None else {"security": each} for each in said]
    paths = {f"/{place}": {"post": operation(**each)} for place, each in enumerate(own)}
    found = collected(tmp_path, document(paths, **SCHEMES, **whole))
    assert (answer(found, SECURITY), answer(found, ANONYMOUS)) == (ratio, anonymous)
    assert fact(found, SECURITY).grade is Grade.E2


def test_reading_without_a_login_is_no_anonymous_write(tmp_path: Path) -> None:
    """A health check that anybody may call lowers the share, and is no write; without writes the question is void."""
    paths: dict[str, Any] = {"/health": {"get": operation(security=[])}, "/orders": {"post": operation(security=KEY)}}
    found = collected(tmp_path, document(paths, **SCHEMES))
    assert (answer(found, SECURITY), answer(found, ANONYMOUS)) == (0.5, 0)
    del paths["/orders"]
    assert answer(collected(tmp_path, document(paths, **SCHEMES)), ANONYMOUS) is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("ids", "used", "expected"),
    [
        (["a", "b"], (), 1.0),
        (["a", ""], (), 0.5),
        (["", ""], (), 0.0),
        (["a", "a"], (), 0.0),
        (["a", "a", "b"], ("GET /2",), 1.0),
        (["a", "a", "b"], ("GET /0",), 0.0),
        (["a", 7], (), 0.5),
    ],
)
def test_names_of_operations(tmp_path: Path, ids: list[object], used: tuple[str, ...], expected: float) -> None:
    """A name counts that no other operation of the whole document has, also where few operations are used."""
    named: list[dict[str, Any]] = [{"operationId": each} if each else {} for each in ids]
    paths = {f"/{place}": {"get": operation(**each)} for place, each in enumerate(named)}
    assert answer(collected(tmp_path, document(paths), operation=used), IDS) == expected


def test_names_that_were_not_read_may_be_the_same(tmp_path: Path) -> None:
    """A path that stands in a file that is not there leaves open whether names are repeated, also of one operation."""
    paths = {"/a": {"get": operation(operationId="a")}, "/b": {"$ref": "https://example.com/b.json"}}
    assert answer(collected(tmp_path, document(paths), operation=("a",)), IDS) is Status.NOT_EVALUABLE


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([OK, OK], Status.NOT_STATED),
        ([LIMITED, OK], 0.5),
        ([LIMITED, TOLD], 1.0),
        ([{**OK, "503": {"$ref": "https://example.com/errors.json"}}, LIMITED], Status.NOT_EVALUABLE),
        ([{**LIMITED, "503": {"$ref": "https://example.com/errors.json"}}], 1.0),
    ],
    ids=["silent", "half", "header", "unread", "enough"],
)
def test_limits(tmp_path: Path, responses: list[dict[str, Any]], expected: object) -> None:
    """A 429 or a header tells of a limit; that there is none, silence does not say."""
    paths = {f"/{place}": {"get": operation(each)} for place, each in enumerate(responses)}
    assert answer(collected(tmp_path, document(paths)), LIMITS) == expected


@pytest.mark.parametrize("name", DOCUMENTS)
def test_published_documents_have_the_shares_that_another_program_gave(name: str) -> None:
    """Logins, names and limits are those of the second opinion, and where it found nothing it is not stated."""
    given = artefact("openapi", name)
    found, opinion = collect(given.path), given.second_opinion
    said, of = dict(opinion["sec"]), opinion["ops"]
    silent = said.get("undeclared", 0) == of
    assert answer(found, SECURITY) == (Status.NOT_STATED if silent else said["required"] / of)
    if not opinion["opid_dups"]:
        assert round(float(str(answer(found, IDS))), 3) == opinion["opid"]
    limits = answer(found, LIMITS)
    assert (0 if limits is Status.NOT_STATED else round(float(str(limits)), 3)) == opinion["ratelimit"]
