"""The guide to evidence does what it says: artefacts are collected, joined to a proposal, judged and shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.cli.command import EXAMPLE, Ran, readygate
from tests.documents import blocks, commands, run, write_files

from readygate_server.adapters.yaml_text import read_yaml

GUIDE = "docs/evidence.md"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the guide."""
    folder = tmp_path_factory.mktemp("guide")
    write_files(GUIDE, folder)
    return folder


@pytest.fixture(scope="module")
def runs(place: Path) -> dict[str, Ran]:
    """What every command of the guide ended with, one after the other."""
    return {line: run(line, place, columns=140) for line in commands(GUIDE)}


def of(runs: dict[str, Ran], start: str) -> Ran:
    """Returns the first command that starts like this."""
    return next(ran for line, ran in runs.items() if line.startswith(f"readygate {start}"))


def test_every_command_of_the_guide_runs(runs: dict[str, Ran]) -> None:
    """A check ends with a verdict, all else with 0."""
    assert len(runs) == 5
    for line, ran in runs.items():
        assert ran.code in ({0, 1, 2} if line.startswith("readygate check") else {0}), f"{line}\n{ran.err}"


def test_what_a_file_adds_backs_and_refutes(runs: dict[str, Ran], place: Path) -> None:
    """A fact is filled in, a claim is backed, and a claim that a measurement refutes stands beside it."""
    assert "api[orders].error_model_coverage: 0.5 (orders.openapi.yaml, 2026-10-28) against 1 (the proposal)" in (
        of(runs, "check").out
    )
    ran = readygate(
        *("evidence", "show", place / "proposal.yaml", "--as-of", "2026-11-01", "--all", "--format", "json"),
        *("--evidence", place / "orders-openapi.yaml", "--evidence", place / "orders-ownership.yaml"),
    )
    found = {each["fact"]: each for each in json.loads(ran.out)["facts"] if each["subject"] == "orders"}
    states = {fact: (each["state"], each["value"]) for fact, each in found.items()}
    assert states["api.lifecycle.status"] == ("documented", "active")
    assert states["api.spec_valid"] == ("measured", True)
    assert states["api.error_model_coverage"] == ("measured", 0.5)
    assert states["api.owner.person"] == ("documented", "(named)")
    assert "moreau" not in ran.out


def test_a_repaired_artefact_that_is_collected_again_closes_the_conflict(place: Path, tmp_path: Path) -> None:
    """The description gets its error model, is collected, and says the same as the proposal."""
    api = tmp_path / "orders.openapi.yaml"
    text = (place / "orders.openapi.yaml").read_text(encoding="utf-8")
    with_schema = "{description: It was sent., content: {application/problem+json: {schema: {type: object}}}}"
    api.write_text(text.replace("{description: It was sent.}", with_schema), encoding="utf-8")
    day = ("--as-of", "2026-10-30")
    collected = readygate("collect", "openapi", api, "--asset", "orders", *day, "-o", "new.yaml", cwd=tmp_path)
    assert collected.code == 0, collected.err
    judged = ("check", place / "proposal.yaml", "--as-of", "2026-11-01", "--evidence", tmp_path / "new.yaml")
    assert "Sources disagree" not in readygate(*judged).out


def test_the_files_of_the_guide_have_their_names() -> None:
    """Every YAML block reads as YAML and is the file that the text calls it."""
    shown = blocks(GUIDE, "yaml")
    assert [block.file for block in shown] == ["proposal.yaml", "orders.openapi.yaml", "catalog-info.yaml"]
    assert all(read_yaml(block.text, file=block.file).data for block in shown)


def test_the_work_item_of_the_guide_is_the_real_one() -> None:
    """The lines about what proves an item are those that a check prints."""
    ran = readygate("check", EXAMPLE, "--as-of", "2026-11-01")
    (block,) = blocks(GUIDE, "text")
    lines = [re.sub(r"\s+", " ", line).strip() for line in ran.out.splitlines()]
    assert all(re.sub(r"\s+", " ", line).strip() in lines for line in block.text.splitlines())
