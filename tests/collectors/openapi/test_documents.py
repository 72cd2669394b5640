"""Documents that others wrote are read within limits, and nothing in them is lost silently."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from readygate_server.adapters.collectors.documents import parse_json, parse_yaml, read_document
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactLimitError

TENFOLD = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


def yaml_of(text: str) -> object:
    """Returns the only document of a YAML text."""
    (found,) = parse_yaml(text, "f.yaml")
    return found


def test_keys_are_text_as_written() -> None:
    """A response code without quotes is the same key as one with them."""
    assert yaml_of("200: a\n1.10: b\nno: c\n") == {"200": "a", "1.10": "b", "no": "c"}


@pytest.mark.parametrize("text", ["no", "2024-01-01", "017", "0x1f", "12:30:45", "1e999", ".nan", "-.inf", "9" * 5_000])
def test_what_loaders_convert_differently_stays_text(text: str) -> None:
    """Dates, words for no, octal, sexagesimal, infinite and endless numbers stay text."""
    assert yaml_of(f"a: {text}") == {"a": text}


def test_plain_scalars_have_the_types_of_yaml_1_2() -> None:
    """Numbers, truth values and nothing are read as such, and quoted they are text."""
    assert yaml_of("[1, -2.5, true, ~, '1', \"true\", !!str 3]") == [1, -2.5, True, None, "1", "true", "3"]


def test_aliases_and_merge_keys_are_followed() -> None:
    """What stands in a mapping itself wins over what is merged into it, and the first merged over the next."""
    text = "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: {<<: [{c: 9}, *x]}\nf: *x\n"
    assert yaml_of(text) == {"a": {"b": 1, "c": 2}, "d": {"c": 3, "b": 1}, "e": {"c": 9, "b": 1}, "f": {"b": 1, "c": 2}}


def test_every_repeated_key_is_refused_with_its_place() -> None:
    """Two repeated keys give two faults, each with line and column."""
    with pytest.raises(ArtefactError) as refused:
        yaml_of("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [fault.place for fault in refused.value.faults] == ["f.yaml:2:1", "f.yaml:3:11"]


def test_json_refuses_repeated_keys() -> None:
    """Where readers differ in which value counts, none is taken."""
    with pytest.raises(ArtefactError, match="repeats in one object: got a"):
        parse_json('{"x": {"a": 1, "b": 2, "a": 3}}', "f.json")


def test_a_great_object_of_repeated_keys_is_refused_soon() -> None:
    """Looking for what repeats takes time by the size, not by its square."""
    text = "{" + ",".join(f'"k{number}": 0' for number in range(200_000)) + ', "k7": 1}'
    started = time.process_time()
    with pytest.raises(ArtefactError, match="got k7"):
        parse_json(text, "f.json")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        TENFOLD,
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "".join(" " * depth + "a:\n" for depth in range(1_000)),
    ],
    ids=["aliases", "lists", "mappings", "dashes", "indented"],
)
def test_yaml_that_is_too_deep_or_unfolds_too_far_is_refused_soon(text: str) -> None:
    """A text of a few kilobytes can not cost more than its reading."""
    started = time.process_time()
    with pytest.raises(ArtefactLimitError):
        yaml_of(text)
    assert time.process_time() - started < 5


def test_json_that_is_too_deep_is_refused() -> None:
    """A hundred thousand levels end in a clear error, not in a crash."""
    with pytest.raises(ArtefactLimitError, match="too deep"):
        parse_json("[" * 100_000 + "]" * 100_000, "f.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &a [*a]", "names nothing that stands whole"),
        ("a: *b", "names nothing"),
        ("? [a]\n: b", "a key must be text"),
        ("a: !include secret.yaml", "tags are not read"),
        ("!!python/object/apply:os.system ['true']", "tags are not read"),
        ("<<: 1", "only mappings can be merged"),
        ("a: \x07", "a character that YAML does not allow"),
        ("a: 'b", "not YAML"),
        ("a: b: c", "not YAML"),
    ],
)
def test_faulty_yaml_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    """Each fault is named; nothing is built of a tag, and no alias may name itself."""
    with pytest.raises(ArtefactError, match=says):
        yaml_of(text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_json_numbers_are_finite(number: str) -> None:
    """What JSON does not have is refused, though readers accept it."""
    with pytest.raises(ArtefactError, match=f"finite: got {number}"):
        parse_json(f'{{"a": {number}}}', "f.json")


def test_json_of_endless_digits_stays_text() -> None:
    """A number with 10,000 digits is neither an error nor a long computation."""
    assert parse_json('{"a": ' + "9" * 10_000 + "}", "f.json") == {"a": "9" * 10_000}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": "\xff"}', "byte 0xff at offset 7"),
        (b'{"a": 1', r"f\.json:1:8: the text is not JSON"),
        (b"", "an empty file"),
        (b"a: 1\n--- \nb: 2\n", "got 2 documents"),
    ],
    ids=["utf-16", "latin-1", "truncated", "empty", "two"],
)
def test_files_that_hold_no_single_document_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    """The error names the file without its folder."""
    path = tmp_path / "f.json"
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match=says) as refused:
        read_document(path)
    assert str(tmp_path) not in str(refused.value)


def test_the_content_says_the_language(tmp_path: Path) -> None:
    """JSON is read as such whatever the suffix, a byte order mark is skipped, and YAML in braces is YAML."""
    for name, text, language in (
        ("a.yaml", '\ufeff{"a": 1}', "JSON"),
        ("b.yaml", "{a: 1}", "YAML"),
        ("c.json", "a: 1", "YAML"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        read = read_document(tmp_path / name)
        assert (read.data, read.language) == ({"a": 1}, language)
