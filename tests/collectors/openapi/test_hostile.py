"""Hostile documents end in a clear error or an honest answer, in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.collectors.openapi.building import OK, TYPED, answer, collect, collected, document, note, operation

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactLimitError
from readygate_server.domain.collected import Status


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Holds what happens inside to an amount of processor time."""
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def test_many_paths_that_share_an_operation(tmp_path: Path) -> None:
    """What many refer to is looked at once, so that a small file does not unfold to a great one."""
    responses = {str(200 + number): TYPED["404"] for number in range(200)} | TYPED
    paths: dict[str, Any] = {f"/{number}": {"$ref": "#/components/pathItems/a"} for number in range(50_000)}
    data = document(paths, "3.1.0", components={"pathItems": {"a": {"get": operation(responses)}}})
    with within(20):
        found = collected(tmp_path, data)
    assert answer(found, "api.error_model_coverage") == 1.0


def test_more_operations_than_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that refers to one path item a million times is an error in the end."""
    monkeypatch.setattr("readygate_server.adapters.collectors.openapi.operations.MAX_OPERATIONS", 10)
    with pytest.raises(ArtefactLimitError, match="at most 10"):
        collected(tmp_path, document({f"/{number}": {"get": operation()} for number in range(11)}))


def test_a_great_many_names(tmp_path: Path) -> None:
    """A schema with 300,000 properties is walked once."""
    properties = {f"p{number}": {"$ref": "#/components/schemas/b"} for number in range(300_000)}
    schemas = {"a": {"properties": properties}, "b": {"type": "string"}}
    with within(20):
        found = collected(tmp_path, document({"/a": {"get": operation()}}, components={"schemas": schemas}))
    assert answer(found, "api.spec_valid") is True


def test_schemas_in_circles(tmp_path: Path) -> None:
    """Recursion through properties is no circle of references, and a document may have it."""
    tree = {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/tree"}}}
    found = collected(tmp_path, document({"/a": {"get": operation()}}, components={"schemas": {"tree": tree}}))
    assert answer(found, "api.spec_valid") is True


def test_a_bomb_of_aliases(tmp_path: Path) -> None:
    """Nine lines that unfold to a thousand million are refused, and so is an alias for every path."""
    lines = "\n".join(f"x-{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 10)}]" for n in range(1, 12))
    with within(5), pytest.raises(ArtefactLimitError, match="unfolds to too much"):
        collected(tmp_path, f"openapi: 3.0.0\nx-0: &b0 [0]\n{lines}\n")


def test_files_that_refer_to_each_other(tmp_path: Path) -> None:
    """Two files in a circle are each read once."""
    (tmp_path / "b.yaml").write_text("get: {$ref: 'api.json#/paths/~1a'}\nx: {$ref: 'b.yaml'}\n")
    found = collected(tmp_path, document({"/a": {"$ref": "b.yaml"}}))
    assert len(found.artefacts) == 2


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"openapi": "3.0.0", "a": ' + "[" * 100_000,
        '{"openapi": "3.0.0", "openapi": "3.0.0"}',
        '{"openapi": "3.0.0", "a": NaN}',
        '{"openapi": "3.0.0"',
        '{"openapi": "3.0.0"}}',
        "\x00",
        "openapi: 3.0.0\n\tpaths: {}",
    ],
)
def test_text_that_is_no_document_is_refused_soon(tmp_path: Path, text: str) -> None:
    """Each gives an error with a place, and no trace."""
    with within(5), pytest.raises(ArtefactError, match=r"^api\.json"):
        collected(tmp_path, text)


@pytest.mark.parametrize("name", ["api.json\n", "a\x1b[31m", "a" * 10_000])
def test_what_a_terminal_would_obey_is_not_shown(tmp_path: Path, name: str) -> None:
    """Names of the document that come into notes are short and plain."""
    found = collected(tmp_path, document({f"/{name}": {"fetch": operation()}}))
    assert all(each.isprintable() and len(each) < 400 for each in found.notes)


def test_half_a_character_is_no_crash(tmp_path: Path) -> None:
    """JSON may hold half of a surrogate pair; what comes of it can be written."""
    data = json.dumps(document({"/\ud800": {"fetch": operation()}}))
    found = collected(tmp_path, data)
    assert note(found, "wrong").encode("utf-8")


def test_an_empty_document_states_nothing(tmp_path: Path) -> None:
    """Without paths no share exists, and none is 0."""
    found = collected(tmp_path, document({}))
    assert not any(each.status is Status.STATED for each in found.facts)


def test_no_name_of_a_person_and_no_example_leaves_the_document(tmp_path: Path) -> None:
    """Contacts, examples, servers and descriptions stay where they are."""
    secret = "Ada Lovelace"  # noqa: S105
    response = {"200": {"description": secret, "content": {"a/b": {"example": secret, "schema": {"default": secret}}}}}
    data = document(
        {"/a": {"get": operation(response, summary=secret)}},
        servers=[{"url": "https://ada:pass@example.com/Lovelace", "description": secret}],
    )
    data["info"] |= {"contact": {"name": secret}, "description": secret}
    assert not any(word in repr(collected(tmp_path, data)) for word in ("Ada", "Lovelace", "pass"))


LIMITED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
from tests.collectors.openapi.building import collect
collect(Path(sys.argv[1]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory of data can be limited on Linux only")
def test_half_a_million_empty_objects_stay_within_a_gigabyte(tmp_path: Path) -> None:
    """Memory grows by the size of the file, for JSON and for YAML."""
    data = document({"/a": {"get": operation(OK)}}) | {"x-all": [{} for _ in range(500_000)]}
    for name in ("api.json", "api.yaml"):
        text = json.dumps(data)
        (tmp_path / name).write_text(text if name.endswith("json") else f"# YAML\n{text}")
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, str(tmp_path / name)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_relative_and_absolute_names_give_the_same_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file lies is not part of what it says."""
    monkeypatch.chdir(tmp_path)
    absolute = collected(tmp_path, document({"/a": {"get": operation()}}))
    assert collect(Path("api.json")) == absolute
