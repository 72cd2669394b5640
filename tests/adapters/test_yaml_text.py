"""Reading YAML that people write: what it means, what is refused, and where it stood."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readygate_server.adapters.yaml_text import MAX_BYTES, MAX_DEPTH, Mark, read_yaml
from readygate_server.domain.faults import Fault, FaultsError

FILE = "some.yaml"
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff")
)
KEYS = TEXT.filter(lambda key: len(json.dumps(key)) < 1000)
"""YAML admits keys of up to 1,024 characters, escapes counted; a longer one is a fault that says so."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def _faults(text: str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        read_yaml(text, file=FILE, max_bytes=max_bytes, max_depth=max_depth)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-7", -7),
        ("0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"true"', "true"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("2026-10-01", "2026-10-01"),
        ("2026-10-01T08:00:00Z", "2026-10-01T08:00:00Z"),
        ("007", "007"),
        ("0x1f", "0x1f"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("=", "="),
    ],
)
def test_a_plain_scalar_means_what_the_core_schema_says(text: str, value: object) -> None:
    """Null, truth values and decimal numbers are resolved; dates, yes, on and every other notation stay text."""
    data = read_yaml(f"key: {text}\n", file=FILE).data

    assert data == {"key": value}
    assert isinstance(data, dict)
    assert type(data["key"]) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    """A key such as 1, true or null is the text that stands there."""
    assert read_yaml("1: a\ntrue: b\nnull: c\n", file=FILE).data == {"1": "a", "true": "b", "null": "c"}


def test_an_empty_text_holds_nothing() -> None:
    """A text of comments only reads as null."""
    assert read_yaml("# nothing yet\n", file=FILE).data is None


@given(JSON)
def test_json_reads_as_it_was_written(value: object) -> None:
    """JSON is read to the value that it was made from, escapes for characters in two halves included."""
    assert read_yaml(json.dumps([value]), file=FILE).data == [value]


def test_a_backslash_before_an_escape_is_not_an_escape() -> None:
    """An escaped backslash followed by the letters of an escape stays as it is."""
    text = "\\ud83d\\ude00"

    assert read_yaml(json.dumps({"a": text}), file=FILE).data == {"a": text}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: &x 1\n", "some.yaml:1:4: anchors are not accepted: got &x"),
        ("a: !!str 1\n", "some.yaml:1:4: tags are not accepted: got tag:yaml.org,2002:str"),
        ("a: !x {b: 1}\n", "some.yaml:1:4: tags are not accepted: got !x"),
        ("a: 1\nb: 2\na: 3\n", "some.yaml:3:1: the key 'a' stands here twice: expected only the one in line 1"),
        ("- b: {c: 1, c: 2}\n", "some.yaml:1:13: the key 'c' stands here twice: expected only the one in line 1"),
        ("? [a, b]\n: 1\n", "some.yaml:1:3: a key must be text: got a list or mapping"),
        ("--- 1\n--- 2\n", "some.yaml:2:1: a file holds one document: got a second document"),
        ("a: .nan\n", "some.yaml:1:4: a number must be finite: got .nan, expected a finite number"),
        ("a: -.inf\n", "some.yaml:1:4: a number must be finite: got -.inf, expected a finite number"),
        ("a: 1e999\n", "some.yaml:1:4: the number is too large: got 1e999"),
        (f"a: {2**63}\n", f"some.yaml:1:4: the number is too large: got {2**63}, expected at most 64 bits"),
        ("a: 1\nb: \x07\n", "some.yaml:2:4: a control character may not stand in YAML: got U+0007"),
        ("a: b: c\n", "some.yaml:1:5: mapping values are not allowed in this context"),
    ],
)
def test_what_is_refused_is_named_with_its_place(text: str, fault: str) -> None:
    """Anchors, tags, repeated keys, second documents and numbers without a value are faults, not guesses."""
    assert _faults(text) == [fault]


def test_an_alias_is_refused_where_it_is_used() -> None:
    """An alias is a fault at its place, beside that of its anchor, so that nothing multiplies by reference."""
    assert _faults("a: &x [1]\nb: *x\n") == [
        "some.yaml:1:4: anchors are not accepted: got &x",
        "some.yaml:2:4: aliases are not accepted; write the value out: got *x",
    ]


def test_all_faults_are_told_at_once() -> None:
    """Faults come sorted by place, and a fault does not hide the next one."""
    assert [fault.split(": ")[0] for fault in _faults("b: .inf\na: 1\na: 2\nc: !t x\n")] == [
        "some.yaml:1:4",
        "some.yaml:3:1",
        "some.yaml:4:4",
    ]


def test_a_very_deep_text_is_refused() -> None:
    """Nesting beyond the limit is a fault and never a crash, however deep the text goes."""
    assert _faults("[" * 100_000) == ["some.yaml:1:41: the nesting is too deep: expected at most 40 levels"]
    assert read_yaml("[" * 40 + "]" * 40, file=FILE).data is not None


def test_a_very_long_text_is_refused() -> None:
    """A text over the limit in bytes is refused before it is looked at."""
    assert _faults("é" * 6, max_bytes=11) == ["some.yaml: the file is too large: expected at most 11 bytes"]
    assert read_yaml("é" * 6, file=FILE, max_bytes=12).data == "é" * 6


def test_a_text_of_very_many_values_is_refused() -> None:
    """A short text can hold a great many values; their number is limited as well."""
    assert _faults(f"[{'1,' * 300_000}]")[0].endswith("the file holds too many values: expected at most 200000")


def test_every_value_and_key_knows_its_place() -> None:
    """Marks lead to values and to keys; what is not there leads to the nearest part around it."""
    document = read_yaml("a:\n  - b: 1\n    c: [x, y]\n", file=FILE)

    assert document.mark(("a", 0, "c", 1)) == Mark(3, 12)
    assert document.key_mark(("a", 0, "c")) == Mark(3, 5)
    assert document.mark(("a", 0, "missing", "deeper")) == Mark(2, 5)
    assert document.key_mark(("a", 0, "missing")) == Mark(2, 5)


def test_a_fault_reads_as_one_line() -> None:
    """A fault says where, what, what stood there, what may stand there and what was probably meant."""
    fault = Fault("f", 3, 7, "the field is not known", "'onwer'", "a field", "owner")

    assert str(fault) == "f:3:7: the field is not known: got 'onwer', expected a field; did you mean owner?"
    assert str(Fault("f", 0, 0, "it is empty")) == "f: it is empty"


@pytest.mark.parametrize("opening", ["? ", "{? [", "[? "])
def test_depth_inside_keys_counts(opening: str) -> None:
    """Lists and mappings that stand as keys are nesting too, so that 1 MiB of them is refused at once."""
    started = time.process_time()

    assert "the nesting is too deep" in _faults(opening * 200_000)[-1]
    assert time.process_time() - started < 2


@pytest.mark.parametrize("end", ["", "]", "b: ["])
def test_a_text_full_of_faults_is_not_read_to_its_end(end: str) -> None:
    """From a thousand faults on only the first thousand are told, also when what follows can not be read at all."""
    for lines in (998, 999, 1_000, 1_001, 5_000):
        told = _faults("a: 1\n" * lines + end)

        assert min(lines - 1, 1_000) <= len(told) <= 1_001
        assert ("more faults than are listed" in told[-1] + told[-2]) == (lines > 1_000)
