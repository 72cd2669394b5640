"""Holds the guides in `docs/` to what they say: snippets load, commands run, help texts are the real ones."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.cli.command import AS_OF, EXAMPLE, readygate, together
from tests.cli.help_page import PAGE, help_texts, real_help, same_words
from tests.cli.test_help import COMMANDS
from tests.documents import ROOT, blocks, commands, run, write_files

RULES, PROPOSALS = "docs/writing-rules.md", "docs/proposals.md"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Returns a directory with the example and with every file that the guide to rules shows."""
    shutil.copy(EXAMPLE, tmp_path)
    shutil.copytree(EXAMPLE.parent / "split", tmp_path / "split")
    write_files(RULES, tmp_path)
    return tmp_path


def test_every_snippet_of_the_guide_to_rules_is_a_file_without_fault(place: Path) -> None:
    """All YAML of the guide makes one rules directory, which loads, and whose tests show everything."""
    shown = blocks(RULES, "yaml")
    assert len(shown) >= 5
    assert all(block.file.startswith("acme/") for block in shown)
    checked, tested = together(("rules", "check", place / "acme"), ("rules", "test", place / "acme", "--min", "100"))
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.count("no fault") == sum("name: acme-readiness" in block.text for block in shown)
    assert "loosened: DAT-10 checks.classified.T1 >= 0.85 to >= 0.7: The register is rebuilt" in checked.out
    assert (tested.code, tested.err) == (0, ""), tested.out


@pytest.mark.parametrize("document", [RULES, PROPOSALS])
def test_every_command_of_a_guide_runs(place: Path, document: str) -> None:
    """The commands of a guide run one after the other; a check ends with a verdict, all else with 0."""
    lines = commands(document)
    assert lines
    for line in lines:
        ran = run(line, place)
        assert ran.code in ({0, 1, 2} if line.startswith("readygate check") else {0}), f"{line}\n{ran.err}"


def test_an_edited_published_version_is_refused(place: Path) -> None:
    """After `publish`, as the guide says, an edit without a new version is a fault."""
    assert readygate("rules", "publish", place / "acme").code == 0
    ruleset = place / "acme/acme-readiness-2026.1.0.yaml"
    ruleset.write_text(ruleset.read_text(encoding="utf-8").replace("T1: 0.85", "T1: 0.9"), encoding="utf-8")
    ran = readygate("rules", "check", place / "acme")
    assert (ran.code, "a published version was edited" in ran.err) == (3, True)


def test_every_snippet_of_the_guide_to_proposals_is_a_proposal(tmp_path: Path) -> None:
    """All YAML of the guide reads without a fault; nothing of it is enough for a go."""
    shown = [block for block in blocks(PROPOSALS, "yaml") if not block.file]
    assert len(shown) >= 3
    files = [tmp_path / f"{number}.yaml" for number in range(len(shown))]
    for file, block in zip(files, shown, strict=True):
        file.write_text(block.text, encoding="utf-8")
    ran = readygate("check", *files, *AS_OF)
    assert (ran.code, ran.err) == (2, "")
    assert "source[parcels].completeness: 0.993 (https://quality.example.com/" in ran.out


def test_the_split_proposal_of_the_guide_is_judged_with_its_file(tmp_path: Path) -> None:
    """The two files of the guide, laid where it says, are one proposal."""
    proposal, foundation = write_files(PROPOSALS, tmp_path)
    assert foundation.parent == proposal.parent / "foundations"
    ran = readygate("evidence", "show", proposal, *AS_OF, "--all")
    assert (ran.code, ran.err) == (0, "")
    assert "runs/crm" in ran.out


def test_help_texts_are_the_real_ones() -> None:
    """The page about the command line shows every command, with the words of its `--help`."""
    shown = help_texts(PAGE.read_text(encoding="utf-8"))
    assert shown.keys() == {" ".join(names) for names in COMMANDS}
    for command, text in shown.items():
        assert same_words(text) == same_words(real_help(command)), "python -m tests.cli.help_page writes them anew"


@pytest.mark.parametrize("document", [RULES, PROPOSALS, "docs/command-line.md", "docs/evidence.md"])
def test_links_lead_somewhere(document: str) -> None:
    """Every file that a guide links to is there."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / document).parent.joinpath(target).exists(), target
