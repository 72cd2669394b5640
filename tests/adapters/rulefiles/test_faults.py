"""Faults of rule files: each at its place with a way out, and all of them in one run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.adapters.rulefiles.broken import Broken
from tests.adapters.rulefiles.broken_rules import CONDITIONS, FACTS, LEVELS, OTHERS
from tests.adapters.rulefiles.broken_rulesets import LEVEL_CONDITIONS, RULESETS, TESTS, TIERINGS
from tests.adapters.rulefiles.broken_shapes import SHAPES
from tests.adapters.rulefiles.broken_together import TOGETHER, Together
from tests.adapters.rulefiles.files import RULE, RULESET, SOUND, TEST, faults_of, with_edit, write

from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.domain.faults import Fault

ALONE: Mapping[str, tuple[Broken, ...]] = {
    "data/DAT-01.yaml": (*SHAPES, *FACTS, *LEVELS, *OTHERS, *CONDITIONS),
    "example.yaml": RULESETS,
    "tiering.yaml": (*TIERINGS, *LEVEL_CONDITIONS),
    "data/DAT-01_test.yaml": TESTS,
}
EACH = [pytest.param(path, broken, id=f"{path}: {broken.name}") for path, group in ALONE.items() for broken in group]


def same(found: Fault, expected: Fault) -> bool:
    """True when place and words agree; of a condition the engine chooses the words, so that place and `got` count."""
    if expected.message:
        return found == expected
    return (found.file, found.line, found.column, found.got) == (
        expected.file,
        expected.line,
        expected.column,
        expected.got,
    )


def test_the_sound_directory_is_sound(tmp_path: Path) -> None:
    """The directory that the other tests spoil loads without a fault."""
    loaded = load_rulesets(write(tmp_path, SOUND))
    assert [(ruleset.identity.name, len(ruleset.rules)) for ruleset in loaded.rulesets] == [("example", 1)]
    assert list(loaded.tests) == ["DAT-01"]


@pytest.mark.parametrize(("path", "broken"), EACH)
def test_each_fault_shows_alone_at_its_place(path: str, broken: Broken, tmp_path: Path) -> None:
    """One fault in one file is one fault, at the line and column of what is wrong, and says the way out."""
    text, expected = broken.spoil(SOUND[path], path)
    found = faults_of(write(tmp_path, {**SOUND, path: text}))
    assert len(found) == 1, found
    assert same(found[0], expected), found[0]


@pytest.mark.parametrize("together", TOGETHER, ids=lambda together: together.name)
def test_faults_of_several_files_show_once(together: Together, tmp_path: Path) -> None:
    """A fault between files is reported once, in the file that has to change."""
    files, expected = together.spoil()
    assert faults_of(write(tmp_path, {**SOUND, **files})) == (expected,)


def test_every_fault_shows_in_one_run(tmp_path: Path) -> None:
    """A directory with every kind of fault at once reports all of them, no others, sorted by file, line and column."""
    files, expected = dict(SOUND), []
    for number, (path, broken) in enumerate(
        ((path, broken) for path, group in ALONE.items() for broken in group), start=10
    ):
        spoilt, fault = _in_a_file_of_its_own(path, broken, number)
        files.update(spoilt)
        expected.append(fault)
    for together in TOGETHER:
        spoilt, fault = together.spoil()
        files.update(spoilt)
        expected.append(fault)
    expected.sort(key=lambda fault: (fault.file, fault.line, fault.column))

    found = faults_of(write(tmp_path, files))

    assert [(fault.file, fault.line, fault.column) for fault in found] == [
        (fault.file, fault.line, fault.column) for fault in expected
    ]
    assert [each for each in zip(found, expected, strict=True) if not same(*each)] == []


def _in_a_file_of_its_own(path: str, broken: Broken, number: int) -> tuple[dict[str, str], Fault]:
    """Returns the files of one fault under names that no other fault uses."""
    rule_id = f"DAT-{number}"
    if path == "example.yaml":
        place = f"example-{number}.yaml"
        sound = RULESET.replace("name: example", f"name: example-{number}")
    elif path == "tiering.yaml":
        place, sound = f"tiering-{number}.yaml", SOUND[path]
    else:
        place, sound = path.replace("DAT-01", rule_id), SOUND[path].replace("DAT-01", rule_id)
        broken = _renamed(broken, number)
    text, fault = broken.spoil(sound, place)
    beside = {f"data/{rule_id}.yaml": RULE, f"data/{rule_id}_test.yaml": TEST} if path.startswith("data/") else {}
    return {**{name: each.replace("DAT-01", rule_id) for name, each in beside.items()}, place: text}, fault


def _renamed(broken: Broken, number: int) -> Broken:
    """Returns the fault with the id of another rule in what it says."""
    got, expected = (text.replace("-01", f"-{number}") for text in (broken.got, broken.expected))
    keep = broken.name in ("no such day", "an end before the beginning")
    return (
        broken
        if keep
        else Broken(broken.name, broken.old, broken.new, broken.message, got, expected, broken.suggestion)
    )


def test_one_fault_does_not_hide_another_in_the_same_file(tmp_path: Path) -> None:
    """A file with a fault of shape still shows what else is wrong with its facts, tiers, conditions and work."""
    text = with_edit("data/DAT-01.yaml", "due: commit", "due: comit")["data/DAT-01.yaml"]
    for old, new in (
        ("fact: source.authority", "fact: source.autority"),
        ("T3: 0.99,", "T3: 0.5,"),
        ("T2: condition", "T2: none"),
        ("source.owner.accepted", "source.owner.acepted"),
        ("  owner: Data owner", "  after: [ZZZ-999]\n  owner: Data owner"),
        ("id: accepted", "id: completeness\n    unknown: 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    found = faults_of(write(tmp_path, {**SOUND, "data/DAT-01.yaml": text}))
    assert [fault.message for fault in found] == [
        "'due' is not one of the known words",
        "the severity eases from T1 to T2",
        "the threshold eases from T2 to T3",
        "there is no fact of this name",
        "'unknown' is not a known key",
        "Owner has no such field",
        "the work waits for a rule that does not exist",
    ]


def test_faults_are_sorted_and_said_in_one_line_each(tmp_path: Path) -> None:
    """The text of the error has one line per fault: file, line, column, what is wrong, got, expected, suggestion."""
    files = {
        **with_edit("data/DAT-01.yaml", "fact: source.authority", "fact: source.autority"),
        "example.yaml": RULESET.replace("data/DAT-01", "data/DAT-02"),
    }
    assert list(map(str, faults_of(write(tmp_path, files)))) == [
        "data/DAT-01.yaml:17:11: there is no fact of this name: got source.autority; did you mean source.authority?",
        "example.yaml:9:5: there is no such rule file: got data/DAT-02",
    ]


def test_a_file_with_another_ending_is_not_passed_over(tmp_path: Path) -> None:
    """A rule in a .yml file is a fault rather than a rule that nobody asks."""
    files = {**SOUND, "data/DAT-02.yml": RULE}
    assert faults_of(write(tmp_path, files)) == (
        Fault("data/DAT-02.yml", 0, 0, "only files that end in .yaml are read", suggestion="data/DAT-02.yaml"),
    )


def test_text_that_is_not_utf_8_is_a_fault_of_its_file(tmp_path: Path) -> None:
    """A file in another encoding is reported with the byte, and the others are still read."""
    write(tmp_path, SOUND)
    (tmp_path / "other.yaml").write_bytes(b"name: caf\xe9\n")
    assert [str(fault) for fault in faults_of(tmp_path)] == ["other.yaml: the file is not UTF-8: got byte 0xe9"]


def test_hidden_files_are_left_alone(tmp_path: Path) -> None:
    """Files and folders whose names begin with a dot belong to tools, not to the rules."""
    write(tmp_path, {**SOUND, ".github/work.yaml": "on: push\n", ".hidden.yaml": "["})
    assert faults_of(tmp_path) == ()


def test_a_directory_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A misspelt path is reported; it is not an empty set of rules."""
    assert [fault.message for fault in faults_of(tmp_path / "none")] == ["there is no such directory of rules"]


def test_rules_that_no_ruleset_lists_are_no_fault(tmp_path: Path) -> None:
    """A rule file may lie unused, as long as it is sound and has a test."""
    unused = {
        "data/DAT-02.yaml": RULE.replace("DAT-01", "DAT-02"),
        "data/DAT-02_test.yaml": TEST.replace("DAT-01", "DAT-02"),
    }
    loaded = load_rulesets(write(tmp_path, {**SOUND, **unused}))
    assert [rule.id for rule in loaded.rulesets[0].rules] == ["DAT-01"]
    assert sorted(loaded.rules) == ["data/DAT-01", "data/DAT-02"]


def test_a_rule_may_say_that_it_eases(tmp_path: Path) -> None:
    """`monotone: false` allows a threshold that eases as the tier rises."""
    files = with_edit("data/DAT-01.yaml", "T3: 0.99,", "T3: 0.5,")
    files["data/DAT-01.yaml"] += "monotone: false\n"
    assert faults_of(write(tmp_path, files)) == ()


def test_a_threshold_may_end_where_another_check_takes_over(tmp_path: Path) -> None:
    """A check that asks at some tiers only is no easing when another one holds the fact as tight above."""
    check = "    provenance: {judgement: An example.}\n  - id: {}\n    fact: source.validity\n    at_least: {}\n"
    low, high = "{T1: 0.8, T2: 0.9}", "{T3: 0.95, T4: 0.95}"
    end = "    one_of: [system_of_record, governed_copy]\n"
    both = (
        end
        + check.replace("{}", "low", 1).replace("{}", low, 1)
        + check.replace("{}", "high", 1).replace("{}", high, 1)
    )
    assert faults_of(write(tmp_path, with_edit("data/DAT-01.yaml", end, both))) == ()
