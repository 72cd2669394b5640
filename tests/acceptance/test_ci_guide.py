"""The guide to CI does what it says: its commands run, and what it shows of their outputs is real."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.ci.test_gitlab import TEMPLATE
from tests.cli.command import EXAMPLE, Ran
from tests.documents import ROOT, blocks, commands, run

GUIDE = "docs/ci.md"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """What every command of the guide ended with."""
    folder = tmp_path_factory.mktemp("guide")
    shutil.copy(EXAMPLE, folder)
    found = {line: run(line, folder) for line in commands(GUIDE)}
    assert {each.name for each in Path(folder).iterdir()} == {EXAMPLE.name, "readygate.sarif", "readygate.xml"}
    return found


def test_every_command_ends_with_the_verdict(runs: dict[str, Ran]) -> None:
    """Each of the commands says no."""
    assert [(ran.code, ran.err) for ran in runs.values()] == [(1, "")] * 4


@pytest.mark.parametrize(("language", "format_"), [("text", "github"), ("json", "gitlab"), ("markdown", "markdown")])
def test_what_is_shown_is_real(runs: dict[str, Ran], language: str, format_: str) -> None:
    """Each output that the guide shows is a part of what the command prints."""
    (shown,) = blocks(GUIDE, language)
    (ran,) = [ran for line, ran in runs.items() if line.endswith(f"--format {format_}")]
    assert shown.text in ran.out


def test_snippets_use_what_there_is() -> None:
    """The inputs, outputs, hook and file that the snippets name are really there."""
    github, gitlab, hooks = (yaml.safe_load(block.text) for block in blocks(GUIDE, "yaml"))
    action: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    _, step, upload = github["jobs"]["readiness"]["steps"]
    assert step["with"].keys() <= action["inputs"].keys()
    assert "sarif" in action["outputs"]
    assert "steps.readygate.outputs.sarif" in upload["with"]["sarif_file"]
    (included,) = gitlab["include"]
    assert ROOT / included["file"] == TEMPLATE
    header = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8").partition("\n---\n")[0])
    assert included["inputs"].keys() <= header["spec"]["inputs"].keys()
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hooks["repos"][0]["hooks"][0]["id"] == manifest[0]["id"]
