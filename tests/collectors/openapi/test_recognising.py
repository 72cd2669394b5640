"""A file that says at its top that it is an OpenAPI document is recognised, and one document is started from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.collectors.openapi.building import SUBJECT, document, operation

from readygate_server.adapters.collectors.openapi import COLLECTOR
from readygate_server.adapters.collectors.port import HEAD, Collector, OptionError, Request


def seen(path: Path, text: str) -> tuple[str, str, str] | None:
    """Returns kind, title and confidence."""
    path.write_text(text, encoding="utf-8")
    found = COLLECTOR.recognises(path, path.read_bytes()[:HEAD])
    return (found.kind, found.title, found.confidence) if found else None


def test_it_is_a_collector() -> None:
    """It fills the port."""
    assert isinstance(COLLECTOR, Collector)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", json.dumps(document({})), ("OpenAPI 3.0 (JSON)", "Orders", "high")),
        ("a.json", json.dumps(document({}), indent=1, sort_keys=True), ("OpenAPI 3.0 (JSON)", "Orders", "high")),
        ("a.json", '\ufeff {"swagger": "2.0"}', ("Swagger 2.0 (JSON)", "", "high")),
        ("a.json", '{"a": {"openapi": "3.1.0"}}', ("OpenAPI 3.1 (JSON)", "", "low")),
        ("a.yml", "# x\nopenapi: 3.1.0\ninfo:\n  x: 1\n  title: 'My API'\n", ("OpenAPI 3.1 (YAML)", "My API", "high")),
        ("a.yaml", "swagger: '2.0'\ntags: []\n", ("Swagger 2.0 (YAML)", "", "high")),
        ("a.yaml", "a:\n  openapi: 3.1.0\n", None),
        ("a.yaml", "openapi: 4.0.0\n", None),
        ("a.txt", "openapi: 3.1.0\n", None),
        ("a.json", '{"info": {"title": "x"}}', None),
        ("a.json", "", None),
    ],
)
def test_files_are_recognised_by_their_start(
    tmp_path: Path, name: str, text: str, expected: tuple[str, str, str] | None
) -> None:
    """The version stands at the top; a file that only mentions one is recognised with low confidence."""
    assert seen(tmp_path / name, text) == expected


def test_a_large_file_with_sorted_keys_is_recognised(tmp_path: Path) -> None:
    """`swagger` then stands at the end, far behind the start."""
    paths = {f"/{number}": {"get": operation()} for number in range(3_000)}
    data = {"swagger": "2.0", "info": {"title": "Orders", "version": "1"}, "paths": paths}
    found = seen(tmp_path / "a.json", json.dumps(data, sort_keys=True))
    assert found == ("Swagger 2.0 (JSON)", "Orders", "high")


@pytest.mark.parametrize(
    "head", [b"\xff\xfe\x00", b"{" * HEAD, b'{"info": ' + b"{" * HEAD, b"info:\n" + b" a\n" * 20_000]
)
def test_recognising_raises_nothing_and_is_cheap(tmp_path: Path, head: bytes) -> None:
    """Whatever a file starts with, it is soon let go."""
    assert COLLECTOR.recognises(tmp_path / "gone.json", head[:HEAD]) is None
    assert COLLECTOR.recognises(tmp_path / "gone.yaml", head[:HEAD]) is None


def test_of_several_files_the_one_that_says_so_is_the_start(tmp_path: Path) -> None:
    """Files and folders may be named together with parts; two documents are two APIs."""
    (tmp_path / "api.yaml").write_text(json.dumps(document({"/a": {"$ref": "part.json"}})))
    (tmp_path / "part.json").write_text(json.dumps({"get": operation()}))
    whole = COLLECTOR.collect(Request((tmp_path,), SUBJECT))
    assert whole == COLLECTOR.collect(Request((tmp_path / "part.json", tmp_path / "api.yaml"), SUBJECT))
    assert [each.uri for each in whole.artefacts] == ["api.yaml", "part.json"]
    (tmp_path / "other.json").write_text(json.dumps(document({})))
    with pytest.raises(OptionError, match=r"one document to start from: got api\.yaml, other\.json"):
        COLLECTOR.collect(Request((tmp_path,), SUBJECT))
