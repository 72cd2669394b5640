"""The template for GitLab: inputs put in as GitLab does, the script run by a shell with the variables of the job."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.composite import base_environment
from tests.ci.forge import forge
from tests.cli.command import EXAMPLE
from tests.documents import ROOT

SPLIT = EXAMPLE.parent / "split"
TEMPLATE = ROOT / "clients/ci/gitlab/readygate.gitlab-ci.yml"
_INPUT = re.compile(r"\$\[\[ inputs\.([a-z-]+) \]\]")


def job_of(**inputs: str) -> dict[str, Any]:
    """Returns the job after its inputs were put in, as text, the way GitLab does it."""
    header, _, body = TEMPLATE.read_text(encoding="utf-8").partition("\n---\n")
    known: dict[str, Any] = yaml.safe_load(header)["spec"]["inputs"]
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    values = {name: given.get(name, said.get("default")) for name, said in known.items()}
    assert None not in values.values(), "an input without a default has to be given"
    found: dict[str, Any] = yaml.safe_load(body)["readygate"]
    filled: dict[str, Any] = json.loads(json.dumps(found), object_hook=lambda part: _filled(part, values))
    return filled


def _filled(part: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    def fill(value: Any) -> Any:
        return _INPUT.sub(lambda name: str(values[name[1]]), value) if isinstance(value, str) else value

    return {
        key: [fill(each) for each in value] if isinstance(value, list) else fill(value) for key, value in part.items()
    }


def run(job: dict[str, Any], folder: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the lines of the job in one shell, which stops at the first that fails."""
    lines = "\n".join(["set -eo pipefail", *job["before_script"], *job["script"]])
    variables = {name: str(value) for name, value in job["variables"].items()}
    return subprocess.run(
        ["sh" if Path("/bin/bash").resolve() == Path("/bin/sh").resolve() else "bash", "-c", lines],
        cwd=folder,
        env=base_environment(Path(sys.executable).parent)
        | {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(folder), **variables, **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Returns a checkout with a proposal in a folder."""
    (tmp_path / "proposals/deep").mkdir(parents=True)
    text = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "proposals/deep/refund-agent.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_no_fails_the_job_and_leaves_its_reports(checkout: Path) -> None:
    """The job ends with the exit code of the verdict, after it has written what its artefacts name."""
    job = job_of(files="proposals/**/*.yaml", package="", as_of="2026-11-01")
    done = run(job, checkout)
    assert (done.returncode, done.stdout.split()[0]) == (1, "NO_GO"), done.stderr
    reports = job["artifacts"]["reports"]
    entries = json.loads((checkout / reports["codequality"]).read_text(encoding="utf-8"))
    assert {each["location"]["path"] for each in entries} == {"proposals/deep/refund-agent.yaml"}
    assert "<testsuite " in (checkout / reports["junit"]).read_text(encoding="utf-8")
    assert job["artifacts"]["when"] == "always"


def test_foundations_of_elsewhere_and_evidence_are_taken_along(checkout: Path) -> None:
    """Proposals whose assets stand in another folder are judged with them; a pattern without a file is a fault."""
    shutil.copytree(SPLIT / "foundations", checkout / "assets/foundations")
    shutil.copy(SPLIT / "refund-agent.yaml", checkout / "proposals/deep")
    known = {"files": "proposals/**/*.yaml", "package": "", "as_of": "2026-11-01"}
    done = run(job_of(**known, foundations="assets/found*"), checkout)
    assert (done.returncode, done.stdout.split()[0]) == (1, "NO_GO"), done.stderr
    assert run(job_of(**known), checkout).returncode == 3
    missing = run(job_of(**known, foundations="assets/found*", evidence="evidence/*.yaml"), checkout)
    assert (missing.returncode, "evidence/*.yaml" in missing.stderr) == (3, True)


def test_inputs_are_data_and_never_run(checkout: Path) -> None:
    """Commands in inputs do nothing: no input stands in a script."""
    template = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8").partition("\n---\n")[2])["readygate"]
    assert not _INPUT.search("\n".join([*template["before_script"], *template["script"]]))
    evil = "$(touch ran) `touch ran`; touch ran"
    done = run(job_of(files=f"{evil} --server=x", package="", gate=evil, ruleset=evil, as_of=evil), checkout)
    others = dict.fromkeys(("rules", "evidence", "foundations"), evil)
    assert (done.returncode, run(job_of(files="x", package="", **others), checkout).returncode) == (3, 3)
    assert not list(checkout.rglob("ran"))


def test_a_checkout_runs_no_code_of_its_own(checkout: Path) -> None:
    """Modules that lie in the checkout under the names of Python's own are not imported."""
    for name in ("glob", "subprocess", "readygate_server"):
        (checkout / f"{name}.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    done = run(job_of(files="proposals/**/*.yaml", package="", as_of="2026-11-01"), checkout)
    assert (done.returncode, list(checkout.rglob("ran"))) == (1, []), done.stderr


def test_the_report_is_put_on_the_merge_request(checkout: Path) -> None:
    """With `comment` the report is added once, changed by the next run, and its failure fails no job."""
    with forge() as server:
        job = {"CI_API_V4_URL": server.address, "CI_PROJECT_ID": "34", "CI_MERGE_REQUEST_IID": "12"}
        wanted = job_of(files="proposals/deep/*.yaml", package="", as_of="2026-11-01", comment="true")
        assert "comment added" in run(wanted, checkout, job | {"GITLAB_TOKEN": "secret"}).stdout
        wanted["variables"]["READYGATE_GATE"] = "pilot"
        assert "comment changed" in run(wanted, checkout, job | {"GITLAB_TOKEN": "secret"}).stdout
        refused = run(wanted, checkout, job | {"GITLAB_TOKEN": "wrong"})
        assert (refused.returncode, "no comment: " in refused.stderr, len(server.comments)) == (1, True, 1)
