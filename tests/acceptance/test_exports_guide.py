"""Holds the guides to exports and questionnaires to what they say: their commands run, one after the other."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.cli.command import EXAMPLE
from tests.documents import ROOT, commands, run

GUIDES = ("docs/exports.md", "docs/questionnaire.md")


@pytest.mark.parametrize("document", GUIDES)
def test_every_command_of_the_guides_runs(document: str, tmp_path: Path) -> None:
    """Each command ends with 0 and writes the file that it names; what asks a server is tried elsewhere."""
    for name in ("clients/examples/refund-agent.yaml", "refund-agent.yaml", "first.yaml", "second.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLE, tmp_path / name)
    lines = [line for line in commands(document) if "--server" not in line]
    assert len(lines) >= 2
    for line in lines:
        ran = run(line, tmp_path)
        assert ran.code == 0, f"{line}\n{ran.err}"
        assert (tmp_path / line.split(" -o ")[1]).stat().st_size > 0


@pytest.mark.parametrize("document", GUIDES)
def test_links_of_the_guides_lead_somewhere(document: str) -> None:
    """Every file that a guide links to is there."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / document).parent.joinpath(target).exists(), target
