"""The files for platforms fit the JSON schemas that editors check them with."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.ci.test_gitlab import TEMPLATE, job_of
from tests.documents import ROOT


def check(schema: str, file: Path) -> str:
    """Returns what is wrong with a file; nothing when it fits the schema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_action_fits_its_schema(tmp_path: Path) -> None:
    """action.yml is an action to GitHub's schema, which refuses one whose step has no shell."""
    assert check("github-actions", ROOT / "action.yml") == ""
    broken = tmp_path / "action.yml"
    broken.write_text((ROOT / "action.yml").read_text(encoding="utf-8").replace("shell: bash", "shel: bash"), "utf-8")
    assert check("github-actions", broken)


def test_the_template_fits_its_schema(tmp_path: Path) -> None:
    """Header and job, with its inputs put in, fit GitLab's schema, which refuses a job with a wrong keyword."""
    header, _, body = TEMPLATE.read_text(encoding="utf-8").partition("\n---\n")
    files = {"header.yml": header, "job.yml": re.sub(r"\$\[\[ inputs\.allow-failure \]\]", "false", body)}
    files["broken.yml"] = files["job.yml"].replace("  script:", "  scripts:")
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [bool(check("gitlab-ci", tmp_path / name)) for name in files] == [False, False, True]


def test_inputs_of_the_template_have_the_types_of_their_places() -> None:
    """Every input is used, and what is put in leaves no placeholder."""
    assert "$[[" not in str(job_of(files="a.yaml"))
