"""The story from artefacts to a go happens as told: collected, stopped, repaired, collected again, let through."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.command import Ran, readygate
from tests.documents import ROOT, blocks, commands, run

from readygate_server.adapters.yaml_text import read_yaml

pytest.importorskip("duckdb", reason="the extras collect-table and collect-eventlog are not installed")

STORY = "docs/story.md"
ARTEFACTS = "clients/examples/evidence"
LEFT_OUT = "[...]\n"
COLUMNS = 140


@dataclass(frozen=True)
class Told:
    """What the commands of the story did, one after the other, and where."""

    folder: Path
    runs: tuple[tuple[str, Ran], ...]

    def of(self, start: str) -> list[Ran]:
        """Returns the commands that start like this."""
        return [ran for line, ran in self.runs if line.startswith(f"readygate {start}")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Runs every command of the story in a folder that has the examples and nothing else."""
    folder = tmp_path_factory.mktemp("story")
    shutil.copytree(ROOT / "clients/examples", folder / "clients/examples")
    return Told(folder, tuple((line, run(line, folder, columns=COLUMNS)) for line in commands(STORY)))


def test_no_go_then_one_foundation_is_repaired_and_it_is_a_go(told: Told) -> None:
    """The two checks differ in what one command read, and in nothing else."""
    first, second = told.of("check")
    assert (first.code, first.verdict, first.err) == (1, "NO_GO", "")
    assert (second.code, second.verdict, second.err) == (0, "GO", "")
    asked = [line for line, _ in told.runs if line.startswith("readygate check")]
    assert asked[0] == asked[1]
    broken, repaired = (line for line, _ in told.runs if line.startswith("readygate collect table"))
    assert broken.replace("2026-10-28", "2026-10-30") == repaired


def test_all_other_commands_end_well(told: Told) -> None:
    """Four kinds of artefacts are collected, one of them twice, and what they say is shown."""
    others = {line: ran.code for line, ran in told.runs if not line.startswith("readygate check")}
    assert set(others.values()) == {0}
    assert [line.split()[2] for line in others] == ["openapi", "dbt", "eventlog", "table", "table", "show"]


def test_the_blocking_work_names_the_command_that_proves_it(told: Told) -> None:
    """Only the devices are in the way, and what the work item names writes the file that the story writes again."""
    out = told.of("check")[0].out
    assert "Blocks (1)\n  DAT-03  devices " in out
    proof = "readygate collect table ARTEFACT --asset devices -o devices-table.yaml"
    assert f"proved by: {proof}" in out
    before, after = proof.split(" ARTEFACT ")
    again = [line for line, _ in told.runs if line.startswith(before)][-1]
    asset, _, output = after.partition(" -o ")
    assert f" {asset} " in again
    assert again.endswith(f" -o {output}")


def test_output_shown_is_the_real_one(told: Told) -> None:
    """Each block of output follows from the commands before it, apart from the lines that are left out."""
    real = list(outputs(told))
    shown = blocks(STORY, "text")
    assert len(shown) == len(real) == 4
    for block, printed in zip(shown, real, strict=True):
        parts, place = block.text.split(LEFT_OUT), 0
        assert printed.startswith(parts[0])
        assert printed.endswith(parts[-1])
        for part in parts:
            found = printed.find(part, place)
            assert found >= 0, f"the commands do not print this any more:\n{part}"
            place = found + len(part)


def outputs(told: Told) -> Iterator[str]:
    """Yields what the commands of each shell block wrote."""
    runs = iter(told.runs)
    for block in blocks(STORY, "sh"):
        yield "".join(ran.out + ran.err for _, ran in (next(runs) for _ in block.text.splitlines()))


def test_every_foundation_carries_part_of_the_go(told: Told) -> None:
    """Without any one of the four files the proposal does not get its go."""
    line = next(line for line, _ in told.runs if line.startswith("readygate check"))
    files = [word for word in line.split() if word.endswith(".yaml")][1:]
    assert len(files) == 4
    for absent in files:
        ran = run(line.replace(f" --evidence {absent}", ""), told.folder)
        assert ran.verdict in {"NO_GO", "UNDETERMINED", "GO_WITH_CONDITIONS"}, absent


def test_the_broken_export_still_stops_it(told: Told, tmp_path: Path) -> None:
    """The go is the repaired file's: the older export, said to be of the newer day, is refused as before."""
    (again,) = {line for line, _ in told.runs if line.startswith("readygate collect table") and "2026-10-30" in line}
    output = tmp_path / "devices.yaml"
    line = again.replace("devices-2026-10-30.csv", "devices-2026-10-28.csv").replace("devices-table.yaml", str(output))
    assert run(line, told.folder).code == 0
    check = next(line for line, _ in told.runs if line.startswith("readygate check"))
    assert run(check.replace("devices-table.yaml", str(output)), told.folder).verdict == "NO_GO"


def test_the_proposal_states_nothing_that_the_artefacts_say(told: Told) -> None:
    """What is measured comes from the files alone, so that joining them meets no conflict."""
    proposal = read_yaml((told.folder / ARTEFACTS / "proposal.yaml").read_text(encoding="utf-8"), file="proposal").data
    assert isinstance(proposal, dict)
    devices, parts = proposal["data_sources"]
    (api,), (workflow,) = proposal["apis"], proposal["workflows"]
    assert {"completeness", "uniqueness", "contract_check_pass_rate"}.isdisjoint({*devices, *parts})
    assert {"spec_valid", "error_model_coverage"}.isdisjoint(api)
    assert {"stable_weeks", "event_log_cases"}.isdisjoint(workflow)
    assert all("Sources disagree" not in ran.out for ran in told.of("check"))


def test_what_lies_there_is_found_without_being_told(told: Told) -> None:
    """`collect auto` collects the description, whose asset is plain, and guesses no columns for the tables."""
    found = told.folder / "found.yaml"
    ran = readygate(
        "collect", "auto", ARTEFACTS, "--proposal", f"{ARTEFACTS}/proposal.yaml", "-o", found, cwd=told.folder
    )
    assert ran.code == 0, ran.err
    assert "repair-orders (openapi): 5 facts stated" in ran.err
    assert all(name in ran.out + ran.err for name in ("manifest.json", "devices-2026-10-28.csv", "repairs.csv"))
    data = read_yaml(found.read_text(encoding="utf-8"), file="found.yaml").data
    assert isinstance(data, dict)
    assert [api["id"] for api in data["apis"]] == ["repair-orders"]
    assert data.keys().isdisjoint({"data_sources", "workflows"})


def test_links_of_the_story_lead_somewhere() -> None:
    """Every file that the page links to is there."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / STORY).read_text(encoding="utf-8"))
    assert len(targets) >= 3
    assert [each for each in targets if not (ROOT / STORY).parent.joinpath(each).exists()] == []
