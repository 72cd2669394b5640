"""Runs a composite action as GitHub's runner does: its steps in bash, with inputs, outputs and files of its own.

Only what our action uses is understood; anything else is an error, so that nothing is passed over.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_COMPARED = re.compile(r"(\S+) (==|!=) '([^']*)'")
_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_KNOWN = {"id", "shell", "env", "run", "if"}


@dataclass
class ActionRan:
    """What a run of the action ended with."""

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


class CompositeRunner:
    """Runs one action in a workspace."""

    def __init__(self, action: Path, workspace: Path, temporary: Path, environment: Mapping[str, str]) -> None:
        """Takes the folder of the action, the checkout, the runner's temporary folder, and what else is set."""
        self._folder = action
        self._definition: Any = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        self._workspace = workspace
        self._temporary = temporary
        self._environment = dict(environment)

    def run(self, **inputs: str) -> ActionRan:
        """Runs the steps until one fails; inputs are written with `_` for `-`."""
        known: dict[str, Any] = self._definition["inputs"]
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= known.keys()
        context = {"github.action_path": str(self._folder), "github.token": "token-of-the-job"}
        for name, said in known.items():
            assert name in given or not said.get("required"), name
            value = given.get(name)
            context[f"inputs.{name}"] = _filled(said.get("default", ""), context) if value is None else value
        ran = ActionRan()
        for number, step in enumerate(self._definition["runs"]["steps"]):
            self._step(step, number, context, ran)
            if ran.code:
                break
        outputs: dict[str, Any] = self._definition["outputs"]
        ran.outputs = {name: _filled(said["value"], context) for name, said in outputs.items()}
        return ran

    def _step(self, step: Mapping[str, Any], number: int, context: dict[str, str], ran: ActionRan) -> None:
        assert step.keys() <= _KNOWN, step
        assert step["shell"] == "bash"
        assert not _EXPRESSION.search(step["run"]), "an expression in a script runs what others write"
        if "if" in step and not _holds(step["if"], context):
            return
        files = {name: self._temporary / f"{name}_{number}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        script = self._temporary / f"step_{number}.sh"
        script.write_text(step["run"], encoding="utf-8")
        done = subprocess.run(
            [*_SHELL, str(script)],
            cwd=self._workspace,
            env={
                **self._environment,
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(self._workspace),
                "RUNNER_TEMP": str(self._temporary),
                **{name: str(file) for name, file in files.items()},
                **{name: _filled(value, context) for name, value in step.get("env", {}).items()},
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
            check=False,
        )
        ran.code, ran.log = done.returncode, ran.log + done.stdout
        ran.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        for line in files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines():
            name, equals, value = line.partition("=")
            assert equals, line
            context[f"steps.{step['id']}.outputs.{name}"] = value


def _filled(text: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: context.get(found[1], ""), text)


def _holds(condition: str, context: Mapping[str, str]) -> bool:
    whole = _EXPRESSION.fullmatch(condition)
    for part in (whole[1] if whole else condition).split(" && "):
        compared = _COMPARED.fullmatch(part)
        assert compared, condition
        if (context.get(compared[1], "") == compared[3]) != (compared[2] == "=="):
            return False
    return True


def base_environment(bin_folder: Path) -> dict[str, str]:
    """Returns what a job finds: a path with the command, a home and a language."""
    return {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(Path.home()), "LANG": "C.UTF-8"}
