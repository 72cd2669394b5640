"""Rulesets outlive their files."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.rulefiles.files import RULE, SOUND, edited, write

from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.rulefiles.bundle import layers_of, pack, unpack
from readygate_server.adapters.rulefiles.loader import LoadedRules, load_rulesets


def digests(loaded: LoadedRules) -> list[str]:
    """Returns the digests of all rulesets, those below included."""
    return [each.identity.digest for each in loaded.all_rulesets]


def test_a_directory_comes_back_from_its_bundle(tmp_path: Path) -> None:
    """Rulesets of a directory and of the one below it have the same digests when they come from the bundle alone."""
    base = load_rulesets(write(tmp_path / "base", SOUND))
    over = load_rulesets(rules_directory(), base=base)
    bundle = pack(layers_of(over))
    assert digests(unpack(bundle)) == digests(over)
    assert len(digests(over)) == 4


def test_the_same_files_make_the_same_bundle(tmp_path: Path) -> None:
    """A bundle depends on the files alone: not on where they stand, and on every one of them."""
    first = load_rulesets(write(tmp_path / "one", SOUND))
    second = load_rulesets(write(tmp_path / "two", dict(reversed(list(SOUND.items())))))
    other = {**SOUND, "data/DAT-01.yaml": edited(RULE, "T1: 0.9,", "T1: 0.91,")}
    assert pack(layers_of(first)) == pack(layers_of(second))
    assert pack(layers_of(load_rulesets(write(tmp_path / "three", other)))) != pack(layers_of(first))
