"""A published version never changes: the ledger knows its digest."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.adapters.rulefiles.files import RULE, SOUND, edited, faults_of, write

from readygate_server.adapters.rulefiles.ledger import AlreadyPublishedError, publish
from readygate_server.adapters.rulefiles.loader import load_rulesets

RULE_FILE, RULESET_FILE = "data/DAT-01.yaml", "example.yaml"


def published(directory: Path) -> Path:
    """Writes the sound directory and publishes what is in it."""
    publish(write(directory, SOUND), load_rulesets(directory).rulesets)
    return directory


def test_publishing_adds_versions_once(tmp_path: Path) -> None:
    """A version that is new gets a line; publishing again adds nothing and changes nothing."""
    directory = write(tmp_path, SOUND)
    rulesets = load_rulesets(directory).rulesets
    assert [identity.name for identity in publish(directory, rulesets)] == ["example"]
    ledger = (directory / "published.yaml").read_text("utf-8")
    assert ledger.splitlines()[0] == "# yaml-language-server: $schema=schema/published.schema.json"
    assert f"{{name: example, version: 2026.1.0, digest: {rulesets[0].identity.digest}}}" in ledger
    assert publish(directory, rulesets) == ()
    assert (directory / "published.yaml").read_text("utf-8") == ledger
    assert faults_of(directory) == ()


def test_an_edited_version_is_refused(tmp_path: Path) -> None:
    """A rule that is edited after publication is a fault of the ruleset that has it, and asks for a new version."""
    directory = write(published(tmp_path), {RULE_FILE: edited(RULE, "T1: 0.9,", "T1: 0.91,")})
    (fault,) = faults_of(directory)
    assert (fault.file, fault.line, fault.column) == (RULESET_FILE, 3, 10)
    assert fault.message == "a published version was edited; give it a new version"
    assert fault.expected.startswith("sha256:")
    assert fault.got.startswith("sha256:")


def test_a_new_version_is_accepted_beside_the_old(tmp_path: Path) -> None:
    """The same edit under a new version number is sound, and can be published."""
    directory = write(
        published(tmp_path),
        {
            RULE_FILE: edited(RULE, "T1: 0.9,", "T1: 0.91,"),
            RULESET_FILE: edited(SOUND[RULESET_FILE], "version: 2026.1.0", "version: 2026.2.0"),
        },
    )
    assert [identity.version for identity in publish(directory, load_rulesets(directory).rulesets)] == ["2026.2.0"]
    assert (directory / "published.yaml").read_text("utf-8").count("name: example") == 2


def test_comments_and_order_do_not_edit_a_version(tmp_path: Path) -> None:
    """What leaves the digest as it is may change after publication."""
    assert faults_of(write(published(tmp_path), {RULE_FILE: "# A note.\n" + RULE})) == ()


def test_publishing_something_else_under_a_published_version_fails(tmp_path: Path) -> None:
    """The ledger is not overwritten, and says which digest stands there."""
    directory = published(tmp_path)
    before = (directory / "published.yaml").read_text("utf-8")
    other = load_rulesets({**SOUND, RULE_FILE: edited(RULE, "T1: 0.9,", "T1: 0.91,")}).rulesets
    with pytest.raises(AlreadyPublishedError, match=r"example@2026\.1\.0 is published as sha256:"):
        publish(directory, other)
    assert (directory / "published.yaml").read_text("utf-8") == before
