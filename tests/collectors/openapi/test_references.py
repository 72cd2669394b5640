"""References are followed inside the folder of the artefact, and nowhere else."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactLimitError
from readygate_server.adapters.collectors.references import Lost, References


def written(folder: Path, files: dict[str, object]) -> References:
    """Writes files as JSON and returns the references of the first of them."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return References(folder / next(iter(files)))


def led(references: References, text: str) -> object:
    """Returns what a reference in the first file leads to, or why it leads nowhere."""
    found = references.follow(references.root, {"$ref": text})
    return found.node if found.lost is None else found.lost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#", {"a/b": {"c~d": 1}, "e f": [2, {"g": 3}], "": {"": 4}, "%": 5, "~1": 6}),
        ("#/a~1b/c~0d", 1),
        ("#/e%20f/0", 2),
        ("#/e f/1/g", 3),
        ("#//", 4),
        ("#/%25", 5),
        ("#/~01", 6),
        ("#/e f/2", Lost.NOWHERE),
        ("#/e f/-1", Lost.NOWHERE),
        ("#/e f/00", Lost.NOWHERE),
        ("#/e f/\u0662", Lost.NOWHERE),
        ("#/a/b", Lost.NOWHERE),
        ("#anchor", Lost.ANCHOR),
    ],
)
def test_pointers_are_those_of_rfc_6901(tmp_path: Path, text: str, expected: object) -> None:
    """Escapes and percent signs are undone in their order, and an index is a plain number."""
    data = {"a/b": {"c~d": 1}, "e f": [2, {"g": 3}], "": {"": 4}, "%": 5, "~1": 6}
    assert led(written(tmp_path, {"api.json": data}), text) == expected


def test_files_refer_on_from_where_they_stand(tmp_path: Path) -> None:
    """A reference in a file of a sub-folder counts from that folder, and every file that was read is named."""
    references = written(
        tmp_path,
        {
            "api.json": {},
            "parts/one.yaml": "a: {$ref: 'two%20.json#/b'}",
            "parts/two .json": {"b": {"$ref": "../three.yml"}},
            "three.yml": "done",
            "never.json": {},
        },
    )
    assert led(references, "parts/one.yaml#/a") == "done"
    assert [source.artefact.uri for source in references.sources] == [
        "api.json",
        "parts/one.yaml",
        "parts/two .json",
        "three.yml",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a.json",
        "http://127.0.0.1/a.json#/b",
        "//example.com/a.json",
        "file:///etc/hostname.json",
        "urn:example:a",
        "/etc/hostname.json",
        "%2Fetc%2Fhostname.json",
        "../secret.json",
        "%2e%2e/secret.json",
        "parts/../../secret.json",
        "..\\secret.json",
        "c:\\secret.json",
        "link.json",
        "folder/secret.json",
        "api.json?x=1",
        "a%00.json",
    ],
)
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, text: str) -> None:
    """Addresses, absolute paths, paths upwards and links that lead out stay unread, however they are written."""
    (tmp_path / "secret.json").write_text('{"b": 1}')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.json").symlink_to(tmp_path / "secret.json")
    (inner / "folder").symlink_to(tmp_path)
    assert led(written(inner, {"api.json": {}}), text) is Lost.ELSEWHERE


@pytest.mark.parametrize("text", ["gone.json", "a" * 5_000 + ".json", "loop.json", "folder.json"])
def test_a_file_that_is_not_there_is_no_fault(tmp_path: Path, text: str) -> None:
    """What stands in it is not known; the same for links in a circle and for folders."""
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    (tmp_path / "folder.json").mkdir()
    assert led(written(tmp_path, {"api.json": {}}), text) is Lost.ABSENT


def test_text_that_is_no_data_is_not_read(tmp_path: Path) -> None:
    """Documentation that is referred to is left alone."""
    assert led(written(tmp_path, {"api.json": {}, "guide.md": "# {{"}), "guide.md") is Lost.OTHER


def test_circles_end(tmp_path: Path) -> None:
    """References to each other, to themselves, and through themselves are found out."""
    data = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}, "c": {"$ref": "#/c"}, "d": {"$ref": "#/d/e"}}
    references = written(tmp_path, {"api.json": data})
    assert [led(references, f"#/{name}") for name in "abcd"] == [Lost.CIRCLE] * 4


def test_a_step_may_stand_behind_a_reference(tmp_path: Path) -> None:
    """`#/a/x` is found where `a` refers to what has an `x`."""
    assert led(written(tmp_path, {"api.json": {"a": {"$ref": "#/b"}, "b": {"x": 1}}}), "#/a/x") == 1


def test_a_file_with_faults_is_named(tmp_path: Path) -> None:
    """A part that can not be read is an error that names the part."""
    references = written(tmp_path, {"api.json": {}, "part.json": '{"a": 1, "a": 2}'})
    with pytest.raises(ArtefactError, match=r"^part\.json: a key repeats"):
        led(references, "part.json")


def test_references_are_listed_where_they_are_keywords(tmp_path: Path) -> None:
    """Names, examples, enumerations and extensions that look like references are none."""
    data = {
        "components": {
            "schemas": {
                "$ref": {"properties": {"$ref": {"type": "string"}, "default": {"$ref": "#/1"}}},
                "example": {"example": {"$ref": "#/no"}, "enum": [{"$ref": "#/no"}], "items": {"$ref": "#/2"}},
            },
            "x-more": {"$ref": "#/no"},
        },
        "list": [{"$ref": "part.json#/c"}, {"$ref": "#/2"}],
    }
    references = written(tmp_path, {"api.json": data, "part.json": {"c": {"allOf": [{"$ref": "#/3"}]}}})
    found = []
    for reference in references.all():
        references.follow(reference.source, {"$ref": reference.text})
        found.append((reference.source.artefact.uri, reference.text))
    assert sorted(found) == [
        ("api.json", "#/1"),
        ("api.json", "#/2"),
        ("api.json", "part.json#/c"),
        ("part.json", "#/3"),
    ]


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An artefact of more files than the limit is an error, not a long wait."""
    monkeypatch.setattr("readygate_server.adapters.collectors.references.MAX_FILES", 2)
    references = written(tmp_path, {"api.json": {}, "one.json": {}, "two.json": {}})
    assert led(references, "one.json") == {}
    with pytest.raises(ArtefactLimitError, match="at most 2 files"):
        led(references, "two.json")


def test_a_long_chain_ends(tmp_path: Path) -> None:
    """A hundred thousand references in a row are not followed to the end."""
    data = {str(number): {"$ref": f"#/{number + 1}"} for number in range(100_000)}
    references = written(tmp_path, {"api.json": data})
    started = time.process_time()
    assert led(references, "#/0") is Lost.CIRCLE
    assert time.process_time() - started < 1
