"""The digest of a ruleset: the same whatever way it is written, another one when an answer may change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.rulefiles.files import RULE, SOUND, TEST, edited

from readygate_server.adapters.fact_catalogue import FactCatalogue, fact_catalogue
from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.rulefiles.digest import digest_of
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.adapters.yaml_text import read_yaml


def digests(files: Mapping[str, str]) -> list[str]:
    """Returns the digests of all rulesets of a directory, by name."""
    return [ruleset.identity.digest for ruleset in load_rulesets(files).rulesets]


def changed(path: str, old: str, new: str) -> dict[str, str]:
    """Returns the sound directory after one edit."""
    return {**SOUND, path: edited(SOUND[path], old, new)}


@cache
def packaged() -> Mapping[str, str]:
    """Returns the texts of the rules that ship."""
    directory = rules_directory()
    texts = {path.relative_to(directory).as_posix(): path.read_text("utf-8") for path in directory.rglob("*.yaml")}
    return {path: text for path, text in texts.items() if path != "published.yaml"}


@cache
def packaged_digests() -> list[str]:
    """Returns the digests of the rulesets that ship."""
    return digests(packaged())


def shuffled(value: Any, random: Random) -> Any:
    """Returns plain data with the keys of all mappings in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], random) for key in random.sample(list(value), len(value))}
    return [shuffled(part, random) for part in value] if isinstance(value, list) else value


@settings(max_examples=8)
@given(st.randoms(use_true_random=True))
def test_order_and_layout_of_the_shipped_rules_change_no_digest(random: Random) -> None:
    """The order of files and of keys, comments and the style of scalars leave every digest as it is."""
    files = packaged()
    rewritten = {
        path: json.dumps(shuffled(read_yaml(files[path], file=path).data, random))
        for path in random.sample(sorted(files), len(files))
    }
    assert digests(rewritten) == packaged_digests()


SAME = [
    ("a comment", "data/DAT-01.yaml", "scope: source", "scope: source # one question per source"),
    ("a number written otherwise", "data/DAT-01.yaml", "T1: 0.9,", "T1: 0.900,"),
    ("a whole number with a point", "data/DAT-01.yaml", "{min: 1, max: 2}", "{min: 1.0, max: 2.0}"),
    (
        "one value for each tier",
        "data/DAT-01.yaml",
        "due: commit",
        "due: {T1: commit, T2: commit, T3: commit, T4: commit}",
    ),
    ("a default said", "data/DAT-01.yaml", "scope: source", "scope: source\nmonotone: true\nwaivable: true"),
    (
        "defaults of waivers said",
        "data/DAT-01.yaml",
        "scope: source",
        "scope: source\nmaximum_waiver_days: 90\nwaiver_quorum: 1\nauthors: []",
    ),
    (
        "a condition on one line",
        "data/DAT-01.yaml",
        '>-\n      source.owner.person != ""\n     ',
        'source.owner.person != ""',
    ),
    ("another channel", "example.yaml", "version: 2026.1.0", "version: 2026.1.0\nchannel: next"),
    ("another summary", "example.yaml", "summary: An example.", "summary: Another example."),
    ("another test", "data/DAT-01_test.yaml", "completeness: 0.99", "completeness: 0.991"),
]


@pytest.mark.parametrize(("path", "old", "new"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_what_changes_no_answer_changes_no_digest(path: str, old: str, new: str) -> None:
    """Layout, said defaults, channel and tests are no part of what is digested."""
    assert digests(changed(path, old, new)) == digests(SOUND)


OTHER = [
    ("a threshold", "data/DAT-01.yaml", "T1: 0.9,", "T1: 0.91,"),
    ("a tier that is no longer asked", "data/DAT-01.yaml", "{T1: 0.9, T2", "{T2"),
    (
        "a fact",
        "data/DAT-01.yaml",
        "fact: source.authority\n    one_of: [system_of_record, governed_copy]",
        "fact: source.sorry",
    ),
    ("a severity", "data/DAT-01.yaml", "T1: advisory", "T1: condition"),
    ("a gate", "data/DAT-01.yaml", "due: commit", "due: pilot"),
    ("a condition", "data/DAT-01.yaml", "_PUBLIC", "_INTERNAL"),
    ("a requirement", "data/DAT-01.yaml", "&& source.owner.accepted", "|| source.owner.accepted"),
    ("a provenance", "data/DAT-01.yaml", "citation: page 1", "citation: page 2"),
    ("what is asked", "data/DAT-01.yaml", "asks: Somebody has accepted", "asks: Somebody accepted"),
    ("an exit criterion", "data/DAT-01.yaml", "for two weeks", "for three weeks"),
    ("an effort", "data/DAT-01.yaml", "max: 2", "max: 3"),
    ("an owner", "data/DAT-01.yaml", "owner: Data owner", "owner: Data steward"),
    ("a reference", "data/DAT-01.yaml", "[an example]", "[another example]"),
    ("a waiver", "data/DAT-01.yaml", "scope: source", "scope: source\nwaivable: false"),
    ("a longest waiver", "data/DAT-01.yaml", "scope: source", "scope: source\nmaximum_waiver_days: 30"),
    ("a quorum", "data/DAT-01.yaml", "scope: source", "scope: source\nwaiver_quorum: 2"),
    ("an author", "data/DAT-01.yaml", "scope: source", "scope: source\nauthors: [ada]"),
    ("a last day of a rule", "data/DAT-01.yaml", "scope: source", "scope: source\neffective_until: 2027-01-01"),
    ("an excuse", "data/DAT-01.yaml", "scope: source", "scope: source\nmay_be_not_applicable: [source.authority]"),
    ("a tier condition", "tiering.yaml", "DATA_SENSITIVITY_PERSONAL", "DATA_SENSITIVITY_INTERNAL"),
    ("a narrowing", "tiering.yaml", "to: internal", "to: public"),
    ("a validity", "example.yaml", "verdict_valid_days: 90", "verdict_valid_days: 91"),
    ("a name", "example.yaml", "name: example", "name: other"),
    ("a version", "example.yaml", "version: 2026.1.0", "version: 2026.1.1"),
    ("a first day", "example.yaml", "effective_from: 2026-01-01", "effective_from: 2026-01-02"),
    (
        "a last day",
        "example.yaml",
        "effective_from: 2026-01-01",
        "effective_from: 2026-01-01\neffective_until: 2027-01-01",
    ),
]


@pytest.mark.parametrize(("path", "old", "new"), [case[1:] for case in OTHER], ids=[case[0] for case in OTHER])
def test_what_can_change_an_answer_changes_the_digest(path: str, old: str, new: str) -> None:
    """Rules with their thresholds and provenance, tiering, validity, dates and identity are digested."""
    new = new.replace("source.sorry", "source.contract_status\n    one_of: [active]")
    assert digests(changed(path, old, new)) != digests(SOUND)


def test_a_rule_more_changes_the_digest() -> None:
    """Rules are part of the digest by what they are, not by the files they stand in."""
    second = {
        "data/DAT-02.yaml": RULE.replace("DAT-01", "DAT-02"),
        "data/DAT-02_test.yaml": TEST.replace("DAT-01", "DAT-02"),
    }
    listed = {"example.yaml": SOUND["example.yaml"] + "  - data/DAT-02\n"}
    swapped = {"example.yaml": edited(SOUND["example.yaml"], "  - data/DAT-01\n", "  - data/DAT-02\n  - data/DAT-01\n")}
    assert digests({**SOUND, **second}) == digests(SOUND)
    assert digests({**SOUND, **second, **listed}) != digests(SOUND)
    assert digests({**SOUND, **second, **listed}) == digests({**SOUND, **second, **swapped})


def test_what_is_known_of_a_fact_is_digested() -> None:
    """Another evidence class of a fact that a rule reads is another ruleset; that of other facts is not."""
    (ruleset,) = load_rulesets(SOUND).rulesets
    known = fact_catalogue()
    read, unread = "source.completeness", "source.validity"

    def without_tool(name: str) -> FactCatalogue:
        return FactCatalogue(tuple(replace(fact, tool_exists=False) if fact.name == name else fact for fact in known))

    assert digest_of(ruleset, [read], known) != digest_of(ruleset, [read], without_tool(read))
    assert digest_of(ruleset, [read], known) == digest_of(ruleset, [read], without_tool(unread))


def test_derived_facts_are_digested_by_what_they_come_from() -> None:
    """A derived fact counts as the facts that it is computed from."""
    (ruleset,) = load_rulesets(SOUND).rulesets
    inputs = ["source.accuracy.ratio", "source.accuracy.sample_size"]
    assert digest_of(ruleset, ["source.accuracy_lower95"], fact_catalogue()) == digest_of(
        ruleset, inputs, fact_catalogue()
    )


def test_directories_and_texts_give_the_same_digest(tmp_path: Path) -> None:
    """A ruleset from a directory is the one from its texts."""
    for name, text in SOUND.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [ruleset.identity.digest for ruleset in load_rulesets(tmp_path).rulesets] == digests(SOUND)
