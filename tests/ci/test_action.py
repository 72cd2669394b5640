"""The action for GitHub: its steps run in bash as the runner would run them, over inputs as others write them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ci.composite import ActionRan, CompositeRunner, base_environment
from tests.ci.forge import forge
from tests.cli.command import EXAMPLE
from tests.documents import ROOT

BIN = Path(sys.executable).parent
DAY = "2026-11-01"
INSTALLS = "READYGATE_INSTALLS"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Returns a checkout with proposals in a folder."""
    folder = tmp_path / "checkout"
    (folder / "proposals/deep").mkdir(parents=True)
    shutil.copy(EXAMPLE, folder / "proposals/deep/refund-agent.yaml")
    (folder / "proposals/unknown.yaml").write_text("id: unknown\n", encoding="utf-8")
    return folder


def act(workspace: Path, env: dict[str, str] | None = None, **inputs: str) -> ActionRan:
    """Runs the action with the command of this environment."""
    temporary = workspace.parent / "temporary"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    runner = CompositeRunner(ROOT, workspace, temporary, base_environment(BIN) | (env or {}))
    return runner.run(**{"version": "installed", "as_of": DAY, **inputs})


def test_a_no_fails_the_job_and_says_why(workspace: Path) -> None:
    """The step fails with the exit code of the verdict, annotates the proposal and writes summary and reports."""
    ran = act(workspace, files="proposals/**/*.yaml")
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["verdict"]) == (1, "1", "NO_GO")
    assert "::error file=proposals/deep/refund-agent.yaml,line=43,col=5,title=DAT-03[crm] " in ran.log
    assert ran.summary.count("\n### ") + ran.summary.startswith("### ") == 2
    assert "W-DAT-03[crm]" in ran.summary
    log: Any = json.loads(Path(ran.outputs["sarif"]).read_text(encoding="utf-8"))
    places = [each["locations"][0]["physicalLocation"] for each in log["runs"][0]["results"]]
    assert {each["artifactLocation"]["uri"] for each in places} == {
        "proposals/deep/refund-agent.yaml",
        "proposals/unknown.yaml",
    }
    for report in ("json", "junit", "markdown"):
        assert Path(ran.outputs[report]).stat().st_size > 1_000


def test_what_fails_the_job_can_be_chosen(workspace: Path) -> None:
    """A verdict may be left to the outputs; that no verdict was reached may not pass as one."""
    assert act(workspace, files="proposals/unknown.yaml", fail_on="error").code == 0
    missing = act(workspace, files="proposals/missing.yaml", fail_on="error")
    assert (missing.code, missing.outputs["verdict"]) == (3, "NO_VERDICT")
    never = act(workspace, files="proposals/missing.yaml", fail_on="never")
    assert (never.code, never.outputs["exit-code"]) == (0, "3")
    assert act(workspace, files="proposals/unknown.yaml", fail_on="nevr").code == 3


def test_a_go_with_conditions_is_told_from_a_go(workspace: Path) -> None:
    """The output says GO_WITH_CONDITIONS, although both end with 0."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for before, after in (
        ("autonomy_level: l4_approver", "autonomy_level: l2_collaborator"),
        ("action_effect: write_reversible", "action_effect: draft"),
        ("audience: [customer]", "audience: [staff]"),
        ("regulatory_class: transparency", "regulatory_class: minimal"),
    ):
        assert before in text
        text = text.replace(before, after)
    (workspace / "staff.yaml").write_text(text, encoding="utf-8")
    ran = act(workspace, files="staff.yaml")
    assert (ran.code, ran.outputs["verdict"]) == (0, "GO_WITH_CONDITIONS"), ran.log
    assert "::warning file=staff.yaml,line=" in ran.log


def test_foundations_of_elsewhere_are_taken_along(workspace: Path) -> None:
    """Proposals whose assets stand in another folder are judged with them; without the folder they are refused."""
    shutil.copytree(EXAMPLE.parent / "split/foundations", workspace / "what is known/foundations")
    shutil.copy(EXAMPLE.parent / "split/refund-agent.yaml", workspace / "split.yaml")
    ran = act(workspace, files="split.yaml", foundations="what is known/*")
    assert (ran.code, ran.outputs["verdict"]) == (1, "NO_GO"), ran.log
    assert act(workspace, files="split.yaml").outputs["verdict"] == "NO_VERDICT"


def test_reports_have_a_path_only_when_they_were_written(workspace: Path) -> None:
    """SARIF gets the folder that it is to be in, and what an earlier use of the action left is not said to be new."""
    asked = {"files": "proposals/unknown.yaml", "reports": "reports", "sarif_file": "out/deep/gate.sarif"}
    first = act(workspace, {}, **asked)
    assert (first.code, first.outputs["sarif"]) == (2, "out/deep/gate.sarif"), first.log
    assert (workspace / "out/deep/gate.sarif").is_file()
    failed = act(workspace, {}, **asked, gate="none", comment="true")
    assert [failed.outputs[name] for name in ("json", "sarif", "junit", "markdown")] == [""] * 4
    assert not list((workspace / "reports").iterdir())
    assert "pull request" not in failed.log


def test_inputs_are_data_and_never_run(workspace: Path) -> None:
    """Commands, quotes, options and workflow commands in inputs and file names do nothing."""
    evil = "$(touch ran) `touch ran`; touch ran"
    (workspace / f"{evil}.yaml").write_text("id: evil\n", encoding="utf-8")
    (workspace / "--server=evil.yaml").write_text("id: option\n", encoding="utf-8")
    ran = act(workspace, files=f"{evil}.yaml\n--server=evil.yaml\n", comment_id=evil)
    assert (ran.code, ran.outputs["exit-code"]) == (2, "2"), ran.log
    gate = act(workspace, files="proposals/unknown.yaml", gate=evil)
    assert (gate.code, "invalid choice" in gate.log) == (3, True)
    others = dict.fromkeys(("ruleset", "evidence", "foundations", "sarif_file", "fail_on"), evil)
    assert act(workspace, files="proposals/unknown.yaml", **others).code == 3  # type: ignore[arg-type]
    assert act(workspace, files="proposals/unknown.yaml", version=evil).code == 3
    lines = act(workspace, files="proposals/unknown.yaml", sarif_file="a\nverdict=GO")
    assert lines.outputs["verdict"] == "NO_VERDICT"
    assert not list(workspace.parent.rglob("ran"))


def test_a_name_with_line_breaks_makes_no_annotation_of_its_own(workspace: Path) -> None:
    """A file whose name holds a workflow command shows as the text that it is."""
    names = ("a\n::error file=b::1owned.yaml", "::error file=b::2owned.yaml", "a\r::error file=b::3owned.yaml")
    for name in names:
        (workspace / name).write_text("id: [\n", encoding="utf-8")
    ran = act(workspace, files="*owned.yaml\n::error file=b::missing.yaml")
    assert (ran.code, ran.log.count("owned.yaml") > len(names)) == (3, True)
    lines = [line.strip() for line in ran.log.splitlines()]
    assert not [line for line in lines if line.startswith("::error file=b::")]


def test_the_report_is_put_on_the_pull_request(workspace: Path) -> None:
    """With `comment: true` the report is added once and changed by the next run; who may not is warned, not failed."""
    with forge(may_ask_who=False) as server:
        job = {
            "GITHUB_API_URL": server.address,
            "GITHUB_REPOSITORY": "acme/agents",
            "GITHUB_REF": "refs/pull/12/merge",
        }
        asked = {"files": "proposals/unknown.yaml", "comment": "true", "token": "secret"}
        assert "comment added" in act(workspace, job, **asked).log
        again = act(workspace, job, **{**asked, "files": "proposals/deep/*.yaml"})
        assert ("comment changed" in again.log, len(server.comments)) == (True, 1)
        assert server.comments[0]["body"].startswith("<!-- readygate:check -->\n### ⛔ NO_GO: refund-agent\n")
        refused = act(workspace, job, **{**asked, "token": "wrong"})
        assert (refused.code, "::warning title=readygate::the report could not" in refused.log) == (2, True)


def test_a_checkout_runs_no_code_of_its_own(workspace: Path) -> None:
    """A module in the checkout under the name of Python's own is not run when the action makes its environment."""
    (workspace / "venv.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    # The version is refused after the environment was made and before anything is fetched.
    ran = act(workspace, files="proposals/unknown.yaml", version="none")
    assert (ran.code, "version is no version" in ran.log, (workspace / "ran").exists()) == (3, True, False)


@pytest.mark.skipif(not os.environ.get(INSTALLS), reason=f"installs packages for half a minute; {INSTALLS} asks for it")
def test_the_action_installs_itself(workspace: Path) -> None:
    """Without a version the action installs what it is itself, and judges with that."""
    ran = act(workspace, files="proposals/unknown.yaml", version="")
    assert (ran.code, ran.outputs["verdict"]) == (2, "UNDETERMINED"), ran.log
