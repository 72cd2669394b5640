"""Plans of action are read by the models that compliance-trestle makes of the official schema of OSCAL.

Installing it takes a minute and 40 packages, so that it is only done where READYGATE_TEST_OSCAL is set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from readygate_server.adapters.worklists.oscal import oscal_text
from tests.interop.test_other_verifiers import BUILD, alone
from tests.work_lists import TEXT_FIELDS, judged

VERSION = "5.2.0"
_READ = """
import sys
from trestle.oscal.poam import Model
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        plan = Model.model_validate_json(file.read()).plan_of_action_and_milestones
    print(len(plan.poam_items), len(plan.risks), len(plan.observations))
"""


@pytest.fixture(scope="session")
def trestle() -> Path:
    """Returns a Python that has compliance-trestle; skips where it is not wanted or can not be had."""
    if not os.environ.get("READYGATE_TEST_OSCAL"):
        pytest.skip("READYGATE_TEST_OSCAL is not set")
    folder = BUILD / f"trestle-{VERSION}"
    python = folder / "bin/python"
    with alone(BUILD):
        if not (folder / "done").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=120)
            install = [str(python), "-m", "pip", "install", "-q", f"compliance-trestle=={VERSION}"]
            done = subprocess.run(install, capture_output=True, text=True, timeout=280, check=False)
            if done.returncode:
                pytest.skip(f"pip can not install compliance-trestle here: {done.stderr[-300:]}")
            (folder / "done").touch()
    return python


def read(python: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    """Reads documents with the models."""
    command = [str(python), "-c", _READ, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_plans_of_action_are_valid_whatever_the_texts_are(trestle: Path, tmp_path: Path) -> None:
    """The plan is valid as it is, and with markup, line ends and control characters in any text."""
    texts: list[dict[str, str]] = [{}, *({field: " <b>x</b>\n[a](b) `=1`\x07 "} for field in TEXT_FIELDS)]
    files = []
    for number, each in enumerate(texts):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(oscal_text(judged(each, items=3)), encoding="utf-8")
    ran = read(trestle, *files)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["3 3 3"] * len(files)


def test_the_models_refuse_what_the_schema_does_not_allow(trestle: Path, tmp_path: Path) -> None:
    """A plan with an unknown field, or without a field that is required, is told from a valid one."""
    for change in ("unknown", "missing"):
        document = json.loads(oscal_text(judged()))
        root = document["plan-of-action-and-milestones"]
        if change == "unknown":
            root["poam-items"][0]["owner"] = "x"
        else:
            del root["risks"][0]["statement"]
        (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")
        assert read(trestle, tmp_path / "plan.json").returncode != 0
